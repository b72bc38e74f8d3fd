import cv2
import numpy as np
import pytest

from ferdash.data.sources import faces
from ferdash.data.sources.faces import LEFT_OUT, Faces, decode_face
from ferdash.errors import DatasetError
from ferdash.inference.detector import find_faces
from ferdash.inference.framing import crop_box, crop_face
from ferdash.pictures import look, read_image


def decoded(data: bytes, name: str = "a.png") -> np.ndarray:
    return decode_face(data, name, look(data))


def test_a_48_pixel_png_comes_back_unchanged(noise_faces, png):
    np.testing.assert_array_equal(decoded(png(noise_faces(1)[0])), noise_faces(1)[0])


def test_colour_becomes_grey(png):
    # ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B, of a picture that is all red (OpenCV writes BGR).
    red = np.zeros((48, 48, 3), np.uint8)
    red[:, :, 2] = 200
    assert decoded(png(red)).mean() == pytest.approx(0.299 * 200, abs=1)


def test_another_size_is_averaged_down(png):
    halves = np.zeros((96, 96), np.uint8)
    halves[:, 48:] = 240
    image = decoded(png(halves))
    assert image.shape == (48, 48)
    assert set(image[:, :24].ravel()) == {0}
    assert set(image[:, 24:].ravel()) == {240}


def test_a_narrow_face_keeps_its_shape(png):
    # 36 x 48: 6 columns of the left border, the picture, 6 of the right border.
    narrow = np.tile(np.repeat(np.arange(36, dtype=np.uint8) * 7, 1), (48, 1))
    image = decoded(png(narrow))
    np.testing.assert_array_equal(image[0], np.pad(narrow[0], 6, mode="edge"))


@pytest.mark.parametrize("size", [(48, 48), (36, 48), (48, 31), (96, 60), (20, 33), (224, 224), (300, 200)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_import_and_prediction_see_the_same_pixels(png, size, channels):
    rng = np.random.default_rng(0)
    shape = size if channels == 1 else (*size, channels)
    data = png(rng.integers(0, 256, shape, dtype=np.uint8))
    picture = read_image(data)
    (face,) = find_faces(picture, lambda image: [], whole=True)
    np.testing.assert_array_equal(decoded(data), crop_face(picture, crop_box(face)))


def test_transparency_is_white(png):
    clear = np.zeros((48, 48, 4), np.uint8)
    assert decoded(png(clear)).min() == 255


def test_sixteen_bits_become_eight(png):
    assert decoded(png(np.full((48, 48), 51400, np.uint16))).max() == 200


@pytest.mark.parametrize("content", [b"", b"just text", b"\xff\xd8\xff\xe0 no jpeg after all"])
def test_what_is_no_picture_is_named(content):
    with pytest.raises(DatasetError, match=r"“train/angry/a\.jpg” is (empty|not a picture|damaged).*then retry"):
        decoded(content, "train/angry/a.jpg")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_half_a_picture_is_named(noise_faces, suffix):
    data = cv2.imencode(suffix, noise_faces(1)[0])[1].tobytes()
    with pytest.raises(DatasetError, match="“half” is damaged or cut short"):
        decoded(data[: len(data) // 2], "half")


def test_an_absurdly_large_picture_is_refused_before_decoding(png, monkeypatch):
    monkeypatch.setattr(faces, "MAX_PIXELS", 50 * 50)
    with pytest.raises(DatasetError, match=r"“big\.png” is a picture of 60 x 60 pixels, too large for a face"):
        decoded(png(np.zeros((60, 60), np.uint8)), "big.png")


def test_what_is_left_out_takes_its_votes_along(noise_faces):
    votes = np.arange(30, dtype=np.uint8).reshape(3, 10)
    all_of_it = Faces(noise_faces(3), np.array([2, LEFT_OUT, 4]), ["train", "train", "test"], ["a", "b", "c"], votes)
    kept = all_of_it.without_left_out()
    assert (kept.sources, kept.splits, kept.labels.tolist()) == (["a", "c"], ["train", "test"], [2, 4])
    np.testing.assert_array_equal(kept.votes, votes[[0, 2]])
