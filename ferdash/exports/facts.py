"""What an analysis is, in words for a person; pages, commands and the report say the same."""

from dataclasses import dataclass
from typing import Any

from ferdash.analyses.store import Analysis
from ferdash.dynamics.summary import Summary
from ferdash.emotions import EMOTIONS
from ferdash.inference.detector import DETECTORS
from ferdash.video.frame_table import REASONS, probabilities_of
from ferdash.wording import counted, duration

STATES = {
    "queued": "waiting",
    "running": "at work",
    "done": "complete",
    "stopped": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
    "damaged": "damaged",
}

ENGINES = {"torch": "PyTorch", "onnx": "ONNX Runtime", "int8": "ONNX Runtime in 8-bit integers"}

KINDS = {"video": "video", "sequence": "image sequence", "live": "recording of the camera", "imported": "imported"}


@dataclass(frozen=True)
class Glance:
    """What a card says of an analysis. people: tracks seen. dominant: the emotion that is the likeliest most often, and
    the share of classified faces in which it is; None where no face was classified."""

    people: int
    dominant: str | None
    share: float


def glance_of(analysis: Analysis) -> Glance:
    """A quick look at the results, without what takes time. Raises AnalysisError when they cannot be read."""
    frames = analysis.frames()
    classified = frames[frames[EMOTIONS[0]].notna()]
    people = int(frames["track"].nunique())
    if classified.empty:
        return Glance(people, None, 0.0)
    shares = [float((probabilities_of(classified).argmax(axis=1) == place).mean()) for place in range(len(EMOTIONS))]
    top = max(range(len(EMOTIONS)), key=shares.__getitem__)
    return Glance(people, EMOTIONS[top], shares[top])


def facts_of(analysis: Analysis) -> dict[str, str]:
    """Source, length, picture, part, model, detector and date of an analysis, as far as they are known."""
    info = analysis.info
    video, settings = info.get("video") or {}, info.get("settings") or {}
    facts = {"Source": str((info.get("source") or {}).get("name") or KINDS.get(analysis.kind, "unknown"))}
    if video:
        facts["Length"] = length_of(info)
    if video.get("width") and video.get("height") and video.get("fps"):
        facts["Picture"] = f"{video['width']} x {video['height']} pixels, {float(video['fps']):.2f} frames a second"
    if part := part_of(settings):
        facts["Analysed"] = part
    if origin := imported_from(analysis):
        return {**facts, "Origin": origin, "Imported": str(info.get("created_at"))[:16].replace("T", " ") + " UTC"}
    facts["Model"] = str(info.get("model_title") or info.get("model") or "unknown")
    if info.get("engine") in ENGINES:
        facts["Computed by"] = ENGINES[info["engine"]]
    facts["Faces found by"] = DETECTORS.get(info.get("detector", ""), "unknown")
    if info.get("created_at"):
        facts["Made"] = str(info["created_at"])[:16].replace("T", " ") + " UTC"
    return facts


def imported_from(analysis: Analysis) -> str:
    """“imported from OpenFace: talk.csv (sha256 0123…)”; empty for what ferdash analysed."""
    origin = analysis.record.get("origin")
    return f"imported from {origin['tool']}: {origin['name']} (sha256 {origin['sha256'][:12]}…)" if origin else ""


def length_of(info: dict[str, Any]) -> str:
    """Length of what `Analysis.info` tells of: seconds of video, or number of photos."""
    video = info.get("video") or {}
    if info.get("kind") == "sequence":
        return counted(int(video.get("frames", 0)), "photo")
    seconds = float(video.get("duration_s") or 0.0)
    return f"{seconds:.1f} s" if 0 < seconds < 60 else duration(seconds)


def part_of(settings: dict[str, Any]) -> str:
    """Which frames were analysed, in words; empty for all of them.

    >>> part_of({"stride": 3, "start_s": 2.0, "end_s": None}), part_of({"stride": 1, "start_s": 0.0, "end_s": None})
    ('every 3rd frame, from 2 s on', '')
    """
    stride, start_s, end_s = settings.get("stride", 1), settings.get("start_s") or 0.0, settings.get("end_s")
    parts = [f"every {_ordinal(stride)} frame"] if stride > 1 else []
    if end_s is not None:
        parts.append(f"from {start_s:g} s to {end_s:g} s")
    elif start_s:
        parts.append(f"from {start_s:g} s on")
    return ", ".join(parts)


def without_result(summary: Summary) -> str:
    """Why faces or whole frames have no result, and how often, as a sentence; empty where all have one."""
    reasons = [f"{REASONS[reason]} ({counted(number, 'time')})" for reason, number in summary.reasons.items()]
    return f"Without a result: {'; '.join(reasons)}." if reasons else ""


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
