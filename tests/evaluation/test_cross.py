from dataclasses import replace

import numpy as np
import pytest

from ferdash.evaluation.cross import Cell, absent_sentences, asked_model, cell_of
from ferdash.evaluation.intervals import Interval
from ferdash.evaluation.metrics import compute_metrics
from ferdash.evaluation.protocol import Protocol

PROTOCOL = Protocol("faces", "0123456789abcdef", "validation", 4, 0, 0, True, 0, "plain", "fedcba9876543210")


@pytest.fixture
def cell() -> Cell:
    """Four images that show angry, happy and sad; one happy face is taken for sad."""
    probabilities = np.eye(7)[[0, 3, 5, 5]]
    metrics = compute_metrics(y_true=np.array([0, 3, 3, 5]), probabilities=probabilities)
    ends = {name: {"low": 0.1, "high": 0.9} for name in ("accuracy", "macro_f1")}
    record = {"model": "small", "source": "same source", "protocol": PROTOCOL.to_dict(), "metrics": metrics.to_dict()}
    return cell_of(record | {"intervals": ends})


def test_a_cell_by_hand(cell: Cell) -> None:
    assert cell.accuracy == 0.75
    assert cell.macro_f1 == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert cell.accuracy_interval == cell.macro_f1_interval == Interval(0.1, 0.9)
    assert (cell.model, cell.title) == ("small", "small")
    assert cell.absent == ("disgust", "fear", "neutral", "surprise")


@pytest.mark.parametrize(("engine", "name"), [("torch", "small"), ("onnx", "small"), ("int8", "small, int8")])
def test_eight_bits_are_another_model_to_its_scores(engine: str, name: str) -> None:
    assert asked_model({"model": "small", "engine": engine}) == name


def test_a_column_tells_images_apart(cell: Cell) -> None:
    assert cell.column == "faces validation, 4 images (0123fedc)"
    cleaned = replace(cell, protocol=replace(PROTOCOL, duplicates_included=False, images=3))
    assert "3 images without duplicates" in cleaned.column
    for change in ({"dataset_hash": "9"}, {"rows": "9"}, {"split": "test"}):
        assert replace(cell, protocol=replace(PROTOCOL, **change)).column != cell.column


@pytest.mark.parametrize(
    ("source", "absent", "notes"),
    [
        ("same source", (), "same source"),
        ("training images", ("fear",), "training images; no fear"),
        ("other source", ("fear", "sad"), "no fear or sad"),
        ("unknown", (), "origin of the model unknown"),
        ("", (), ""),
    ],
)
def test_notes(cell: Cell, source: str, absent: tuple[str, ...], notes: str) -> None:
    assert replace(cell, source=source, absent=absent).notes() == notes


def test_what_a_dataset_lacks_is_said_once(cell: Cell) -> None:
    whole = replace(cell, absent=(), protocol=replace(PROTOCOL, dataset="whole"))
    (sentence,) = absent_sentences([cell, cell, whole])
    assert sentence.startswith("faces shows no disgust or fear or neutral or surprise: left out of macro F1 there")
