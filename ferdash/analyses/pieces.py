"""The pieces of an analysis's frames table: Parquet files, each with the state of the tracker after its last frame.

Both are written in one step, so that no kill leaves one without the other.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ferdash.analyses.shapes import TRACKER_SHAPE
from ferdash.errors import AnalysisError
from ferdash.files import write_atomic
from ferdash.shapes import fitting
from ferdash.video.frame_table import COLUMNS

_TRACKER = b"ferdash.tracker"


def write_part(path: Path, table: pd.DataFrame, tracker: dict[str, Any] | None = None) -> None:
    """Write a frames table, and what the tracker knows after it. Raises OSError when the disk does not take it."""
    content = pa.Table.from_pandas(table.astype(COLUMNS), preserve_index=False)
    if tracker is not None:
        known = content.schema.metadata or {}
        content = content.replace_schema_metadata({**known, _TRACKER: json.dumps(tracker).encode()})
    write_atomic(path, lambda file: pq.write_table(content, file))


def read_part(path: Path) -> pd.DataFrame:
    """The rows of a piece. Raises AnalysisError when it cannot be read."""
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def count_frames(path: Path) -> int:
    """How many frames a piece holds. Raises AnalysisError when it cannot be read."""
    try:
        return int(pd.read_parquet(path, columns=["frame"])["frame"].nunique())
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def read_tracker(path: Path) -> dict[str, Any] | None:
    """What the tracker knew after a piece; None where it holds nothing of that. Raises AnalysisError when it cannot be
    read."""
    try:
        content = (pq.read_metadata(path).metadata or {}).get(_TRACKER)
        return None if content is None else fitting(json.loads(content), TRACKER_SHAPE)
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> AnalysisError:
    where = f"{path.parent.name}/{path.name} of analysis {path.parent.parent.name}"
    return AnalysisError(f"{where} cannot be read ({error}).")
