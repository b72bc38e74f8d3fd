import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ferdash.training.schedules import rate_factor
from ferdash.training.settings import ScheduleConfig


def factor(config: ScheduleConfig, epoch: float, epochs: int = 10, losses: list[float] | None = None) -> float:
    return rate_factor(config, epoch=epoch, epochs=epochs, validation_losses=losses or [])


def pytorch_rates(scheduler_of, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = scheduler_of(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_cosine_agrees_with_pytorch() -> None:
    golden = pytorch_rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=10, eta_min=0.1), 11)
    config = ScheduleConfig(name="cosine", floor=0.1)
    assert [factor(config, epoch) for epoch in range(11)] == pytest.approx(golden)


def test_warm_restarts_agree_with_pytorch() -> None:
    golden = pytorch_rates(
        lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=0.0), 20
    )
    config = ScheduleConfig(name="restarts", restart_epochs=3)
    assert [factor(config, epoch, epochs=20) for epoch in range(20)] == pytest.approx(golden)


def test_plateau_agrees_with_pytorch() -> None:
    losses = [1.0, 0.9, 0.95, 0.92, 0.91, 0.93, 0.8, 0.85, 0.86, 0.87, 0.88]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, threshold=0.0)
    config = ScheduleConfig(name="plateau", patience=2, factor=0.5)
    for end, loss in enumerate(losses, start=1):
        scheduler.step(loss)
        assert factor(config, end, losses=losses[:end]) == pytest.approx(optimizer.param_groups[0]["lr"])


@given(epoch=st.floats(0, 10), name=st.sampled_from(["constant", "cosine", "restarts"]), floor=st.floats(0, 0.5))
def test_the_rate_stays_between_floor_and_one_after_warmup(epoch: float, name: str, floor: float) -> None:
    config = ScheduleConfig(name=name, floor=floor, restart_epochs=4)
    assert floor - 1e-12 <= factor(config, epoch) <= 1


def test_warmup_rises_from_almost_nothing() -> None:
    config = ScheduleConfig(name="cosine", warmup_epochs=2)
    assert 0 < factor(config, 0.0) < 0.001
    assert factor(config, 1.0) == pytest.approx(0.5)
    assert factor(config, 2.0) == pytest.approx(1.0)
    assert factor(config, 10.0) == pytest.approx(0.0, abs=1e-12)
    assert not math.isnan(factor(config, 11.0))
