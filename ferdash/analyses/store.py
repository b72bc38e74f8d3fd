"""Analyses over time: each is a folder, written as it goes, and the folder is the truth.

analysis.json      written once, its name apart: format, kind, source, video, settings, model, detector, versions
status.json        state, progress, heartbeat, owner, timings, engine; replaced in one step by whoever is at work
frames/            part-00000.parquet ...: the frames table in pieces, each complete or not there, and in each what the
                   tracker knew after it, so that a resume makes of the rest what it would have been
thumbs/            track-1.jpg ...: a face of each person
source.<ext>       the video itself, where a copy was asked for; photos/ for those of an image sequence
codings/           a file for each person who coded what they saw, see `ferdash.analyses.codings`
imported/          the file of another program that it was read from, see `ferdash.analyses.importing`
marks.json         frames that a person marked and named
baseline.json      frames in which a person said a track looks neutral
"""

import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, TypedDict, cast, get_args

import numpy as np
import pandas as pd

from ferdash import __version__, former_names
from ferdash.analyses.pieces import read_part, read_tracker
from ferdash.analyses.shapes import BASELINE_FILE, SHAPES
from ferdash.analyses.sources import describe, require_same
from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.files import reason_of, write_atomic
from ferdash.leftovers import workspace
from ferdash.pictures import read_image
from ferdash.records import FolderKind, Status
from ferdash.video.decoding import frame_at
from ferdash.video.frame_table import COLUMNS, REASONS, frames_table

Kind = Literal["video", "sequence", "live", "imported"]
State = Literal["queued", "running", "done", "stopped", "failed", "interrupted", "damaged"]

AT_WORK = ("queued", "running")
ANALYSES = FolderKind(
    noun="analysis",
    nouns="analyses",
    listing="ferdash analyses list",
    record="analysis.json",
    files=("analysis.json", former_names.ANALYSIS, "status.json"),
    at_work=AT_WORK,
    error=AnalysisError,
    shapes=SHAPES,
)
_VERSIONS = ("numpy", "opencv-python-headless", "av", "torch")


class AnalysisRecord(TypedDict, total=False):
    """analysis.json. source: path, name, size, hash, and the names of photos; None for a recording. video: facts of it,
    as `VideoInfo.to_dict`. settings: as `AnalysisSettings.to_dict`. model, detector: references. origin: of what was
    imported: tool, name, bytes and sha256 of the file, what its values are, and notes."""

    format: int
    created_at: str
    name: str
    kind: str
    source: dict[str, Any] | None
    video: dict[str, Any] | None
    settings: dict[str, Any]
    model: str
    model_title: str
    detector: str
    versions: dict[str, str]
    origin: dict[str, Any]


@dataclass(frozen=True)
class Analysis:
    """An analysis's folder and the content of its analysis.json."""

    folder: Path
    record: AnalysisRecord

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def name(self) -> str:
        return str(self.record.get("name") or self.id)

    @property
    def kind(self) -> str:
        return str(self.record.get("kind", ""))

    @property
    def info(self) -> dict[str, Any]:
        """analysis.json with the present status.json: state, progress, error, timings and the rest. An analysis that
        cannot be read has the state `damaged`, and `error` says why."""
        try:
            status = read_status(self.folder)
            record = self.record or _read_record(self.folder)
            if status.get("state") not in get_args(State):
                raise AnalysisError(
                    f"status.json of {self.id} holds the state “{status.get('state')}”, which ferdash does not know."
                )
            return {"id": self.id, **record, **status}
        except AnalysisError as error:
            return {"id": self.id, **self.record, "state": "damaged", "error": str(error)}

    @property
    def state(self) -> str:
        return str(self.info["state"])

    def frames(self) -> pd.DataFrame:
        """The frames table as far as it is written. Raises AnalysisError when a piece cannot be read."""
        tables = [read_part(path) for path in self.parts()]
        if not tables:
            return frames_table([])
        try:
            # An analysis made before a column was there has no value in it.
            table = pd.concat(tables, ignore_index=True).reindex(columns=list(COLUMNS)).astype(COLUMNS)
            _require_sane(table)
        except (KeyError, ValueError, TypeError, OverflowError, ArithmeticError) as error:
            raise AnalysisError(
                f"The frames of analysis {self.id} hold something else than ferdash writes there ({str(error)[:160]}). "
                "Analyse the video again."
            ) from error
        return table

    def last_frame(self) -> int | None:
        """Index of the last frame that is written; None before the first."""
        parts = self.parts()
        return int(read_part(parts[-1])["frame"].max()) if parts else None

    def tracker_state(self) -> dict[str, Any] | None:
        """What the tracker knew after the last piece, as in `Chunk`; None before the first, or where it is not known.
        Raises AnalysisError when it cannot be read."""
        if (parts := self.parts()) and (state := read_tracker(parts[-1])) is not None:
            return state
        path = self.folder / former_names.TRACKER
        return ANALYSES.read(path) if path.is_file() else None

    def marks(self) -> list[dict[str, Any]]:
        """The named frames in order: frame, timestamp_s, name."""
        path = self.folder / "marks.json"
        return list(ANALYSES.read(path)["marks"]) if path.is_file() else []

    def neutral(self) -> dict[int, list[int]]:
        """For each track the frames in which a person said that it looks neutral."""
        path = self.folder / BASELINE_FILE
        if not path.is_file():
            path = self.folder / former_names.BASELINE
        tracks = ANALYSES.read(path)["tracks"] if path.is_file() else {}
        return {int(track): frames for track, frames in tracks.items() if track.isdecimal() and len(track) < 10}

    def thumbnail(self, track: int) -> Path | None:
        """A picture of the person, if there is one."""
        path = self.folder / "thumbs" / f"track-{track}.jpg"
        return path if path.is_file() else None

    def source(self) -> Path | None:
        """The video: the copy in the folder, else where it was; None where neither is there, and for a sequence."""
        if copies := sorted(self.folder.glob("source.*")):
            return copies[0]
        path = (self.record.get("source") or {}).get("path")
        return Path(path) if self.kind in ("video", "imported") and path and Path(path).is_file() else None

    def image(self, frame: int) -> np.ndarray:
        """uint8 RGB of a frame, upright, as it was analysed.

        Raises AnalysisError when the source is gone or was never kept, VideoError or ImageError when it cannot be read.
        """
        if self.kind == "sequence":
            photos = sorted((self.folder / "photos").glob(f"{frame:05d}.*"))
            if not photos:
                raise AnalysisError(f"{self.name} has no photo number {frame}.")
            names = (self.record.get("source") or {}).get("photos", [])
            return read_image(photos[0], names[frame] if frame < len(names) else None)
        return frame_at(self.video_file(), frame)

    def video_file(self, *, thorough: bool = False) -> Path:
        """`source`, which has to be there and to be what was analysed, by its size, or by its content where thorough.
        Raises AnalysisError where it is not."""
        path, described = self.source(), self.record.get("source") or {}
        if path is None:
            where = described.get("path")
            gone = f"its video is no longer at {where}; put it back there" if where else "its pictures were not kept"
            raise AnalysisError(f"{self.name} has no pictures: {gone}.")
        require_same(path, described, thorough=thorough)
        return path

    def parts(self) -> list[Path]:
        return sorted((self.folder / "frames").glob("part-*.parquet"))


def create_analysis(
    root: Path,
    *,
    kind: Kind,
    name: str = "",
    source: Path | None = None,
    keep_copy: bool = False,
    photos: list[tuple[str, bytes]] | None = None,
    video: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    model: str = "",
    model_title: str = "",
    detector: str = "",
) -> Analysis:
    """Make the folder of a new analysis under `root`, in the state queued.

    source: the video; with `keep_copy` it is copied into the folder. photos: names and file contents of an image
    sequence, in order; they are kept. video: facts of the video, as `VideoInfo.to_dict`.

    Raises AnalysisError when the folder cannot be written.
    """
    folder = root / ANALYSES.new_id(name or (source.stem if source else kind))
    record = {
        "name": name or (source.stem if source else ""),
        "kind": kind,
        "source": describe(source, photos),
        "video": video,
        "settings": settings or {},
        "model": model,
        "model_title": model_title,
        "detector": detector,
        "versions": _versions(),
    }
    try:
        root.mkdir(parents=True, exist_ok=True)
        with workspace(root, "creating") as place:
            draft = place / folder.name
            for part in ("frames", "thumbs"):
                (draft / part).mkdir(parents=True)
            if source is not None and keep_copy:
                write_atomic(draft / f"source{source.suffix.lower()}", lambda file: _copy(source, file))
            for number, (photo, content) in enumerate(photos or []):
                (draft / "photos").mkdir(exist_ok=True)
                write_atomic(draft / "photos" / f"{number:05d}{Path(photo).suffix.lower()}", _writing(content))
            write_status(draft, state="queued")
            written = ANALYSES.write_record(draft, record)
            draft.rename(folder)
    except OSError as error:
        raise AnalysisError(f"An analysis cannot be written to {root} ({reason_of(error)}).") from error
    return Analysis(folder, cast(AnalysisRecord, written))


def open_analysis(root: Path, analysis_id: str) -> Analysis:
    """An existing analysis. Raises AnalysisError when it is missing or its analysis.json cannot be read."""
    folder = ANALYSES.folder(root, analysis_id)
    return Analysis(folder, _read_record(folder))


def list_analyses(root: Path) -> list[Analysis]:
    """All analyses, newest first; damaged ones too, whose `info` says so."""
    analyses = []
    for analysis_id in ANALYSES.ids(root):
        try:
            analyses.append(open_analysis(root, analysis_id))
        except AnalysisError:
            analyses.append(Analysis(root / analysis_id, {}))  # `info` reads it again and tells
    return analyses


def find_analysis(root: Path, text: str) -> Analysis:
    """The analysis that a person means: its id, the start or the end of it, or its name, as long as only one fits.
    Raises AnalysisError otherwise."""
    return open_analysis(root, ANALYSES.find(root, text, lambda folder: open_analysis(root, folder.name).name))


def rename(root: Path, analysis_id: str, name: str) -> Analysis:
    """Give the analysis a name; an empty one takes it away. Raises AnalysisError when there is no such analysis."""
    analysis = open_analysis(root, analysis_id)
    record = {**analysis.record, "name": " ".join(name.split())}
    return Analysis(analysis.folder, cast(AnalysisRecord, ANALYSES.write_record(analysis.folder, record)))


def delete(root: Path, analysis_id: str) -> None:
    """Remove the analysis's folder for good, a damaged one too; a video that was not copied stays where it is.

    Raises AnalysisError when it waits or is at work, when it is none of ours, or cannot be removed.
    """
    ANALYSES.delete(root, analysis_id)


def write_status(folder: Path, *, state: State, **facts: Any) -> None:
    """Replace status.json; heartbeat and owner are added."""
    ANALYSES.write_status(folder, state=state, **facts)


def read_status(folder: Path) -> Status:
    """status.json, with `state` turned into `interrupted` when an analysis claims to be at work and nobody is.

    Raises AnalysisError when it cannot be read.
    """
    return ANALYSES.read_status(folder)


def _read_record(folder: Path) -> AnalysisRecord:
    former = folder / former_names.ANALYSIS
    path = folder / ANALYSES.record
    record = ANALYSES.read(former if former.is_file() and not path.is_file() else path)
    kind = str(record.get("kind", ""))
    return cast(AnalysisRecord, {**record, "kind": former_names.KINDS.get(kind, kind)})


def _versions() -> dict[str, str]:
    found = {"ferdash": __version__}
    for package in _VERSIONS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue  # another build of the same library, such as opencv-python
    return found


def _copy(source: Path, file: Any) -> None:
    with source.open("rb") as content:
        shutil.copyfileobj(content, file, 1 << 20)


def _writing(content: bytes) -> Any:
    return lambda file: file.write(content)


def _require_sane(table: pd.DataFrame) -> None:
    """Raise ValueError for numbers that no frame has, and for a frame without them that does not say why."""
    bounds = {"frame": (0, 1e9), "timestamp_s": (-1e9, 1e9), **dict.fromkeys(EMOTIONS, (0, 1.001))}
    for name, (low, high) in bounds.items():
        values = table[name].dropna() if name in EMOTIONS else table[name]
        if not values.between(low, high).all():
            raise ValueError(f"{name} is not between {low:g} and {high:g}")
    if (table.sort_values("frame", kind="stable")["timestamp_s"].diff() < 0).any():
        raise ValueError("timestamp_s goes back from a frame to a later one")
    unclassified = table[list(EMOTIONS)].isna().any(axis=1)
    if not table.loc[unclassified, "reason"].isin(REASONS).all():
        raise ValueError("a frame without probabilities does not say why")
