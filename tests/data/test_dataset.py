import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.data.dataset import (
    check_name,
    content_hashes,
    dataset_hash,
    delete_dataset,
    list_datasets,
    open_dataset,
    require_free_name,
    save_dataset,
)
from ferdash.data.statistics import summarise
from ferdash.emotions import EMOTIONS
from ferdash.errors import DatasetError
from ferdash.former_names import ANALYSES_FOLDER


def save(root, name="small", *, images, **changes):
    count = len(images)
    content = {
        "labels": np.arange(count) % 7,
        "splits": ["train"] * (count - 2) + ["validation", "test"],
        "sources": [f"{n:03d}.png" for n in range(count)],
        "origin": "a test",
    }
    return save_dataset(root, name, images=images, **(content | changes))


@pytest.fixture
def images(noise_faces):
    return noise_faces(9)


def test_what_is_saved_is_opened(tmp_path, images):
    votes = np.zeros((9, 10), dtype=int)
    votes[3] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 9]
    save(tmp_path, images=images, votes=votes, notes=["one"])
    dataset = open_dataset(tmp_path, "small")
    np.testing.assert_array_equal(dataset.images, images)
    np.testing.assert_array_equal(dataset.votes, votes)
    assert dataset.votes.dtype == np.uint8
    assert dataset.labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    assert (dataset.name, len(dataset), dataset.meta["notes"]) == ("small", 9, ["one"])
    assert [dataset.rows(split).tolist() for split in ("train", "validation", "test")] == [[*range(7)], [7], [8]]
    assert not dataset.images.flags.writeable


@pytest.mark.parametrize("name", ["analyses", ANALYSES_FOLDER, "corrections", "Corrections"])
def test_what_lies_beside_the_datasets_is_none(tmp_path, images, name):
    with pytest.raises(DatasetError, match="keeps something else under it"):
        save(tmp_path, name, images=images)


def test_a_folder_that_holds_more_than_a_dataset_is_not_deleted(tmp_path, images):
    """As where analyses were put into the folder of a dataset that was called like theirs."""
    save(tmp_path, "faces", images=images)
    (tmp_path / "faces" / "20250101-000000-walk-0001").mkdir()
    with pytest.raises(DatasetError, match="holds more than a dataset, such as 20250101-000000-walk-0001"):
        delete_dataset(tmp_path, "faces")
    assert open_dataset(tmp_path, "faces").meta["images"] == 9


def test_the_order_of_an_archive_plays_no_part(tmp_path, images):
    order = np.random.default_rng(1).permutation(9)
    splits = np.array(["train"] * 7 + ["validation", "test"])
    sources = np.array([f"{n:03d}.png" for n in range(9)])
    first = save(tmp_path, "first", images=images)
    second = save(
        tmp_path,
        "second",
        images=images[order],
        labels=(np.arange(9) % 7)[order],
        splits=splits[order].tolist(),
        sources=sources[order].tolist(),
    )
    assert first.hash == second.hash
    np.testing.assert_array_equal(first.images, second.images)


def test_counts_have_every_emotion_and_split(tmp_path, images):
    counts = save(tmp_path, images=images, labels=[3] * 9).counts()
    assert counts.index.tolist() == list(EMOTIONS)
    assert counts.loc["happy"].to_dict() == {"train": 7, "validation": 1, "test": 1}
    assert counts.to_numpy().sum() == 9


def test_duplicates_of_training_images(tmp_path, images):
    images[8] = images[2]
    images[1] = images[0]
    assert np.flatnonzero(save(tmp_path, images=images).duplicates_training()).tolist() == [8]


def test_a_mirrored_leak_is_a_leak(tmp_path, images):
    images[7] = images[2][:, ::-1]
    images[8] = images[3]
    images[1] = images[0][:, ::-1]  # within train
    dataset = save(tmp_path, images=images)
    assert np.flatnonzero(dataset.duplicates_training()).tolist() == [7, 8]
    assert np.flatnonzero(dataset.mirrors_training).tolist() == [7]
    summary = summarise(dataset)
    assert (summary.leaks, summary.mirrored_leaks) == (1, 1)


def test_a_symmetric_image_is_identical_and_not_mirrored(tmp_path, images):
    images[0] = images[8] = np.minimum(images[0], images[0][:, ::-1])
    dataset = save(tmp_path, images=images)
    assert np.flatnonzero(dataset.duplicates_training()).tolist() == [8]
    assert not dataset.mirrors_training.any()


def test_content_hash_is_blake2b_of_the_pixels(images):
    assert content_hashes(images[:1]) == [hashlib.blake2b(images[0].tobytes(), digest_size=12).hexdigest()]
    assert content_hashes(images[:, :, ::-1][:1]) == content_hashes(np.ascontiguousarray(images[:1, :, ::-1]))


@given(st.sampled_from(["label", "split", "content_hash"]), st.integers(0, 2))
def test_the_dataset_hash_knows_every_cell(column, row):
    table = pd.DataFrame({"label": [0, 1, 2], "split": ["train"] * 3, "content_hash": ["a", "b", "c"]}, dtype=object)
    changed = table.copy()
    changed.loc[row, column] = "other"
    assert dataset_hash(changed) != dataset_hash(table)


def test_an_unknown_split_is_named(tmp_path, images):
    with pytest.raises(DatasetError, match="There is no split “dev”; choose one of train, validation, test"):
        save(tmp_path, images=images).rows("dev")


def test_a_taken_name_is_refused(tmp_path, images):
    save(tmp_path, images=images)
    with pytest.raises(DatasetError, match="already a dataset called “small”"):
        save(tmp_path, images=images)
    require_free_name(tmp_path, "other")


def test_a_failed_save_leaves_nothing(tmp_path, images):
    with pytest.raises(ValueError, match="same length"):
        save(tmp_path / "data", images=images, sources=["too few"])
    with pytest.raises(IndexError):
        save(tmp_path / "data", images=images, votes=np.zeros((2, 10)))
    assert list_datasets(tmp_path / "data") == []
    assert list((tmp_path / "data").iterdir()) == []


def test_nothing_to_save(tmp_path, images):
    with pytest.raises(DatasetError, match="No image was found there"):
        save(tmp_path, images=images[:0], splits=[])


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "a b", "x" * 65, "é"])
def test_unsafe_names(name):
    with pytest.raises(DatasetError, match="cannot be the name of a dataset"):
        check_name(name)
    with pytest.raises(DatasetError, match="cannot be the name of a model"):
        check_name(name, "model")


def test_a_missing_dataset_names_those_there_are(tmp_path, images):
    with pytest.raises(DatasetError, match=r"no dataset called “gone” \(there are: none yet\)"):
        open_dataset(tmp_path / "data", "gone")
    save(tmp_path, images=images)
    with pytest.raises(DatasetError, match=r"no dataset called “gone” \(there are: small\)"):
        open_dataset(tmp_path, "gone")


@pytest.mark.parametrize(
    ("file", "content"),
    [("images.npy", b""), ("images.npy", b"\x93NUMPY"), ("table.parquet", b"PAR1"), ("meta.json", b"{")],
)
def test_a_damaged_dataset_is_named_and_can_be_deleted(tmp_path, images, file, content):
    save(tmp_path, images=images)
    (tmp_path / "small" / file).write_bytes(content)
    with pytest.raises(DatasetError, match=r"The dataset “small” is damaged .*Delete it and import it again"):
        open_dataset(tmp_path, "small")
    delete_dataset(tmp_path, "small")
    assert list(tmp_path.iterdir()) == []


def test_images_that_are_cut_short_are_said_to_be(tmp_path, images):
    save(tmp_path, images=images)
    path = tmp_path / "small" / "images.npy"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DatasetError, match=r"damaged \(images\.npy is cut short, or is no array\)"):
        open_dataset(tmp_path, "small")


def test_votes_of_an_earlier_version_are_not_taken_for_counts(tmp_path, images):
    save(tmp_path, images=images, notes=["one"])
    np.save(tmp_path / "small" / "votes.npy", np.full((9, 7), 1 / 7, dtype=np.float32))
    dataset = open_dataset(tmp_path, "small")
    assert dataset.votes is None
    assert dataset.meta["notes"][0] == "one"
    assert "Import it again, with fer2013new.csv" in dataset.meta["notes"][1]


def test_images_and_table_must_agree(tmp_path, images):
    save(tmp_path, images=images)
    np.save(tmp_path / "small" / "images.npy", images[:5])
    with pytest.raises(DatasetError, match="damaged: 5 images for 9 rows"):
        open_dataset(tmp_path, "small")


def test_a_folder_without_meta_is_no_dataset(tmp_path, images):
    save(tmp_path, images=images)
    (tmp_path / "other").mkdir()
    (tmp_path / ".importing-x").mkdir()
    (tmp_path / ".importing-x" / "meta.json").write_text(json.dumps({}))
    assert list_datasets(tmp_path) == ["small"]
    with pytest.raises(DatasetError, match="no dataset called “other”"):
        delete_dataset(tmp_path, "other")
