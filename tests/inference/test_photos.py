import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from skimage import data

from ferdash.drawing import UNCERTAIN_COLOUR
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.errors import ImageError
from ferdash.geometry import CropBox
from ferdash.inference.detector import Detector, load_detector
from ferdash.inference.drawing import draw_boxes, draw_square
from ferdash.inference.framing import crop_face
from ferdash.inference.photos import classify_photos, to_document, to_table
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.paths import checkpoints_root
from ferdash.pictures import Picture


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(3)
    network = FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1)))
    torch.nn.init.normal_(network.classifier.weight, std=3.0)
    network.save_pretrained(folder)
    processor_of(Preprocess()).save_pretrained(folder)
    return load_model(str(folder), Path("nowhere"))


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector("centerface", checkpoints_root())


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return data.astronaut()


@pytest.fixture(scope="module")
def photos(model: EmotionModel, astronaut: np.ndarray, detector: Detector):
    blank = np.full((200, 300, 3), 90, np.uint8)
    names: list[str] = []
    pictures = [
        ("two.png", np.hstack([astronaut, astronaut])),
        ("bad.jpg", ImageError("bad.jpg is empty.")),
        ("blank.png", blank),
        ("small.png", astronaut[80:140, 190:250]),
    ]
    results = classify_photos(
        pictures,
        model,
        detector,
        preview_side=256,
        on_photo=names.append,
    )
    assert names == ["two.png", "bad.jpg", "blank.png", "small.png"]
    return results


def test_each_photo_gets_its_own_faces(photos, model: EmotionModel) -> None:
    assert [len(photo.faces) for photo in photos] == [2, 0, 0, 1]
    assert [photo.problem for photo in photos] == [None, "bad.jpg is empty.", "no face found", None]
    assert [face.number for face in photos[0].faces] == [1, 2]
    assert photos[0].size == (1024, 512)
    assert photos[3].faces[0].face.detector == "whole"
    for photo in photos:
        for face in photo.faces:
            assert face.probabilities == pytest.approx(model.probabilities(face.crop[None])[0], abs=1e-5)
            assert face.emotion == EMOTIONS[int(np.argmax(face.probabilities))]
            assert face.probability == max(face.probabilities)


def test_one_image_gives_the_same_faces(photos, model: EmotionModel, astronaut: np.ndarray, detector: Detector) -> None:
    faces = classify_photos([("", np.hstack([astronaut, astronaut]))], model, detector)[0].faces
    assert [face.crop_box for face in faces] == [face.crop_box for face in photos[0].faces]
    (whole,) = classify_photos([("", astronaut)], model, detector, whole=True)[0].faces
    assert np.array_equal(whole.crop, crop_face(astronaut, CropBox(256, 256, 512)))
    assert classify_photos([("", np.zeros((100, 100, 3), np.uint8))], model, detector)[0].faces == []


def test_uncertain_is_below_the_threshold(photos) -> None:
    face = photos[0].faces[0]
    assert face.uncertain(face.probability + 0.01)
    assert not face.uncertain(face.probability)


def test_previews_are_reduced_and_left_out_by_default(
    photos, model: EmotionModel, astronaut: np.ndarray, detector: Detector
) -> None:
    assert photos[0].preview.shape == (128, 256, 3)
    assert photos[0].preview_scale == 0.25
    assert photos[3].preview.shape == (60, 60, 3)
    assert photos[1].preview is None
    assert classify_photos([("a", astronaut)], model, detector)[0].preview is None


def test_boxes_are_of_the_file_where_the_picture_was_reduced(
    model: EmotionModel, astronaut: np.ndarray, detector: Detector
) -> None:
    height, width = astronaut.shape[:2]
    as_it_is, reduced = classify_photos(
        [("p", astronaut), ("p", Picture(astronaut, (3 * width, 3 * height)))], model, detector, preview_side=100
    )
    assert reduced.size == (3 * width, 3 * height)
    assert reduced.preview_scale == pytest.approx(as_it_is.preview_scale / 3)
    (one,), (other,) = as_it_is.faces, reduced.faces
    assert np.allclose(other.crop_box.xyxy, 3 * np.array(one.crop_box.xyxy))
    assert np.allclose(other.face.box_xyxy, 3 * np.array(one.face.box_xyxy))
    assert other.facts.size_px == pytest.approx(3 * one.facts.size_px)
    assert (other.crop == one.crop).all()
    assert (other.probabilities == one.probabilities).all()


def test_the_table_has_a_row_a_face_and_says_what_failed(photos) -> None:
    table = to_table(photos, "fernet")
    assert table["file"].tolist() == ["two.png", "two.png", "bad.jpg", "blank.png", "small.png"]
    assert table["face"].tolist()[:2] == [1, 2]
    assert table["face"].isna().tolist() == [False, False, True, True, False]
    assert table["note"][2] == "bad.jpg is empty."
    assert table["note"][3] == "no face found"
    assert table[list(EMOTIONS)].loc[[0, 1, 4]].sum(axis=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    assert set(table["model"]) == {"fernet"}
    assert list(to_table([], "fernet").columns) == list(table.columns)


def test_measures_and_reasons_stand_in_table_and_document(model, astronaut, detector) -> None:
    dim = (0.1 * astronaut).astype(np.uint8)
    photos = classify_photos([("good", astronaut), ("dim", dim), ("cut", astronaut[70:130, 190:250])], model, detector)
    table, document = to_table(photos, "fernet"), to_document(photos)
    assert [photo.faces[0].reasons for photo in photos] == [[], ["dark"], []]
    assert "dark" in table["note"][1]
    assert document[1]["faces"][0]["reasons"] == ["dark"]
    # Of the astronaut's 512 pixels the face takes a fifth; her head is tilted a little and hardly turned.
    assert 90 < table["size_px"][0] < 130
    assert 0 < table["roll_deg"][0] < 10
    assert abs(table["yaw_deg"][0]) < 15
    assert table["brightness"][1] == pytest.approx(0.1 * table["brightness"][0], abs=3)
    assert table["confidence"].tolist()[:2] == [document[n]["faces"][0]["confidence"] for n in range(2)]
    assert table[["roll_deg", "yaw_deg", "confidence"]].loc[2].isna().all()
    assert document[2]["faces"][0]["yaw_deg"] is None


def test_the_document_is_plain_json_with_the_same_numbers(photos) -> None:
    document = json.loads(json.dumps(to_document(photos), allow_nan=False))
    table = to_table(photos, "fernet")
    faces = [face for photo in document for face in photo["faces"]]
    assert [face["probability"] for face in faces] == table["probability"].dropna().tolist()
    assert [face["box_xyxy"] for face in faces] == table.dropna(subset="face")[
        ["x0", "y0", "x1", "y1"]
    ].to_numpy().tolist()
    assert [list(face["probabilities"]) for face in faces] == [list(EMOTIONS)] * 3
    assert document[2]["problem"] == "no face found"
    assert isinstance(table, pd.DataFrame)


def test_boxes_are_drawn_on_a_copy_in_the_emotions_colour(photos) -> None:
    photo = photos[0]
    before = photo.preview.copy()
    face = photo.faces[0]
    drawn = draw_boxes(photo.preview, [face], photo.preview_scale, threshold=0.0)
    assert np.array_equal(photo.preview, before)
    x, y = round(face.crop_box.xyxy[0] * 0.25), round(face.crop_box.y * 0.25)
    assert hex_of(drawn[y, x]) == COLOURS[face.emotion]
    unsure = draw_boxes(photo.preview, [face], photo.preview_scale, threshold=1.1)
    assert hex_of(unsure[y, x]) == UNCERTAIN_COLOUR


def test_a_picture_that_is_one_face_has_no_box_over_it(model: EmotionModel, detector: Detector) -> None:
    small = cv2.resize(data.astronaut()[:256, 96:352], (48, 48))
    faces = classify_photos([("", small)], model, detector)[0].faces
    assert len(faces) == 1
    assert np.array_equal(draw_boxes(small, faces), small)


def test_a_square_beyond_the_picture_is_drawn_at_its_edge() -> None:
    canvas = np.zeros((60, 40, 3), np.uint8)
    draw_square(canvas, CropBox(20, 30, 60), (255, 0, 0), 2)
    assert canvas[50, 0].tolist() == [255, 0, 0]


def hex_of(pixel: np.ndarray) -> str:
    return "#{:02X}{:02X}{:02X}".format(*pixel)
