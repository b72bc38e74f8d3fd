"""Downloads without a network: both places are replaced at their clients' doors."""

import io
import sys
import tarfile
from types import ModuleType, SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from ferdash.data.dataset import list_datasets
from ferdash.data.download import HUB_DATASET, KAGGLE_DATASET, download_fer2013, shard_members
from ferdash.errors import DatasetError, LabelError


@pytest.fixture
def kaggle(monkeypatch):
    """A kagglehub whose download can be set."""
    client = ModuleType("kagglehub")

    def unreachable(name):
        raise ConnectionError("no route to host")

    client.dataset_download = unreachable
    monkeypatch.setitem(sys.modules, "kagglehub", client)
    return client


@pytest.fixture
def hub(monkeypatch):
    """The Hub's download, as a namespace whose `answer` can be set."""

    def unreachable():
        raise LocalEntryNotFoundError("offline")

    state = SimpleNamespace(answer=unreachable)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: state.answer())
    return state


def write_shard(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as shard:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            shard.addfile(entry, io.BytesIO(content))


@pytest.fixture
def shards(tmp_path, noise_faces, png):
    folder = tmp_path / "hub"
    folder.mkdir()
    (folder / "classnames.txt").write_text("angry\ndisgusted\nfearful\nhappy\nneutral\nsad\nsurprised\n")
    faces = noise_faces(22)
    train = {f"s{n:07d}.jpg": png(faces[n]) for n in range(20)} | {f"s{n:07d}.cls": b"6" for n in range(20)}
    write_shard(folder / "train/0.tar", train)
    write_shard(folder / "test/0.tar", {"s0000000.cls": b"2", "s0000000.jpg": png(faces[20])})
    return folder


def test_kaggles_files_are_imported(kaggle, kaggle_files, write_folder, tmp_path):
    kaggle.dataset_download = lambda name: str(write_folder(tmp_path / name / "versions/1", kaggle_files))
    dataset = download_fer2013(tmp_path / "data")
    assert (dataset.name, len(dataset)) == ("fer2013", 11)
    assert dataset.meta["origin"] == f"{KAGGLE_DATASET} on Kaggle"


def test_the_hub_stands_in_for_kaggle(kaggle, hub, shards, tmp_path):
    hub.answer = lambda: str(shards)
    dataset = download_fer2013(tmp_path / "data", "other")
    counts = dataset.counts()
    assert counts.loc["surprise"].to_dict() == {"train": 18, "validation": 2, "test": 0}
    assert counts.loc["fear", "test"] == 1
    assert dataset.meta["origin"] == f"{HUB_DATASET} on the Hugging Face Hub"
    assert "no validation split" in dataset.meta["notes"][0]


def test_without_a_network_a_sentence_says_what_to_do(kaggle, hub, tmp_path):
    with pytest.raises(
        DatasetError, match=r"from Kaggle: no connection; from the Hugging Face Hub: no conn.*get the zip"
    ):
        download_fer2013(tmp_path / "data")
    assert list_datasets(tmp_path / "data") == []


def test_without_kagglehub_the_sentence_names_it(monkeypatch, hub, tmp_path):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(DatasetError, match="the package kagglehub is not installed"):
        download_fer2013(tmp_path / "data")


def test_an_answer_that_refuses_is_told_by_its_number(kaggle, hub, tmp_path):
    class RefusedError(Exception):
        response = SimpleNamespace(status_code=403)

    def refuse(name):
        raise RefusedError

    kaggle.dataset_download = refuse
    with pytest.raises(DatasetError, match="from Kaggle: it answered 403"):
        download_fer2013(tmp_path / "data")


def test_a_taken_name_is_refused_before_the_download(kaggle, kaggle_files, write_folder, tmp_path):
    kaggle.dataset_download = lambda name: str(write_folder(tmp_path / "k", kaggle_files))
    download_fer2013(tmp_path / "data")
    kaggle.dataset_download = lambda name: pytest.fail("downloaded")
    with pytest.raises(DatasetError, match="already a dataset called “fer2013”"):
        download_fer2013(tmp_path / "data")


@pytest.mark.parametrize(
    "files", [{"a.jpg": b"x"}, {"a.jpg": b"x", "a.cls": b"7"}, {"a.jpg": b"x", "a.cls": b"happy"}, None]
)
def test_a_damaged_shard_is_named(shards, files):
    if files is None:
        (shards / "train/1.tar").write_bytes(b"no tar")
    else:
        write_shard(shards / "train/1.tar", files)
    with pytest.raises(DatasetError, match=r"“train/1\.tar” of the download is damaged"):
        list(shard_members(shards))


def test_an_unknown_class_is_named(shards):
    (shards / "classnames.txt").write_text("contempt\n")
    with pytest.raises(LabelError, match="contempt"):
        list(shard_members(shards))
