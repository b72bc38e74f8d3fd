import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError
from ferdash.inference.scoring import Scored, score, without_duplicates
from ferdash.models.card import CardFacts, read_card, read_evaluation, render_card, write_card
from ferdash.models.card_text import DEMO_PROVENANCE, FER2013_PROVENANCE
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.processing import FerNetImageProcessor

EPOCHS = 25


def test_raters_are_told_where_there_are_votes(facts: CardFacts, scored: Scored) -> None:
    card = render_card(facts)
    assert scored.raters is not None
    figures = scored.raters
    low, high = 100 * figures.interval.low, 100 * figures.interval.high
    assert f"| {100 * figures.agreement:.1f}% ({low:.1f} to {high:.1f}) |" in card
    assert f"On {figures.images} of {figures.rated} images with raters' votes" in card
    assert "Published FER+ scores have an eighth class, contempt" in card
    without = [evaluation | {"raters": None} for evaluation in facts.evaluations]
    assert "raters" not in render_card(replace(facts, evaluations=without))
    earlier = [{key: value for key, value in evaluation.items() if key != "raters"} for evaluation in without]
    assert render_card(replace(facts, evaluations=earlier)) == render_card(replace(facts, evaluations=without))


def epoch_row(epoch: int) -> dict:
    validation = {"log_loss": 1.9 - epoch / 100, "accuracy": 0.3 + epoch / 100, "macro_f1": 0.25 + epoch / 100}
    return {"epoch": epoch, "train_loss": 2 - epoch / 50, "seconds": 360.0, "validation": validation}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(root / "models" / "small")
    FerNetImageProcessor().save_pretrained(root / "models" / "small")
    return root


@pytest.fixture(scope="module")
def scored(checkpoints: Path, demo_root: Path) -> Scored:
    return score(load_model("small", checkpoints), open_dataset(demo_root, "demo"), "validation")


@pytest.fixture
def facts(scored: Scored, demo_dataset: FaceDataset) -> CardFacts:
    return CardFacts(
        name="small",
        title="A small FerNet",
        model_type="fernet",
        architecture="A FerNet of two blocks.",
        parameters=12345,
        dataset="demo",
        dataset_hash=demo_dataset.hash,
        counts=demo_dataset.counts().to_dict(),
        provenance=DEMO_PROVENANCE,
        run="20250114-093000-fernet-3fa9",
        command="ferdash train --recipe fernet --dataset demo",
        seed=7,
        code="3d3ecde8bedc",
        versions={"python": "3.11", "torch": "2.13"},
        history=[epoch_row(epoch) for epoch in range(EPOCHS)],
        epochs=[17],
        chosen="epoch 18 of 25, by accuracy on validation",
        evaluations=[scored.to_dict(), without_duplicates(scored).to_dict()],
    )


def test_its_figures_are_those_of_the_evaluation_to_the_last_digit(
    facts: CardFacts, scored: Scored, tmp_path: Path
) -> None:
    write_card(tmp_path, facts)
    assert read_evaluation(tmp_path) == [scored.to_dict(), without_duplicates(scored).to_dict()]
    scores = read_card(tmp_path)["scores"]
    cleaned = without_duplicates(scored)
    measured = {"demo": scored.metrics, "demo without duplicates of training images": cleaned.metrics}
    assert scores == [
        {"dataset": dataset, "split": "validation", "metric": metric, "value": value}
        for dataset, metrics in measured.items()
        for metric, value in (("accuracy", metrics.accuracy), ("f1", metrics.macro_f1))
    ]


def test_the_front_matter_is_what_the_hub_reads(facts: CardFacts) -> None:
    front = yaml.safe_load(render_card(facts).split("---\n")[1])
    assert front["license"] == "mit"
    assert front["library_name"] == "transformers"
    assert front["pipeline_tag"] == "image-classification"
    assert front["model-index"][0]["name"] == "small"


def test_it_says_where_the_model_comes_from(facts: CardFacts, scored: Scored) -> None:
    text = render_card(facts)
    for expected in (
        facts.run,
        facts.command,
        facts.code,
        facts.dataset_hash,
        "python 3.11, torch 2.13",
        "epoch 18 of 25, by accuracy on validation",
        "Training took 2.5 hours.",
        "12,345 parameters",
        scored.protocol.describe(),
        without_duplicates(scored).protocol.describe(),
        "The weights were chosen on the validation split",
        DEMO_PROVENANCE,
    ):
        assert expected in text


def test_it_says_what_it_learned_from_besides_the_labels(facts: CardFacts) -> None:
    distilled = render_card(replace(facts, origin="Half of each target is what `fernet` sees in the image."))
    assert "## Training\n\nHalf of each target is what `fernet` sees in the image.\n\n|" in distilled
    assert "## Training\n\n|" in render_card(facts)


def test_it_says_what_the_model_is_not_for(facts: CardFacts) -> None:
    text = render_card(facts)
    for expected in (
        "hiring",
        "policing",
        "diagnosis",
        "Article 5(1)(f)",
        "work and in education",
        "not what a person",
    ):
        assert expected in text


def test_the_provenance_of_fer2013(facts: CardFacts) -> None:
    text = render_card(replace(facts, provenance=FER2013_PROVENANCE))
    assert "The people shown were not asked" in text
    assert "Kaggle" in text


def table_after(text: str, heading: str) -> list[list[str]]:
    """The cells of the first Markdown table after a heading."""
    block = re.search(r"(?:^\|.*\n)+", text[text.index(heading) :], re.MULTILINE)
    assert block
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block[0].splitlines()]
    return [row for row in rows if not row[0].startswith("---")]


def test_the_tables(facts: CardFacts, scored: Scored) -> None:
    text = render_card(facts)
    per_emotion = {row[0]: row[1:] for row in table_after(text, "Per emotion")}
    assert [name for name in per_emotion if name in EMOTIONS] == list(EMOTIONS)
    assert per_emotion["happy"][1] == f"{scored.metrics.recall[3]:.3f}"
    assert per_emotion["happy"][3] == str(scored.metrics.support[3])
    matrix = np.array([row[1:] for row in table_after(text, "Confusion matrix")[1:]], dtype=int)
    assert (matrix == scored.metrics.confusion).all()
    headline = {row[0]: row[1:] for row in table_after(text, "## Scores")}
    assert headline["Accuracy"][0].startswith(f"{scored.metrics.accuracy * 100:.1f}% (")
    assert len(headline["Accuracy"]) == 2
    counted = {row[0]: row[1:] for row in table_after(text, "## Data")}
    assert [int(number) for number in counted["all"]] == [sum(split.values()) for split in facts.counts.values()]


def test_an_emotion_without_support_has_a_dash(facts: CardFacts) -> None:
    evaluation = json.loads(json.dumps(facts.evaluations[0]))
    for name in ("precision", "recall", "f1"):
        evaluation["metrics"][name][1] = None
    evaluation["metrics"]["support"][1] = 0
    rows = table_after(render_card(replace(facts, evaluations=[evaluation])), "Per emotion")
    assert ["disgust", "-", "-", "-", "0"] in rows


def test_the_curve_shows_some_epochs_with_the_kept_and_the_last(facts: CardFacts) -> None:
    shown = [row[0] for row in table_after(render_card(facts), "Training took")[1:]]
    assert "18 (kept)" in shown
    assert (shown[0], shown[-1]) == ("1", "25")
    assert len(shown) <= 15


def test_its_code_runs(
    facts: CardFacts, checkpoints: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture
) -> None:
    face = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(face).save("face.png")
    (tmp_path / "checkpoints").symlink_to(checkpoints)
    code = re.search(r"```python\n(.*?)```", render_card(facts), re.DOTALL)
    assert code
    exec(code[1], {})
    printed = ast.literal_eval(capsys.readouterr().out)
    golden = load_model("small", checkpoints).probabilities(face[None])[0]
    assert list(printed) == list(EMOTIONS)
    np.testing.assert_allclose(list(printed.values()), golden, atol=1e-5)


def test_a_model_without_a_card_or_evaluation(tmp_path: Path) -> None:
    assert read_card(tmp_path) == {}
    assert read_evaluation(tmp_path) == []


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1}', "\xff"])
def test_a_damaged_evaluation(tmp_path: Path, content: str) -> None:
    (tmp_path / "evaluation.json").write_text(content, encoding="latin-1")
    with pytest.raises(ModelError, match=r"evaluation\.json of the model “.*” cannot be read"):
        read_evaluation(tmp_path)


def test_a_card_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\ntags: [\n---\n", encoding="utf-8")
    assert "cannot be read" in read_card(tmp_path)["problem"]
