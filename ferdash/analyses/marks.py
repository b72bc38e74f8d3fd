"""What a person adds to an analysis afterwards: marked frames, and frames in which somebody looks neutral."""

from pathlib import Path
from typing import Any

from ferdash.analyses.store import Session, open_session
from ferdash.errors import SessionError
from ferdash.files import write_json


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


def _write_marks(session: Session, marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(marks, key=lambda entry: entry["frame"])
    write_json(session.folder / "marks.json", {"marks": ordered})
    return ordered
