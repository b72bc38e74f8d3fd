"""Sources as people have them: what they hold is read as it says, or refused for what is really the matter.

In the noise pictures, pixel (2, 2) tells the label and (2, 12) the split, so that a mixed-up row shows.
"""

import io
import itertools
import tarfile
import zipfile

import numpy as np
import pytest

from ferdash.data.sources import import_dataset
from ferdash.data.sources.options import ImportOptions
from ferdash.emotions import EMOTIONS, FER2013_CSV_LABELS, SPLITS
from ferdash.errors import DatasetError


def told_face(label: int, split: str, seed: int) -> np.ndarray:
    """uint8 (48, 48) noise that tells its label and split."""
    face = np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)
    face[2, 2], face[2, 12] = 30 * label, 80 * SPLITS.index(split)
    return face


def told_files(png, folders: dict[str, str], *, form="{split}/{emotion}/{n}.png", each=2, change=lambda face: face):
    """Pictures of every emotion in the folders, which are split by split what they are called."""
    files, seed = {}, itertools.count()
    for split, folder in folders.items():
        for label, emotion in enumerate(EMOTIONS):
            for n in range(each):
                name = form.format(split=folder, emotion=emotion, n=n)
                files[name] = png(change(told_face(label, split, next(seed))))
    return files


def assert_told(dataset) -> None:
    """Every row has the label and the split that its pixels tell."""
    np.testing.assert_array_equal(dataset.images[:, 2, 2] // 30, dataset.labels)
    assert [SPLITS[value // 80] for value in dataset.images[:, 2, 12]] == list(dataset.table["split"])


@pytest.fixture
def imported(tmp_path, write_zip):
    def run(files, options=None, name="x.zip"):
        return import_dataset(write_zip(tmp_path / name, files), tmp_path / "data", options=options or ImportOptions())

    return run


@pytest.mark.parametrize(
    "names",
    [
        ("train_set", "val_set", "test_set"),
        ("training", "dev", "eval"),
        ("Train Data", "Valid Data", "Test Data"),
        ("TrainSet", "DevSet", "TestSet"),
        ("training_images", "validation_images", "test_images"),
        ("Training", "PublicTest", "PrivateTest"),
    ],
)
@pytest.mark.parametrize(
    "form", ["{split}/{emotion}/{n}.png", "{emotion}/{split}/{n}.png", "{split}/aligned/{emotion}/{n}.png"]
)
def test_splits_by_any_usual_name(imported, png, names, form):
    dataset = imported(told_files(png, dict(zip(SPLITS, names, strict=True)), form=form))
    assert len(dataset) == 42
    assert dataset.meta["notes"] == []
    assert_told(dataset)


def test_names_that_say_no_split_are_asked_about(imported, png):
    files = told_files(png, {"validation": "A", "test": "B"})
    with pytest.raises(DatasetError, match="lie in 2 places, such as “A” and “B”, and nothing says which of them is"):
        imported(files)
    assert_told(imported(files, ImportOptions(splits={"a": "validation", "B": "test"})))


def test_splits_are_drawn_anew_only_when_asked(imported, png):
    files = told_files(png, {"train": "train", "test": "test"}, each=10)
    dataset = imported(files, ImportOptions(draw_splits=True))
    assert [len(dataset.rows(split)) for split in SPLITS] == [112, 14, 14]
    assert "so they were drawn" in dataset.meta["notes"][0]


def test_pictures_that_are_there_twice_are_told(imported, png):
    files = told_files(png, {"train": "train", "validation": "val"})
    dataset = imported(files | {f"images/{name}": content for name, content in files.items()})
    assert dataset.meta["notes"] == [
        "56 of the 56 images have the same pixels as another one, such as “images/train/angry/0.png” and "
        "“train/angry/0.png”."
    ]


def test_a_name_that_stands_twice_in_the_archive_is_told(tmp_path, png):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("val/sad/a.png", png(told_face(5, "validation", 0)))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("val/sad/a.png", png(told_face(5, "validation", 1)))
    notes = import_dataset(tmp_path / "x.zip", tmp_path / "data").meta["notes"]
    assert notes == ["1 name in the archive stands there twice, such as “val/sad/a.png”."]


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_deep_pictures_keep_their_light_and_their_relations(imported, png, bits):
    def deep(face):
        return (face.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)

    files = told_files(png, {"train": "train", "validation": "val"}, change=deep)
    dark = told_face(3, "train", 900) // 8
    files["train/happy/dark.png"] = png(deep(dark))
    dataset = imported(files)
    row = list(dataset.table["source"]).index("train/happy/dark.png")
    assert np.abs(dataset.images[row].astype(int) - dark).max() <= 1
    assert abs(dataset.images.mean() - 127.5) < 6
    expected = [] if bits == 16 else [f"29 pictures have 16 bits a pixel but use only {bits} of them."]
    assert dataset.meta["notes"] == expected


def test_what_lies_beside_a_table_is_told(imported, png):
    files = told_files(png, {"train": "train"})
    dataset = imported(files | {"fer2013.csv": table(",").encode()})
    assert len(dataset) == 14
    assert dataset.meta["notes"] == ["The table “fer2013.csv” was read; 14 pictures in the source were left out."]


def table(mark: str, *, usages=("Training", "PublicTest"), extra: tuple[str, ...] = ()) -> str:
    lines = [mark.join(("emotion", "pixels", "Usage"))]
    for number, (label, usage) in enumerate(itertools.product(range(7), usages)):
        split = "train" if usage.lower().startswith("train") else "validation"
        face = told_face(EMOTIONS.index(FER2013_CSV_LABELS[label]), split, number)
        lines.append(mark.join((str(label), " ".join(map(str, face.ravel())), usage)))
    return "\n".join([*lines, *extra]) + "\n"


@pytest.mark.parametrize(
    "usages", [("Training", "PublicTest"), ("train", "val"), ("TRAIN", "dev"), ("train_set", "eval")]
)
def test_usage_by_any_usual_name(tmp_path, usages):
    (tmp_path / "x.csv").write_text(table(",", usages=usages))
    assert_told(import_dataset(tmp_path / "x.csv", tmp_path / "data"))


def as_tar(content: bytes, mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("fer2013/fer2013.csv")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


REFUSED = {
    "semicolon.csv": (lambda: table(";").encode(), "separates its columns by semicolons; save it with commas"),
    "tab.csv": (lambda: table("\t").encode(), "separates its columns by tabs; save it with commas"),
    "tab.tsv": (lambda: table("\t").encode(), "separates its columns by tabs; save it with commas"),
    "bar.csv": (lambda: table("|").encode(), "separates its columns by vertical bars"),
    "utf16.csv": (lambda: table(",").encode("utf-16"), "is text in UTF-16; save it as CSV in UTF-8"),
    "utf16le.csv": (lambda: table(",").encode("utf-16-le"), "is text in UTF-16; save it as CSV in UTF-8"),
    "fer2013.tar.gz": (lambda: as_tar(table(",").encode(), "w:gz"), r"packed with gzip .*Unpack it and import"),
    "fer2013.tar": (lambda: as_tar(table(",").encode(), "w"), "a tar archive; .*Unpack it and import"),
    "fer2013.tar.xz": (lambda: as_tar(table(",").encode(), "w:xz"), "packed with xz"),
    "faces.bin": (lambda: b"nothing of this", "holds neither pictures nor a table like fer2013.csv"),
    "large.csv": (
        lambda: "emotion,pixels,Usage\n0," + " ".join(["7"] * 224 * 224) + ",Training\n",
        "has 50,176 pixels instead of 2,304; these are 224 x 224",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("packed", [False, True])
def test_other_layouts_are_refused_for_what_they_are(tmp_path, write_zip, write_folder, name, packed):
    content, message = REFUSED[name]
    data = content() if isinstance(content(), bytes) else content().encode()
    if packed and name == "faces.bin":
        message = "holds neither pictures nor a table"
    path = write_zip(tmp_path / "x.zip", {name: data}) if packed else write_folder(tmp_path / "y", {name: data}) / name
    with pytest.raises(DatasetError, match=message):
        import_dataset(path, tmp_path / "data")
    assert not list((tmp_path / "data").glob("*")) if (tmp_path / "data").exists() else True


@pytest.mark.parametrize("name", ["a.heic", "a.heif"])
def test_a_picture_that_cannot_be_read_is_not_passed_over(imported, png, name):
    heic = b"\x00\x00\x00\x18ftypheic" + b"\x00" * 64
    with pytest.raises(DatasetError, match="HEIC format; save it as JPEG first"):
        imported(told_files(png, {"train": "train"}) | {f"train/sad/{name}": heic})


def test_a_class_that_is_none_of_the_seven_is_left_out_on_request_only(imported, png):
    files = told_files(png, {"train": "train", "validation": "val"})
    files |= {f"train/contempt/{n}.png": png(told_face(0, "train", 100 + n)) for n in range(3)}
    with pytest.raises(DatasetError, match=r"folder “contempt”, which is none of the seven .* or leave “contempt” out"):
        imported(files)
    dataset = imported(files, ImportOptions(leave_out=("Contempt",)))
    assert dataset.meta["notes"] == ["3 images of “contempt” were left out, as asked for."]
    assert len(dataset) == 28
    assert_told(dataset)


def test_so_is_a_number_that_is_none_of_the_seven(tmp_path):
    line = f"7,{' '.join(['9'] * 2304)},Training"
    (tmp_path / "x.csv").write_text(table(",", extra=(line,)))
    with pytest.raises(DatasetError, match="To import without it, leave “7” out"):
        import_dataset(tmp_path / "x.csv", tmp_path / "data")
    dataset = import_dataset(tmp_path / "x.csv", tmp_path / "data", options=ImportOptions(leave_out=("7",)))
    assert dataset.meta["notes"] == ["1 image of “7” was left out, as asked for."]
    assert_told(dataset)


def test_a_pipe_and_a_device_are_not_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "fer2013.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    for name in ("fer2013.csv", "zero.csv"):
        with pytest.raises(DatasetError, match="is a pipe or a device"):
            import_dataset(tmp_path / name, tmp_path / "data")


def test_enormous_pictures_end_before_they_take_minutes(imported, png):
    files = {f"train/sad/{n:03d}.png": png(np.full((4100, 4100), n, np.uint8)) for n in range(1)}
    with pytest.raises(DatasetError, match=r"“train/sad/000\.png” is a picture of 4,100 x 4,100 pixels, too large"):
        imported(files)
