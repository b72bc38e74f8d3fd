"""FER+ votes: how ten raters each labelled every image of FER2013.

Barsoum, Zhang, Canton Ferrer, Zhang (2016), Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution. Their fer2013new.csv has one row for each row of fer2013.csv, in the same order.
"""

import io
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from ferdash.data.sources.archive import Member
from ferdash.data.votes import VOTE_CLASSES
from ferdash.errors import DatasetError

FILE_NAME = "fer2013new.csv"

COLUMN_OF: dict[str, str] = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprise": "surprise",
    "contempt": "contempt",
    "unknown": "unknown",
    "not_a_face": "nf",
}
"""FER+'s column, in small letters, for each of VOTE_CLASSES."""


def is_votes(member: Member) -> bool:
    """Whether this is FER+'s table of votes."""
    return PurePosixPath(member.name).name.lower() == FILE_NAME


def votes_by_row(member: Member, rows: int) -> np.ndarray:
    """uint8 (rows, 10) votes, for the rows of fer2013.csv in order. Raises DatasetError when the table has another
    number of rows."""
    table = _read(member)
    if len(table) != rows:
        raise DatasetError(
            f"“{member.name}” has votes for {len(table):,} images, but there are {rows:,}; "
            "it belongs to another version of fer2013.csv. Remove it, or use the complete fer2013.csv."
        )
    return _counts(table)


def votes_by_name(member: Member, sources: Sequence[str]) -> np.ndarray | None:
    """uint8 (len(sources), 10) votes, matched by image name whatever its folder and suffix; zeros where there are
    none. None when no name matches, as for Kaggle's images, which are named differently."""
    table = _read(member)
    # FER+ leaves the name empty for the images it removed, which is no reason to drop their votes.
    named = table["image name"].fillna("").map(lambda name: PurePosixPath(str(name).strip()).stem)
    position = {name: row for row, name in enumerate(named) if name}
    rows = np.array([position.get(PurePosixPath(source).stem, -1) for source in sources])
    if not (rows >= 0).any():
        return None
    return np.where((rows >= 0)[:, None], _counts(table)[rows], np.uint8(0))


def _read(member: Member) -> pd.DataFrame:
    try:
        table = pd.read_csv(io.BytesIO(member.read()))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DatasetError(f"“{member.name}” is not a CSV file ({error}). Download it again.") from error
    table.columns = [str(column).strip().lower() for column in table.columns]
    if missing := [column for column in (*COLUMN_OF.values(), "image name") if column not in table]:
        raise DatasetError(f"“{member.name}” lacks the column {missing[0]}; FER+'s {FILE_NAME} has it.")
    return table


def _counts(table: pd.DataFrame) -> np.ndarray:
    """The votes in the order of VOTE_CLASSES; a cell that is no number counts as no vote."""
    counts = table[[COLUMN_OF[name] for name in VOTE_CLASSES]].apply(pd.to_numeric, errors="coerce").fillna(0)
    found: np.ndarray = counts.clip(0, 255).to_numpy(dtype=np.uint8)
    return found
