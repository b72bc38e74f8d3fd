"""fer2013.csv and icml_face_data.csv: one line an image, its pixels as text, its split in the column Usage."""

import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ferdash.data.dataset import IMAGE_SIZE
from ferdash.data.sources.archive import Member
from ferdash.data.sources.faces import LEFT_OUT, Faces, left_out_notes
from ferdash.data.sources.options import DEFAULT_OPTIONS, ImportOptions
from ferdash.data.sources.split_names import settle_eval, split_named
from ferdash.emotions import EMOTIONS, FER2013_CSV_LABELS
from ferdash.errors import DatasetError

COLUMNS = ("emotion", "pixels", "usage")

_ODD_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}

MAX_FIELD = 2_000_000
"""Characters of one cell. 48 x 48 pixels take at most 9,216; a table of larger pictures is to be refused for that."""

_NUMBERS = {str(number): EMOTIONS.index(name) for number, name in enumerate(FER2013_CSV_LABELS)}

_REPORT_EVERY = 256


def is_face_table(member: Member) -> bool:
    """Whether this is a CSV file whose header names FER2013's columns."""
    return member.name.lower().endswith(".csv") and set(COLUMNS) <= set(_header(_first_line(member)))


def table_problem(member: Member) -> str | None:
    """Why a table like fer2013.csv cannot be read as it was saved, as a sentence; None where it is no such table."""
    if not member.name.lower().endswith((".csv", ".tsv", ".txt")):
        return None
    with member.open() as stream:
        head = stream.read(4096)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head[:200]:
        return f"“{member.name}” is text in UTF-16; save it as CSV in UTF-8 and import that."
    first = head.decode("utf-8-sig", errors="replace").partition("\n")[0]
    for mark, word in _ODD_SEPARATORS.items():
        if len({name.strip(' "\r').lower() for name in first.split(mark)} & set(COLUMNS)) > 1:
            return f"“{member.name}” separates its columns by {word}; save it with commas and import that."
    return None


def read_face_table(
    member: Member, progress: Callable[[int, int], None], options: ImportOptions = DEFAULT_OPTIONS
) -> Faces:
    """Read the whole table; `progress` is called with (images read, images in all as far as
    can be told from the bytes read).

    An image's source is `<Usage>/<emotion>/fer<row>.png`, with the name that FER+ gives that row. Raises DatasetError
    naming the line for anything that is not as FER2013 has it.
    """
    if problem := table_problem(member):
        raise DatasetError(problem)
    if missing := [column for column in COLUMNS if column not in _header(_first_line(member))]:
        raise DatasetError(
            f"“{member.name}” has no column {' or '.join(missing)}; fer2013.csv has emotion, pixels and Usage."
        )
    images, labels, sources = [], [], []
    splits: list[str | None] = []
    left_out: Counter[str] = Counter()
    bytes_read = 0
    for row, (line, fields) in enumerate(_lines(member)):
        where = f"Line {line} of “{member.name}”"
        images.append(_pixels(fields["pixels"], where))
        splits.append(_split(fields["usage"], where, options))
        if options.leaves_out(fields["emotion"]):
            labels.append(LEFT_OUT)
            left_out[fields["emotion"]] += 1
        else:
            labels.append(_label(fields["emotion"], where))
        sources.append(f"{fields['usage']}/{EMOTIONS[labels[-1]]}/fer{row:07d}.png")
        bytes_read += sum(map(len, fields.values())) + len(fields)
        if row % _REPORT_EVERY == 0:
            progress(row + 1, max(round((row + 1) * member.size / bytes_read), row + 1))
    progress(len(images), len(images))
    pixels = np.array(images, dtype=np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    settled = [split for split in settle_eval(splits) if split]
    return Faces(pixels, np.array(labels, dtype=np.int64), settled, sources, notes=left_out_notes(left_out))


def _first_line(member: Member) -> str:
    with member.open() as stream:
        # A file that is not text at all has no such header; what is wrong with it is for the caller to say.
        return io.TextIOWrapper(stream, "utf-8-sig", errors="replace").readline(4096)


def _header(line: str) -> list[str]:
    try:
        return [name.strip().lower() for name in next(csv.reader([line]), [])]
    except csv.Error:
        return []


def _lines(member: Member) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number in the file, from 1, and the three fields by column."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD))
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


def _label(emotion: str, where: str) -> int:
    """Position in EMOTIONS of a number of FER2013's."""
    if emotion not in _NUMBERS:
        raise DatasetError(
            f"{where} has the emotion “{emotion[:40]}”; FER2013's are the numbers 0 to 6. To import without it, leave "
            f"“{emotion[:40]}” out."
        )
    return _NUMBERS[emotion]


def _split(usage: str, where: str, options: ImportOptions) -> str:
    split = options.split_of(usage) or split_named(usage)
    if split is None:
        raise DatasetError(f"{where} has the Usage “{usage[:40]}”; it should be Training, PublicTest or PrivateTest.")
    return split


def _pixels(text: str, where: str) -> np.ndarray:
    """uint8 (48, 48)."""
    try:
        values = np.fromstring(text, dtype=np.int64, sep=" ")
    except ValueError:
        values = np.array([-1])
    if values.size and not 0 <= values.min() <= values.max() <= 255:
        raise DatasetError(f"{where} has a pixel that is no whole number from 0 to 255.")
    if values.size != IMAGE_SIZE**2:
        side = math.isqrt(values.size)
        square = side > IMAGE_SIZE and side**2 == values.size
        reason = f"these are {side} x {side}, FER2013's are 48 x 48" if square else "the file may be cut short"
        raise DatasetError(f"{where} has {values.size:,} pixels instead of {IMAGE_SIZE**2:,}; {reason}.")
    return values.astype(np.uint8).reshape(IMAGE_SIZE, IMAGE_SIZE)


def choose_table(tables: Sequence[Member]) -> Member:
    """The table to read where a source has several, as Kaggle's challenge has: the smallest name of the largest."""
    return min(tables, key=lambda member: (-member.size, member.name))
