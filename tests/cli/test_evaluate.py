import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner, Result

from ferdash.cli.main import app
from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError, ModelError
from ferdash.inference.scoring import score, without_duplicates
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.processing import FerNetImageProcessor
from ferdash.runs.store import create_run
from ferdash.wording import percent


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoints folder whose model `small` is a FerNet that has learned nothing."""
    root = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(root / "models" / "small")
    FerNetImageProcessor().save_pretrained(root / "models" / "small")
    return root


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, demo_root: Path, checkpoints: Path):
    monkeypatch.setenv("FERDASH_DATA", str(demo_root))
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(checkpoints))
    monkeypatch.setenv("COLUMNS", "120")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["evaluate", *arguments])

    return invoke


@pytest.fixture
def dataset(demo_root: Path) -> FaceDataset:
    return open_dataset(demo_root, "demo")


def test_json_is_what_scoring_gives_to_the_last_digit(run, dataset: FaceDataset, checkpoints: Path) -> None:
    result = run("small", "--dataset", "demo", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    scored = score(load_model("small", checkpoints), dataset, "validation")
    beside = document.pop("without_duplicates")
    assert document.pop("emotions") == list(EMOTIONS)
    assert document == {"model": "small", "engine": "torch", "altered": "", "with_tta": None, **scored.to_dict()}
    assert (beside is not None) == (scored.protocol.duplicates > 0)


def test_the_page_says_what_was_measured_and_how_well(run, dataset: FaceDataset, checkpoints: Path) -> None:
    result = run("small", "--dataset", "demo", "--split", "test")
    assert result.exit_code == 0
    scored = score(load_model("small", checkpoints), dataset, "test")
    text = " ".join(result.stdout.split())
    assert scored.protocol.describe() in text
    assert f"Accuracy │ {scored.metrics.accuracy:.1%}" in text
    for name, support in zip(EMOTIONS, scored.metrics.support, strict=True):
        row = next(line for line in result.stdout.splitlines() if line.startswith(f"│ {name} "))
        assert row.rstrip(" │").endswith(str(support))
    assert "macro avg" in text
    assert "Confusion matrix" in text


def test_raters_stand_beside_the_labels(run, dataset: FaceDataset, checkpoints: Path) -> None:
    raters = score(load_model("small", checkpoints), dataset, "validation").raters
    assert raters is not None
    output = run("small", "--dataset", "demo").stdout
    assert (
        f"{percent(raters.agreement)} ({100 * raters.interval.low:.1f} to {100 * raters.interval.high:.1f})" in output
    )
    assert f"On {raters.images} of {raters.rated} images with raters' votes" in output
    assert "eighth class, contempt" in output
    assert json.loads(run("small", "--dataset", "demo", "--json").stdout)["raters"] == raters.to_dict()


def test_duplicates_stand_beside_or_are_left_out(run, dataset: FaceDataset) -> None:
    rows = dataset.rows("validation")
    duplicates = int(dataset.duplicates_training()[rows].sum())
    assert duplicates > 0, "the demo has duplicates to find"
    left = len(rows) - duplicates
    assert f"{left} without duplicates" in run("small", "--dataset", "demo").stdout
    document = json.loads(run("small", "--dataset", "demo", "--without-duplicates", "--json").stdout)
    assert document["protocol"]["images"] == left
    assert document["without_duplicates"] is None


def test_a_subset_seen_plain_and_mirrored(run, dataset: FaceDataset) -> None:
    images = int(dataset.counts()["validation"].clip(upper=2).sum())
    arguments = ("small", "--dataset", "demo", "--per-class", "2", "--seed", "7", "--tta", "flip", "--json")
    document = json.loads(run(*arguments).stdout)
    for scores, tta in ((document, "plain"), (document["with_tta"], "flip")):
        protocol = scores["protocol"]
        assert (protocol["images"], protocol["per_class"], protocol["seed"]) == (images, 2, 7)
        assert protocol["tta"] == tta


def test_augmented_scores_stand_beside_the_plain_scores(run, dataset: FaceDataset, checkpoints: Path) -> None:
    text = run("small", "--dataset", "demo", "--split", "test", "--tta", "ten-crop").stdout
    plain = score(load_model("small", checkpoints), dataset, "test")
    crops = score(load_model("small", checkpoints, tta="ten-crop"), dataset, "test")
    assert crops.protocol.describe() in " ".join(text.split())
    (row,) = (line for line in text.splitlines() if line.startswith("│ Accuracy"))
    found = [cell.partition("(")[0].strip() for cell in row.split("│")[2:-1]]
    shown = [plain, without_duplicates(plain), crops, without_duplicates(crops)]
    assert found == [percent(scored.metrics.accuracy) for scored in shown]


def test_an_ensemble_is_scored(run, dataset: FaceDataset, checkpoints: Path) -> None:
    document = json.loads(run("small+small", "--dataset", "demo", "--json").stdout)
    alone = score(load_model("small", checkpoints), dataset, "validation")
    assert document["model"] == "small+small"
    assert document["metrics"]["log_loss"] == pytest.approx(alone.metrics.log_loss, abs=1e-6)


def test_predictions_are_saved(run, tmp_path: Path) -> None:
    target = tmp_path / "predictions.parquet"
    result = run("small", "--dataset", "demo", "--save-predictions", str(target), "--json")
    assert len(pd.read_parquet(target)) == json.loads(result.stdout)["protocol"]["images"]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("predictions.csv", "written as Parquet, so predictions.csv must be called something.parquet"),
        ("nowhere/predictions.parquet", "There is no folder .*nowhere to write predictions.parquet to"),
    ],
)
def test_a_target_that_cannot_be_is_refused_first(run, tmp_path: Path, target: str, sentence: str) -> None:
    result = run("no such model", "--save-predictions", str(tmp_path / target))
    assert isinstance(result.exception, EvaluationError)
    with pytest.raises(EvaluationError, match=sentence):
        raise result.exception


def test_an_unknown_split_is_wrong_usage(run) -> None:
    assert run("small", "--split", "tests").exit_code == 2


def test_help_warns_of_choosing_by_test(run) -> None:
    text = " ".join(run("--help").stdout.split())
    assert "Scoring on the test split is fine; choosing a model" in text


def test_a_fold_is_not_scored_on_images_it_was_trained_on(run, checkpoints: Path) -> None:
    fold = create_run(
        checkpoints / "runs",
        "fold-1",
        {"config": {"folds": {"count": 5, "index": 0}}, "dataset": {"name": "demo", "hash": "9079d33afbb7c79f"}},
    )
    refused = run(f"run:{fold.id}@best", "--dataset", "demo")
    assert isinstance(refused.exception, EvaluationError)
    assert "one fold of a cross-validation" in str(refused.exception)
    in_short = run("run:fol@best", "--dataset", "demo")
    assert "one fold of a cross-validation" in str(in_short.exception)
    together = run(f"small+run:{fold.id}", "--dataset", "demo")
    assert "one fold of a cross-validation" in str(together.exception)
    on_test = run(f"run:{fold.id}@best", "--dataset", "demo", "--split", "test")
    assert isinstance(on_test.exception, ModelError)  # this one has no checkpoint yet; it was not refused as a fold
