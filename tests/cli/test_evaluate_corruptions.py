import json
import shutil
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from ferdash.cli.main import app
from ferdash.data.dataset import open_dataset
from ferdash.errors import EvaluationError
from ferdash.evaluation.corruptions import CORRUPTIONS
from ferdash.evaluation.robustness import Robustness, mean_corruption_error
from ferdash.inference.robustness import measure_robustness
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.processing import FerNetImageProcessor
from ferdash.runs.evaluations import list_evaluations
from ferdash.runs.store import create_run

CARD = "# Small\n\n## Scores\n\nGood.\n\n## Limits\n\nMany.\n"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoints folder with the models `small`, which has a card, and `other`; both have learned nothing."""
    root = tmp_path_factory.mktemp("checkpoints")
    for seed, name in enumerate(("small", "other")):
        torch.manual_seed(seed)
        FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(root / "models" / name)
        FerNetImageProcessor().save_pretrained(root / "models" / name)
    (root / "models" / "small" / "README.md").write_text(CARD)
    return root


@pytest.fixture
def checkpoints(tmp_path: Path, models: Path) -> Path:
    return Path(shutil.copytree(models, tmp_path / "checkpoints"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, demo_root: Path, checkpoints: Path):
    monkeypatch.setenv("FERDASH_DATA", str(demo_root))
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(checkpoints))
    monkeypatch.setenv("COLUMNS", "120")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["evaluate", *arguments, "--dataset", "demo", "--corruptions"])

    return invoke


@pytest.fixture
def expected(checkpoints: Path, demo_root: Path):
    def measure(name: str, **choice) -> Robustness:
        return measure_robustness(
            load_model(name, checkpoints), open_dataset(demo_root, "demo"), "validation", **choice
        )

    return measure


def test_json_is_the_report_to_the_last_digit_and_it_is_kept(run, expected, checkpoints: Path) -> None:
    document = json.loads(run("small", "--per-class", "2", "--json").stdout)
    report = expected("small", per_class=2).to_dict()
    assert document == {"model": "small", "engine": "torch", "against": None, **report}
    (record,) = list_evaluations(checkpoints, "robustness")
    assert record["model"] == "small"
    assert record["source"] == "unknown"
    assert report.items() <= record.items()


def test_the_table(run, expected) -> None:
    text = run("small", "--per-class", "2").stdout
    report = expected("small", per_class=2)
    assert f"{report.finding()}." in " ".join(text.split())
    assert report.protocol.describe() in " ".join(text.split())
    for place, corruption in enumerate(CORRUPTIONS.values()):
        (line,) = (line for line in text.splitlines() if line.startswith(f"│ {corruption.title} "))
        cells = [cell.strip() for cell in line.strip("│").split("│")]
        values = report.accuracy[place]
        assert cells == [corruption.title, *(f"{100 * value:.1f}" for value in (*values, values.mean()))]


def test_held_against_another_model(run, expected, checkpoints: Path) -> None:
    document = json.loads(run("small", "--against", "other", "--per-class", "2", "--json").stdout)
    report, other = expected("small", per_class=2), expected("other", per_class=2)
    against = document["against"]
    assert against["model"] == "other"
    assert Robustness.from_dict(against).to_dict() == other.to_dict()
    assert against["mean_corruption_error"] == mean_corruption_error(report, other)
    assert against["difference"] == report.mean - other.mean
    assert list(against["corruption_errors"]) == list(CORRUPTIONS)
    assert {record["model"] for record in list_evaluations(checkpoints, "robustness")} == {"small", "other"}
    text = " ".join(run("small", "--against", "other", "--per-class", "2").stdout.split())
    assert f"Mean corruption error {mean_corruption_error(report, other):.2f}" in text


def test_against_the_raters(run, expected) -> None:
    document = json.loads(run("small", "--truth", "majority", "--json").stdout)
    assert document["truth"] == "majority"
    assert document["protocol"]["images"] == expected("small", truth="majority").protocol.images


def test_the_report_goes_into_the_card_once(run, expected, checkpoints: Path) -> None:
    card = checkpoints / "models" / "small" / "README.md"
    for seed in ("1", "2"):
        assert run("small", "--per-class", "2", "--seed", seed, "--to-card").exit_code == 0
    text = card.read_text()
    report = expected("small", per_class=2, seed=2)
    assert text.count("## Robustness") == 1
    assert text.index("Good.") < text.index("## Robustness") < text.index("## Limits") < text.index("Many.")
    assert report.finding() in text
    assert "`ferdash evaluate small --dataset demo --split validation --corruptions`" in text
    saved = json.loads((card.parent / "robustness.json").read_text())
    assert Robustness.from_dict(saved).to_dict() == report.to_dict()


@pytest.mark.parametrize("model", ["other", "small+other", "run:r1"])
def test_a_model_without_a_card_is_refused_before_any_work(run, model: str) -> None:
    result = run(model, "--to-card")
    assert isinstance(result.exception, EvaluationError)
    assert f"{model} has no card to write the report to" in str(result.exception)


def test_a_card_without_the_section_to_stand_before(run, checkpoints: Path) -> None:
    (checkpoints / "models" / "small" / "README.md").write_text("# Small\n")
    result = run("small", "--per-class", "1", "--to-card")
    assert "The card of the model “small” has no section “Limits”" in str(result.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ("small", "other"),
        ("small", "--dataset", "demo2"),
        ("small", "--save-predictions", "p.parquet"),
        ("small", "--truth", "votes"),
    ],
)
def test_what_does_not_go_with_it_is_wrong_usage(run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("option", [("--against", "other"), ("--truth", "majority"), ("--to-card",)])
def test_its_options_alone_are_wrong_usage(option: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["evaluate", "small", *option])
    assert result.exit_code == 2
    assert "say more of --corruptions" in " ".join(result.output.replace("│", "").split())


def test_a_fold_is_not_held_against_either(run, checkpoints: Path) -> None:
    fold = create_run(
        checkpoints / "runs",
        "fold-1",
        {"config": {"folds": {"count": 5, "index": 0}}, "dataset": {"name": "demo", "hash": "9079d33afbb7c79f"}},
    )
    assert "one fold of a cross-validation" in str(run("small", "--against", f"run:{fold.id}").exception)


def test_a_folder_that_cannot_be_written_does_not_lose_the_figures(run, checkpoints: Path) -> None:
    (checkpoints / "evaluations").write_text("in the way")
    result = run("small", "--per-class", "1", "--json")
    assert result.exit_code == 0
    assert "cannot be kept" in result.stderr
    assert "mean" in json.loads(result.stdout)
