import pickle
import shutil
from pathlib import Path

import pytest
import torch

from ferdash.errors import CheckpointError, ConfigError, RunError
from ferdash.models.weights import read_checkpoint, read_network
from ferdash.runs.meta import rename
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import Run, list_run_ids, read_metrics, write_status
from ferdash.training import start
from ferdash.training.checkpoints import list_checkpoints
from ferdash.training.config import TrainConfig, from_dict, override
from ferdash.training.continuation import resume


@pytest.fixture(scope="module")
def finished(squares_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    where = tmp_path_factory.mktemp("parent")
    settings = [
        "dataset=squares",
        "epochs=2",
        "batch_size=16",
        "network.width=4",
        "network.depths=1",
        "checkpoint.every_batches=3",
        "checkpoint.keep_last=10",
        "compute.threads=1",
    ]
    run = start.create(override(TrainConfig(), settings), data=squares_root, checkpoints=where)
    start.execute(run, data=squares_root, checkpoints=where)
    return run


@pytest.fixture
def where(finished: Run, tmp_path: Path) -> Path:
    """A checkpoints folder of its own with the finished run in it."""
    shutil.copytree(finished.folder.parent, tmp_path / "runs")
    return tmp_path


def test_without_a_change_it_is_the_same_run(finished: Run, where: Path, squares_root: Path) -> None:
    write_status(where / "runs" / finished.id, state="stopped")
    assert resume(finished.id, [], data=squares_root, checkpoints=where).id == finished.id
    assert list_run_ids(where / "runs") == [finished.id]


@pytest.mark.parametrize(
    ("at", "settings", "sentence"),
    [
        ("", [], "tiny1 has trained its 2 epochs; ask for more with --set epochs=N."),
        ("@last", [], "tiny1 has trained its 2 epochs; "),
        ("", ["optimizer.lr=1e-3"], "tiny1 has trained its 2 epochs; "),
        ("", ["dataset=others"], "tiny1 has trained its 2 epochs; "),
        ("", ["epochs=1"], "tiny1 has trained 2 epochs, and epochs is 1; ask for more"),
    ],
)
def test_a_run_with_nothing_left_to_train_gets_no_child(
    at: str, settings: list[str], sentence: str, finished: Run, where: Path, squares_root: Path
) -> None:
    rename(where / "runs", finished.id, "tiny1")
    with pytest.raises(ConfigError, match=sentence):
        resume(f"tiny1{at}", settings, data=squares_root, checkpoints=where)
    assert list_run_ids(where / "runs") == [finished.id]


def test_a_run_that_stopped_early_asks_for_more_patience(squares_root: Path, tmp_path: Path) -> None:
    settings = ["dataset=squares", "epochs=9", "network.width=4", "network.depths=1", "optimizer.lr=1e-9"]
    config = override(TrainConfig(), [*settings, "evaluation.patience=1", "compute.threads=1"])
    run = start.create(config, data=squares_root, checkpoints=tmp_path)
    start.execute(run, data=squares_root, checkpoints=tmp_path)
    trained = len(read_metrics(run.folder))
    sentence = f"{run.id} stopped early, after {trained} of 9 epochs; ask for more patience"
    for settings in ([], ["optimizer.lr=1e-8"]):
        with pytest.raises(ConfigError, match=sentence):
            resume(run.id, settings, data=squares_root, checkpoints=tmp_path)
    assert list_run_ids(tmp_path / "runs") == [run.id]
    assert resume(run.id, ["evaluation.patience=0"], data=squares_root, checkpoints=tmp_path).id != run.id


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("optimizer.freeze=9", "optimizer.freeze is 9, but this network has 3 parts"),
        ("sampling.weights.fear=2", "sampling.weights.fear is 2, but weights count only"),
    ],
)
def test_a_change_that_cannot_take_effect_makes_no_child(
    setting: str, sentence: str, finished: Run, where: Path, squares_root: Path
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        resume(finished.id, ["epochs=3", setting], data=squares_root, checkpoints=where)
    assert list_run_ids(where / "runs") == [finished.id]


def test_a_change_makes_a_child_that_records_where_it_comes_from(
    finished: Run, where: Path, squares_root: Path
) -> None:
    child = resume(f"{finished.id}@epoch-1", ["optimizer.lr=1e-3", "epochs=3"], data=squares_root, checkpoints=where)
    assert child.record["parent"] == {
        "run": finished.id,
        "checkpoint": "epoch-001",
        "changes": {"optimizer.lr": [2e-5, 1e-3], "epochs": [2, 3]},
    }
    assert child.record["command"] == (
        f"ferdash train --resume {finished.id}@epoch-001 --set epochs=3 --set optimizer.lr=0.001"
    )
    start.execute(child, data=squares_root, checkpoints=where)
    assert [row["epoch"] for row in read_metrics(child.folder)] == [1, 2]
    assert read_metrics(child.folder)[0]["lr"] == 1e-3


def test_a_child_that_never_does_better_keeps_its_parent_s_best(finished: Run, where: Path, squares_root: Path) -> None:
    child = resume(finished.id, ["optimizer.lr=1e-12", "epochs=3"], data=squares_root, checkpoints=where)
    start.execute(child, data=squares_root, checkpoints=where)
    theirs, ours = (read_checkpoint(run.checkpoints / "best.pt") for run in (finished, child))
    assert ours["best"] == theirs["best"]
    assert len(read_predictions(child.folder, "validation")) == 28


def test_a_best_that_says_no_score_is_left_with_the_parent(finished: Run, where: Path, squares_root: Path) -> None:
    best = where / "runs" / finished.id / "checkpoints" / "best.pt"
    torch.save({name: value for name, value in read_checkpoint(best).items() if name != "best"}, best)
    child = resume(finished.id, ["epochs=3"], data=squares_root, checkpoints=where)
    assert not (child.checkpoints / "best.pt").exists()


def test_a_folder_in_place_of_predictions_is_left_with_the_parent(
    finished: Run, where: Path, squares_root: Path
) -> None:
    predictions = where / "runs" / finished.id / "predictions" / "validation.parquet"
    predictions.unlink()
    predictions.mkdir()
    child = resume(finished.id, ["epochs=3"], data=squares_root, checkpoints=where)
    assert (child.checkpoints / "best.pt").exists()
    assert not (child.folder / "predictions" / predictions.name).exists()


def test_changed_weight_decay_takes_effect(finished: Run, where: Path, squares_root: Path) -> None:
    child = resume(finished.id, ["optimizer.weight_decay=0.3", "epochs=3"], data=squares_root, checkpoints=where)
    start.execute(child, data=squares_root, checkpoints=where)
    groups = read_checkpoint(child.checkpoints / "epoch-003.pt")["optimizer"]["param_groups"]
    assert [group["weight_decay"] for group in groups] == [0.3, 0.0]


@pytest.mark.parametrize(
    "settings", [["optimizer.name=sgd"], ["ema=0.9"], ["batch_size=8"], ["sampling.mode=adaptive"]]
)
def test_a_checkpoint_inside_an_epoch_can_go_on_with_anything_changed(
    settings: list[str], finished: Run, where: Path, squares_root: Path
) -> None:
    child = resume(f"{finished.id}@batch-10", settings, data=squares_root, checkpoints=where)
    assert start.execute(child, data=squares_root, checkpoints=where) == "finished"
    assert read_metrics(child.folder)[-1]["epoch"] == 1


def test_the_shape_of_the_network_cannot_change(finished: Run, where: Path, squares_root: Path) -> None:
    with pytest.raises(ConfigError, match="shape cannot change"):
        resume(finished.id, ["network.width=8"], data=squares_root, checkpoints=where)


def test_an_unknown_run_or_checkpoint_is_named(finished: Run, where: Path, squares_root: Path) -> None:
    with pytest.raises(RunError, match="There is no run nothing"):
        resume("nothing", [], data=squares_root, checkpoints=where)
    with pytest.raises(RunError, match="There is no run"):
        resume("../runs", [], data=squares_root, checkpoints=where)
    with pytest.raises(CheckpointError, match=r"no checkpoint “epoch-9”.*epoch-001"):
        resume(f"{finished.id}@epoch-9", [], data=squares_root, checkpoints=where)


class Hostile:
    def __reduce__(self) -> tuple:
        return (Path("pwned").write_text, ("ran",))


def damage(path: Path, how: str) -> None:
    if how == "cut short":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "hostile pickle":
        path.write_bytes(pickle.dumps(Hostile()))
    elif how == "hostile torch file":
        torch.save({"network": Hostile()}, path)
    elif how == "something else":
        torch.save({"weights": torch.zeros(3)}, path)
    else:
        path.write_bytes(b"")


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("cut short", "damaged or cut short"),
        ("hostile pickle", "refused|damaged"),
        ("hostile torch file", "was refused: it holds more than numbers"),
        ("something else", "not a ferdash checkpoint"),
        ("empty", "damaged or cut short"),
    ],
)
def test_a_bad_checkpoint_is_refused_and_the_one_before_it_offered(
    how: str, sentence: str, finished: Run, where: Path, squares_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(where)
    folder = where / "runs" / finished.id / "checkpoints"
    damage(folder / "epoch-002.pt", how)
    with pytest.raises(CheckpointError, match=sentence) as caught:
        resume(f"{finished.id}@epoch-2", ["epochs=3"], data=squares_root, checkpoints=where)
    before = list_checkpoints(folder)[-2].stem
    assert f"--resume {finished.id}@{before}" in str(caught.value)
    assert not (where / "pwned").exists()


def test_a_checkpoint_of_another_architecture_is_refused(finished: Run, where: Path, squares_root: Path) -> None:
    path = where / "runs" / finished.id / "checkpoints" / "epoch-002.pt"
    packed = read_checkpoint(path)
    packed["network"]["weights"] = {"other.weight": torch.zeros(2)}
    torch.save(packed, path)
    with pytest.raises(CheckpointError, match="another architecture"):
        read_network(path)


def test_the_best_network_can_be_read_for_use(finished: Run) -> None:
    network, preprocess = read_network(finished.checkpoints / "best.pt")
    assert not network.training
    assert preprocess["height"] == 48
    assert network(torch.zeros(2, 1, 48, 48)).logits.shape == (2, 7)


def test_the_recorded_command_rebuilds_the_configuration(finished: Run) -> None:
    command = finished.record["command"].split()
    settings = [command[i + 1] for i, word in enumerate(command) if word == "--set"]
    settings.append(f"dataset={command[command.index('--dataset') + 1]}")
    assert override(TrainConfig(), settings) == from_dict(finished.record["config"])
