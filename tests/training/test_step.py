"""One batch against a linear network whose loss, hits and gradients are written out with PyTorch's own functions."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ferdash.errors import RunError
from ferdash.models.preprocess import Preprocess
from ferdash.training.config import TrainConfig, from_dict
from ferdash.training.processes import SINGLE_PROCESS, Processes
from ferdash.training.state import Position, TrainingState
from ferdash.training.step import Step, Sums, learning_rate

COLUMNS = [3, 0, 1, 2, 6, 5, 4]
TARGETS = F.one_hot(torch.tensor([0, 1, 3, 3, 6]), 7).float() * 0.9 + 0.1 / 7
RATE = 0.5


class Linear(nn.Module):
    """Four pixels to seven outputs, and what precision it computed in."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layer = nn.Linear(4, 7)
        self.dtype: torch.dtype | None = None

    def forward(self, pixels: torch.Tensor) -> Any:
        logits = self.layer(pixels.flatten(1))
        self.dtype = logits.dtype
        return SimpleNamespace(logits=logits)


class Second(Processes):
    """The second of two processes; the first one's sums are given."""

    count, index = 2, 1

    def __init__(self, first: list[float]) -> None:
        self.first = first

    def shard(self, rows: Any) -> Any:
        return rows[1::2]

    def sum(self, values: list[float]) -> list[float]:
        return [mine + other for mine, other in zip(values, self.first, strict=True)]


def made(config: dict[str, Any] | None = None, **changes: Any) -> tuple[Step, TrainingState, torch.Tensor]:
    """A step, a fresh state, and pixels (5, 1, 2, 2)."""
    network = Linear()
    settings: TrainConfig = from_dict({"optimizer": {"lr": RATE}, "schedule": {"name": "constant"}, **(config or {})})
    step = Step(
        config=settings,
        forward=network,
        columns=COLUMNS,
        batches=4,
        preprocess=Preprocess(height=2, width=2, mean=(0.5,), std=(0.25,)),
        class_weights=None,
        device=torch.device("cpu"),
        dtype=torch.float32,
        processes=SINGLE_PROCESS,
    )
    state = TrainingState(network, torch.optim.SGD(network.parameters(), lr=1.0), None)  # type: ignore[arg-type]
    return replace(step, **changes), state, torch.rand(5, 1, 2, 2, generator=torch.Generator().manual_seed(2))


def logits_of(state: TrainingState, pixels: torch.Tensor) -> torch.Tensor:
    return ((pixels.flatten(1) - 0.5) / 0.25 @ state.network.layer.weight.T + state.network.layer.bias)[:, COLUMNS]


def test_the_sums_are_those_of_the_batch_and_the_weights_move_against_the_gradient() -> None:
    step, state, pixels = made()
    logits = logits_of(state, pixels)
    loss = F.cross_entropy(logits, TARGETS)
    (gradient,) = torch.autograd.grad(loss, state.network.layer.weight)
    before = state.network.layer.weight.detach().clone()
    sums = step(state, pixels, TARGETS)
    hits = sum(int(row.argmax() == target.argmax()) for row, target in zip(logits, TARGETS, strict=True))
    assert 0 < hits < 5
    assert sums == Sums(loss=pytest.approx(5 * float(loss), rel=1e-6), correct=hits, images=5)
    torch.testing.assert_close(state.network.layer.weight.detach(), before - RATE * gradient)
    assert state.position.step == 1
    assert state.network.layer.weight.grad is None


def test_the_loss_is_the_one_that_was_asked_for() -> None:
    weights = torch.arange(1, 8).float()
    step, state, pixels = made({"loss": {"focal_gamma": 2.0}}, class_weights=weights)
    p = logits_of(state, pixels).softmax(1)
    golden = (-TARGETS * (1 - p) ** 2 * p.log() * weights).sum(1).mean()
    assert step(state, pixels, TARGETS).loss == pytest.approx(5 * float(golden), rel=1e-5)


def test_two_processes_do_together_what_one_does_alone() -> None:
    step, alone, pixels = made()
    whole = step(alone, pixels, TARGETS)
    gradients = []
    firsts = pixels[0::2], TARGETS[0::2]
    second, state, _ = made(processes=Second([0.0, 0.0]))
    # What the first of the two adds: its three of the five images.
    first_loss = float(F.cross_entropy(logits_of(state, firsts[0]), firsts[1])) * 3 / 5
    first_hits = float((logits_of(state, firsts[0]).argmax(1) == firsts[1].argmax(1)).sum())
    before = state.network.layer.weight.detach().clone()
    sums = replace(second, processes=Second([first_loss, first_hits]))(state, pixels, TARGETS)
    assert sums.loss == pytest.approx(whole.loss, rel=1e-6)
    assert (sums.correct, sums.images) == (whole.correct, 5)
    gradients.append((before - state.network.layer.weight.detach()) / RATE)
    _, other, _ = made()
    mean = F.cross_entropy(logits_of(other, firsts[0]), firsts[1]) * (3 / 5 * 2)
    gradients.append(torch.autograd.grad(mean, other.network.layer.weight)[0])
    _, fresh, _ = made()
    (golden,) = torch.autograd.grad(F.cross_entropy(logits_of(fresh, pixels), TARGETS), fresh.network.layer.weight)
    torch.testing.assert_close((gradients[0] + gradients[1]) / 2, golden)  # as wrapped networks take the mean


def test_a_process_left_without_an_image_changes_nothing() -> None:
    step, state, pixels = made(processes=Second([0.25, 1.0]))
    before = state.network.layer.weight.detach().clone()
    assert step(state, pixels[:1], TARGETS[:1]) == Sums(loss=0.25, correct=1.0, images=1)
    torch.testing.assert_close(state.network.layer.weight.detach(), before)


@pytest.mark.parametrize(("accumulate", "batch", "size"), [(3, 0, 3), (3, 3, 1), (2, 2, 2)])
def test_a_group_of_batches_is_a_mean_and_the_last_may_be_short(accumulate: int, batch: int, size: int) -> None:
    step, state, pixels = made({"optimizer": {"lr": RATE, "accumulate": accumulate}})
    state.position = Position(batch=batch)
    (gradient,) = torch.autograd.grad(F.cross_entropy(logits_of(state, pixels), TARGETS), state.network.layer.weight)
    before = state.network.layer.weight.detach().clone()
    step(state, pixels, TARGETS)
    moved = before - state.network.layer.weight.detach()
    if size > 1:
        torch.testing.assert_close(state.network.layer.weight.grad, gradient / size)
        assert moved.abs().max() == 0
    else:
        torch.testing.assert_close(moved, RATE * gradient)


def test_a_lower_precision_is_used_in_the_network_and_not_in_the_loss() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        step, state, pixels = made(dtype=dtype)
        exact = F.cross_entropy(logits_of(state, pixels), TARGETS)
        loss = step(state, pixels, TARGETS).loss
        assert state.network.dtype == dtype
        assert loss == pytest.approx(5 * float(exact), rel=1e-6 if dtype == torch.float32 else 2e-2)


def test_dropout_is_drawn_anew_for_each_batch_from_the_seed_alone() -> None:
    drawn = []
    for seed, batch in [(1, 0), (1, 1), (2, 0), (1, 0)]:
        step, state, pixels = made({"seed": seed})
        state.position = Position(batch=batch)
        network = step.forward
        step = replace(step, forward=lambda x, network=network: drawn.append(float(torch.rand(()))) or network(x))
        step(state, pixels, TARGETS)
    assert drawn[0] == drawn[3]
    assert len(set(drawn)) == 3


def test_a_loss_that_is_no_number_ends_the_run_with_what_to_do() -> None:
    step, state, pixels = made()
    state.position = Position(epoch=2, batch=1)
    pixels[0] = float("nan")
    with pytest.raises(RunError) as raised:
        step(state, pixels, TARGETS)
    assert str(raised.value) == (
        "The loss became nan in epoch 3, batch 2. Continue from the last checkpoint with a lower optimizer.lr, or with "
        "optimizer.clip=1."
    )


def test_the_rate_falls_where_the_validation_loss_of_the_epochs_stands_still() -> None:
    step, state, pixels = made({"schedule": {"name": "plateau", "patience": 1, "factor": 0.5}, "epochs": 9})
    state.history = [{"validation": {"log_loss": 1.0}} for _ in range(4)]  # type: ignore[typeddict-item]
    state.position = Position(epoch=4)
    step(state, pixels, TARGETS)
    (group,) = state.optimizer.param_groups
    losses = [1.0] * 4
    assert group["lr"] == learning_rate(step.config, Position(epoch=4), batches=4, validation_losses=losses) < RATE
