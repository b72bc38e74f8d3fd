import base64

import cv2
import numpy as np
import pytest

from ferdash.emotions import EMOTIONS
from ferdash.evaluation.curves import precision_recall_curves, roc_curves
from ferdash.evaluation.errors import Slices, accuracy_by_slice
from ferdash.plots.errors import (
    PICKED,
    class_curves,
    confusion_difference,
    confusion_matrix,
    embedding_map,
    explanation_overlay,
    slice_bars,
)
from ferdash.plots.mosaic import enlarge


@pytest.fixture
def confusion() -> np.ndarray:
    """Sad is taken for neutral three times in ten; no image shows disgust."""
    counts = np.diag([10, 0, 10, 10, 10, 7, 10])
    counts[5, 4] = 3
    return counts


@pytest.fixture
def predictions() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y_true = np.arange(140) % 7
    logits = rng.normal(size=(140, 7)) + 2 * np.eye(7)[y_true]
    p = np.exp(logits)
    return y_true, p / p.sum(axis=1, keepdims=True)


def test_the_matrix_shows_counts_or_shares(confusion: np.ndarray) -> None:
    figure = confusion_matrix(confusion)
    assert figure.layout.title.text == "Most often, sad is taken for neutral"
    assert figure.data[0].text[5][4] == "3"
    assert np.isnan(figure.data[0].z[1]).all()
    shares = confusion_matrix(confusion, normalised=True)
    assert shares.data[0].text[5][4] == "30%"
    assert shares.data[0].text[1][1] == ""
    assert shares.layout.yaxis.autorange == "reversed"
    assert confusion_matrix(np.diag([1] * 7)).layout.title.text == "Nothing is confused"


def test_the_difference_is_in_points_and_centred_on_none(confusion: np.ndarray) -> None:
    better = np.diag([10, 0, 10, 10, 10, 10, 10])
    figure = confusion_difference(confusion, better, names=("A", "B"))
    assert figure.data[0].text[5][4] == "-30.0"
    assert figure.data[0].text[5][5] == "+30.0"
    assert figure.data[0].zmax == pytest.approx(30)
    assert figure.data[0].zmin == -figure.data[0].zmax
    assert figure.layout.title.text.startswith("B minus A")
    assert confusion_difference(better, better, names=("A", "A")).data[0].zmax == 1


def test_class_curves_have_a_colour_and_a_dash_each(predictions: tuple[np.ndarray, np.ndarray]) -> None:
    y_true, p = predictions
    curves = roc_curves(y_true=y_true, probabilities=p)
    figure = class_curves(curves, "roc")
    assert len(figure.data) == 8
    assert figure.data[-1].name == "guessing"
    assert len({(trace.line.color, trace.line.dash) for trace in figure.data[:7]}) == 7
    worst = min(curves, key=lambda emotion: curves[emotion].area)
    assert figure.layout.title.text.startswith(worst.capitalize())
    figure = class_curves(precision_recall_curves(y_true=y_true, probabilities=p), "precision-recall")
    assert len(figure.data) == 7
    assert figure.layout.xaxis.title.text == "found (recall)"
    assert class_curves({}, "roc").layout.title.text == "No curve"


def test_slices_carry_intervals_and_the_weakest_is_named() -> None:
    index = np.repeat([0, 1], 200)
    correct = np.concatenate([np.arange(200) % 10 < 4, np.arange(200) % 10 < 8])
    figure = slice_bars(
        accuracy_by_slice(correct=correct, slices=Slices(("dark", "bright", "none"), index)), by="brightness"
    )
    assert list(figure.data[0].x) == ["dark", "bright"]
    assert list(figure.data[0].y) == pytest.approx([0.4, 0.8])
    assert all(0 < value < 0.1 for value in figure.data[0].error_y.array)
    assert figure.layout.title.text == "Weakest by brightness: dark, 40.0% (60.0% on all)"
    assert slice_bars([], by="contrast").layout.title.text == "Accuracy by contrast"


def test_the_map_gives_back_dataset_rows_and_shows_each_face() -> None:
    labels, predicted = np.array([0, 0, 3]), np.array([0, 5, 3])
    points = np.arange(6, dtype=float).reshape(3, 2)
    faces = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2)
    chart = embedding_map(points, labels, predicted, np.array([70, 80, 90]), faces).to_dict()
    assert chart["title"] == "3 faces as the model arranges them; 1 mistake outlined"
    (table,) = chart["datasets"].values()
    assert [line["row"] for line in table] == [70, 80, 90]
    assert [line["taken for"] for line in table] == ["angry", "sad", "happy"]
    content = base64.b64decode(table[1]["image"].partition(",")[2])
    shown = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(shown, enlarge(faces[1], 2))
    scales = chart["layer"][1]["encoding"]
    assert scales["color"]["scale"]["domain"] == scales["shape"]["scale"]["domain"] == list(EMOTIONS)
    assert len(set(scales["shape"]["scale"]["range"])) == len(set(scales["color"]["scale"]["range"])) == 7
    assert PICKED in {parameter["name"] for parameter in chart["params"]}


def test_the_overlay_colours_only_what_is_hot() -> None:
    face = np.full((48, 48), 100, dtype=np.uint8)
    heat = np.zeros((48, 48), dtype=np.float32)
    assert (explanation_overlay(face, heat) == 100).all()
    heat[:24] = 0.2
    picture = explanation_overlay(face, heat, factor=2)
    assert picture.shape == (96, 96, 3)
    assert picture.dtype == np.uint8
    assert (picture[60:] == 100).all()
    # The hottest colour is a bright yellow, whatever the scale of the map.
    red, _, blue = picture[10, 10].astype(int)
    assert red > 150
    assert red > blue
