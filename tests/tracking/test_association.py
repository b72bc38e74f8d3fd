"""Tracks keep their ids, against positions that are known because they were drawn."""

import json

import numpy as np
import pytest

from ferdash.inference.detector import Face, HaarDetector
from ferdash.tracking.association import Tracker
from ferdash.tracking.track import TrackedFace

FPS = 25


def follow(tracker: Tracker, pictures: list[np.ndarray], start: int = 0) -> list[list[TrackedFace]]:
    return [tracker.update(picture, (start + number) / FPS) for number, picture in enumerate(pictures)]


def centres(seen: list[list[TrackedFace]], track: int) -> np.ndarray:
    boxes = np.array([face.box_xyxy for faces in seen for face in faces if face.track == track])
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def ids(seen: list[list[TrackedFace]]) -> set[int]:
    return {face.track for faces in seen for face in faces}


def test_a_face_that_moves_and_grows_is_followed(detector, film):
    path = [(90 + 2.5 * t, 110 + 0.6 * t, 110 + 1.2 * t) for t in range(50)]
    seen = follow(Tracker(detector), [film.canvas((film.head(), *place)) for place in path])
    assert ids(seen) == {1}
    assert all(len(faces) == 1 for faces in seen)
    off = centres(seen, 1) - np.array([place[:2] for place in path])
    # The face's centre is a constant share of the head's side away from the head's.
    sides = np.array([place[2] for place in path])[:, None]
    assert np.abs(off / sides - np.median(off / sides, axis=0)).max() < 0.06
    widths = np.array([faces[0].box_xyxy[2] - faces[0].box_xyxy[0] for faces in seen])
    assert np.ptp(widths / sides.ravel()) / np.median(widths / sides.ravel()) < 0.2


def test_the_detector_looks_at_every_nth_frame(detector, film):
    seen = follow(Tracker(detector, every=4), [film.canvas((film.head(), 160, 120, 150))] * 12)
    assert [faces[0].detected for faces in seen] == [t % 4 == 0 for t in range(12)]


def test_a_still_face_keeps_its_box(detector, film):
    seen = follow(Tracker(detector), [film.canvas((film.head(), 160, 120, 150))] * 40)
    boxes = np.array([faces[0].box_xyxy for faces in seen])
    assert np.abs(np.diff(boxes[4:], axis=0)).max() < 1.5


def test_who_leaves_and_returns_within_seconds_is_the_same(detector, film):
    away = [film.canvas()] * 25
    there = [film.canvas((film.head(), 160 - 9 * t, 120, 140)) for t in range(25)]  # out on the left
    back = [film.canvas((film.head(), max(160.0, 380 - 12 * t), 120, 140)) for t in range(30)]  # in again on the right
    seen = follow(Tracker(detector), [*there, *away, *back])
    assert ids(seen) == {1}
    assert not any(seen[30:50])
    assert seen[-1][0].track == 1


def test_who_returns_after_long_is_somebody_new(detector, film):
    picture = film.canvas((film.head(), 160, 120, 140))
    tracker = Tracker(detector, return_s=1.0)
    seen = follow(tracker, [*[picture] * 5, *[film.canvas()] * 60, *[picture] * 5])
    assert ids(seen) == {1, 2}
    assert seen[-1][0].track == 2


def test_somebody_else_in_the_same_place_is_somebody_else(detector, film):
    she, other = (film.canvas((film.head(who), 160, 120, 140)) for who in ("she", "other"))
    seen = follow(Tracker(detector), [*[she] * 8, *[film.canvas()] * 8, *[other] * 8])
    assert [faces[0].track for faces in (seen[0], seen[-1])] == [1, 2]


def test_two_faces_that_cross_keep_their_ids(detector, film):
    pictures, left, right = [], [], []
    for t in range(80):
        x = 50 + 2.8 * t
        left.append(x)
        right.append(320 - x)
        pictures.append(film.canvas((film.head("other"), 320 - x, 115, 120), (film.head(), x, 125, 120)))
    seen = follow(Tracker(detector), pictures)
    assert ids(seen) == {1, 2}
    for t in (0, 10, 20, 60, 70, 79):
        where = {face.track: (face.box_xyxy[0] + face.box_xyxy[2]) / 2 for face in seen[t]}
        assert set(where) == {1, 2}, f"frame {t}"
        assert abs(where[1] - left[t]) < 25, f"frame {t}"
        assert abs(where[2] - right[t]) < 25, f"frame {t}"


def test_a_cut_to_another_scene_loses_nobody_into_it(detector, film):
    seen = follow(
        Tracker(detector, every=5),
        [*[film.canvas((film.head(), 90, 120, 140))] * 7, *[film.canvas((film.head("other"), 230, 110, 150))] * 7],
    )
    assert [face.track for face in seen[6]] == [1]
    assert [face.track for face in seen[7]] == [2]
    assert seen[7][0].detected


def test_an_uncertain_face_must_be_seen_twice(film):
    class Once:
        name = "once"
        calls = 0

        def __call__(self, image_rgb, **_):
            self.calls += 1
            return [Face((100.0, 60.0, 180.0, 140.0), 0.6, "once")] if self.calls == 1 else []

    seen = follow(Tracker(Once(), every=5), [film.canvas((film.head(), 160, 120, 140))] * 4)
    assert [len(faces) for faces in seen] == [1, 0, 0, 0]


def test_a_face_that_the_detector_misses_is_followed_for_a_while(film):
    class Forgetful:
        name = "forgetful"
        calls = 0

        def __call__(self, image_rgb, **_):
            self.calls += 1
            return HaarDetector()(image_rgb) if self.calls == 1 else []

    seen = follow(Tracker(Forgetful(), every=2, keep_s=0.4), [film.canvas((film.head(), 160, 120, 150))] * 20)
    present = [bool(faces) for faces in seen]
    assert present == [True] * present.count(True) + [False] * present.count(False)
    assert 0.4 <= present.count(True) / FPS <= 0.55
    assert seen[5][0].missed == 2


def test_pictures_that_change_size_are_no_trouble(detector, film):
    small = film.canvas((film.head(), 160, 120, 150))
    large = film.canvas((film.head(), 320, 240, 300), size=(640, 480))
    seen = follow(Tracker(detector), [small, small, large, large])
    assert [len(faces) for faces in seen] == [1, 1, 1, 1]


def test_a_tracker_goes_on_from_its_state(detector, film):
    pictures = [film.canvas((film.head("other"), 230, 120, 130), (film.head(), 80 + t, 120, 130)) for t in range(20)]
    before = Tracker(detector)
    first = follow(before, pictures[:10])
    after = Tracker(detector, state=json.loads(json.dumps(before.state())))
    rest = follow(after, pictures[10:], start=10)
    assert ids(first) == ids(rest) == {1, 2}
    assert abs(centres(rest, 1)[0, 0] - centres(first, 1)[-1, 0]) < 10
    newcomer = [film.canvas((film.head(), 160, 120, 60))]
    assert after.state()["next_id"] == 3
    assert len(follow(after, newcomer, start=20)) == 1


def test_landmarks_move_with_their_face(film):
    shift = np.array([30.0, 10.0])

    class Marked:
        name = "yunet"

        def __call__(self, image_rgb, **_):
            return [
                Face(
                    face.box_xyxy,
                    0.99,
                    "yunet",
                    tuple((face.box_xyxy[0] + 10.0 * k, face.box_xyxy[1] + 20.0) for k in range(5)),
                )
                for face in HaarDetector()(image_rgb)
            ]

    seen = follow(
        Tracker(Marked(), every=30),
        [film.canvas((film.head(), 130 + shift[0] * t / 9, 110 + shift[1] * t / 9, 150)) for t in range(10)],
    )
    first, last = np.array(seen[0][0].landmarks), np.array(seen[-1][0].landmarks)
    assert not seen[-1][0].detected
    assert np.abs(last - first - shift).max() < 4
    assert seen[-1][0].as_face().landmarks == seen[-1][0].landmarks


@pytest.mark.parametrize("size", [(3840, 2160), (200, 640)])
def test_large_and_tall_pictures(detector, film, size):
    picture = film.canvas((film.head(), size[0] / 2, size[1] / 2, min(size) * 0.7), size=size)
    (face,) = Tracker(detector).update(picture, 0.0)
    x0, y0, x1, y1 = face.box_xyxy
    assert x0 < size[0] / 2 < x1
    assert y0 < size[1] / 2 < y1
