import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from ferdash.cli.main import app
from ferdash.data.dataset import FaceDataset, open_dataset, save_dataset
from ferdash.data.demo import draw_face
from ferdash.emotions import EMOTIONS
from ferdash.errors import DatasetError
from ferdash.inference.scoring import score
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.processing import FerNetImageProcessor
from ferdash.runs.evaluations import list_evaluations
from ferdash.wording import percent


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two datasets, `whole` and `few`, which shows no disgust and no fear; and two models that have learned nothing,
    `small`, whose card says that it learned from `whole`, and `other`."""
    data, checkpoints = (tmp_path_factory.mktemp(name) for name in ("data", "checkpoints"))
    rng = np.random.default_rng(0)
    for name, emotions in (("whole", EMOTIONS), ("few", ("angry", "happy", "neutral", "sad", "surprise"))):
        shown = [emotion for emotion in emotions for _ in range(4)]
        save_dataset(
            data,
            name,
            images=np.stack([draw_face(emotion, rng) for emotion in shown]),
            labels=np.array([EMOTIONS.index(emotion) for emotion in shown]),
            splits=["validation"] * len(shown),
            sources=[f"{place:03d}.png" for place in range(len(shown))],
            origin="drawn for a test",
        )
    for seed, name in enumerate(("small", "other")):
        torch.manual_seed(seed)
        folder = checkpoints / "models" / name
        FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(folder)
        FerNetImageProcessor().save_pretrained(folder)
    scored = score(load_model("small", checkpoints), open_dataset(data, "whole"), "validation")
    evaluation = checkpoints / "models" / "small" / "evaluation.json"
    evaluation.write_text(json.dumps({"evaluations": [scored.to_dict()]}))
    return data, checkpoints


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, roots: tuple[Path, Path]):
    monkeypatch.setenv("FERDASH_DATA", str(roots[0]))
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(roots[1]))
    monkeypatch.setenv("COLUMNS", "140")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["evaluate", *arguments])

    return invoke


BOTH = ("--dataset", "whole", "--dataset", "few")


def test_every_model_on_every_dataset(run, roots: tuple[Path, Path]) -> None:
    data, checkpoints = roots
    document = json.loads(run("small", "other", *BOTH, "--json").stdout)
    assert (document["split"], document["tta"]) == ("validation", "plain")
    cells = {(cell["model"], cell["protocol"]["dataset"]): cell for cell in document["cells"]}
    assert list(cells) == [("small", "whole"), ("small", "few"), ("other", "whole"), ("other", "few")]
    for (model, dataset), cell in cells.items():
        golden = score(load_model(model, checkpoints), open_dataset(data, dataset), "validation").to_dict()
        assert golden.items() <= cell.items()
        assert cell["absent"] == (["disgust", "fear"] if dataset == "few" else [])
    assert [cell["source"] for cell in cells.values()] == ["same source", "other source", "unknown", "unknown"]


def test_the_table(run, roots: tuple[Path, Path]) -> None:
    data, checkpoints = roots
    text = run("small", "other", *BOTH).stdout
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line]
    notes = {(row[0], row[1]): row[5] for row in rows}
    assert notes["small", "whole"] == "same source"
    assert notes["small", "few"] == "no disgust or fear"
    assert notes["other", "few"] == "origin of the model unknown; no disgust or fear"
    scored = score(load_model("small", checkpoints), open_dataset(data, "few"), "validation")
    (row,) = (row for row in rows if row[:2] == ["small", "few"])
    assert row[2].startswith(percent(scored.metrics.accuracy))
    assert row[3].startswith(f"{scored.metrics.macro_f1:.3f} (")
    flat = " ".join(text.split())
    assert "few shows no disgust or fear: left out of macro F1 there" in flat
    assert "Same source: the model learned from the train split of that dataset" in flat


def test_one_model_on_two_datasets_and_a_name_given_twice(run) -> None:
    document = json.loads(run("small", *BOTH, "--dataset", "few", "--json").stdout)
    assert [cell["protocol"]["dataset"] for cell in document["cells"]] == ["whole", "few"]


def test_other_views_and_a_subset(run) -> None:
    cells = json.loads(run("small", *BOTH, "--tta", "flip", "--per-class", "2", "--json").stdout)["cells"]
    assert [cell["protocol"]["tta"] for cell in cells] == ["flip", "flip"]
    assert [cell["protocol"]["images"] for cell in cells] == [14, 10]


def test_all_are_kept(run, roots: tuple[Path, Path]) -> None:
    run("small", "other", *BOTH)
    kept = {(r["model"], r["protocol"]["dataset"], r["protocol"]["tta"]) for r in list_evaluations(roots[1], "scores")}
    assert kept >= {(model, dataset, "plain") for model in ("small", "other") for dataset in ("whole", "few")}


def test_a_dataset_that_is_not_there_is_said_first(run) -> None:
    result = run("small", "other", "--dataset", "whole", "--dataset", "gone")
    assert isinstance(result.exception, DatasetError)


def test_predictions_of_several_are_wrong_usage(run, tmp_path: Path) -> None:
    assert run("small", *BOTH, "--save-predictions", str(tmp_path / "p.parquet")).exit_code == 2


def test_a_dataset_that_is_an_altered_copy_is_said_to_be(run, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "This is an altered copy of FER2013. Its edges are 1.6 times as strong."
    monkeypatch.setattr(FaceDataset, "altered", property(lambda dataset: said if dataset.name == "few" else ""))
    assert json.loads(run("small", *BOTH, "--json").stdout)["altered"] == {"few": said}
    shown = run("small", *BOTH).stdout
    assert f"few: {said}" in shown
    assert "whole: This" not in shown
