import io

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ferdash.data.demo import draw_face
from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt, line_kernel

LEVEL = {(kind, strength): one.levels[strength - 1] for kind, one in CORRUPTIONS.items() for strength in STRENGTHS}
EVERY = pytest.mark.parametrize("kind", CORRUPTIONS)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.stack([draw_face(emotion, rng) for emotion in EMOTIONS * 3])


def change(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.abs(before.astype(int) - after).mean())


@EVERY
def test_form_is_kept_and_the_input_is_not_touched(kind: str, faces: np.ndarray) -> None:
    before = faces.copy()
    for strength in (0, *STRENGTHS):
        worse = corrupt(faces, kind, strength)
        assert worse.dtype == np.uint8
        assert worse.shape == faces.shape
        assert not np.shares_memory(worse, faces)
    assert (faces == before).all()


@EVERY
def test_strength_0_changes_nothing_and_each_further_one_more(kind: str, faces: np.ndarray) -> None:
    changes = [change(faces, corrupt(faces, kind, strength)) for strength in (0, *STRENGTHS)]
    assert changes[0] == 0
    assert changes[1] > 0.4
    assert (np.diff(changes) > 0).all(), changes


@EVERY
def test_a_face_is_made_worse_alike_in_any_batch_and_order(kind: str, faces: np.ndarray) -> None:
    together = corrupt(faces, kind, 3)
    order = np.random.default_rng(0).permutation(len(faces))
    assert (corrupt(faces[order], kind, 3) == together[order]).all()
    assert (corrupt(faces[4:5], kind, 3)[0] == together[4]).all()


@EVERY
def test_another_seed_changes_what_is_drawn_and_only_that(kind: str, faces: np.ndarray) -> None:
    same = (corrupt(faces, kind, 3, seed=1) == corrupt(faces, kind, 3)).all()
    assert same != CORRUPTIONS[kind].drawn


def test_faces_are_drawn_for_differently(faces: np.ndarray) -> None:
    noise = corrupt(faces[:2] // 4 + 96, "noise", 1).astype(int) - (faces[:2] // 4 + 96)
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("strength", STRENGTHS)
def test_blur_is_scipys(faces: np.ndarray, strength: int) -> None:
    golden = [
        scipy.ndimage.gaussian_filter(face.astype(float), LEVEL["blur", strength], mode="mirror") for face in faces
    ]
    assert np.abs(corrupt(faces, "blur", strength) - np.stack(golden)).max() < 3
    assert change(np.rint(golden).astype(int), corrupt(faces, "blur", strength)) < 0.5


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 2, 2.5])
def test_motion_is_the_mean_of_the_places_passed(faces: np.ndarray, angle: float) -> None:
    face, length = faces[0].astype(float), 7
    ways = np.linspace(-length / 2, length / 2, 301)
    seen = [
        scipy.ndimage.shift(face, (way * np.sin(angle), way * np.cos(angle)), order=1, mode="mirror") for way in ways
    ]
    ours = scipy.ndimage.convolve(face, line_kernel(length, angle), mode="mirror")
    assert np.abs(ours - np.mean(seen, axis=0)).max() < 1


def test_motion_goes_in_every_direction(faces: np.ndarray) -> None:
    """Along the movement a gradient is flattened, across it not."""
    worse = corrupt(faces, "motion_blur", 5).astype(int)
    across = np.abs(np.diff(worse, axis=2)).mean(axis=(1, 2))
    down = np.abs(np.diff(worse, axis=1)).mean(axis=(1, 2))
    assert (across / down).max() > 1.3
    assert (across / down).min() < 1 / 1.3


@given(st.floats(1, 15), st.floats(0, np.pi))
def test_a_movement_neither_darkens_nor_shifts(length: float, angle: float) -> None:
    kernel = line_kernel(length, angle)
    assert kernel.sum() == pytest.approx(1)
    assert kernel == pytest.approx(kernel[::-1, ::-1])


@pytest.mark.parametrize("strength", STRENGTHS)
def test_noise_has_the_deviation_it_says_and_no_mean(strength: int) -> None:
    grey = np.full((20, 48, 48), 128, dtype=np.uint8)
    grey[:, 0, 0] = np.arange(20)  # else it would be one face, twenty times
    added = corrupt(grey, "noise", strength).astype(float)[:, 1:] - 128
    assert added.std() == pytest.approx(255 * LEVEL["noise", strength], rel=0.03)
    assert abs(added.mean()) < 1


@pytest.mark.parametrize("strength", STRENGTHS)
def test_jpeg_is_pillows(faces: np.ndarray, strength: int) -> None:
    for face, worse in zip(faces, corrupt(faces, "jpeg", strength), strict=True):
        buffer = io.BytesIO()
        Image.fromarray(face, mode="L").save(buffer, format="jpeg", quality=LEVEL["jpeg", strength])
        assert (np.asarray(Image.open(buffer)) == worse).all()


def test_exposure_is_that_of_srgb() -> None:
    """A middle grey holds 21.6% of the light of white; a stop halves or doubles that. Golden values: a table of sRGB's
    curve, 188 at 50% of the light, 137 at 25%, 99 at 12.5%, 71 at 6.25%, 49 at 3.125%."""
    white = np.full((1, 48, 48), 255, dtype=np.uint8)
    assert [corrupt(white, "dark", strength)[0, 0, 0] for strength in STRENGTHS] == [188, 137, 99, 71, 49]
    grey = np.full((1, 48, 48), 188, dtype=np.uint8)
    assert [corrupt(grey, "bright", strength)[0, 0, 0] for strength in (2, 3, 4, 5)] == [255] * 4
    assert corrupt(np.full((1, 48, 48), 99, dtype=np.uint8), "bright", 4)[0, 0, 0] == pytest.approx(188, abs=1)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_contrast_keeps_the_mean_and_its_share_of_the_deviation(faces: np.ndarray, strength: int) -> None:
    worse = corrupt(faces, "contrast", strength)
    np.testing.assert_allclose(worse.mean(axis=(1, 2)), faces.mean(axis=(1, 2)), atol=0.3)
    shares = worse.std(axis=(1, 2)) / faces.std(axis=(1, 2))
    np.testing.assert_allclose(shares, LEVEL["contrast", strength], atol=0.01)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_low_resolution_is_the_mean_of_areas_enlarged_as_pillow_does(faces: np.ndarray, strength: int) -> None:
    side = int(LEVEL["low_resolution", strength])
    for face, worse in zip(faces, corrupt(faces, "low_resolution", strength), strict=True):
        fine = face.repeat(side, axis=0).repeat(side, axis=1).reshape(side, 48, side, 48)
        far = Image.fromarray(np.rint(fine.mean(axis=(1, 3))).astype(np.uint8))
        assert np.abs(np.asarray(far.resize((48, 48), Image.Resampling.BILINEAR)).astype(int) - worse).max() <= 2


@pytest.mark.parametrize("strength", STRENGTHS)
def test_rotation_is_scipys_to_either_side(faces: np.ndarray, strength: int) -> None:
    degrees = LEVEL["rotation", strength]
    sides = []
    for face, worse in zip(faces, corrupt(faces, "rotation", strength), strict=True):
        both = [
            scipy.ndimage.rotate(face.astype(float), sign * degrees, reshape=False, order=1, mode="mirror")
            for sign in (1, -1)
        ]
        off = [np.abs(golden - worse).mean() for golden in both]
        assert min(off) < 1
        sides.append(int(np.argmin(off)))
    assert set(sides) == {0, 1}


def test_occlusion_covers_what_it_says_and_a_stronger_one_the_same_and_more(faces: np.ndarray) -> None:
    # Grey levels that no patch has, so that what is covered can be told.
    plain = np.where(faces > 127, 250, 5).astype(np.uint8)
    plain[:, 0, : len(plain)] += np.eye(len(plain), dtype=np.uint8)
    before = np.zeros(plain.shape, dtype=bool)
    places = []
    for strength in STRENGTHS:
        worse = corrupt(plain, "occlusion", strength)
        covered = worse != plain
        # An edge lies between two pixels, so that a side of about 11 can be one off.
        np.testing.assert_allclose(covered.mean(axis=(1, 2)), LEVEL["occlusion", strength], rtol=0.15)
        assert covered.mean() == pytest.approx(LEVEL["occlusion", strength], rel=0.03)
        assert (covered >= before).all()
        assert all(len(np.unique(face[hidden])) == 1 for face, hidden in zip(worse, covered, strict=True))
        before = covered
        places.append(covered.any(axis=0).mean())
    assert places[0] > 0.4, "patches lie all over the picture"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("fog", 1), "not made worse by “fog”; choose one of blur, motion_blur"),
        (("blur", 6), "strength from 0 .none. to 5, not 6"),
        (("blur", -1), "not -1"),
    ],
)
def test_what_there_is_not_is_said(faces: np.ndarray, arguments: tuple, sentence: str) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        corrupt(faces, *arguments)


@pytest.mark.parametrize("shape", [(48, 48), (1, 48, 48, 3)])
def test_pictures_of_another_form_are_refused(shape: tuple) -> None:
    with pytest.raises(EvaluationError, match="Grey faces are uint8"):
        corrupt(np.zeros(shape, dtype=np.uint8), "blur", 1)
    with pytest.raises(EvaluationError, match="float64"):
        corrupt(np.zeros((1, 48, 48)), "blur", 1)


@EVERY
def test_there_are_five_strengths_of_each(kind: str) -> None:
    assert len(CORRUPTIONS[kind].levels) == len(STRENGTHS)
