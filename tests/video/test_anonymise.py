"""Faces are covered where they are, where they were missed for a moment, and nowhere else."""

import numpy as np
import pytest

from ferdash.inference.detector import load_detector
from ferdash.paths import checkpoints_root
from ferdash.video.anonymise import FaceCover
from ferdash.video.frame_table import empty_row, face_row, frames_table


@pytest.fixture
def frames():
    """A face in frames 0 to 9 and 15 to 19 of 40, 25 a second; in between it was missed."""
    rows = []
    for frame in range(40):
        seen = frame < 10 or 15 <= frame < 20
        known = {"detected": True, "confidence": 0.9, "probabilities": np.full(7, 1 / 7)}
        box = (100.0, 60.0, 220.0, 180.0)
        rows.append(face_row(frame, frame / 25, 1, box, **known) if seen else empty_row(frame, frame / 25, "no_face"))
    return frames_table(rows)


def test_the_face_cannot_be_found_any_more_and_the_rest_is_untouched(frames, film):
    picture = film.canvas((film.head(), 160, 120, 200))
    detector = load_detector("centerface", checkpoints_root())
    (face,) = detector(picture)
    x0, y0, x1, y1 = face.box_xyxy
    assert 100 < (x0 + x1) / 2 < 220
    covered = FaceCover(frames)(picture, 0.2)
    assert detector(covered) == []
    assert (covered[:12] == picture[:12]).all()
    assert (covered[:, :40] == picture[:, :40]).all()
    inside = (slice(int(y0), int(y1)), slice(int(x0), int(x1)))
    assert np.abs(np.diff(covered[inside].astype(int), axis=1)).mean() < 3


def test_a_moment_in_which_it_was_missed_is_covered_too(frames):
    cover = FaceCover(frames, hold_s=0.5)
    picture = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    changed = [bool((cover(picture, frame / 25) != picture).any()) for frame in range(40)]
    assert changed == [frame <= 19 + 12 for frame in range(40)]


def test_a_smaller_picture_is_covered_in_its_own_pixels(frames):
    picture = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    covered = FaceCover(frames)(picture, 0.0, scale=0.5)
    rows, columns = np.nonzero((covered != picture).any(axis=2))
    assert columns.mean() == pytest.approx(80, abs=2)
    assert rows.mean() == pytest.approx(60, abs=2)


def test_without_faces_nothing_happens(frames):
    picture = np.zeros((24, 32, 3), np.uint8)
    nobody = frames[frames["track"].isna()]
    assert (FaceCover(nobody)(picture, 0.5) == picture).all()
