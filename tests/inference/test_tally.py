import numpy as np

from ferdash.geometry import CropBox
from ferdash.inference.detector import Face
from ferdash.inference.photos import ClassifiedFace, Photo, to_document, to_table
from ferdash.inference.tally import tally

HAPPY, CLOSE, UNSURE = (
    np.array(shares)
    for shares in (
        [0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0],
        [0.03, 0.0, 0.0, 0.47, 0.5, 0.0, 0.0],
        [0.2, 0.1, 0.1, 0.2, 0.1, 0.2, 0.1],
    )
)


def photo(name: str, *faces: np.ndarray) -> Photo:
    box = (0.0, 0.0, 48.0, 48.0)
    crop = np.full((48, 48), len(name), np.uint8)
    made = [
        ClassifiedFace(number, Face(box, 0.9, "haar"), CropBox.from_xyxy(*box), crop, shares)
        for number, shares in enumerate(faces, 1)
    ]
    return Photo(name, made, None if made else "no face found", (48, 48))


def test_faces_are_counted_by_what_is_said_of_them() -> None:
    photos = [photo("a", HAPPY, CLOSE), photo("b", UNSURE, HAPPY), photo("c"), Photo("d", [], "d is no picture.")]
    found = tally(photos)
    assert (found.faces, found.photos, found.unreadable) == (4, 3, 1)
    assert list(found.by_verdict.items()) == [("happy", 2), ("neutral", 1), ("uncertain", 1)]
    assert (found.uncertain, found.close) == (1, 1)
    strict = tally(photos, threshold=0.6)
    assert strict.by_verdict == {"happy": 2, "uncertain": 2}
    assert strict.close == 0, "an uncertain face names nothing that could be close"


def test_close_calls_and_corrections_stand_in_table_and_document() -> None:
    from ferdash.data.dataset import content_hashes

    photos = [photo("a", HAPPY), photo("bb", CLOSE)]
    corrected = {(content_hashes(photos[1].faces[0].crop[None])[0], "bb"): "sad", ("0" * 24, "a"): "fear"}
    table = to_table(photos, "fernet", corrected=corrected)
    assert table["corrected"].tolist() == ["", "sad"]
    assert ["happy is nearly as probable" in note for note in table["note"]] == [False, True]
    faces = [one["faces"][0] for one in to_document(photos, corrected=corrected)]
    assert [face["corrected"] for face in faces] == [None, "sad"]
    assert [face["close_to"] for face in faces] == [None, "happy"]
