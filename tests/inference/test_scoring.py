from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest
import torch

from ferdash.data.dataset import FaceDataset, save_dataset
from ferdash.data.exclusions import exclude
from ferdash.emotions import EMOTIONS
from ferdash.errors import DatasetError, EvaluationError
from ferdash.evaluation.metrics import compute_metrics
from ferdash.evaluation.protocol import Protocol, fingerprint, stratified_rows
from ferdash.inference.scoring import BATCH, Scored, recalibrated, score, without_duplicates, write_predictions
from ferdash.models.calibration import Calibration
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.torch_model import TorchModel


class CornerModel:
    """Reads its answer off the top left pixel, and doubts more the brighter the top right one is."""

    tta = "plain"
    calibration = None

    def __init__(self) -> None:
        self.batches: list[int] = []

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        assert faces.dtype == np.uint8
        assert faces.flags.c_contiguous
        self.batches.append(len(faces))
        doubt = faces[:, 0, -1].astype(np.float32) / 255
        certain = np.eye(7, dtype=np.float32)[faces[:, 0, 0] % 7]
        return (1 - doubt[:, None]) * certain + doubt[:, None] / 7


def test_raters_are_compared_on_the_images_that_are_scored(demo_dataset: FaceDataset) -> None:
    scored = score(cast(EmotionModel, CornerModel()), demo_dataset, "validation")
    cleaned = without_duplicates(scored)
    for part in (scored, cleaned):
        assert part.raters is not None
        votes = demo_dataset.votes[part.rows].astype(int)  # type: ignore[index]
        agreed = 2 * votes.max(axis=1) > votes.sum(axis=1)
        golden = (part.probabilities.argmax(axis=1) == votes.argmax(axis=1))[agreed].mean()
        assert (part.raters.images, part.raters.agreement) == (agreed.sum(), golden)
        assert part.to_dict()["raters"] == part.raters.to_dict()
    assert len(cleaned.rows) < len(scored.rows)


def make_dataset(root: Path, *, validation: int = 20, copies: int = 12) -> FaceDataset:
    """`validation` images of each emotion, the first `copies` of them also in train; a third taken for the next
    emotion by CornerModel."""
    rng = np.random.default_rng(0)
    images, labels, splits, sources = [], [], [], []
    for emotion in range(7):
        for number in range(validation):
            image = rng.integers(0, 256, (48, 48), dtype=np.uint8)
            image[0, 0] = (emotion + (number % 3 == 0)) % 7
            image[0, -1] = number
            copied = emotion * validation + number < copies
            for split in ["validation", *["train"] * copied]:
                images.append(image)
                labels.append(emotion)
                splits.append(split)
                sources.append(f"{split}/{emotion}-{number:03d}.png")
    return save_dataset(
        root,
        "corners",
        images=np.stack(images),
        labels=np.array(labels),
        splits=splits,
        sources=sources,
        origin="drawn",
    )


@pytest.fixture(scope="module")
def corners(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    return make_dataset(tmp_path_factory.mktemp("data"), validation=50)


@pytest.fixture
def model() -> EmotionModel:
    return cast(EmotionModel, CornerModel())


def test_a_split_is_classified_in_batches_and_scored(corners: FaceDataset, model: EmotionModel) -> None:
    seen: list[tuple[int, int]] = []
    scored = score(model, corners, "validation", on_progress=lambda done, total: seen.append((done, total)))
    assert cast(CornerModel, model).batches == [BATCH, 350 - BATCH]
    assert seen == [(BATCH, 350), (350, 350)]
    assert (scored.rows == corners.rows("validation")).all()
    assert (scored.labels == corners.labels[scored.rows]).all()
    assert scored.probabilities.dtype == np.float32
    assert scored.metrics.accuracy == pytest.approx(33 / 50)
    assert scored.intervals["accuracy"].low < 33 / 50 < scored.intervals["accuracy"].high
    assert scored.protocol == Protocol(
        dataset="corners",
        dataset_hash=corners.hash,
        split="validation",
        images=350,
        per_class=0,
        seed=0,
        duplicates_included=True,
        duplicates=12,
        tta="plain",
        rows=fingerprint(corners.rows("validation")),
    )


def test_without_duplicates_is_the_same_whichever_way(corners: FaceDataset, model: EmotionModel) -> None:
    cleaned = without_duplicates(score(model, corners, "validation"))
    asked = score(model, corners, "validation", exclude_duplicates=True)
    assert cleaned.to_dict() == asked.to_dict()
    assert (cleaned.rows == asked.rows).all()
    assert not set(corners.table["content_hash"][asked.rows]) & set(
        corners.table["content_hash"][corners.rows("train")]
    )
    assert asked.protocol.images == asked.metrics.images == len(asked.probabilities) == 338
    assert (asked.protocol.duplicates_included, asked.protocol.duplicates) == (False, 0)
    golden = compute_metrics(y_true=asked.labels, probabilities=asked.probabilities)
    assert asked.metrics.to_dict() == golden.to_dict()


def test_findings_left_out_are_part_of_the_protocol(tmp_path: Path, model: EmotionModel) -> None:
    dataset = make_dataset(tmp_path, validation=10)
    whole = score(model, dataset, "validation")
    exclude(dataset, ["leaks"])
    scored = score(model, dataset, "validation")
    assert (len(whole.rows), len(scored.rows)) == (70, 58)
    assert scored.protocol.excluded == ("leaks",)
    assert scored.protocol.describe().endswith("58 images, without what the audit found as leaks.")
    assert whole.protocol.why_not_comparable(scored.protocol)
    exclude(dataset, [])
    assert score(model, dataset, "validation").protocol == whole.protocol


def test_a_subset_is_the_one_that_training_measures(corners: FaceDataset, model: EmotionModel) -> None:
    scored = score(model, corners, "validation", per_class=10)
    rows = corners.rows("validation")
    assert (scored.rows == stratified_rows(rows, corners.labels[rows], per_class=10)).all()
    assert scored.metrics.support.tolist() == [10] * 7
    other = score(model, corners, "validation", per_class=10, seed=1)
    assert (other.protocol.per_class, other.protocol.seed) == (10, 1)
    assert scored.protocol.why_not_comparable(other.protocol)


def test_a_subset_without_duplicates_is_part_of_the_subset(corners: FaceDataset, model: EmotionModel) -> None:
    subset = score(model, corners, "validation", per_class=30)
    cleaned = score(model, corners, "validation", per_class=30, exclude_duplicates=True)
    assert 0 < subset.protocol.duplicates < 12
    assert set(cleaned.rows) == set(subset.rows[~subset.duplicates])


@pytest.fixture
def network_model() -> EmotionModel:
    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=4, depths=[1, 1])).eval()
    return TorchModel("m", "M", list(range(7)), Preprocess(), network, torch.device("cpu"))


def test_augmentations_are_averaged_and_named(corners: FaceDataset, network_model: EmotionModel) -> None:
    scored = score(replace(network_model, tta="flip"), corners, "validation")
    faces = corners.images[scored.rows]
    golden = network_model.probabilities(np.stack([faces, faces[:, :, ::-1]]).reshape(-1, 48, 48)).reshape(2, -1, 7)
    np.testing.assert_allclose(scored.probabilities, golden.mean(axis=0), atol=1e-6)
    assert scored.protocol.tta == "flip"
    assert scored.protocol.describe().endswith("each probability is the mean over the image and its mirror image.")
    again = score(network_model, corners, "validation")
    assert scored.protocol.why_not_comparable(again.protocol) is None


CALIBRATION = Calibration(0.7, "corners", "aa", "validation", 350, 0.1, 0.02, 0.03, "bb")


def test_calibrating_scores_is_scoring_calibrated_to_the_last_digit(
    corners: FaceDataset, network_model: EmotionModel
) -> None:
    given = score(network_model, corners, "validation")
    scored = score(replace(network_model, calibration=CALIBRATION), corners, "validation")
    assert recalibrated(given, CALIBRATION).to_dict() == scored.to_dict()
    assert scored.metrics.accuracy == given.metrics.accuracy
    assert scored.metrics.log_loss != given.metrics.log_loss
    assert scored.to_dict()["calibration"]["temperature"] == 0.7
    assert without_duplicates(scored).calibration == CALIBRATION


def test_training_images_count_as_no_duplicates_of_themselves(corners: FaceDataset, model: EmotionModel) -> None:
    assert score(model, corners, "train").protocol.duplicates == 0


def test_predictions_are_saved_as_a_run_folder_has_them(
    corners: FaceDataset, model: EmotionModel, tmp_path: Path
) -> None:
    scored = score(model, corners, "validation")
    write_predictions(scored, tmp_path / "predictions.parquet")
    table = pd.read_parquet(tmp_path / "predictions.parquet")
    assert list(table.columns) == ["row", "label", *EMOTIONS]
    assert (table["row"] == scored.rows).all()
    again = compute_metrics(y_true=table["label"].to_numpy(), probabilities=table[list(EMOTIONS)].to_numpy())
    assert again.to_dict() == scored.metrics.to_dict()


def test_predictions_that_cannot_be_written(corners: FaceDataset, model: EmotionModel, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"cannot be written to .*nowhere"):
        write_predictions(score(model, corners, "train"), tmp_path / "nowhere" / "predictions.parquet")


def test_an_empty_and_an_unknown_split(corners: FaceDataset, model: EmotionModel) -> None:
    with pytest.raises(EvaluationError, match="The test split of “corners” has no image; choose another split"):
        score(model, corners, "test")
    with pytest.raises(DatasetError, match="no split “tests”"):
        score(model, corners, "tests")


def test_nothing_but_duplicates(tmp_path: Path, model: EmotionModel) -> None:
    dataset = make_dataset(tmp_path, validation=2, copies=14)
    scored: Scored = score(model, dataset, "validation")
    assert scored.protocol.duplicates == 14
    with pytest.raises(EvaluationError, match="Every one of these images is also a training image"):
        without_duplicates(scored)
    with pytest.raises(EvaluationError, match="Every one of these images is also a training image"):
        score(model, dataset, "validation", exclude_duplicates=True)
