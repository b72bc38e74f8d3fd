"""Unsafe, damaged and odd sources end in one sentence that names the file."""

import struct
import zipfile
from pathlib import Path

import pytest

from ferdash.data.sources import archive
from ferdash.data.sources.archive import is_dropping, open_members, sibling
from ferdash.errors import DatasetError


def names(path: Path) -> list[str]:
    with open_members(path) as members:
        return [member.name for member in members]


def test_zip_and_folder_give_the_same_members(tmp_path, write_zip, write_folder):
    files = {"b/two.txt": b"2", "a/one.txt": b"1"}
    for path in (write_zip(tmp_path / "x.zip", files), write_folder(tmp_path / "x", files)):
        with open_members(path) as members:
            assert [(member.name, member.size, member.read()) for member in members] == [
                ("a/one.txt", 1, b"1"),
                ("b/two.txt", 1, b"2"),
            ]


def test_a_file_alone_is_its_only_member(tmp_path, write_folder):
    write_folder(tmp_path, {"faces.csv": b"x"})
    assert names(tmp_path / "faces.csv") == ["faces.csv"]
    assert sibling(tmp_path / "faces.csv", "other.csv") is None
    assert sibling(tmp_path, "faces.csv") is None


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("__MACOSX/train/angry/._a.jpg", True),
        ("train/.DS_Store", True),
        ("train/angry/Thumbs.db", True),
        ("desktop.ini", True),
        ("train/angry/a.jpg", False),
        ("./train//angry/a.jpg", False),
        ("../.hidden/a.jpg", True),
    ],
)
def test_is_dropping(name, is_one):
    assert is_dropping(name) is is_one


def test_droppings_are_left_out(tmp_path, write_zip):
    path = write_zip(tmp_path / "x.zip", {"a/one.txt": b"1", "__MACOSX/a/._one.txt": b"", "a/.DS_Store": b""})
    assert names(path) == ["a/one.txt"]


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "train/../../evil.jpg", "/etc/evil.jpg", "C:/evil.jpg", "..\\evil.jpg"]
)
def test_names_that_point_outside_are_refused(tmp_path, write_zip, name):
    path = write_zip(tmp_path / "x.zip", {"train/angry/a.jpg": b"1", name: b"2"})
    with pytest.raises(DatasetError, match=r"“x\.zip” holds a file named .*evil\.jpg”, which points outside"):
        names(path)


def test_a_bomb_is_refused_by_its_ratio(tmp_path, write_zip):
    path = write_zip(tmp_path / "x.zip", {"train/angry/zeros.bmp": bytes(5_000_000)})
    with pytest.raises(
        DatasetError, match=r"far more data than a face dataset holds \(seen at “train/angry/zeros.bmp”"
    ):
        names(path)


def test_a_bomb_is_refused_by_its_total(tmp_path, write_zip, monkeypatch):
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 100)
    path = write_zip(tmp_path / "x.zip", {"a.csv": bytes(range(60)), "b.csv": bytes(range(60))})
    with pytest.raises(DatasetError, match="far more data"):
        names(path)


def test_a_bomb_that_lies_about_its_size_yields_no_more_than_it_declared(tmp_path, write_zip):
    path = write_zip(tmp_path / "x.zip", {"liar.bmp": bytes(5_000_000)})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", content, content.index(signature) + offset, 1000)
    path.write_bytes(content)
    with open_members(path) as [liar], pytest.raises(DatasetError, match=r"“liar\.bmp” cannot be read"):
        liar.read()


def test_a_damaged_member_is_named(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as stored:
        stored.writestr("whole.jpg", b"w" * 50)
        stored.writestr("broken.jpg", b"b" * 50)
    path.write_bytes(path.read_bytes().replace(b"b" * 50, b"b" * 49 + b"x"))
    with open_members(path) as [broken, whole]:
        assert whole.read() == b"w" * 50
        with pytest.raises(DatasetError, match=r"“broken\.jpg” cannot be read: .*CRC.*Download or copy"):
            broken.read()


def test_an_encrypted_member_is_named(tmp_path, write_zip):
    path = write_zip(tmp_path / "x.zip", {"secret.jpg": b"1"})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    with open_members(path) as [secret], pytest.raises(DatasetError, match=r"“secret\.jpg” .*encrypted"):
        secret.read()


def test_a_zip_cut_short_is_named(tmp_path, write_zip):
    path = write_zip(tmp_path / "x.zip", {"a.jpg": bytes(1000)})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DatasetError, match=r"“x\.zip” is not a zip file, or only the first part"):
        names(path)


def test_a_zip_with_a_broken_directory_is_named(tmp_path, write_zip):
    path = write_zip(tmp_path / "x.zip", {"a.jpg": bytes(1000)})
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"PK\x09\x09"))
    with pytest.raises(DatasetError, match=r"“x\.zip” is a damaged zip file"):
        names(path)


def test_nothing_there(tmp_path):
    with pytest.raises(DatasetError, match=r"There is no file or folder “.*gone”"):
        names(tmp_path / "gone")
