"""Dataset: the way to a first one, what stands on it when there is one, and what a bad input leads to."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.dataset.audit import examples

from ferdash.data.audit import audit_dataset
from ferdash.data.dataset import list_datasets, open_dataset, save_dataset
from ferdash.data.exclusions import excluded_kinds, is_excluded
from ferdash.emotions import EMOTIONS, SPLITS
from ferdash.training.out_of_fold import out_of_fold_answers
from ferdash.wording import count, percent

Visit = Callable[..., AppTest]

pytestmark = pytest.mark.usefixtures("checkpoints")


@pytest.fixture
def kaggle_zip(tmp_path: Path) -> Path:
    """Two training images an emotion and one in each half of the test folder."""
    path = tmp_path / "tiny faces.zip"
    rng = np.random.default_rng(3)
    with zipfile.ZipFile(path, "w") as archive:
        for emotion in EMOTIONS:
            for name in ("train/{}/Training_1", "train/{}/Training_2", "test/{}/PublicTest_1", "test/{}/PrivateTest_1"):
                face = rng.integers(0, 256, (48, 48), dtype=np.uint8)
                archive.writestr(name.format(emotion) + ".png", cv2.imencode(".png", face)[1].tobytes())
    return path


@pytest.fixture
def demo_copy(demo_root: Path, data: Path) -> Path:
    """The data root that the app uses, with a dataset "demo" in it that may be changed."""
    shutil.copytree(demo_root / "demo", data / "demo")
    return data


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


def give_path(app: AppTest, path: Path | str, name: str = "") -> AppTest:
    next(field for field in app.text_input if "path on the computer" in field.label).set_value(str(path))
    app.text_input(key="dataset-path-name").set_value(name)
    return press(app, "Import from path")


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_empty_page_offers_the_demo_and_every_other_way_in(visit: Visit, data: Path) -> None:
    app = visit("dataset")
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "Dataset"
    assert {"Make the demo dataset", "Download FER2013", "Import from path"} <= {button.label for button in app.button}


def test_demo_is_one_click(visit: Visit, data: Path) -> None:
    app = press(visit("dataset"), "Make the demo dataset")
    assert list_datasets(data) == ["demo"]
    assert app.title[0].value == "demo"
    assert figures(app)["Images"] == "1,400"
    assert "1,400 images imported as “demo”" in app.success[0].value


def test_loaded_page_shows_the_figures_of_the_dataset(visit: Visit, demo_data: Path) -> None:
    app = visit("dataset")
    dataset = open_dataset(demo_data, "demo")
    assert not app.exception
    assert not app.error
    assert figures(app)["Images"] == count(len(dataset))
    for split in SPLITS:
        assert figures(app)[split.capitalize()] == count(len(dataset.rows(split)))


@pytest.mark.parametrize("tab", ["Distribution", "Faces", "Audit", "Quality", "Import"])
def test_every_tab_opens_calmly(visit: Visit, demo_data: Path, tab: str) -> None:
    app = visit("dataset", tab=tab)
    assert not app.exception
    assert not app.error


def test_zip_at_a_path_is_imported_and_chosen(visit: Visit, data: Path, kaggle_zip: Path) -> None:
    app = give_path(visit("dataset", tab="Import"), kaggle_zip)
    assert not app.error
    assert list_datasets(data) == ["tiny-faces"]
    assert figures(app) | {"Images": "28", "Train": "14", "Validation": "7", "Test": "7"} == figures(app)


def test_dropped_zip_is_imported_under_the_name_given(visit: Visit, data: Path, kaggle_zip: Path) -> None:
    app = visit("dataset")
    app.file_uploader[0].set_value(("tiny faces.zip", kaggle_zip.read_bytes(), "application/zip"))
    app.run()
    assert app.text_input(key="dataset-upload-name").value == "tiny-faces"
    app.text_input(key="dataset-upload-name").set_value("mine")
    press(app, "Import")
    assert list_datasets(data) == ["mine"]


def test_what_the_names_leave_open_is_answered(visit: Visit, data: Path, kaggle_zip: Path) -> None:
    with zipfile.ZipFile(kaggle_zip) as archive:
        picture = archive.read(archive.namelist()[0])
    with zipfile.ZipFile(kaggle_zip, "a") as archive:
        archive.writestr("train/contempt/Training_77.png", picture)
    app = give_path(visit("dataset", tab="Import"), kaggle_zip)
    assert "leave “contempt” out" in app.error[0].value
    app.text_input(key="dataset-path-leave-out").set_value("contempt")
    press(app, "Import from path")
    assert not app.error
    assert "1 image of “contempt” was left out" in " ".join(open_dataset(data, "tiny-faces").meta["notes"])


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("", "Give the path of a zip"), ("nowhere.zip", "nowhere.zip"), ("notes.zip", "notes.zip")],
)
def test_bad_path_is_one_sentence_and_imports_nothing(
    visit: Visit, data: Path, tmp_path: Path, path: str, sentence: str
) -> None:
    (tmp_path / "notes.zip").write_text("not an archive")
    app = give_path(visit("dataset"), tmp_path / path if path else "")
    assert not app.exception
    assert len(app.error) == 1
    assert sentence in app.error[0].value
    assert list_datasets(data) == []


def test_damaged_dataset_can_be_told_and_deleted(visit: Visit, data: Path) -> None:
    faces = np.zeros((2, 48, 48), np.uint8)
    save_dataset(data, "torn", images=faces, labels=[0, 1], splits=["train"] * 2, sources=["a", "b"], origin="a test")
    (data / "torn" / "images.npy").write_bytes(b"")
    app = visit("dataset")
    assert not app.exception
    assert any("“torn” is damaged" in error.value and "Delete it" in error.value for error in app.error)
    assert any(button.label.startswith("Delete “torn”") for button in app.button)


def test_a_finding_is_left_out_of_scores_and_taken_in_again(visit: Visit, demo_copy: Path) -> None:
    app = visit("dataset", tab="Audit")
    assert any("Nothing is left out of scores" in info.value for info in app.info)
    app.session_state["dataset-finding-leaks"] = True
    app.run()
    app.button(key="dataset-leave-out-leaks").click().run()
    assert not app.exception
    dataset = open_dataset(demo_copy, "demo")
    assert excluded_kinds(dataset) == ("leaks",)
    images = int(is_excluded(dataset)[dataset.rows("test")].sum())
    assert any(f"{images} of {len(dataset.rows('test'))} test images" in info.value for info in app.info)
    app.button(key="dataset-leave-out-leaks").click().run()
    assert excluded_kinds(dataset) == ()


def test_a_finding_is_opened_in_the_gallery_at_an_address(visit: Visit, demo_data: Path) -> None:
    app = visit("dataset", tab="Audit")
    app.session_state["dataset-finding-leaks"] = True
    app.run()
    app.button(key="dataset-open-leaks").click().run()
    assert not app.exception
    title = "Held-out images identical to a training image"
    assert app.selectbox(key="dataset-finding").value == title
    assert app.query_params["dataset-finding"] in (title, [title])  # AppTest gives one value either way
    leaks = audit_dataset(open_dataset(demo_data, "demo")).finding("leaks").count
    assert any(f"**{leaks} faces** of" in entry.value for entry in app.markdown)


def test_examples_of_a_finding_have_every_label(demo_data: Path) -> None:
    dataset = open_dataset(demo_data, "demo")
    everything = np.arange(len(dataset))
    shown = examples(dataset, everything)
    for split in SPLITS:
        rows = dataset.rows(split)
        assert set(dataset.labels[np.intersect1d(shown, rows)]) == set(dataset.labels[rows])


def test_of_the_same_images_with_and_without_votes_each_shows_its_own(visit: Visit, demo_copy: Path) -> None:
    dataset = open_dataset(demo_copy, "demo")
    save_dataset(
        demo_copy,
        "unrated",
        images=np.asarray(dataset.images),
        labels=dataset.labels,
        splits=list(dataset.table["split"]),
        sources=list(dataset.table["source"]),
        origin="drawn",
    )
    assert open_dataset(demo_copy, "unrated").hash == dataset.hash
    for name, rated in (("demo", True), ("unrated", False)):
        said = [caption.value for caption in visit("dataset", dataset=name).caption]
        assert any("over half of all raters agree" in sentence for sentence in said) is rated


def test_what_doubting_labels_takes_is_said_without_pytorch(
    visit: Visit, demo_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    awaited: list[bool] = []
    monkeypatch.setattr("pages.parts.common.shared.await_torch", lambda: awaited.append(True))
    app = visit("dataset", tab="Audit")
    app.session_state["dataset-doubted"] = True  # as an address or an earlier visit may have it
    app.run()
    assert any("takes a complete cross-validation on this dataset" in info.value for info in app.info)
    assert awaited == []


def test_labels_are_doubted_by_networks_that_have_not_learned_them(
    visit: Visit, demo_data: Path, checkpoints: Path, make_run
) -> None:
    app = visit("dataset", tab="Audit")
    assert app.toggle(key="dataset-doubted").disabled
    assert any("takes a complete cross-validation on this dataset" in info.value for info in app.info)
    for index in range(3):
        make_run(f"20260101-00000{index}-fold", 20, "folds.count=3", f"folds.index={index}", group="three folds")
        app.run()
        incomplete = [info.value for info in app.info if "“three folds” is not complete" in info.value]
        assert len(incomplete) == (index < 2)
        assert all(f"fold {index + 2} of 3 is missing" in sentence for sentence in incomplete)
    app.toggle(key="dataset-doubted").set_value(True).run()
    assert not app.exception
    (said,) = [caption.value for caption in app.caption if "From out-of-fold probabilities of" in caption.value]
    answers = out_of_fold_answers(checkpoints, "three folds")
    assert f"agree with {percent((answers.predicted == answers.labels).mean())} of the labels" in said
