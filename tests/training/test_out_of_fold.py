from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ferdash.data.dataset import FaceDataset, open_dataset, save_dataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError
from ferdash.models.tta import ten_crops
from ferdash.runs.store import Run
from ferdash.training import out_of_fold, start
from ferdash.training.config import TrainConfig, override
from ferdash.training.distillation import TEACHER_PROBS
from ferdash.training.folds import in_fold
from ferdash.training.groups import create_group, plan
from ferdash.training.out_of_fold import out_of_fold_table, require_teachers
from ferdash.training.settings import FoldsConfig

FOLDS = 3
SMALL = ["batch_size=32", "network.width=4", "network.depths=1", "compute.threads=1", "compute.device=cpu"]


@pytest.fixture(scope="module")
def doubled(squares_root: Path, tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    """The squares, and of every third training image a copy and a brighter version in train as well."""
    squares = open_dataset(squares_root, "squares")
    again = squares.rows("train")[::3]
    images = np.asarray(squares.images)
    brighter = np.clip(images[again].astype(int) + 20, 0, 255).astype(np.uint8)
    return save_dataset(
        tmp_path_factory.mktemp("doubled"),
        "doubled",
        images=np.concatenate([images, images[again], brighter]),
        labels=np.concatenate([squares.labels, squares.labels[again], squares.labels[again]]),
        splits=[*squares.table["split"], *["train"] * (2 * len(again))],
        sources=[f"{number:04d}" for number in range(len(squares) + 2 * len(again))],
        origin="squares",
    )


@pytest.fixture(scope="module")
def validated(doubled: FaceDataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Run]]:
    """A finished cross-validation of the training images alone."""
    checkpoints = tmp_path_factory.mktemp("validated")
    config = override(TrainConfig(), ["dataset=doubled", "folds.within=train", *SMALL])
    runs = create_group(plan(config, folds=FOLDS), data=doubled.folder.parent, checkpoints=checkpoints)
    for run in runs:
        start.execute(run, data=doubled.folder.parent, checkpoints=checkpoints)
    return checkpoints, runs


def photographs(doubled: FaceDataset, squares: FaceDataset) -> np.ndarray:
    """Which of the squares each image is, a copy of, or a brighter version of."""
    again, number = squares.rows("train")[::3], doubled.table["source"].astype(int).to_numpy()
    return np.where(number < len(squares), number, again[(number - len(squares)) % len(again)])


class Asked:
    """A model of which only the reference is known."""

    def __init__(self, reference: str) -> None:
        self.reference = reference


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, list[np.ndarray]]]:
    seen: dict[str, list[np.ndarray]] = {}

    def average(models: list[Asked], crops: np.ndarray) -> np.ndarray:
        seen.setdefault(models[0].reference, []).append(crops)
        return np.full((len(crops[0]), 7), 1 / 7, np.float32)

    monkeypatch.setattr(out_of_fold, "load_model", lambda reference, *_, **__: Asked(reference))
    monkeypatch.setattr(out_of_fold, "ten_crops", lambda images: [images])
    monkeypatch.setattr(out_of_fold, "average_probabilities", average)
    return lambda: seen


def test_no_image_is_looked_at_by_a_network_that_saw_it_or_a_version_of_it(
    validated: tuple[Path, list[Run]],
    doubled: FaceDataset,
    squares_root: Path,
    asked: Callable[[], dict[str, list[np.ndarray]]],
) -> None:
    checkpoints, runs = validated
    rows = doubled.rows("train")
    table = out_of_fold_table(runs[0].record["group"], doubled, rows, checkpoints=checkpoints)
    assert np.isfinite(table).all()
    photograph = photographs(doubled, open_dataset(squares_root, "squares"))
    shown_in = {image.tobytes(): photo for image, photo in zip(doubled.images, photograph, strict=True)}
    looked_at = 0
    for index, run in enumerate(runs):
        learned = in_fold(doubled, FoldsConfig(FOLDS, index, "train")).rows("train")
        assert set(doubled.table["split"].iloc[learned]) == {"train"}
        images = np.concatenate([group[0] for group in asked()[f"run:{run.id}@best"]])
        assert not {shown_in[image.tobytes()] for image in images} & set(photograph[learned])
        looked_at += len(images)
    assert looked_at == len(rows)


def test_a_row_is_what_that_folds_network_sees_in_ten_crops(
    validated: tuple[Path, list[Run]], doubled: FaceDataset
) -> None:
    checkpoints, runs = validated
    rows = doubled.rows("train")[5:40]
    table = out_of_fold_table(runs[0].record["group"], doubled, rows, checkpoints=checkpoints)
    for index, run in enumerate(runs):
        held_out = in_fold(doubled, FoldsConfig(FOLDS, index, "train")).rows("validation")
        mine = np.isin(rows, held_out)
        model = out_of_fold.load_model(f"run:{run.id}@best", checkpoints, engine="torch", calibrated=False)
        golden = np.mean([model.probabilities(crop) for crop in ten_crops(doubled.images[rows[mine]])], axis=0)
        np.testing.assert_allclose(table[mine], golden, atol=1e-5)


def test_a_pupil_learns_from_the_folds_as_from_any_teacher(
    validated: tuple[Path, list[Run]], doubled: FaceDataset
) -> None:
    checkpoints, runs = validated
    group = runs[0].record["group"]
    config = override(TrainConfig(), ["dataset=doubled", f"loss.teachers=oof:{group}", *SMALL])
    pupil = start.create(config, data=doubled.folder.parent, checkpoints=checkpoints)
    assert start.execute(pupil, data=doubled.folder.parent, checkpoints=checkpoints) == "finished"
    table = np.load(pupil.folder / TEACHER_PROBS)
    golden = out_of_fold_table(group, doubled, doubled.rows("train"), checkpoints=checkpoints)
    np.testing.assert_allclose(table, golden, atol=1e-6)
    assert table.shape == (len(doubled.rows("train")), len(EMOTIONS))


def test_folds_that_know_validation_or_another_dataset_cannot_teach(
    validated: tuple[Path, list[Run]], doubled: FaceDataset, squares_root: Path, tmp_path: Path
) -> None:
    checkpoints, runs = validated
    group = runs[0].record["group"]
    with pytest.raises(ConfigError, match=rf"oof:{group} was trained on another dataset \(“doubled”"):
        require_teachers(group, open_dataset(squares_root, "squares"), checkpoints)
    config = override(TrainConfig(), ["dataset=squares", "loss.teachers=oof:nobody", *SMALL])
    with pytest.raises(ConfigError, match=r"names oof:nobody, which cannot teach\. There is no group of runs called"):
        start.create(config, data=squares_root, checkpoints=tmp_path)
    config = override(TrainConfig(), ["dataset=squares", *SMALL])
    both = create_group(plan(config, folds=2), data=squares_root, checkpoints=tmp_path)
    for run in both:
        start.execute(run, data=squares_root, checkpoints=tmp_path)
    with pytest.raises(ConfigError, match=r"trained on validation images too.*folds\.within=train"):
        require_teachers(both[0].record["group"], open_dataset(squares_root, "squares"), tmp_path)
