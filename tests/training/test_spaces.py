import math

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.errors import ConfigError
from ferdash.training.config import TrainConfig, override
from ferdash.training.recipes import RECIPES, get_recipe
from ferdash.training.spaces import SPACES, get_space, parse

BASE = override(TrainConfig(), ["optimizer.lr=0.002"])
ADAPTIVE = override(BASE, ["sampling.mode=adaptive"])


def test_a_range_is_of_the_kind_that_the_setting_is() -> None:
    lr, k, rotation = parse(
        ["optimizer.lr=1e-4..1e-2:log", "sampling.focus.k=1..3", "augment.rotation=0..20"], ADAPTIVE
    )
    assert (lr.low, lr.high, lr.log, lr.whole) == (1e-4, 1e-2, True, False)
    assert (k.low, k.high, k.log, k.whole) == (1, 3, False, True)
    assert (rotation.low, rotation.high, rotation.whole) == (0.0, 20.0, False)


def test_choices_are_values_of_the_setting() -> None:
    schedule, batch, depths, votes = parse(
        [
            "schedule.name=constant|cosine",
            "batch_size=32|64",
            "network.depths=1,1|2,2",
            "loss.soft_votes=true|false",
        ],
        BASE,
    )
    assert schedule.choices == ("constant", "cosine")
    assert batch.choices == (32, 64)
    assert depths.choices == ("1,1", "2,2")
    assert votes.choices == (True, False)


def test_a_bound_may_be_a_multiple_of_what_the_setting_is() -> None:
    (lr,) = parse(["optimizer.lr=0.1x..10x:log"], BASE)
    assert (lr.low, lr.high) == (0.0002, 0.02)


def test_of_two_texts_about_one_setting_the_later_counts() -> None:
    (lr,) = parse(["optimizer.lr=1e-4..1e-2:log", "optimizer.lr=1e-3..1e-2"], BASE)
    assert (lr.low, lr.log) == (1e-3, False)


def test_bounds_that_need_each_other_are_taken() -> None:
    low, high = parse(["sampling.focus.low=1..8", "sampling.focus.high=8..12"], ADAPTIVE)
    assert (low.high, high.high) == (8.0, 12.0)


@given(low=st.floats(1e-9, 1e3), width=st.floats(1e-6, 1e3), log=st.booleans())
def test_a_text_reads_back_as_itself(low: float, width: float, log: bool) -> None:
    text = f"optimizer.lr={low!r}..{low + width!r}{':log' if log else ''}"
    first = parse([text], BASE)
    assert parse([each.text for each in first], BASE) == first
    assert math.isclose(first[0].low, low)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_named_space_fits_every_recipe(name: str, recipe: str) -> None:
    space = get_space(name)
    base = override(get_recipe(recipe).config(), list(space.settings))
    base = override(base, ["loss.teachers="])
    found = parse(space.vary, base)
    assert len(found) == len(space.vary)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(20):
        trial = study.ask()
        override(base, [vary.suggest(trial) for vary in found])


def test_what_is_drawn_lies_between_the_bounds() -> None:
    found = parse(["optimizer.lr=1e-4..1e-2:log", "batch_size=8..64", "schedule.name=constant|cosine"], BASE)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    configs = []
    for _ in range(30):
        trial = study.ask()
        configs.append(override(BASE, [vary.suggest(trial) for vary in found]))
    assert all(1e-4 <= config.optimizer.lr <= 1e-2 and 8 <= config.batch_size <= 64 for config in configs)
    assert {config.schedule.name for config in configs} == {"constant", "cosine"}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "Nothing is varied"),
        (["optimizer.lr"], "does not say what to vary"),
        (["optimizer.lr=1e-4"], "leaves nothing to choose"),
        (["optimizer.lr=1e-4..1e-2:linear"], "is no range"),
        (["optimizer.lr=..1e-2"], "is no range"),
        (["optimizer.lr=1e-2..1e-4"], "from a lower value to a higher"),
        (["optimizer.lr=1e-2..inf"], "optimizer.lr is 'inf', but it must be a number"),
        (["optimizer.weight_decay=0..1:log"], "has no 0; start above 0"),
        (["optimizer.lr=-1..1"], "optimizer.lr is -1.0, but it must be above 0"),
        (["optimizer.lrr=1..2"], "no setting called optimizer.lrr"),
        (["nothing.at.all=1..2"], "no setting called nothing.at.all"),
        (["batch_size=1.5..20"], "must be a whole number"),
        (["schedule.name=cosine|square"], "must be one of constant, cosine"),
        (["recipe=a|b"], "cannot be varied"),
        (["evaluation.select=accuracy|balanced"], "cannot be varied"),
        (["sampling.focus.measured_on=validation|test"], "cannot be varied"),
        (["compute.threads=1..4"], "nothing to search for"),
        (["optimizer.clip=0.5x..2x"], "is 0.0 before"),
        (["start_from=1..2"], "is not a number"),
        (["sampling.focus.low=1..3"], "add --set sampling.mode=adaptive"),
        (["sampling.weights.fear=1..3"], "add --set sampling.mode=static"),
    ],
)
def test_what_makes_no_sense_is_said(texts: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(texts, BASE)


def test_a_weight_is_varied_by_the_emotions_own_name() -> None:
    static = override(BASE, ["sampling.mode=static"])
    assert parse(["sampling.weights.fear=1..3"], static)[0].high == 3.0
    with pytest.raises(ConfigError, match=r"write emotions as sampling.weights.angry"):
        parse(["sampling.weights.anger=1..3"], static)


def test_an_unknown_space_is_told_those_there_are() -> None:
    with pytest.raises(ConfigError, match="there are: focus, optimizer, augment"):
        get_space("all")
