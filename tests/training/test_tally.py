from pathlib import Path

import pytest
import torch

from ferdash.errors import RunError
from ferdash.models.weights import read_checkpoint
from ferdash.runs.store import read_metrics
from ferdash.training import start
from ferdash.training.config import TrainConfig
from ferdash.training.state import Position
from ferdash.training.step import Step, Sums
from ferdash.training.tally import READ_EVERY, Tally


def test_batches_wait_until_somebody_asks_or_there_are_many() -> None:
    tally, position = Tally(), Position()
    for number in range(READ_EVERY):
        assert position.seen == position.loss_sum == 0
        tally.add(Sums(torch.tensor(2.0), torch.tensor(3), 4), position, wait=True)
        if number == 4:
            tally.settle(position)
            assert (position.loss_sum, position.correct) == (10, 15)
            position = Position()
    tally.settle(position)
    assert (position.loss_sum, position.correct) == (2 * (READ_EVERY - 5), 3 * (READ_EVERY - 5))
    tally.add(Sums(1.5, 1.0, 4), position, wait=False)
    assert position.loss_sum == 2 * (READ_EVERY - 5) + 1.5


def test_a_loss_that_is_no_number_is_found_when_it_is_read() -> None:
    tally, position = Tally(), Position(epoch=1, batch=7)
    tally.add(Sums(torch.tensor(float("nan")), torch.tensor(0), 4), position, wait=True)
    with pytest.raises(RunError, match="The loss became nan in epoch 2, batch 8"):
        tally.settle(position)
    tally.settle(position)


def test_a_run_whose_sums_are_read_later_is_the_same_run(
    squares_root: Path, tmp_path: Path, tiny_config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []
    for later in (False, True):
        monkeypatch.setattr(Step, "reads_later", later)
        run = start.create(tiny_config, data=squares_root, checkpoints=tmp_path)
        assert start.execute(run, data=squares_root, checkpoints=tmp_path) == "finished"
        ended.append((read_checkpoint(run.checkpoints / "epoch-002.pt"), read_metrics(run.folder)))
    (one, rows), (two, rows_later) = ended
    for name, tensor in one["network"]["weights"].items():
        assert torch.equal(tensor, two["network"]["weights"][name]), name
    for row, later_row in zip(rows, rows_later, strict=True):
        assert row["train_loss"] == pytest.approx(later_row["train_loss"], rel=1e-6)
        assert row["train_accuracy"] == later_row["train_accuracy"]
