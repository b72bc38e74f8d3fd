"""Every experiment of the report, run end to end, from a model saved in transformers' format."""

from pathlib import Path

import pytest

from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError, RunError
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.processing import FerNetImageProcessor
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import open_run, read_metrics, read_status
from ferdash.training import start
from ferdash.training.config import TrainConfig, differences, override
from ferdash.training.continuation import predecessor
from ferdash.training.recipes import RECIPES, REPORT_MODEL, get_recipe, require_used

REPORT = [
    "demo_disgust_surprise_focus",
    "demo_fear_focus",
    "baseline_limited",
    "full_dataset_test",
    "full_dataset_multi_epoch",
    "weighted_disgust_fear",
    "positive_emotions_focus",
    "baseline_evaluation",
    "full_dataset_single_epoch",
    "adaptive_training",
]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    folder = root / "models" / "small"
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(folder)
    FerNetImageProcessor().save_pretrained(folder)
    return root


@pytest.mark.parametrize("name", REPORT)
def test_each_recipe_of_the_report_runs_end_to_end(name: str, checkpoints: Path, squares_root: Path) -> None:
    settings = ["dataset=squares", "start_from=small", "compute.threads=1"]
    config = override(get_recipe(name).config(), settings)
    run = start.create(config, data=squares_root, checkpoints=checkpoints)
    assert start.execute(run, data=squares_root, checkpoints=checkpoints) == "finished"
    rows = read_metrics(run.folder)
    assert len(rows) == max(config.epochs, 1)
    assert rows[-1]["validation"]["images"] == 28
    assert len(read_predictions(run.folder, "test")) == 28
    assert read_status(run.folder)["best"]["score"] == max(row["validation"]["accuracy"] for row in rows)
    if config.sampling.mode == "static":
        assert rows[0]["weights"] == [config.sampling.weights.get(emotion, 1.0) for emotion in EMOTIONS]
        heaviest = max(config.sampling.weights, key=lambda emotion: config.sampling.weights[emotion])
        assert rows[0]["drawn"][EMOTIONS.index(heaviest)] == max(rows[0]["drawn"])
    if name == "adaptive_training":
        assert all(len(row["next_focus"]) == 2 for row in rows)


def test_the_report_s_settings_are_what_it_states() -> None:
    for name in REPORT:
        config = get_recipe(name).config()
        assert config.start_from == REPORT_MODEL
        assert (config.optimizer.name, config.optimizer.lr, config.schedule.name) == ("adamw", 2e-5, "constant")
    stated = {name: (get_recipe(name).config().epochs, get_recipe(name).config().batch_size) for name in REPORT}
    assert stated["baseline_limited"] == (1, 32)
    assert stated["full_dataset_multi_epoch"] == (5, 16)
    assert stated["adaptive_training"] == (10, 16)
    assert get_recipe("weighted_disgust_fear").config().sampling.weights == {"disgust": 3.0, "fear": 2.0}
    assert get_recipe("positive_emotions_focus").config().sampling.weights == {"happy": 2.0, "surprise": 1.5}
    assert get_recipe("full_dataset_single_epoch").config().evaluation.per_class == 0
    assert set(REPORT) < set(RECIPES)


def test_a_run_can_start_from_the_best_checkpoint_of_another(checkpoints: Path, squares_root: Path) -> None:
    first = start.create(
        override(get_recipe("demo_disgust_surprise_focus").config(), ["dataset=squares", "start_from=small"]),
        data=squares_root,
        checkpoints=checkpoints,
    )
    start.execute(first, data=squares_root, checkpoints=checkpoints)
    recipe = get_recipe("demo_fear_focus")
    reference = predecessor(recipe, "squares", checkpoints=checkpoints)
    assert reference == f"run:{first.id}"
    config = override(recipe.config(), ["dataset=squares", f"start_from={reference}"])
    second = start.create(config, data=squares_root, checkpoints=checkpoints)
    assert second.record["parent"] == {"run": first.id, "checkpoint": "best", "changes": {}}
    assert f"--model run:{first.id}" in second.record["command"]
    assert start.execute(second, data=squares_root, checkpoints=checkpoints) == "finished"
    assert open_run(checkpoints / "runs", second.id).record["parent"]["run"] == first.id


def test_a_recipe_is_a_difference_from_the_defaults() -> None:
    changed = differences(TrainConfig(), get_recipe("baseline_limited").config())
    assert set(changed) == {
        "recipe",
        "start_from",
        "sampling.per_class",
        "evaluation.per_class",
        "evaluation.test",
    }


def test_a_recipe_that_continues_another_says_when_that_has_not_been_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="continues a run of demo_disgust_surprise_focus"):
        predecessor(get_recipe("demo_fear_focus"), "squares", checkpoints=tmp_path)
    assert predecessor(get_recipe("fernet"), "squares", checkpoints=tmp_path) == ""


@pytest.mark.parametrize(("name", "select"), [("fernet_votes", "majority"), ("fernet_labels", "accuracy")])
def test_recipes_of_the_raters_learn_from_votes(name: str, select: str, checkpoints: Path, voted_root: Path) -> None:
    settings = ["dataset=voted", "start_from=small", "epochs=1", "compute.threads=1"]
    run = start.create(override(get_recipe(name).config(), settings), data=voted_root, checkpoints=checkpoints)
    assert start.execute(run, data=voted_root, checkpoints=checkpoints) == "finished"
    best = read_status(run.folder)["best"]
    (row,) = read_metrics(run.folder)
    assert best["select"] == select
    scores = {"majority": row["validation"]["raters"]["agreement"], "accuracy": row["validation"]["accuracy"]}
    assert best["score"] == scores[select]


def test_recipes_of_the_raters_say_that_votes_are_missing(checkpoints: Path, squares_root: Path) -> None:
    config = override(get_recipe("fernet_votes").config(), ["dataset=squares", "start_from=small"])
    run = start.create(config, data=squares_root, checkpoints=checkpoints)
    with pytest.raises(ConfigError, match="the dataset “squares” has none"):
        start.execute(run, data=squares_root, checkpoints=checkpoints)


def test_a_weight_that_nothing_is_drawn_by_is_refused() -> None:
    config = get_recipe("weighted_disgust_fear").config()
    require_used(override(config, ["sampling.mode=uniform"]))  # its own weights, left behind
    require_used(override(config, ["sampling.weights.sad=2"]))
    sentence = r"sampling.weights.sad is 2, but weights count only while sampling.mode is static, and it is adaptive\."
    with pytest.raises(ConfigError, match=sentence):
        require_used(override(config, ["sampling.mode=adaptive", "sampling.weights.sad=2"]))
