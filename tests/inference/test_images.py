import io
import os
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from ferdash.errors import ImageError
from ferdash.inference.images import read_images


def encoded(side: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), 90, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def archive_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    good = encoded()
    packed = archive_of(
        {"a/1.png": good, "a/2.jpg": b"words", "notes.txt": b"x", "__MACOSX/._1.png": b"x", "3.PNG": good}
    )
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "p.png").write_bytes(good)
    (tmp_path / "folder" / "list.csv").write_text("x")
    sources = [("empty.png", b""), ("all.zip", packed), tmp_path / "folder", tmp_path / "gone.png"]
    results = [(name, isinstance(image, ImageError)) for name, image in read_images(sources)]
    assert results == [
        ("empty.png", True),
        ("all.zip/a/1.png", False),
        ("all.zip/a/2.jpg", True),
        ("all.zip/3.PNG", False),
        ("folder/deep/p.png", False),
        ("gone.png", True),
    ]


def test_archives_that_hold_nothing_or_cannot_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    good = archive_of({"1.png": encoded(40) * 3})
    torn = good[:60]
    flipped = bytearray(good)
    flipped[60] ^= 0xFF
    sources = [("a.zip", archive_of({"read.me": b"x"})), ("b.zip", torn), ("c.zip", bytes(flipped)), tmp_path / "none"]
    sentences = [str(image) for _, image in read_images(sources)]
    assert sentences[0] == "a.zip holds no picture."
    assert sentences[1].startswith("b.zip is a damaged zip archive")
    assert sentences[2].startswith("c.zip/1.png cannot be unpacked")
    assert sentences[3] == "The folder none holds no picture."


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    good = encoded()
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    for name in ("a.jfif", "b.pgm", "c.jpe", "deep/d.tga", "notes.txt", ".DS_Store"):
        (tmp_path / "folder" / name).write_bytes(good)
    skipped: list[str] = []
    names = [name for name, _ in read_images([tmp_path / "folder"], skipped.append)]
    assert names == ["folder/a.jfif", "folder/b.pgm", "folder/c.jpe", "folder/deep/d.tga"]
    assert skipped == ["notes.txt"]
    skipped.clear()
    list(read_images([("x.zip", archive_of({"a.png": good, "list.csv": b"1"}))], skipped.append))
    assert skipped == ["list.csv"]


def test_an_archive_made_to_fill_memory_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", b"\0" * 50_000_000)
    ((_, result),) = read_images([tmp_path / "x.zip"])
    assert str(result) == "x.zip/a.png would unpack to far more data than a picture holds."


def test_a_pipe_in_a_folder_is_passed_by(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    ((_, result),) = read_images([tmp_path])
    assert "holds no picture" in str(result)
