"""“Wrong?” on a face card, and the tab where corrections collect."""

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ferdash.data.corrections import correct, list_corrections, remove_correction
from ferdash.data.demo import draw_face
from ferdash.emotions import EMOTIONS

Visit = Callable[..., AppTest]


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


@pytest.fixture
def predicted(visit: Visit, fernet: Path, data: Path) -> AppTest:
    """The Predict page with one face on it."""
    face = cv2.imencode(".png", draw_face("happy", np.random.default_rng(2)))[1].tobytes()
    app = visit("predict")
    app.file_uploader[0].set_value([("small.png", face, "image/png")])
    return app.run()


def test_a_wrong_face_is_corrected_and_undone_on_its_card(predicted: AppTest, data: Path) -> None:
    app = predicted
    keep = next(button for button in app.button if button.label == "Keep the correction")
    assert keep.disabled
    next(group for group in app.button_group if "What is right?" in group.label).set_value("sad")
    next(field for field in app.text_input if field.label == "Why may this face be used?").set_value("drawn")
    app.run()
    press(app, "Keep the correction")
    assert not app.exception
    assert not app.error
    (kept,) = list_corrections(data)
    assert (kept.new_label, kept.consent, kept.source, kept.model) == ("sad", "drawn", "small.png", "fernet")
    assert kept.old_label == EMOTIONS[int(np.argmax(kept.probabilities))]
    assert "Corrected to **sad**" in words(app.run())
    assert list(app.dataframe[0].value["corrected"]) == ["sad"]
    assert [link.label for link in app.get("page_link")] == ["See 1 corrected face"]
    press(app, "Undo")
    assert list_corrections(data) == []
    assert "Keep the correction" in labels(app)


@pytest.fixture
def with_demo(demo_root: Path, data: Path, checkpoints: Path) -> Path:
    shutil.copytree(demo_root / "demo", data / "demo")
    return data


def test_the_tab_is_empty_until_something_is_corrected(visit: Visit, with_demo: Path) -> None:
    app = visit("dataset", tab="Corrections")
    assert not app.exception
    assert not app.error
    assert "collect here" in words(app)


def test_the_tab_counts_what_was_corrected_and_erases_what_was_deleted(visit: Visit, with_demo: Path) -> None:
    for label in ("sad", "fear"):
        face = draw_face(label, np.random.default_rng(3))
        correct(with_demo, face, source="a.jpg", new_label=label, probabilities=np.eye(7)[3], model="fernet")
    app = visit("dataset", tab="Corrections")
    assert not app.exception
    assert not app.error
    figures = {metric.label: metric.value for metric in app.metric}
    assert (figures["Corrected faces"], figures["Photos and videos"], figures["Without a note"]) == ("2", "1", "2")
    assert "happy → sad: 1" in words(app)
    assert "mixed into demo" in words(app)
    removed = list_corrections(with_demo)[0].id
    assert "Erase from the disk" not in labels(app)
    remove_correction(with_demo, removed)
    app.session_state["dataset-corrections-removed"] = removed
    assert "The correction was deleted." in words(app.run())
    press(app, "Undo")
    assert len(list_corrections(with_demo)) == 2
    remove_correction(with_demo, removed)
    press(app.run(), "Erase from the disk")
    assert not app.error
    assert len(list((with_demo / "corrections" / "faces").iterdir())) == 1


def test_a_missing_face_is_a_sentence(visit: Visit, with_demo: Path) -> None:
    face = draw_face("sad", np.random.default_rng(3))
    kept = correct(with_demo, face, source="a.jpg", new_label="sad", probabilities=np.eye(7)[3], model="fernet")
    (with_demo / "corrections" / "faces" / f"{kept.face}.png").unlink()
    app = visit("dataset", tab="Corrections")
    assert not app.exception
    assert any("a.jpg) is missing or damaged" in error.value for error in app.error)


def test_the_recipe_without_corrections_says_what_to_do_first(visit: Visit, with_demo: Path) -> None:
    app = press(visit("train", recipe="corrections"), "Start training")
    assert not app.exception
    assert any("Nothing has been corrected yet" in error.value for error in app.error)


def test_corrections_are_seen_without_a_dataset(visit: Visit, data: Path) -> None:
    assert "Corrections" not in {header.value for header in visit("dataset").header}
    face = draw_face("happy", np.random.default_rng(2))
    correct(data, face, source="me.png", new_label="sad", probabilities=[1 / 7] * 7, model="fernet")
    app = visit("dataset")
    assert not app.exception
    assert not app.error
    assert "Corrections" in {header.value for header in app.header}
    assert "Corrected faces" in {metric.label for metric in app.metric}
