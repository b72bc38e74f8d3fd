import cv2
import numpy as np
import pytest

from ferdash.data.dataset import save_dataset
from ferdash.data.statistics import (
    REPORT_COUNTS,
    compare_with_report,
    image_quality,
    imbalance_ratio,
    mean_faces,
    shares,
    summarise,
)
from ferdash.emotions import EMOTIONS
from ferdash.errors import DatasetError

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")


@pytest.fixture
def dataset(tmp_path):
    """Five happy and one sad image in train, one sad image in validation that is in train too, one happy in test."""
    levels = [10, 20, 30, 40, 50, 200, 200, 60]
    return save_dataset(
        tmp_path,
        "levels",
        images=np.stack([np.full((48, 48), level, np.uint8) for level in levels]),
        labels=np.array([HAPPY] * 5 + [SAD, SAD, HAPPY]),
        splits=["train"] * 6 + ["validation", "test"],
        sources=[f"{n}" for n in range(8)],
        origin="a test",
    )


def test_summary(dataset):
    summary = summarise(dataset)
    assert (summary.images, summary.distinct_images, summary.leaks) == (8, 7, 1)
    assert summary.images_per_split == {"train": 6, "validation": 1, "test": 1}
    assert (summary.most_frequent, summary.rarest, summary.imbalance_ratio) == ("happy", "sad", 5.0)
    assert not summary.has_votes


def test_the_reports_table_is_fer2013s():
    # 28,709 and 7,178 are the official sizes; 16.5:1 and the percentages are the report's own figures.
    train = np.array([REPORT_COUNTS[emotion]["train"] for emotion in EMOTIONS])
    test = np.array([REPORT_COUNTS[emotion]["test"] for emotion in EMOTIONS])
    assert (train.sum(), test.sum()) == (28709, 7178)
    assert round(imbalance_ratio(train), 1) == 16.5
    assert (100 * train / train.sum()).round(1).tolist() == [13.9, 1.5, 14.3, 25.1, 17.3, 16.8, 11.0]
    assert (100 * test / test.sum()).round(1).tolist() == [13.3, 1.5, 14.3, 24.7, 17.2, 17.4, 11.6]


def test_imbalance_leaves_absent_emotions_out():
    assert imbalance_ratio(np.array([0, 4, 10])) == 2.5


def test_shares_sum_to_one_in_every_split_that_has_images(dataset):
    table = shares(dataset)
    assert table.sum().tolist() == [1, 1, 1]
    assert table.loc["happy", "train"] == 5 / 6


def test_comparison_with_the_report(dataset):
    table = compare_with_report(dataset)
    assert table.loc["happy"].to_dict() == {
        "train": 5,
        "report_train": 7215,
        "train_difference": -7210,
        "held_out": 1,
        "report_test": 1774,
        "held_out_difference": -1773,
    }
    assert table.loc["total", ["train", "held_out", "report_train", "report_test"]].tolist() == [6, 2, 28709, 7178]


def test_mean_faces(dataset):
    means = mean_faces(dataset)
    assert means.shape == (7, 48, 48)
    assert means.dtype == np.uint8
    assert set(means[HAPPY].ravel()) == {35}
    assert set(means[SAD].ravel()) == {200}
    assert not means[EMOTIONS.index("fear")].any()
    assert set(mean_faces(dataset, "test")[HAPPY].ravel()) == {60}
    with pytest.raises(DatasetError, match="no split “dev”"):
        mean_faces(dataset, "dev")


def test_mean_faces_of_many_images_agree_with_numpy(demo_dataset):
    expected = np.asarray(demo_dataset.images)[demo_dataset.labels == HAPPY].mean(axis=0)
    np.testing.assert_allclose(mean_faces(demo_dataset)[HAPPY], expected, atol=0.51)


def test_image_quality_agrees_with_opencv(noise_faces):
    images = noise_faces(3)
    table = image_quality(images)
    for row, image in enumerate(images):
        # OpenCV reflects at the border, which our inner pixels do not need.
        laplacian = cv2.Laplacian(image, cv2.CV_64F, ksize=1)[1:-1, 1:-1]
        assert table.loc[row, "intensity"] == pytest.approx(image.mean(), rel=1e-5)
        assert table.loc[row, "contrast"] == pytest.approx(image.std(), rel=1e-5)
        assert table.loc[row, "sharpness"] == pytest.approx(laplacian.var(), rel=1e-4)


def test_image_quality_of_no_image_has_its_columns(noise_faces):
    assert image_quality(noise_faces(1)[:0]).columns.tolist() == ["intensity", "contrast", "sharpness"]


def test_a_blurred_face_is_less_sharp(demo_dataset):
    face = np.asarray(demo_dataset.images[5])
    sharp, blurred = image_quality(np.stack([face, cv2.GaussianBlur(face, (0, 0), 2)]))["sharpness"]
    assert blurred < sharp / 10
