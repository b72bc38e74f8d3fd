import cv2
import numpy as np
import pytest

from ferdash.data.audit import audit_dataset
from ferdash.data.dataset import list_datasets
from ferdash.data.demo import MIN_IMAGES, RATERS, SHARES, draw_face, draw_photo, make_demo
from ferdash.emotions import EMOTIONS
from ferdash.errors import DatasetError, LabelError


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("size", [48, 96])
@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_face_is_grey_of_the_size_asked_for_and_not_empty(emotion, size):
    face = draw_face(emotion, rng(), size)
    assert (face.dtype, face.shape) == (np.uint8, (size, size))
    assert face.std() > 15


def test_a_seed_gives_the_same_face_and_another_seed_another():
    assert np.array_equal(draw_face("sad", rng(3)), draw_face("sad", rng(3)))
    assert not np.array_equal(draw_face("sad", rng(3)), draw_face("sad", rng(4)))


def test_an_unknown_emotion_is_refused():
    with pytest.raises(LabelError, match="“sleepy” is none of the seven emotions"):
        draw_face("sleepy", rng())


@pytest.mark.parametrize("emotions", [[], ["happy"], ["happy", "sad", "fear"]])
def test_a_photo_is_colour_and_holds_a_scene_even_without_faces(emotions):
    photo = draw_photo(emotions, rng(), width=320, height=200)
    assert (photo.dtype, photo.shape) == (np.uint8, (200, 320, 3))


def test_a_face_detector_finds_the_faces_of_a_photo_side_by_side():
    grey = cv2.cvtColor(draw_photo(["happy", "neutral", "surprise"], rng()), cv2.COLOR_RGB2GRAY)
    detector = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")
    boxes = detector.detectMultiScale(grey, 1.1, 4, minSize=(60, 60))
    assert sorted(int(3 * (x + width / 2) / 640) for x, _, width, _ in boxes) == [0, 1, 2]


def test_faces_can_be_read_but_not_too_easily():
    """Ridge regression on gradient histograms, 280 faces to learn from, 140 to score on; a guess is right in 14%."""
    generator, labels = rng(), np.tile(np.arange(len(EMOTIONS)), 60)
    histograms = cv2.HOGDescriptor((48, 48), (16, 16), (8, 8), (8, 8), 9)
    features = np.stack([histograms.compute(draw_face(EMOTIONS[label], generator)) for label in labels])
    kernel = features @ features[:280].T
    weights = np.linalg.solve(kernel[:280] + np.eye(280), np.eye(len(EMOTIONS))[labels[:280]])
    accuracy = ((kernel[280:] @ weights).argmax(axis=1) == labels[280:]).mean()
    assert 0.6 < accuracy < 0.97


def test_the_dataset_has_all_emotions_in_all_splits_in_their_shares(demo_dataset):
    counts = demo_dataset.counts()
    assert len(demo_dataset) == 210
    assert (counts > 0).all(axis=None)
    assert counts.sum(axis=1).to_dict() == pytest.approx({name: 210 * share for name, share in SHARES.items()}, abs=3)
    assert (counts.sum() / 210).tolist() == pytest.approx([0.7, 0.15, 0.15], abs=0.02)


def test_votes_are_those_of_ten_raters_who_mostly_agree_with_the_label(demo_dataset):
    votes = demo_dataset.votes
    assert (votes.sum(axis=1) == RATERS).all()
    assert votes.dtype == np.uint8
    assert 0.7 < (votes.argmax(axis=1) == demo_dataset.labels).mean() < 1


def test_the_faults_put_in_are_there(demo_dataset):
    images, table = np.asarray(demo_dataset.images), demo_dataset.table
    assert demo_dataset.duplicates_training().sum() == 2
    assert [image.min() for image in images if image.min() == image.max()] == [128]
    assert (table.groupby("content_hash")["label"].nunique() > 1).sum() == 1


def test_the_audit_finds_the_near_copies_and_takes_no_other_faces_for_them(tmp_path):
    dataset = make_demo(tmp_path, images=420)
    report = audit_dataset(dataset)
    assert report.finding("leaks").count == 3
    assert len(report.finding("near_leaks").groups) == 3
    assert report.finding("near_duplicates").count == report.finding("near_conflicts").count == 0


def test_the_same_seed_gives_the_same_dataset_and_says_how_far_it_is(tmp_path):
    calls = []
    first = make_demo(tmp_path, "first", images=MIN_IMAGES, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(50, 100), (100, 100)]
    assert make_demo(tmp_path, "second", images=MIN_IMAGES).hash == first.hash
    assert make_demo(tmp_path, "third", images=MIN_IMAGES, seed=1).hash != first.hash


def test_too_few_images_and_a_taken_name_are_refused_before_anything_is_drawn(tmp_path, demo_root):
    with pytest.raises(DatasetError, match="at least 100 images, not 99"):
        make_demo(tmp_path, images=99)
    assert list_datasets(tmp_path) == []
    with pytest.raises(DatasetError, match="already a dataset called “demo”"):
        make_demo(demo_root)
