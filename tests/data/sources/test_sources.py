"""Importing whole sources, in every layout."""

from pathlib import Path

import numpy as np
import pytest

from ferdash.data.dataset import list_datasets, open_dataset
from ferdash.data.sources import default_name, import_dataset
from ferdash.emotions import EMOTIONS, FER2013_CSV_LABELS
from ferdash.errors import DatasetError

USAGES = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}
FER_PLUS_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def csv_of(images, labels, splits, header="emotion,pixels,Usage") -> bytes:
    lines = [header]
    for image, label, split in zip(images, labels, splits, strict=True):
        number = FER2013_CSV_LABELS.index(EMOTIONS[label])
        lines.append(f"{number},{' '.join(map(str, image.ravel()))},{USAGES[split]}")
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture
def table(noise_faces):
    """Images, labels and splits of a small fer2013.csv."""
    return noise_faces(9), np.array([3, 0, 4, 5, 1, 6, 2, 3, 3]), ["train"] * 5 + ["validation"] * 2 + ["test"] * 2


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "data"


def assert_nothing_left(root: Path) -> None:
    assert not root.exists() or not list(root.iterdir())


# --- pictures -------------------------------------------------------------------------------------------------------


def test_kaggle_layout_keeps_the_official_halves(kaggle_files, tmp_path, root, write_zip):
    dataset = import_dataset(write_zip(tmp_path / "fer2013.zip", kaggle_files), root)
    assert dataset.name == "fer2013"
    assert dataset.meta["notes"] == []
    counts = dataset.counts()
    assert counts["train"].to_dict() | {} == dict.fromkeys(EMOTIONS, 0) | {"angry": 4, "happy": 4}
    assert counts["validation"][["sad", "happy"]].tolist() == [1, 1]
    assert counts["test"]["fear"] == 1


@pytest.mark.parametrize("prefix", ["", "archive/", "a/b c/fer2013/"])
def test_zip_folder_nesting_and_order_give_one_hash(kaggle_files, tmp_path, root, write_zip, write_folder, prefix):
    expected = import_dataset(write_zip(tmp_path / "x.zip", kaggle_files), root, "expected").hash
    nested = {prefix + name: content for name, content in reversed(kaggle_files.items())}
    nested["__MACOSX/train/angry/._a.jpg"] = b"dropping"
    assert import_dataset(write_zip(tmp_path / "y.zip", nested), root, "zip").hash == expected
    assert import_dataset(write_folder(tmp_path / "y", nested), root, "folder").hash == expected


def test_a_test_folder_without_official_names_stays_test(noise_faces, png, tmp_path, root, write_zip):
    images = noise_faces(40)
    images[1] = images[0]
    names = [f"train/happy/{n}.png" for n in range(30)] + [f"test/happy/{n}.png" for n in range(10)]
    dataset = import_dataset(
        write_zip(tmp_path / "x.zip", {n: png(i) for n, i in zip(names, images, strict=True)}), root
    )
    assert [len(dataset.rows(split)) for split in ("train", "validation", "test")] == [27, 3, 10]
    assert dataset.meta["notes"] == [
        "The source has no validation split, so 3 of its 30 training images were taken for it: 10% of each emotion, "
        "identical images always together.",
        "2 of the 40 images have the same pixels as another one, such as “train/happy/0.png” and “train/happy/1.png”.",
    ]
    twins = dataset.table[dataset.table["source"].isin(["train/happy/0.png", "train/happy/1.png"])]
    assert twins["split"].nunique() == 1


def test_every_copy_of_a_picture_counts_as_having_a_twin(noise_faces, png, tmp_path, root, write_zip):
    images = noise_faces(12)
    images[4], images[9], images[7] = images[2], images[2], images[6]  # three of one face, and two of another
    files = {
        f"{split}/sad/{n:02}.png": png(i)
        for split, n, i in zip(["train"] * 10 + ["val"] * 2, range(12), images, strict=True)
    }
    (note,) = import_dataset(write_zip(tmp_path / "x.zip", files), root).meta["notes"]
    assert note == (
        "5 of the 12 images have the same pixels as another one, such as “train/sad/02.png” and “train/sad/04.png”."
    )


def test_a_folder_per_emotion_is_split(noise_faces, png, tmp_path, root, write_folder):
    files = {
        f"{e}/{n}.png": png(noise_faces(1, hash((i, n)) % 2**32)[0]) for i, e in enumerate(EMOTIONS) for n in range(10)
    }
    dataset = import_dataset(write_folder(tmp_path / "My faces", files), root)
    assert dataset.name == "My-faces"
    assert (dataset.counts() == [8, 1, 1]).all(axis=None)
    assert "80% train, 10% validation, 10% test" in dataset.meta["notes"][0]


def test_synonyms_name_emotions_too(noise_faces, png, tmp_path, root, write_folder):
    files = {f"train/{e}/1.png": png(noise_faces(1)[0]) for e in ("Anger", "HAPPINESS", "surprised")}
    dataset = import_dataset(write_folder(tmp_path / "x", files | {"val/fear/1.png": png(noise_faces(1)[0])}), root)
    assert sorted(EMOTIONS[label] for label in dataset.labels) == ["angry", "fear", "happy", "surprise"]


def test_what_was_left_out_or_resized_is_noted(noise_faces, png, tmp_path, root, write_folder):
    files = {"train/sad/a.png": png(np.zeros((96, 80), np.uint8)), "val/sad/b.png": png(noise_faces(1)[0])}
    dataset = import_dataset(write_folder(tmp_path / "x", files | {"README.txt": b"hello"}), root)
    assert dataset.meta["notes"] == [
        "1 file that is no picture was left out: “README.txt”.",
        "1 picture was resized to 48 x 48 pixels. 1 of them is not square; the border goes on to the square around it.",
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train/bored/a.png", None, r"“train/bored/a\.png” lies in the folder “bored”, which is none of the seven"),
        ("a.png", None, r"“a\.png” lies in no folder"),
        ("happy/a.png", None, r"“happy/a\.png” lies in no split, while other pictures lie in train"),
        ("train/angry/text.jpg", b"not a picture", r"“train/angry/text\.jpg” is not a picture that can be read"),
        ("train/angry/../../../evil.png", None, "points outside the archive"),
    ],
)
def test_a_bad_picture_ends_the_import_and_leaves_nothing(
    kaggle_files, noise_faces, png, tmp_path, root, write_zip, name, content, message
):
    path = write_zip(tmp_path / "x.zip", kaggle_files | {name: content or png(noise_faces(1)[0])})
    with pytest.raises(DatasetError, match=message):
        import_dataset(path, root)
    assert_nothing_left(root)


def test_progress_reaches_the_number_of_images(kaggle_files, tmp_path, root, write_zip):
    calls = []
    import_dataset(write_zip(tmp_path / "x.zip", kaggle_files), root, progress=lambda *call: calls.append(call))
    assert calls[-1] == (11, 11)
    assert calls == sorted(calls)


# --- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["emotion,pixels,Usage", "emotion, pixels, Usage", "\ufeffEmotion , Pixels,usage"])
def test_csv_has_the_official_numbering(table, tmp_path, root, write_folder, header):
    images, labels, splits = table
    write_folder(tmp_path, {"fer2013.csv": csv_of(*table, header=header)})
    dataset = import_dataset(tmp_path / "fer2013.csv", root)
    place = {bytes(image.tobytes()): row for row, image in enumerate(dataset.images)}
    for image, label, split in zip(images, labels, splits, strict=True):
        row = place[image.tobytes()]
        assert (dataset.labels[row], dataset.table["split"][row]) == (label, split)


def test_column_order_of_icml_face_data(table, tmp_path, root, write_folder):
    lines = csv_of(*table).decode().splitlines()
    turned = ["emotion, Usage, pixels", *[",".join(np.array(line.split(","))[[0, 2, 1]]) for line in lines[1:]]]
    write_folder(tmp_path, {"a.csv": csv_of(*table), "icml_face_data.csv": "\n".join(turned).encode()})
    assert import_dataset(tmp_path / "icml_face_data.csv", root).hash == import_dataset(tmp_path / "a.csv", root).hash


def test_csv_and_pictures_with_the_same_pixels_have_one_hash(table, png, tmp_path, root, write_folder, write_zip):
    images, labels, splits = table
    pictures = {
        f"{split}/{EMOTIONS[label]}/{row:03d}.png": png(image)
        for row, (image, label, split) in enumerate(zip(images, labels, splits, strict=True))
    }
    zipped_csv = write_zip(tmp_path / "csv.zip", {"fer2013/fer2013.csv": csv_of(*table), "fer2013/README": b"text"})
    assert import_dataset(write_folder(tmp_path / "p", pictures), root).hash == import_dataset(zipped_csv, root).hash


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7,{pixels},Training", "Line 3 of “fer2013.csv” has the emotion “7”; FER2013's are the numbers 0 to 6"),
        ("happy,{pixels},Training", "Line 3 .* has the emotion “happy”"),
        ("3,{pixels},Tuesday", "Line 3 .* has the Usage “Tuesday”"),
        ("3,1 2 3,Training", "Line 3 .* has 3 pixels instead of 2,304"),
        ("3,{pixels} x,Training", "Line 3 .* has a pixel that is no whole number from 0 to 255"),
        ("3,{pixels} 256,Training", "Line 3 .* has a pixel that is no whole number from 0 to 255"),
        ("3,{pixels}", "Line 3 .* has 2 fields instead of 3"),
        ('3,"{long}",Training', "Line 3 .* is not CSV text"),
        ("5" * 5000 + ",{pixels},Training", "Line 3 .* has the emotion “555"),
        (
            "3,{large},Training",
            "Line 3 .* has 50,176 pixels instead of 2,304; these are 224 x 224, FER2013's are 48 x 48",
        ),
    ],
)
def test_a_malformed_line_is_named_by_its_number(table, tmp_path, root, write_folder, line, message):
    lines = csv_of(*table).decode().splitlines()
    pixels = " ".join(["0"] * 2304)
    lines[2] = line.format(pixels=pixels, long="0" * 2_100_000, large=" ".join(["0"] * 224 * 224))
    write_folder(tmp_path, {"fer2013.csv": "\n".join(lines).encode()})
    with pytest.raises(DatasetError, match=message):
        import_dataset(tmp_path / "fer2013.csv", root)
    assert_nothing_left(root)


def test_bytes_that_are_no_text_are_named(table, tmp_path, root, write_folder):
    write_folder(tmp_path, {"fer2013.csv": csv_of(*table) + b"\xff\xfe"})
    with pytest.raises(DatasetError, match=r"“fer2013\.csv” is not text after line \d+"):
        import_dataset(tmp_path / "fer2013.csv", root)
    assert_nothing_left(root)


def test_a_csv_without_the_columns_is_refused(tmp_path, root, write_folder):
    write_folder(tmp_path, {"faces.csv": b"emotion,pixels\n1,2\n"})
    with pytest.raises(DatasetError, match=r"“faces\.csv” has no column usage; fer2013\.csv has"):
        import_dataset(tmp_path / "faces.csv", root)


def test_a_csv_with_no_line_is_refused(tmp_path, root, write_folder):
    write_folder(tmp_path, {"fer2013.csv": b"emotion,pixels,Usage\n"})
    with pytest.raises(DatasetError, match="No image was found there"):
        import_dataset(tmp_path / "fer2013.csv", root)
    assert_nothing_left(root)


def test_the_larger_table_is_read(table, tmp_path, root, write_zip):
    small = csv_of(*[part[:2] for part in table])
    path = write_zip(tmp_path / "challenge.zip", {"a/example.csv": small, "b/icml_face_data.csv": csv_of(*table)})
    assert len(import_dataset(path, root)) == 9


# --- votes ----------------------------------------------------------------------------------------------------------


def fer_plus(names, votes) -> bytes:
    rows = [f"Training,{name},{','.join(map(str, row))}" for name, row in zip(names, votes, strict=True)]
    return "\n".join([FER_PLUS_HEADER, *rows]).encode()


VOTES = [[1, 9, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 5, 5, 0]] + [[0, 0, 0, 2, 6, 0, 2, 0, 0, 0]] * 7


@pytest.mark.parametrize("where", ["beside", "in the zip", "beside the zip"])
def test_votes_belong_to_the_rows_of_the_csv(table, tmp_path, root, write_folder, write_zip, where):
    votes = fer_plus(["fer0000000.png", ""] + ["x.png"] * 7, VOTES)
    files = {"fer2013.csv": csv_of(*table), "fer2013new.csv": votes}
    if where == "beside":
        path = write_folder(tmp_path, files) / "fer2013.csv"
    elif where == "in the zip":
        path = write_zip(tmp_path / "x.zip", files)
    else:
        path = write_zip(tmp_path / "x.zip", {"fer2013.csv": files["fer2013.csv"]})
        write_folder(tmp_path, {"fer2013new.csv": votes})
    dataset = import_dataset(path, root)
    row_of = {source.rsplit("fer", 1)[1]: row for row, source in enumerate(dataset.table["source"])}
    # Canonical order: angry, disgust, fear, happy, neutral, sad, surprise; then contempt, unknown, not a face.
    assert dataset.votes[row_of["0000000.png"]].tolist() == [0, 0, 0, 9, 1, 0, 0, 0, 0, 0]
    assert dataset.votes[row_of["0000001.png"]].tolist() == [0, 0, 0, 0, 0, 0, 0, 5, 5, 0]
    assert dataset.votes[row_of["0000002.png"]].tolist() == [6, 0, 2, 0, 0, 2, 0, 0, 0, 0]


def test_votes_match_pictures_by_name(noise_faces, png, tmp_path, root, write_folder):
    files = {f"train/happy/fer000000{n}.jpg": png(face) for n, face in enumerate(noise_faces(3))}
    files |= {"val/sad/other.png": png(noise_faces(1, 9)[0])}
    files["fer2013new.csv"] = fer_plus(["fer0000002.png", "fer0000000.png"], [VOTES[0], VOTES[2]])
    dataset = import_dataset(write_folder(tmp_path / "x", files), root)
    assert dataset.votes.any(axis=1).tolist() == [True, False, True, False]
    assert dataset.votes[2, EMOTIONS.index("happy")] == 9


def test_votes_that_match_no_picture_are_left_out_with_a_note(kaggle_files, tmp_path, root, write_zip):
    files = kaggle_files | {"fer2013new.csv": fer_plus(["fer0000002.png"], VOTES[:1])}
    dataset = import_dataset(write_zip(tmp_path / "x.zip", files), root)
    assert dataset.votes is None
    assert dataset.meta["notes"] == [
        "The votes in “fer2013new.csv” were left out: none of its image names occurs among the pictures."
    ]


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (fer_plus(["a.png"], VOTES[:1]), "“fer2013new.csv” has votes for 1 images, but there are 9"),
        (b"Usage,Image name,neutral\n", "“fer2013new.csv” lacks the column anger"),
        (b"", "“fer2013new.csv” is not a CSV file"),
    ],
)
def test_wrong_votes_are_named(table, tmp_path, root, write_folder, votes, message):
    write_folder(tmp_path, {"fer2013.csv": csv_of(*table), "fer2013new.csv": votes})
    with pytest.raises(DatasetError, match=message):
        import_dataset(tmp_path / "fer2013.csv", root)
    assert_nothing_left(root)


# --- altered copies -------------------------------------------------------------------------------------------------


def test_an_altered_copy_of_fer2013_is_told_at_import(kaggle_files, tmp_path, root, write_zip, monkeypatch):
    monkeypatch.setattr("ferdash.data.alterations.has_counts_of_fer2013", lambda *_: True)  # noise is as good as that
    dataset = import_dataset(write_zip(tmp_path / "x.zip", kaggle_files), root)
    assert dataset.altered.startswith("This is an altered copy of FER2013. Sharpened")
    assert dataset.meta["notes"] == [dataset.altered]


# --- names ----------------------------------------------------------------------------------------------------------


def test_a_source_without_faces_is_refused(tmp_path, root, write_folder):
    with pytest.raises(DatasetError, match=r"“x” holds neither pictures nor a table like fer2013\.csv"):
        import_dataset(write_folder(tmp_path / "x", {"notes.txt": b""}), root)


def test_a_taken_name_is_refused_before_anything_is_read(kaggle_files, tmp_path, root, write_zip):
    path = write_zip(tmp_path / "x.zip", kaggle_files)
    first = import_dataset(path, root)
    with pytest.raises(DatasetError, match="There is already a dataset called “x”"):
        import_dataset(path, root, progress=lambda *_: pytest.fail("it was read"))
    assert list_datasets(root) == ["x"]
    assert open_dataset(root, "x").hash == first.hash


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("fer2013.zip", "fer2013"),
        ("a/faces.v2", "faces.v2"),
        ("Mes visages (été).zip", "Mes-visages-t"),
        ("???", "faces"),
    ],
)
def test_default_name(path, name):
    assert default_name(Path(path)) == name
