"""Predict: nothing dropped, photos read, one of them unreadable, a model that is not there."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from huggingface_hub import constants
from streamlit.testing.v1 import AppTest

from pages import PAGES
from pages.parts.common import shared
from pages.parts.common.samples import SAMPLES

from ferdash.data.corrections import correct
from ferdash.data.demo import draw_face
from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError
from ferdash.inference import photos as photos_module
from ferdash.models.hub import REPORT_MODEL
from ferdash.models.torch_model import TorchModel

Visit = Callable[..., AppTest]

pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture
def face_file() -> tuple[str, bytes, str]:
    """A face that fills its picture of 48 pixels, so that no detector is asked."""
    face = draw_face("happy", np.random.default_rng(2))
    return ("small.png", cv2.imencode(".png", face)[1].tobytes(), "image/png")


def drop(app: AppTest, *files: tuple[str, bytes, str]) -> AppTest:
    app.file_uploader[0].set_value(list(files))
    return app.run()


def cards(app: AppTest) -> str:
    return "".join(element.value for element in app.html)


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.title, *app.markdown, *app.caption])


def test_empty_page_says_what_will_appear(visit: Visit, fernet: Path) -> None:
    app = visit("predict")
    assert not app.exception
    assert not app.error
    assert "Each face will appear here with its seven probabilities" in words(app)


def test_dropped_face_has_a_card_with_seven_probabilities(visit: Visit, fernet: Path, face_file) -> None:
    app = drop(visit("predict"), face_file)
    assert not app.exception
    assert "**1 face** in 1 photo" in words(app)
    assert all(f">{emotion}</span>" in cards(app) for emotion in EMOTIONS)
    table = app.dataframe[0].value
    assert list(table["file"]) == ["small.png"]
    assert table[list(EMOTIONS)].sum(axis=1).iloc[0] == pytest.approx(100, abs=0.01)


def test_moving_the_threshold_runs_no_network_again(
    visit: Visit, fernet: Path, face_file, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = drop(visit("predict"), face_file)
    monkeypatch.setattr("ferdash.inference.photos.classify_photos", None)  # calling it again would fail
    app.slider(key="predict-threshold").set_value(100).run()
    assert not app.error
    assert "uncertain <small>" in cards(app)
    app.slider(key="predict-threshold").set_value(0).run()
    assert "uncertain" not in cards(app)


def test_unreadable_and_empty_files_are_named_and_the_rest_goes_on(visit: Visit, fernet: Path, face_file) -> None:
    files = [("notes.jpg", b"a text file", "image/jpeg"), ("nothing.png", b"", "image/png"), face_file]
    app = drop(visit("predict"), *files)
    assert not app.exception
    assert "; 2 files could not be read." in words(app)
    said = [element.value for element in [*app.warning, *app.error]]
    assert any("notes.jpg is not a picture" in sentence for sentence in said)
    assert any("nothing.png is empty" in sentence for sentence in said)


def test_a_grid_says_which_files_could_not_be_read(visit: Visit, fernet: Path, face_file) -> None:
    name, content, kind = face_file
    faces = [(name, content, kind), (f"again {name}", content, kind)]
    app = drop(visit("predict"), *faces, *((f"{place}.jpg", b"text", "image/jpeg") for place in range(7)))
    app.segmented_control(key="predict-view").set_value("Grid").run()
    (said,) = [warning.value for warning in app.warning if "is not a picture" in warning.value]
    assert said.count("is not a picture") == 5
    assert said.endswith("2 more are named in the table below.")


def test_photo_without_a_face_says_so(visit: Visit, fernet: Path) -> None:
    blank = cv2.imencode(".png", np.full((200, 300, 3), 90, np.uint8))[1].tobytes()
    app = drop(visit("predict"), ("wall.png", blank, "image/png"))
    assert any("No face was found in wall.png" in element.value for element in app.warning)
    app.session_state["predict-faces"] = "whole"
    assert "**1 face** in 1 photo" in words(app.run())


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_is_one_click_and_clearing_can_be_undone(
    visit: Visit, fernet: Path, sample: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit("predict")
    clicks = [sample]
    clicked = lambda **_: SimpleNamespace(clicked=clicks.pop() if clicks else None)  # noqa: E731
    monkeypatch.setattr("pages.parts.common.samples._BUTTONS", clicked)
    app.run()
    assert not app.exception
    assert "in 1 photo" in words(app)
    assert "No face was found" not in words(app)
    app = press(app, "Clear all")
    assert "Each face will appear here" in words(app)
    app = press(app, "Undo")
    assert "in 1 photo" in words(app)
    assert "Undo" not in {button.label for button in app.button}


def test_one_photo_can_be_removed_and_had_back(visit: Visit, fernet: Path, face_file) -> None:
    sad = cv2.imencode(".png", draw_face("sad", np.random.default_rng(5)))[1].tobytes()
    app = drop(visit("predict"), face_file, ("other.png", sad, "image/png"), ("copy.png", face_file[1], "image/png"))
    assert "**3 faces** in 3 photos" in words(app)
    assert "The same picture as copy.png." in words(app)
    app = press(app, "Remove small.png")
    assert "**2 faces** in 2 photos" in words(app)
    assert list(app.dataframe[0].value["file"]) == ["copy.png", "other.png"]
    app = press(app, "Undo")
    assert list(app.dataframe[0].value["file"]) == ["copy.png", "other.png", "small.png"]


def test_faces_are_filtered_sorted_and_many_are_a_grid(visit: Visit, fernet: Path) -> None:
    drawn = [draw_face(emotion, np.random.default_rng(place)) for place, emotion in enumerate(EMOTIONS * 2)]
    files = [(f"{n}.png", cv2.imencode(".png", face)[1].tobytes(), "image/png") for n, face in enumerate(drawn)]
    app = drop(visit("predict"), *files[:7])
    app.slider(key="predict-threshold").set_value(0).run()
    verdict = app.dataframe[0].value["emotion"].iloc[0]
    number = list(app.dataframe[0].value["emotion"]).count(verdict)
    app.session_state["predict-filter"] = [verdict]
    app.run()
    assert cards(app).count('<article class="fer-card"') == number
    assert len(app.dataframe[0].value) == 7, "the table and the files hold all"
    app.session_state["predict-filter"] = []
    app.selectbox(key="predict-order").set_value("Least certain first").run()
    shown = [float(share) for share in re.findall(r'fer-share fer-top">([\d.]+)%', cards(app))]
    assert shown == sorted(app.dataframe[0].value["probability"].round(1))
    app = drop(app, *files)
    assert app.segmented_control(key="predict-view").value == "Grid"
    assert '<article class="fer-card"' not in cards(app)
    app.segmented_control(key="predict-view").set_value("Cards").run()
    assert cards(app).count('<article class="fer-card"') == 12, "a page of them"


def test_a_correction_stands_in_the_exports(visit: Visit, fernet: Path, data: Path, face_file) -> None:
    app = drop(visit("predict"), face_file)
    assert list(app.dataframe[0].value["corrected"]) == [""]
    crop = cv2.imdecode(np.frombuffer(face_file[1], np.uint8), cv2.IMREAD_GRAYSCALE)
    correct(data, crop, source="small.png", new_label="fear", probabilities=[1 / 7] * 7, model="fernet")
    assert list(app.run().dataframe[0].value["corrected"]) == ["fear"]


def test_a_detector_that_is_not_here_is_a_sentence_beside_its_control(
    visit: Visit, fernet: Path, face_file, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.snapshot_download", raise_no_network)
    app = visit("predict")
    app.session_state["predict-faces"] = "yunet"
    app = drop(app, face_file)
    assert not app.exception
    assert not app.error
    (said,) = [warning.value for warning in app.expander[0].warning]
    assert said == "YuNet's file is not on this computer. CenterFace finds the faces meanwhile."
    assert app.session_state["predict-settings"], "the settings are open, so that it is seen"
    assert "**1 face** in 1 photo" in words(app)
    app = press(app, "Download it (230 kB)")
    assert "the Hugging Face Hub cannot be reached" in app.expander[0].warning[0].value
    assert "**1 face** in 1 photo" in words(app)


def raise_no_network(*_: object, **__: object) -> str:
    raise OSError("no network")


def test_a_second_model_that_is_not_here_leaves_the_answers(visit: Visit, fernet: Path, face_file) -> None:
    app = visit("predict")
    app.session_state["predict-compare"] = REPORT_MODEL
    app = drop(app, face_file)
    assert not app.error
    assert "is not on this computer yet" in app.expander[0].warning[0].value
    assert cards(app).count('<article class="fer-card"') == 1


def test_photos_are_the_tabs_own_and_clearing_forgets_their_faces(
    visit: Visit, fernet: Path, face_file, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    look = photos_module.classify_photos
    monkeypatch.setattr(
        photos_module, "classify_photos", lambda *given, **more: looked.append(1) or look(*given, **more)
    )
    tab = ["one"]  # to AppTest they are all the same one
    monkeypatch.setattr("streamlit.runtime.caching.cache_resource_api.get_session_id_or_throw", lambda: tab[0])
    one = drop(visit("predict"), face_file)
    tab[0] = "other"
    other = drop(visit("predict"), face_file)
    assert words(one).count("**1 face** in 1 photo") == words(other).count("**1 face** in 1 photo") == 1
    assert len(looked) == 2, "nothing of one tab is kept for another"
    tab[0] = "one"
    drop(press(one, "Clear all"), face_file)
    assert len(looked) == 3, "what was cleared is gone"
    tab[0] = "other"
    other.run()
    assert len(looked) == 3, "the other tab keeps its own"


def test_two_models_side_by_side(visit: Visit, fernet: Path, checkpoints: Path, face_file) -> None:
    other = checkpoints / "models" / "other"
    other.mkdir()
    for file in fernet.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    app = drop(visit("predict"), face_file)
    app.selectbox(key="predict-compare-shown").set_value("other").run()
    assert not app.exception
    assert cards(app).count('<article class="fer-card"') == 1
    assert "0.0% apart" in cards(app)
    assert list(app.dataframe[0].value["model"]) == ["fernet", "other"]


def test_model_that_cannot_be_loaded_is_one_sentence(visit: Visit, fernet: Path, face_file) -> None:
    (fernet / "model.safetensors").write_bytes(b"cut short")
    app = drop(visit("predict"), face_file)
    assert not app.exception
    assert any("fernet" in error.value and "damaged" in error.value for error in app.error)


def test_model_that_is_not_here_is_offered_for_download(visit: Visit, checkpoints: Path, face_file) -> None:
    app = drop(visit("predict"), face_file)
    assert not app.error
    assert any("not on this computer yet" in element.value for element in app.info)
    assert "Download and use it" in {button.label for button in app.button}


@pytest.mark.usefixtures("without_a_server")
def test_a_link_that_names_a_model_downloads_nothing_until_the_button_does(
    visit: Visit, fernet: Path, face_file, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def download(model_id: str, **_: object) -> str:
        asked.append(model_id)
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    for page in PAGES:
        assert not visit(page, model=REPORT_MODEL).exception
    app = drop(visit("predict", model=REPORT_MODEL), face_file)
    assert not asked
    assert any("not on this computer yet" in element.value for element in app.info)
    next(button for button in app.button if button.label == "Download and use it").click()
    app.run()
    assert asked == [REPORT_MODEL]
    assert any("the Hugging Face Hub cannot be reached" in error.value for error in app.error)


@pytest.mark.parametrize("reference", ["somebody/their-model", "fernet + somebody/their-model@size=112"])
def test_a_model_that_is_typed_in_is_not_downloaded_by_using_it(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    monkeypatch.setattr("huggingface_hub.snapshot_download", None)  # calling it would fail
    assert not shared.model_is_here(reference)
    with pytest.raises(ModelError, match="somebody/their-model is not on this computer yet"):
        shared.model(reference)


def explain(app: AppTest) -> AppTest:
    next(button for button in app.button if button.label == "Explain").click()
    return app.run()


def test_explain_shows_heat_maps_and_hides_them_again(visit: Visit, fernet: Path, face_file) -> None:
    app = explain(drop(visit("predict"), face_file))
    assert not app.exception
    assert not app.error
    said = words(app)
    assert "Grad-CAM" in said
    assert "Covering the bright part lowers" in said or "No part is needed" in said
    assert "This is what the model reacts to" in said
    next(button for button in app.button if button.label == "Hide the explanation").click()
    assert "Grad-CAM" not in words(app.run())
    assert "Explain" in {button.label for button in app.button}


def test_the_same_face_in_two_files_has_a_button_each(visit: Visit, fernet: Path, face_file) -> None:
    pixels = cv2.imdecode(np.frombuffer(face_file[1], np.uint8), cv2.IMREAD_GRAYSCALE)
    again = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1].tobytes()
    app = explain(drop(visit("predict"), face_file, ("again.png", again, "image/png")))
    assert not app.exception
    assert [button.label for button in app.button].count("Explain") == 1
    assert words(app).count("Grad-CAM") == 1


def test_the_faces_of_all_new_photos_go_through_the_model_together(
    visit: Visit, fernet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []
    ask = TorchModel.probabilities
    monkeypatch.setattr(
        TorchModel,
        "probabilities",
        lambda model, faces, **more: batches.append(len(faces)) or ask(model, faces, **more),
    )
    faces = [draw_face(emotion, np.random.default_rng(3)) for emotion in ("happy", "sad", "angry")]
    files = [(f"{n}.png", cv2.imencode(".png", face)[1].tobytes(), "image/png") for n, face in enumerate(faces)]
    app = drop(visit("predict"), *files[:2])
    assert "**2 faces** in 2 photos" in words(app)
    drop(app, *files)
    assert "**3 faces** in 3 photos" in words(app)
    assert batches == [2, 1], "what is known is not asked again"
