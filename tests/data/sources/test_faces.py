import cv2
import numpy as np
import pytest

from ferdash.data.sources import faces
from ferdash.data.sources.faces import decode_face
from ferdash.errors import DatasetError


def test_a_48_pixel_png_comes_back_unchanged(noise_faces, png):
    image, was_resized = decode_face(png(noise_faces(1)[0]), "a.png")
    assert not was_resized
    np.testing.assert_array_equal(image, noise_faces(1)[0])


def test_colour_becomes_grey(png):
    # ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B, of a picture that is all red (OpenCV writes BGR).
    red = np.zeros((48, 48, 3), np.uint8)
    red[:, :, 2] = 200
    assert decode_face(png(red), "a.png")[0].mean() == pytest.approx(0.299 * 200, abs=1)


def test_another_size_is_averaged_down(png):
    halves = np.zeros((96, 96), np.uint8)
    halves[:, 48:] = 240
    image, was_resized = decode_face(png(halves), "a.png")
    assert was_resized
    assert image.shape == (48, 48)
    assert set(image[:, :24].ravel()) == {0}
    assert set(image[:, 24:].ravel()) == {240}


def test_sixteen_bits_become_eight(png):
    assert decode_face(png(np.full((48, 48), 51400, np.uint16)), "a.png")[0].max() == 200


@pytest.mark.parametrize("content", [b"", b"just text", b"\xff\xd8\xff\xe0 no jpeg after all"])
def test_what_is_no_picture_is_named(content):
    with pytest.raises(DatasetError, match=r"“train/angry/a\.jpg” is not a picture, or only part of one"):
        decode_face(content, "train/angry/a.jpg")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_half_a_picture_is_named(noise_faces, suffix):
    data = cv2.imencode(suffix, noise_faces(1)[0])[1].tobytes()
    with pytest.raises(DatasetError, match="“half” is not a picture, or only part of one"):
        decode_face(data[: len(data) // 2], "half")


def test_an_absurdly_large_picture_is_refused_before_decoding(png, monkeypatch):
    monkeypatch.setattr(faces, "MAX_PIXELS", 50 * 50)
    with pytest.raises(DatasetError, match=r"“big\.png” is a picture of 60 x 60 pixels, too large for a face"):
        decode_face(png(np.zeros((60, 60), np.uint8)), "big.png")
