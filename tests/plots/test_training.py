import numpy as np
import pytest

from ferdash.emotions import EMOTIONS
from ferdash.plots.training import accuracy_curves, focus_map, loss_curves, sampling_weights


@pytest.fixture
def rows() -> list[dict]:
    """Three epochs of an adaptive run, as metrics.jsonl holds them; disgust has no support."""
    f1 = [
        [0.5, None, 0.2, 0.9, 0.6, 0.4, 0.8],
        [0.6, None, 0.5, 0.9, 0.6, 0.3, 0.8],
        [0.6, None, 0.5, 0.9, 0.7, 0.45, 0.8],
    ]
    focus = [[], ["fear", "sad"], ["sad", "fear"]]
    return [
        {
            "epoch": epoch,
            "train_loss": 1.5 - 0.2 * epoch,
            "train_accuracy": 0.4 + 0.1 * epoch,
            "validation": {"log_loss": 1.4 - 0.1 * epoch, "accuracy": [0.5, 0.62, 0.6][epoch], "f1": f1[epoch]},
            "focus": focus[epoch],
            "weights": None if epoch == 0 else [5.0 if name in focus[epoch] else 1.0 for name in EMOTIONS],
        }
        for epoch in range(3)
    ]


def test_curves_show_both_splits_with_epochs_from_one(rows: list[dict]) -> None:
    losses, accuracies = loss_curves(rows), accuracy_curves(rows)
    assert [trace.name for trace in losses.data] == ["train", "validation"]
    assert list(losses.data[0].x) == [1, 2, 3]
    assert list(losses.data[1].y) == pytest.approx([1.4, 1.3, 1.2])
    assert list(accuracies.data[0].y) == pytest.approx([0.4, 0.5, 0.6])
    assert accuracies.layout.title.text == "Best: 62.0% in epoch 2"


def test_an_evaluation_without_training_has_curves_too(rows: list[dict]) -> None:
    row = {"epoch": 0, "validation": rows[0]["validation"]}
    assert list(loss_curves([row]).data[0].y) == [None]
    assert focus_map([row]).layout.shapes == ()
    assert "outlined" not in focus_map([row]).layout.title.text


def test_the_focus_map_outlines_the_focused_cells(rows: list[dict]) -> None:
    figure = focus_map(rows)
    assert figure.data[0].z.shape == (7, 3)
    assert np.isnan(figure.data[0].z[EMOTIONS.index("disgust")]).all()
    cells = {(round((s.x0 + s.x1) / 2), round((s.y0 + s.y1) / 2)) for s in figure.layout.shapes}
    fear, sad = EMOTIONS.index("fear"), EMOTIONS.index("sad")
    assert cells == {(2, fear), (2, sad), (3, fear), (3, sad)}
    assert figure.layout.title.text.startswith("Sad is recognised worst (outlined")


def test_weights_are_one_before_anything_is_in_focus(rows: list[dict]) -> None:
    figure = sampling_weights(rows)
    by_name = {trace.name: list(trace.y) for trace in figure.data}
    assert by_name["fear"] == [1.0, 5.0, 5.0]
    assert by_name["happy"] == [1.0, 1.0, 1.0]
    assert len({(trace.line.color, trace.line.dash) for trace in figure.data}) == 7
