"""What a person adds to an analysis afterwards: marked frames, and frames in which somebody looks neutral."""

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ferdash.analyses.shapes import BASELINE_FILE
from ferdash.analyses.store import Analysis, open_analysis
from ferdash.errors import AnalysisError
from ferdash.files import write_json


def mark(root: Path, analysis_id: str, *, frame: int, timestamp_s: float, name: str) -> list[dict[str, Any]]:
    """Mark a frame with a name, in place of an earlier mark on it; returns all marks in order. Raises AnalysisError
    when there is no such analysis, or the name is empty."""
    analysis = open_analysis(root, analysis_id)
    if not name.strip():
        raise AnalysisError("A marker needs a name.")
    kept = [entry for entry in analysis.marks() if entry["frame"] != frame]
    kept.append({"frame": frame, "timestamp_s": timestamp_s, "name": " ".join(name.split())})
    return _write_marks(analysis, kept)


def mark_times(
    root: Path, analysis_id: str, times_s: Sequence[float], named: Sequence[tuple[float, str]]
) -> list[dict[str, Any]]:
    """Mark the frames nearest to some times, each with its name; on one frame names stand beside each other.

    times_s: of all frames from 0 on, rising. Returns all marks in order.

    Raises AnalysisError when there is no such analysis.
    """
    analysis = open_analysis(root, analysis_id)
    by_frame = {entry["frame"]: entry for entry in analysis.marks()}
    for time_s, name in named:
        after = bisect_left(times_s, time_s)
        around = [frame for frame in (after - 1, after) if 0 <= frame < len(times_s)]
        frame = min(around, key=lambda one: abs(times_s[one] - time_s))
        said = " ".join(name.split())
        if known := by_frame.get(frame):
            by_frame[frame] = {**known, "name": f"{known['name']}; {said}"}
        else:
            by_frame[frame] = {"frame": frame, "timestamp_s": round(time_s, 6), "name": said}
    return _write_marks(analysis, list(by_frame.values()))


def unmark(root: Path, analysis_id: str, *, frame: int) -> list[dict[str, Any]]:
    """Take the mark off a frame; returns those that are left. Raises AnalysisError when there is none."""
    analysis = open_analysis(root, analysis_id)
    kept = [entry for entry in analysis.marks() if entry["frame"] != frame]
    if len(kept) == len(analysis.marks()):
        raise AnalysisError(f"Frame {frame} of {analysis.name} has no marker.")
    return _write_marks(analysis, kept)


def set_neutral(root: Path, analysis_id: str, track: int, frames: list[int]) -> dict[int, list[int]]:
    """Say in which frames a track looks neutral; none takes its baseline away. Returns all of them by track.

    Raises AnalysisError when there is no such analysis.
    """
    analysis = open_analysis(root, analysis_id)
    tracks = {**analysis.neutral(), track: sorted(set(frames))}
    kept = {number: chosen for number, chosen in tracks.items() if chosen}
    write_json(analysis.folder / BASELINE_FILE, {"tracks": {str(number): kept[number] for number in sorted(kept)}})
    return kept


def _write_marks(analysis: Analysis, marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(marks, key=lambda entry: entry["frame"])
    write_json(analysis.folder / "marks.json", {"marks": ordered})
    return ordered
