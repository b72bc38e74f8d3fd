import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.errors import ConfigError
from ferdash.training.config import TrainConfig, differences, from_dict, override, to_dict
from ferdash.training.recipes import RECIPES, get_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_the_round_trip_to_plain_data(name: str) -> None:
    config = get_recipe(name).config()
    assert from_dict(to_dict(config)) == config
    assert config.recipe == name


@given(lr=st.floats(1e-6, 1), seed=st.integers(0, 10**6), flip=st.booleans())
def test_override_sets_exactly_the_named_fields(lr: float, seed: int, flip: bool) -> None:
    before = TrainConfig()
    after = override(before, [f"optimizer.lr={lr!r}", f"seed={seed}", f"compute.compile={str(flip).lower()}"])
    changed = {path: new for path, (_, new) in differences(before, after).items()}
    expected = {"optimizer.lr": lr, "seed": seed, "compute.compile": flip}
    defaults = {"optimizer.lr": 2e-5, "seed": 0, "compute.compile": False}
    assert changed == {path: value for path, value in expected.items() if value != defaults[path]}


def test_weights_are_named_by_emotion_and_take_synonyms() -> None:
    config = override(TrainConfig(), ["sampling.weights.fearful=2", "sampling.weights.disgust=3"])
    assert config.sampling.weights == {"fear": 2.0, "disgust": 3.0}


def test_depths_are_read_from_text() -> None:
    assert override(TrainConfig(), ["network.depths=1,2,1"]).network.depths == (1, 2, 1)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("optimizer.rate=1", "no setting called optimizer.rate"),
        ("nowhere.lr=1", "no setting called nowhere"),
        ("epochs", "not a setting"),
        ("epochs=two", "epochs is 'two', but it must be a whole number"),
        ("epochs=1.5", "epochs is '1.5'"),
        ("optimizer.lr=fast", "it must be a number"),
        ("augment.mixup=inf", "augment.mixup is 'inf', but it must be a number"),
        ("optimizer.lr=nan", "it must be a number"),
        ("batch_size=1000000000000", "batch_size is 1000000000000, which is further from 0 than any setting can be"),
        ("optimizer.lr=0", "optimizer.lr is 0.0, but it must be above 0"),
        ("schedule.name=step", "one of constant, cosine, restarts, plateau"),
        ("compute.compile=maybe", "true or false"),
        ("epochs.x=1", "no setting called epochs.x"),
        ("optimizer=3", "a group of settings"),
    ],
)
def test_an_impossible_setting_is_refused_by_name(setting: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        override(TrainConfig(), [setting])


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match="There is no recipe called “soup”; there are"):
        get_recipe("soup")
