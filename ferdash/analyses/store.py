"""Sessions: every analysis over time is a folder, written as it goes, and the folder is the truth.

session.json       written once, its name apart: kind, source, video, settings, model, detector, versions
status.json        state, progress, heartbeat, process id, timings, engine; replaced in one step by whoever is at work
frames/            part-00000.parquet ...: the frames table in pieces, each complete or not there
tracker.json       the people known after the last piece, so that ids go on after a break
thumbs/            track-1.jpg ...: a face of each person
source.<ext>       the video itself, where a copy was asked for; photos/ for the photos of stills
marks.json         frames that a person marked and named
calibration.json   frames in which a person said a track looks neutral
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pandas as pd

from ferdash import __version__
from ferdash.errors import SessionError
from ferdash.files import write_atomic, write_json
from ferdash.inference.images import read_image
from ferdash.video.decoding import frame_at
from ferdash.video.frame_table import COLUMNS, frames_table

Kind = Literal["video", "stills", "live"]
State = Literal["queued", "running", "done", "stopped", "failed", "interrupted", "damaged"]

AT_WORK = ("queued", "running")
STALE_AFTER_S = 60.0
"""Whoever is at work beats every few seconds. After this silence the session counts as interrupted; on the same machine
a vanished process is noticed at once."""

THUMBNAIL_SIDE = 160
_VERSIONS = ("numpy", "opencv-python-headless", "av", "torch")


@dataclass(frozen=True)
class Session:
    """A session's folder and the content of its session.json."""

    folder: Path
    record: dict[str, Any]

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
        """session.json with the present status.json: state, progress, error, timings and the rest. A session that
        cannot be read has the state `damaged`, and `error` says why."""
        try:
            status = read_status(self.folder)
            record = self.record or _read_object(self.folder / "session.json")
            return {"id": self.id, **record, **status}
        except SessionError as error:
            return {"id": self.id, **self.record, "state": "damaged", "error": str(error)}

    @property
    def state(self) -> str:
        return str(self.info["state"])

    def frames(self) -> pd.DataFrame:
        """The frames table as far as it is written. Raises SessionError when a piece cannot be read."""
        tables = [_read_part(path) for path in self._parts()]
        if not tables:
            return frames_table([])
        # An analysis made before a column was there has no value in it.
        return pd.concat(tables, ignore_index=True).reindex(columns=list(COLUMNS)).astype(COLUMNS)

    def last_frame(self) -> int | None:
        """Index of the last frame that is written; None before the first."""
        parts = self._parts()
        return int(_read_part(parts[-1])["frame"].max()) if parts else None

    def tracker_state(self) -> dict[str, Any] | None:
        """The people known after the last piece, for `Tracker(state=...)`; None before the first."""
        path = self.folder / "tracker.json"
        return _read_object(path) if path.is_file() else None

    def marks(self) -> list[dict[str, Any]]:
        """The named frames in order: frame, timestamp_s, name."""
        path = self.folder / "marks.json"
        return list(_read_object(path)["marks"]) if path.is_file() else []

    def neutral(self) -> dict[int, list[int]]:
        """For each track the frames in which a person said that it looks neutral."""
        path = self.folder / "calibration.json"
        tracks = _read_object(path)["tracks"] if path.is_file() else {}
        return {int(track): [int(frame) for frame in frames] for track, frames in tracks.items()}

    def thumbnail(self, track: int) -> Path | None:
        """A picture of the person, if there is one."""
        path = self.folder / "thumbs" / f"track-{track}.jpg"
        return path if path.is_file() else None

    def source(self) -> Path | None:
        """The video: the copy in the folder, else where it was; None where neither is there, and for stills."""
        if copies := sorted(self.folder.glob("source.*")):
            return copies[0]
        path = (self.record.get("source") or {}).get("path")
        return Path(path) if self.kind == "video" and path and Path(path).is_file() else None

    def image(self, frame: int) -> np.ndarray:
        """uint8 RGB of a frame, upright, as it was analysed.

        Raises SessionError when the source is gone or was never kept, VideoError or ImageError when it cannot be read.
        """
        if self.kind == "stills":
            photos = sorted((self.folder / "photos").glob(f"{frame:05d}.*"))
            if not photos:
                raise SessionError(f"{self.name} has no photo number {frame}.")
            names = (self.record.get("source") or {}).get("photos", [])
            return read_image(photos[0], names[frame] if frame < len(names) else None)
        path = self.source()
        if path is None:
            where = (self.record.get("source") or {}).get("path")
            gone = f"its video is no longer at {where}; put it back there" if where else "its pictures were not kept"
            raise SessionError(f"{self.name} cannot show frame {frame}: {gone}.")
        return frame_at(path, frame)

    def _parts(self) -> list[Path]:
        return sorted((self.folder / "frames").glob("part-*.parquet"))


class SessionWriter:
    """Appends to a session; the only one to do so while its state is running.

    Opening it takes the session over: raises SessionError while another process or thread is at work on it.
    """

    def __init__(self, session: Session) -> None:
        status = read_status(session.folder)
        if status["state"] == "running":
            raise SessionError(f"{session.name} is being analysed already; stop that first.")
        self.session = session
        self._status: dict[str, Any] = {k: v for k, v in status.items() if k not in ("error", "finished_at")}
        self._part = len(session._parts())
        self._sides: dict[int, float] = {}
        self._frames = int(status.get("frames", 0))
        self._lock = threading.Lock()
        self._set(state="running")

    def append(
        self,
        table: pd.DataFrame,
        *,
        tracker: dict[str, Any] | None = None,
        progress: dict[str, Any] | None = None,
    ) -> None:
        """Add rows of whole frames, and what the tracker knows after them. Raises SessionError when the disk does not
        take them."""
        folder = self.session.folder
        try:
            if len(table):
                path = folder / "frames" / f"part-{self._part:05d}.parquet"
                write_atomic(path, lambda file: table.astype(COLUMNS).to_parquet(file, index=False))
                self._part += 1
                self._frames += int(table["frame"].nunique())
            if tracker is not None:
                write_json(folder / "tracker.json", tracker)
        except OSError as error:
            raise SessionError(f"{self.session.name} cannot be written to {folder} ({error}).") from error
        self.beat(progress)

    def beat(self, progress: dict[str, Any] | None = None) -> None:
        """Say that work goes on, and how far it is."""
        self._set(**({} if progress is None else {"progress": progress}))

    def thumbnail(self, track: int, image_rgb: np.ndarray, box_xyxy: tuple[float, float, float, float]) -> None:
        """Keep a picture of the person: the first, or a clearly larger one than before."""
        side = max(box_xyxy[2] - box_xyxy[0], box_xyxy[3] - box_xyxy[1])
        if side < 1.3 * self._sides.get(track, 0.0):
            return
        path = self.session.folder / "thumbs" / f"track-{track}.jpg"
        if track not in self._sides and path.is_file():  # from before a break
            self._sides[track] = side
            return
        self._sides[track] = side
        data = cv2.imencode(".jpg", cv2.cvtColor(_portrait(image_rgb, box_xyxy), cv2.COLOR_RGB2BGR))[1].tobytes()
        write_atomic(path, lambda file: file.write(data))

    def finish(self, state: State = "done", *, error: str = "", **facts: Any) -> None:
        """End with a state: done, stopped or failed with the sentence `error`. `facts` (timings, note) are kept."""
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        self._set(**facts, state=state, finished_at=finished, **({"error": error} if error else {}))

    def _set(self, **facts: Any) -> None:
        # A heartbeat may come from another thread, but never after the end.
        with self._lock:
            if "state" not in facts and self._status["state"] != "running":
                return
            self._status.update(facts, frames=self._frames)
            write_status(self.session.folder, **self._status)


def create_session(
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
) -> Session:
    """Make the folder of a new session under `root`, in the state queued.

    source: the video; with `keep_copy` it is copied into the folder. photos: names and file contents of stills, in
    order; they are kept. video: facts of the video, as `VideoInfo.to_dict`.

    Raises SessionError when the folder cannot be written.
    """
    folder = root / _new_id(name or (source.stem if source else kind))
    record = {
        "name": name or (source.stem if source else ""),
        "kind": kind,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": _source(source, photos),
        "video": video,
        "settings": settings or {},
        "model": model,
        "model_title": model_title,
        "detector": detector,
        "versions": _versions(),
    }
    try:
        for part in ("frames", "thumbs"):
            (folder / part).mkdir(parents=True)
        if source is not None and keep_copy:
            write_atomic(folder / f"source{source.suffix.lower()}", lambda file: _copy(source, file))
        for number, (photo, content) in enumerate(photos or []):
            (folder / "photos").mkdir(exist_ok=True)
            write_atomic(folder / "photos" / f"{number:05d}{Path(photo).suffix.lower()}", _writing(content))
        write_status(folder, state="queued")
        write_json(folder / "session.json", record)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise SessionError(f"A session cannot be written to {root} ({error}).") from error
    return Session(folder, record)


def open_session(root: Path, session_id: str) -> Session:
    """An existing session. Raises SessionError when it is missing or its session.json cannot be read."""
    folder = root / session_id
    if not session_id or Path(session_id).name != session_id or not folder.is_dir():
        raise SessionError(f"There is no session {session_id}; `ferdash sessions list` shows those there are.")
    return Session(folder, _read_object(folder / "session.json"))


def list_sessions(root: Path) -> list[Session]:
    """All sessions, newest first; damaged ones too, whose `info` says so."""
    if not root.is_dir():
        return []
    folders = sorted((path for path in root.iterdir() if path.is_dir() and path.name[0] != "."), reverse=True)
    sessions = []
    for folder in folders:
        try:
            sessions.append(open_session(root, folder.name))
        except SessionError:
            sessions.append(Session(folder, {}))  # `info` reads it again and tells
    return sessions


def find_session(root: Path, text: str) -> Session:
    """The session that a person means: its id, the start or the end of it, or its name, as long as only one fits.
    Raises SessionError otherwise."""
    sessions = list_sessions(root)
    exact = [session for session in sessions if session.id == text]
    fitting = exact or [s for s in sessions if text and (s.id.startswith(text) or s.id.endswith(f"-{text}"))]
    fitting = fitting or [session for session in sessions if text and session.record.get("name") == text]
    if len(fitting) > 1:
        some = ", ".join(session.id for session in fitting[:3]) + (", ..." if len(fitting) > 3 else "")
        raise SessionError(f"“{text}” fits {len(fitting):,} sessions: {some}; write more of the id.")
    return open_session(root, fitting[0].id if fitting else text)


def rename(root: Path, session_id: str, name: str) -> Session:
    """Give the session a name; an empty one takes it away. Raises SessionError when there is no such session."""
    session = open_session(root, session_id)
    record = {**session.record, "name": " ".join(name.split())}
    write_json(session.folder / "session.json", record)
    return Session(session.folder, record)


def delete(root: Path, session_id: str) -> None:
    """Remove the session's folder for good, a damaged one too; a video that was not copied stays where it is.

    Raises SessionError when it waits or is at work, or the folder cannot be removed.
    """
    folder = root / session_id
    if not session_id or session_id[0] == "." or Path(session_id).name != session_id or not folder.is_dir():
        raise SessionError(f"There is no session {session_id}; `ferdash sessions list` shows those there are.")
    if any(folder.iterdir()) and not any((folder / name).exists() for name in ("session.json", "status.json")):
        raise SessionError(f"{session_id} is a folder without a file of ferdash's; look into it and remove it by hand.")
    if Session(folder, {}).state in AT_WORK:
        raise SessionError(f"{session_id} is being analysed; stop it first.")
    # Out of sight in one step: nobody meets half a session, even if removing its files takes a while or fails.
    doomed = root / f".deleted-{session_id}"
    try:
        folder.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise SessionError(f"Session {session_id} could not be deleted: {error}.") from error


def mark(root: Path, session_id: str, *, frame: int, timestamp_s: float, name: str) -> list[dict[str, Any]]:
    """Mark a frame with a name, in place of an earlier mark on it; returns all marks in order. Raises SessionError when
    there is no such session, or the name is empty."""
    session = open_session(root, session_id)
    if not name.strip():
        raise SessionError("A marker needs a name.")
    kept = [entry for entry in session.marks() if entry["frame"] != frame]
    kept.append({"frame": frame, "timestamp_s": timestamp_s, "name": " ".join(name.split())})
    return _write_marks(session, kept)


def unmark(root: Path, session_id: str, *, frame: int) -> list[dict[str, Any]]:
    """Take the mark off a frame; returns those that are left. Raises SessionError when there is none."""
    session = open_session(root, session_id)
    kept = [entry for entry in session.marks() if entry["frame"] != frame]
    if len(kept) == len(session.marks()):
        raise SessionError(f"Frame {frame} of {session.name} has no marker.")
    return _write_marks(session, kept)


def set_neutral(root: Path, session_id: str, track: int, frames: list[int]) -> dict[int, list[int]]:
    """Say in which frames a track looks neutral; none takes its calibration away. Returns all of them by track.

    Raises SessionError when there is no such session.
    """
    session = open_session(root, session_id)
    tracks = {**session.neutral(), track: sorted(set(frames))}
    kept = {number: chosen for number, chosen in tracks.items() if chosen}
    write_json(session.folder / "calibration.json", {"tracks": {str(number): kept[number] for number in sorted(kept)}})
    return kept


def write_status(folder: Path, *, state: State, **facts: Any) -> None:
    """Replace status.json; heartbeat, pid and host are added."""
    beat = {"heartbeat": time.time(), "pid": os.getpid(), "host": socket.gethostname()}
    write_json(folder / "status.json", {**facts, "state": state, **beat})


def read_status(folder: Path) -> dict[str, Any]:
    """status.json, with `state` turned into `interrupted` when a session claims to be at work and nobody is.

    Raises SessionError when it cannot be read.
    """
    status = _read_object(folder / "status.json")
    if status.get("state") in AT_WORK and not _alive(status):
        status["state"] = "interrupted"
    return status


def _alive(status: dict[str, Any]) -> bool:
    waits = status["state"] == "queued"  # nobody beats for a session in a queue
    if not waits and time.time() - float(status.get("heartbeat", 0)) > STALE_AFTER_S:
        return False
    if status.get("host") != socket.gethostname():
        return True
    try:
        os.kill(int(status.get("pid", 0)), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _new_id(name: str) -> str:
    """Sortable by time, readable, and unique: `20250114-093000-interview-3fa9`."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "session"
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{label}-{secrets.token_hex(2)}"


def _source(source: Path | None, photos: list[tuple[str, bytes]] | None) -> dict[str, Any] | None:
    if photos:
        digest = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for _, content in photos)).hexdigest()
        names = [Path(name).name for name, _ in photos]
        size = sum(len(content) for _, content in photos)
        return {"path": None, "name": names[0], "bytes": size, "sha256": digest, "photos": names}
    if source is None:
        return None
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "path": str(source.absolute()),
        "name": source.name,
        "bytes": source.stat().st_size,
        "sha256": digest,
    }


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


def _portrait(image_rgb: np.ndarray, box_xyxy: tuple[float, float, float, float]) -> np.ndarray:
    """The face with some surroundings, at most THUMBNAIL_SIDE on its longer side."""
    height, width = image_rgb.shape[:2]
    reach = 0.25 * (box_xyxy[2] - box_xyxy[0])
    x0, y0 = (int(np.clip(value - reach, 0, limit - 1)) for value, limit in zip(box_xyxy[:2], (width, height)))  # noqa: B905
    x1, y1 = int(np.clip(box_xyxy[2] + reach, x0 + 1, width)), int(np.clip(box_xyxy[3] + reach, y0 + 1, height))
    face = image_rgb[y0:y1, x0:x1]
    scale = min(1.0, THUMBNAIL_SIDE / max(face.shape[:2]))
    size = (max(1, round(face.shape[1] * scale)), max(1, round(face.shape[0] * scale)))
    return cv2.resize(face, size, interpolation=cv2.INTER_AREA)


def _write_marks(session: Session, marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(marks, key=lambda entry: entry["frame"])
    write_json(session.folder / "marks.json", {"marks": ordered})
    return ordered


def _read_part(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        where = f"{path.parent.name}/{path.name} of session {path.parent.parent.name}"
        raise SessionError(f"{where} cannot be read ({error}).") from error


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise SessionError(f"Session {path.parent.name} has no {path.name}; its folder is damaged.") from None
    except (OSError, ValueError) as error:
        raise SessionError(f"{path.name} of session {path.parent.name} cannot be read ({error}).") from error
    if not isinstance(content, dict):
        raise SessionError(f"{path.name} of session {path.parent.name} is not what ferdash writes there.")
    return content
