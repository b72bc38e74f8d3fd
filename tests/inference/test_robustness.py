from pathlib import Path

import numpy as np
import pytest
import torch

from ferdash.data.dataset import FaceDataset, save_dataset
from ferdash.data.votes import majority
from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError
from ferdash.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from ferdash.inference.robustness import PASSES, measure_robustness
from ferdash.inference.scoring import BATCH, score
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.processing import FerNetImageProcessor


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    root = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(root / "models" / "small")
    FerNetImageProcessor().save_pretrained(root / "models" / "small")
    return load_model("small", root)


def test_each_cell_is_the_accuracy_on_the_split_made_worse(model: EmotionModel, demo_dataset: FaceDataset) -> None:
    found = measure_robustness(model, demo_dataset, "train")
    given = score(model, demo_dataset, "train")
    assert found.clean == given.metrics.accuracy
    assert found.protocol == given.protocol
    faces = np.asarray(demo_dataset.images[given.rows])
    for row, kind in enumerate(CORRUPTIONS):
        for strength in (1, 5):
            predicted = model.probabilities(corrupt(faces, kind, strength)).argmax(axis=1)
            assert found.accuracy[row, strength - 1] == pytest.approx((predicted == given.labels).mean(), abs=1e-12)


def test_a_subset_is_that_of_the_scores(model: EmotionModel, demo_dataset: FaceDataset) -> None:
    choice = {"per_class": 3, "seed": 5, "exclude_duplicates": True}
    assert measure_robustness(model, demo_dataset, "validation", **choice).protocol == (
        score(model, demo_dataset, "validation", **choice).protocol
    )


def test_progress_counts_images_over_all_passes(model: EmotionModel, demo_dataset: FaceDataset) -> None:
    seen: list[tuple[int, int]] = []
    images = measure_robustness(
        model, demo_dataset, "validation", on_progress=lambda done, total: seen.append((done, total))
    ).protocol.images
    assert images < BATCH
    assert [total for _, total in seen] == [PASSES * images] * PASSES
    assert [done for done, _ in seen] == [images * (number + 1) for number in range(PASSES)]
    assert 1 + len(CORRUPTIONS) * len(STRENGTHS) == PASSES


def test_against_the_raters_majority(model: EmotionModel, demo_dataset: FaceDataset) -> None:
    found = measure_robustness(model, demo_dataset, "validation", truth="majority")
    rows = demo_dataset.rows("validation")
    assert demo_dataset.votes is not None
    said = majority(demo_dataset.votes[rows])
    assert found.truth == "majority"
    assert 0 < found.protocol.images == int((said >= 0).sum()) < len(rows), "some of the drawn faces are ambiguous"
    predicted = model.probabilities(np.asarray(demo_dataset.images[rows])).argmax(axis=1)
    assert found.clean == pytest.approx((predicted == said)[said >= 0].mean())


def faces_with(tmp_path: Path, votes: np.ndarray | None) -> FaceDataset:
    images = np.random.default_rng(0).integers(0, 256, (7, 48, 48), dtype=np.uint8)
    names = [f"{number}.png" for number in range(7)]
    return save_dataset(
        tmp_path,
        "few",
        images=images,
        labels=np.arange(len(EMOTIONS)),
        splits=["validation"] * 7,
        sources=names,
        origin="test",
        votes=votes,
    )


def test_without_votes_there_is_no_majority(model: EmotionModel, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="No raters' votes are known for “few”; measure against its labels"):
        measure_robustness(model, faces_with(tmp_path, None), "validation", truth="majority")


def test_raters_who_never_agree_leave_nothing(model: EmotionModel, tmp_path: Path) -> None:
    votes = np.zeros((7, 10), dtype=np.uint8)
    votes[:, :2] = 5
    with pytest.raises(EvaluationError, match="agree on none of these images"):
        measure_robustness(model, faces_with(tmp_path, votes), "validation", truth="majority")
