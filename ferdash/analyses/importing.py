"""Files of other programs as analyses: shown, compared and exported as ours are, and saying where they are from.

Beside what every analysis has, the folder holds imported/<file>, the file itself, and action_units.parquet where the
program measured some. `origin` in analysis.json says which program and file, by its hash.
"""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from ferdash.analyses.codings import read_codings, write_coding
from ferdash.analyses.foreign import boris, elan, libreface, openface, pyfeat
from ferdash.analyses.foreign.coded import ForeignCoding
from ferdash.analyses.foreign.tables import NO_EMOTIONS, ForeignTable, build, read_text_table
from ferdash.analyses.store import ANALYSES, Analysis, AnalysisRecord, create_analysis, delete
from ferdash.analyses.writer import AnalysisWriter
from ferdash.errors import AnalysisError, FerdashError
from ferdash.video.decoding import VideoInfo, probe

KEPT, ACTION_UNITS = "imported", "action_units.parquet"
TABLES = (pyfeat.FORMAT, libreface.FORMAT, openface.FORMAT)
CODED_FPS = 25.0
"""Frames a second of the time line of a coding without its video."""

READS = "a table of OpenFace, py-feat or LibreFace (CSV), a coding of ELAN (.eaf), or one of BORIS (.boris, CSV, TSV)"


def import_file(
    root: Path,
    path: Path,
    *,
    video: Path | None = None,
    keep_copy: bool = False,
    name: str = "",
    fps: float | None = None,
    coder: str = "",
) -> Analysis:
    """A new analysis of another program's file.

    video: what it is about, to be shown; keep_copy: also copied. fps: frames a second, for tables without times; the
    video's without it. coder: whose coding it is, where the file does not say.

    Raises AnalysisError when the file is none that ferdash reads, VideoError when the video cannot be read.
    """
    info = None if video is None else probe(video, fps=fps)
    read = read_file(path, fps=fps or (info.fps if info else None), coder=coder)
    frames = read.frames if isinstance(read, ForeignTable) else _timeline(read.end_s, info)
    _require_same_length(frames, info, path.name)
    origin = {**origin_of(path, read.tool), "values": getattr(read, "values", "codings"), "notes": read.notes}
    analysis = create_analysis(
        root,
        kind="imported",
        name=name or path.stem,
        source=video,
        keep_copy=keep_copy,
        video=(info or _facts(frames)).to_dict(),
        settings={"fps": fps} if fps else {},
        model_title=read.tool,
    )
    try:
        return _fill(analysis, path, read, frames, origin)
    except BaseException:
        delete(root, analysis.id)
        raise


def import_coding(analysis: Analysis, path: Path, *, coder: str = "") -> ForeignCoding:
    """Add the codings of a file to an analysis that is there already, in place of earlier ones of the same coders.

    Raises AnalysisError when it is no coding, or is about more people or a longer time than the analysis.
    """
    read = read_file(path, coder=coder)
    if isinstance(read, ForeignTable):
        raise AnalysisError(f"{path.name} is a table of {read.tool} and no coding; import it by itself.")
    duration_s = float((analysis.record.get("video") or {}).get("duration_s") or 0)
    if duration_s and read.end_s > 1.05 * duration_s + 1:
        raise AnalysisError(
            f"{path.name} codes until {read.end_s:.1f} s, but {analysis.name} ends at {duration_s:.1f} s; it is about "
            "another video."
        )
    _write_codings(analysis, read, origin_of(path, read.tool))
    return read


def read_file(path: Path, *, fps: float | None = None, coder: str = "") -> ForeignTable | ForeignCoding:
    """What a file holds, whichever program it is of. Raises AnalysisError when it is of none that ferdash reads."""
    if not path.is_file():
        raise AnalysisError(f"There is no file {path}.")
    if path.suffix.lower() == ".eaf":
        return elan.read(path, coder=coder)
    if path.suffix.lower() == ".boris" or boris.is_export(path):
        return boris.read(path, coder=coder)
    table = read_text_table(path)
    if table.empty:
        raise AnalysisError(f"{path.name} has no row.")
    for known in TABLES:
        if known.has(set(table.columns)):
            return known.read(table, fps, path.name)
    some = ", ".join(list(table.columns)[:6])
    raise AnalysisError(f"{path.name} has the columns {some} …; ferdash reads {READS}.")


def origin_of(path: Path, tool: str) -> dict[str, Any]:
    """Which program and file: tool, name, bytes, sha256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"tool": tool, "name": path.name, "bytes": path.stat().st_size, "sha256": digest}


def action_units(analysis: Analysis) -> pd.DataFrame | None:
    """What another program measured of muscles: frame, timestamp_s, track, then a column a unit; None for nothing.
    Raises AnalysisError when it cannot be read."""
    path = analysis.folder / ACTION_UNITS
    try:
        return pd.read_parquet(path) if path.is_file() else None
    except (OSError, ValueError) as error:
        raise AnalysisError(f"The action units of {analysis.name} cannot be read ({str(error)[:160]}).") from error


def _fill(
    analysis: Analysis, path: Path, read: ForeignTable | ForeignCoding, frames: pd.DataFrame, origin: dict[str, Any]
) -> Analysis:
    (analysis.folder / KEPT).mkdir()
    shutil.copyfile(path, analysis.folder / KEPT / path.name)
    if isinstance(read, ForeignCoding):
        _write_codings(analysis, read, {name: origin[name] for name in ("tool", "name", "sha256")})
    elif read.action_units is not None:
        read.action_units.to_parquet(analysis.folder / ACTION_UNITS)
    record = ANALYSES.write_record(analysis.folder, {**analysis.record, "origin": origin})
    imported = Analysis(analysis.folder, cast(AnalysisRecord, record))
    writer = AnalysisWriter(imported)
    writer.append(frames)
    try:
        _thumbnails(imported, writer, frames)
    except FerdashError as error:
        origin["notes"].append(f"There is no picture of the people, as the video cannot be read: {error}")
    writer.finish("done", note=" ".join(origin["notes"]))
    return imported


def _write_codings(analysis: Analysis, read: ForeignCoding, origin: dict[str, Any]) -> None:
    known = {coding.coder.casefold() for coding in read_codings(analysis) if coding.origin is None}
    for coding in read.codings:
        if coding.coder.casefold() in known:
            raise AnalysisError(
                f"{analysis.name} has a coding by {coding.coder} already, made here; give the imported one another "
                "name (--coder)."
            )
    for coding in read.codings:
        write_coding(analysis, replace(coding, origin={name: origin[name] for name in ("tool", "name", "sha256")}))


def _thumbnails(analysis: Analysis, writer: AnalysisWriter, frames: pd.DataFrame) -> None:
    """A picture of each person where their box is largest."""
    if analysis.source() is None:
        return
    boxed = frames[frames["track"].notna() & frames["x0"].notna()]
    sides = (boxed["x1"] - boxed["x0"]).groupby(boxed["track"])
    for track, row in sides.idxmax().items():
        chosen = boxed.loc[row]
        box = tuple(float(chosen[column]) for column in ("x0", "y0", "x1", "y1"))
        writer.thumbnail(int(track), analysis.image(int(chosen["frame"])), cast(Any, box))


def _timeline(end_s: float, info: VideoInfo | None) -> pd.DataFrame:
    """Frames without results, of the video or of the coded time."""
    fps = info.fps if info else CODED_FPS
    count = info.frames if info else max(1, int(np.ceil(end_s * fps)))
    frame = pd.Series(range(count))
    nobody = pd.Series(pd.NA, index=frame.index, dtype="Int64")
    return build(frame, frame / fps, nobody, reason=np.full(count, NO_EMOTIONS, dtype=object))


def _facts(frames: pd.DataFrame) -> VideoInfo:
    """What a table says of its video."""
    steps = np.diff(np.unique(frames["timestamp_s"]))
    fps = 1 / float(np.median(steps)) if len(steps) else CODED_FPS
    last_s, count = float(frames["timestamp_s"].max()), int(frames["frame"].max()) + 1
    return VideoInfo("", 0, 0, fps=fps, frames=count, duration_s=last_s + 1 / fps, rotation=0, codec="")


def _require_same_length(frames: pd.DataFrame, info: VideoInfo | None, name: str) -> None:
    if info is None or not len(frames):
        return
    last_s = float(frames["timestamp_s"].max())
    if last_s > 1.05 * info.duration_s + 1:
        raise AnalysisError(
            f"{name} goes on until {last_s:.1f} s, but {info.name} ends at {info.duration_s:.1f} s; it is about "
            "another video, or counts other frames."
        )
