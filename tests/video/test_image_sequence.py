import cv2
import numpy as np
import pytest

from ferdash.errors import ConfigError
from ferdash.video.image_sequence import analyse_sequence


def photo(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.fixture
def together(film):
    """A photo with two people at given places; None leaves one out."""

    def make(she: float | None, other: float | None, size: tuple[int, int] = (320, 240)) -> bytes:
        heads = [(film.head(who), x, 120, 130) for who, x in (("she", she), ("other", other)) if x is not None]
        return photo(film.canvas(*heads, size=size))

    return make


def test_people_are_matched_from_photo_to_photo(together, small_model, detector):
    photos = [("a", together(80, 240)), ("b", together(230, 90)), ("c", together(None, 160)), ("d", together(90, 240))]
    tables = [chunk.table for chunk in analyse_sequence(photos, small_model, detector)]
    assert [table["track"].tolist() for table in tables] == [[1, 2], [1, 2], [2], [1, 2]]
    first_x = [table["x0"].iloc[0] for table in tables]
    assert first_x[0] < 160 < first_x[1]
    assert all((table["reason"] == "").all() and table["detected"].all() for table in tables)


def test_times_are_the_interval_and_photos_may_differ_in_size(together, small_model, detector):
    photos = [("a", together(80, None)), ("b", together(150, None, size=(400, 300)))]
    chunks = list(analyse_sequence(photos, small_model, detector, interval_s=2.5))
    assert [(chunk.index, chunk.timestamp_s) for chunk in chunks] == [(0, 0.0), (1, 2.5)]
    assert [chunk.table["track"].tolist() for chunk in chunks] == [[1], [1]]


def test_a_photo_without_a_result_has_its_reason(film, together, small_model, detector):
    photos = [("a", together(80, None)), ("b", b"no picture"), ("c", photo(film.canvas()))]
    tables = [chunk.table for chunk in analyse_sequence(photos, small_model, detector)]
    assert [table["reason"].tolist() for table in tables] == [[""], ["unreadable"], ["no_face"]]


def test_an_interval_that_is_none(small_model, detector):
    with pytest.raises(ConfigError, match="0 s apart; it must be more than 0"):
        list(analyse_sequence([], small_model, detector, interval_s=0))
