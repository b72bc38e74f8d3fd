import json
from pathlib import Path
from typing import Any

import pytest

from ferdash.errors import EvaluationError
from ferdash.evaluation.protocol import Protocol
from ferdash.runs.evaluations import keep_evaluation, list_evaluations

PROTOCOL = Protocol("faces", "hash", "validation", 10, 0, 0, True, 0, "plain", "rows").to_dict()


def record(model: str = "small", accuracy: float = 0.5, **protocol: Any) -> dict[str, Any]:
    return {"model": model, "accuracy": accuracy, "protocol": PROTOCOL | protocol}


def kept(root: Path, kind: Any = "scores") -> list[tuple[str, float]]:
    return [(one["model"], one["accuracy"]) for one in list_evaluations(root, kind)]


def test_measuring_the_same_again_replaces_it(tmp_path: Path) -> None:
    keep_evaluation(tmp_path, "scores", record())
    keep_evaluation(tmp_path, "scores", record(accuracy=0.6))
    assert kept(tmp_path) == [("small", 0.6)]


@pytest.mark.parametrize("other", [{"model": "large"}, {"rows": "others"}, {"tta": "flip"}, {"dataset_hash": "b"}])
def test_anything_else_stands_beside_it(tmp_path: Path, other: dict[str, str]) -> None:
    keep_evaluation(tmp_path, "scores", record())
    keep_evaluation(tmp_path, "scores", record(**other))
    assert len(kept(tmp_path)) == 2


def test_another_truth_stands_beside_it(tmp_path: Path) -> None:
    keep_evaluation(tmp_path, "robustness", record())
    keep_evaluation(tmp_path, "robustness", record() | {"truth": "majority"})
    assert len(kept(tmp_path, "robustness")) == 2
    assert kept(tmp_path) == []


def test_eight_bits_stand_beside_all_of_them(tmp_path: Path) -> None:
    for engine, accuracy in (("torch", 0.5), ("int8", 0.4), ("onnx", 0.6)):
        keep_evaluation(tmp_path, "scores", record(accuracy=accuracy) | {"engine": engine})
    assert sorted(accuracy for _, accuracy in kept(tmp_path)) == [0.4, 0.6]


def test_the_newest_comes_first(tmp_path: Path) -> None:
    for model, day in (("b", 2), ("a", 3), ("c", 1)):
        keep_evaluation(tmp_path, "scores", record(model) | {"measured_at": f"2025-01-0{day}"})
    assert [model for model, _ in kept(tmp_path)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "model", ["owner/name@size=112", "run:r1@best + run:r2@best", "/home/somebody/models/mine", ".."]
)
def test_any_reference_can_be_kept(tmp_path: Path, model: str) -> None:
    path = keep_evaluation(tmp_path, "scores", record(model))
    assert path.parent == tmp_path / "evaluations"
    assert kept(tmp_path) == [(model, 0.5)]


def test_what_is_shipped_is_listed_until_it_is_measured_here(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "small"
    folder.mkdir(parents=True)
    main, other = ({"accuracy": value, "protocol": PROTOCOL} for value in (0.7, 0.1))
    (folder / "evaluation.json").write_text(json.dumps({"model": "draft", "evaluations": [main, other]}))
    (folder / "robustness.json").write_text(json.dumps({"model": "draft", "accuracy": 0.4, "protocol": PROTOCOL}))
    assert kept(tmp_path) == [("small", 0.7)]
    assert list_evaluations(tmp_path, "scores")[0]["source"] == "same source", "a card measures on its own dataset"
    assert kept(tmp_path, "robustness") == [("small", 0.4)]
    keep_evaluation(tmp_path, "scores", record(accuracy=0.71))
    assert kept(tmp_path) == [("small", 0.71)]
    keep_evaluation(tmp_path, "scores", record(accuracy=0.8, rows="others"))
    assert len(kept(tmp_path)) == 2


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"protocol": {}}', '{"evaluations": []}', "\xff"])
def test_a_damaged_file_is_left_out_and_logged(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    path = keep_evaluation(tmp_path, "scores", record())
    path.with_name("scores-other-1.json").write_text(content, encoding="latin-1")
    assert kept(tmp_path) == [("small", 0.5)]
    assert "scores-other-1.json is left out" in caplog.text


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "evaluations").write_text("in the way")
    with pytest.raises(EvaluationError, match=r"What was measured cannot be kept in .*evaluations"):
        keep_evaluation(tmp_path, "scores", record())


def test_nothing_yet(tmp_path: Path) -> None:
    assert list_evaluations(tmp_path, "scores") == []
