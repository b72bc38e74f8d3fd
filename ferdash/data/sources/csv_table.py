"""fer2013.csv and icml_face_data.csv: one line an image, its pixels as text, its split in the column Usage."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ferdash.data.dataset import IMAGE_SIZE
from ferdash.data.sources.archive import Member
from ferdash.data.sources.faces import Faces
from ferdash.emotions import EMOTIONS, FER2013_CSV_LABELS
from ferdash.errors import DatasetError

COLUMNS = ("emotion", "pixels", "usage")

USAGE_SPLITS: dict[str, str] = {"training": "train", "publictest": "validation", "privatetest": "test"}

_REPORT_EVERY = 256


def is_face_table(member: Member) -> bool:
    """Whether this is a CSV file whose header names FER2013's columns."""
    return member.name.lower().endswith(".csv") and set(COLUMNS) <= set(_header(member))


def read_face_table(member: Member, progress: Callable[[int, int], None]) -> Faces:
    """Read the whole table; `progress` is called with (images read, images in all as far as
    can be told from the bytes read).

    An image's source is `<Usage>/<emotion>/fer<row>.png`, with the name that FER+ gives that row. Raises DatasetError
    naming the line for anything that is not as FER2013 has it.
    """
    if missing := [column for column in COLUMNS if column not in _header(member)]:
        raise DatasetError(
            f"“{member.name}” has no column {' or '.join(missing)}; fer2013.csv has emotion, pixels and Usage."
        )
    images, labels, splits, sources = [], [], [], []
    bytes_read = 0
    for row, (line, fields) in enumerate(_lines(member)):
        image, label, usage = _face(fields, f"Line {line} of “{member.name}”")
        images.append(image)
        labels.append(label)
        splits.append(USAGE_SPLITS[usage.lower()])
        sources.append(f"{usage}/{EMOTIONS[label]}/fer{row:07d}.png")
        bytes_read += sum(map(len, fields.values())) + len(fields)
        if row % _REPORT_EVERY == 0:
            progress(row + 1, max(round((row + 1) * member.size / bytes_read), row + 1))
    progress(len(images), len(images))
    pixels = np.array(images, dtype=np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    return Faces(pixels, np.array(labels, dtype=np.int64), splits, sources)


def _header(member: Member) -> list[str]:
    with member.open() as stream:
        # A file that is not text at all has no such header; what is wrong with it is for the caller to say.
        first = io.TextIOWrapper(stream, "utf-8-sig", errors="replace").readline(4096)
    return [name.strip().lower() for name in next(csv.reader([first]), [])]


def _lines(member: Member) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number in the file, from 1, and the three fields by column."""
    with member.open() as stream:
        reader = csv.reader(io.TextIOWrapper(stream, "utf-8-sig", newline=""))
        try:
            header = [name.strip().lower() for name in next(reader)]
            for values in reader:
                if len(values) < len(header):
                    if not values:
                        continue
                    raise DatasetError(
                        f"Line {reader.line_num} of “{member.name}” has {len(values)} fields instead of {len(header)}; "
                        "the file may be cut short. Download it again."
                    )
                fields = dict(zip(header, values, strict=False))
                yield reader.line_num, {column: fields[column].strip() for column in COLUMNS}
        except csv.Error as error:
            raise DatasetError(
                f"Line {reader.line_num} of “{member.name}” is not CSV text ({error}). Download the file again."
            ) from error
        except UnicodeDecodeError as error:
            raise DatasetError(
                f"“{member.name}” is not text after line {reader.line_num} ({error.reason}). Download the file again."
            ) from error


def _face(fields: dict[str, str], where: str) -> tuple[np.ndarray, int, str]:
    """Pixels as uint8 (48, 48), position in EMOTIONS, and Usage as it stands."""
    emotion, pixels, usage = (fields[column] for column in COLUMNS)
    if not emotion.isdecimal() or int(emotion) >= len(FER2013_CSV_LABELS):
        raise DatasetError(f"{where} has the emotion “{emotion[:40]}”; FER2013's are the numbers 0 to 6.")
    if usage.lower() not in USAGE_SPLITS:
        raise DatasetError(f"{where} has the Usage “{usage[:40]}”; it should be Training, PublicTest or PrivateTest.")
    try:
        values = np.fromstring(pixels, dtype=np.int64, sep=" ")
    except ValueError:
        values = np.array([-1])
    if values.size and not 0 <= values.min() <= values.max() <= 255:
        raise DatasetError(f"{where} has a pixel that is no whole number from 0 to 255.")
    if values.size != IMAGE_SIZE**2:
        raise DatasetError(
            f"{where} has {values.size:,} pixels instead of {IMAGE_SIZE**2:,}; the file may be cut short."
        )
    image = values.astype(np.uint8).reshape(IMAGE_SIZE, IMAGE_SIZE)
    return image, EMOTIONS.index(FER2013_CSV_LABELS[int(emotion)]), usage


def choose_table(tables: Sequence[Member]) -> Member:
    """The table to read where a source has several, as Kaggle's challenge has: the smallest name of the largest."""
    return min(tables, key=lambda member: (-member.size, member.name))
