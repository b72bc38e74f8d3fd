"""What people saw: a coding is one person's segments of somebody's emotion, kept with the analysis it is about.

codings/<name>.json in the analysis's folder, one for each coder, so that several can code at the same time. A coder
says one thing about a person at a time: a segment that is added takes the place of what it covers.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock

from ferdash.analyses.store import ANALYSES, Analysis
from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.files import write_json
from ferdash.shapes import Needed, fitting

FOLDER = "codings"
LONGEST_NAME = 60
SHORTEST_S = 0.001
CODING_SHAPE: dict[str, Any] = {
    "coder": Needed(str),
    "segments": Needed(
        [{"track": Needed(int), "start_s": Needed(float), "end_s": Needed(float), "emotion": Needed(str)}]
    ),
    "blind": (bool, None),
    "origin": ({"tool": Needed(str), "name": Needed(str), "sha256": Needed(str)}, None),
    "changed_at": str,
}


@dataclass(frozen=True, order=True)
class CodedSegment:
    """From start_s until before end_s, seconds from the first frame, a person (track) shows an emotion."""

    start_s: float
    end_s: float
    emotion: str
    track: int = 1

    def __post_init__(self) -> None:
        if self.emotion not in EMOTIONS:
            raise AnalysisError(f"“{self.emotion}” is none of the seven emotions ({', '.join(EMOTIONS)}).")
        if not self.end_s - self.start_s >= SHORTEST_S:
            raise AnalysisError(
                f"A segment from {self.start_s:g} s to {self.end_s:g} s has no length; its end comes after its start."
            )


@dataclass(frozen=True)
class Coding:
    """All segments of one coder, in order of time. blind: whether the model's results were hidden when the last segment
    was added; None where that is not known. origin: tool, name and sha256 of the file that it was imported from."""

    coder: str
    segments: tuple[CodedSegment, ...] = ()
    blind: bool | None = None
    origin: dict[str, Any] | None = None

    def of(self, track: int) -> list[CodedSegment]:
        """The segments of one person."""
        return [segment for segment in self.segments if segment.track == track]


def read_codings(analysis: Analysis) -> list[Coding]:
    """All codings of an analysis by the coders' names. Raises AnalysisError when one cannot be read."""
    found = [_read(path) for path in (analysis.folder / FOLDER).glob("*.json")]
    return sorted(found, key=lambda coding: coding.coder.casefold())


def read_coding(analysis: Analysis, coder: str) -> Coding:
    """What a coder has coded so far, nothing included. Raises AnalysisError when the name cannot be one."""
    path = _path(analysis, coder)
    return _read(path) if path.is_file() else Coding(_clean(coder))


def write_coding(analysis: Analysis, coding: Coding) -> Coding:
    """Keep a coding in place of an earlier one of this coder. Raises AnalysisError when the name cannot be one."""
    path = _path(analysis, coding.coder)
    path.parent.mkdir(exist_ok=True)
    ordered = sorted(coding.segments)
    document = {
        "coder": _clean(coding.coder),
        "segments": [asdict(segment) for segment in ordered],
        "blind": coding.blind,
        "origin": coding.origin,
        "changed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(path, document)
    return replace(coding, segments=tuple(ordered))


def code(analysis: Analysis, coder: str, segment: CodedSegment, *, blind: bool | None = None) -> Coding:
    """Add a segment to a coder's, in place of what it covers of that person; neighbours of one emotion are joined."""
    with _locked(analysis, coder):
        known = read_coding(analysis, coder)
        return write_coding(analysis, replace(known, segments=tuple(_with(known.segments, segment)), blind=blind))


def uncode(analysis: Analysis, coder: str, *, track: int, start_s: float, end_s: float) -> Coding:
    """Take away what a coder said of a person between two times."""
    with _locked(analysis, coder):
        known = read_coding(analysis, coder)
        return write_coding(analysis, replace(known, segments=tuple(_without(known.segments, track, start_s, end_s))))


def delete_coding(analysis: Analysis, coder: str) -> None:
    """Remove all of a coder's segments. Raises AnalysisError where there are none."""
    path = _path(analysis, coder)
    if not path.is_file():
        raise AnalysisError(f"{analysis.name} has no coding by {_clean(coder)}.")
    path.unlink()


def _with(segments: Iterable[CodedSegment], new: CodedSegment) -> list[CodedSegment]:
    kept = sorted(_without(segments, new.track, new.start_s, new.end_s))
    for neighbour in [one for one in kept if (one.track, one.emotion) == (new.track, new.emotion)]:
        if abs(neighbour.end_s - new.start_s) < SHORTEST_S or abs(neighbour.start_s - new.end_s) < SHORTEST_S:
            kept.remove(neighbour)
            start_s, end_s = min(neighbour.start_s, new.start_s), max(neighbour.end_s, new.end_s)
            new = replace(new, start_s=start_s, end_s=end_s)
    return [*kept, new]


def _without(segments: Iterable[CodedSegment], track: int, start_s: float, end_s: float) -> list[CodedSegment]:
    """The segments with a time cut out of those of one person."""
    kept = []
    for one in segments:
        if one.track != track or one.end_s <= start_s or one.start_s >= end_s:
            kept.append(one)
            continue
        for first, last in ((one.start_s, start_s), (end_s, one.end_s)):
            if last - first >= SHORTEST_S:
                kept.append(replace(one, start_s=first, end_s=last))
    return kept


def _read(path: Path) -> Coding:
    content = fitting(ANALYSES.read(path), CODING_SHAPE)
    if not isinstance(content, dict):
        raise AnalysisError(f"{path} is no coding that ferdash wrote; move it away.")
    rows = content["segments"]
    segments = tuple(CodedSegment(row["start_s"], row["end_s"], row["emotion"], row["track"]) for row in rows)
    return Coding(content["coder"], tuple(sorted(segments)), content.get("blind"), content.get("origin"))


def _locked(analysis: Analysis, coder: str) -> FileLock:
    """Two tabs of one coder would else lose one another's segments."""
    path = _path(analysis, coder)
    path.parent.mkdir(exist_ok=True)
    return FileLock(path.with_suffix(".lock"))


def _path(analysis: Analysis, coder: str) -> Path:
    # Names may hold anything; files may not, and dots lead out of folders. Some systems do not tell A from a.
    return analysis.folder / FOLDER / f"{quote(_clean(coder).casefold(), safe='').replace('.', '%2E')[:200]}.json"


def _clean(coder: str) -> str:
    name = " ".join(coder.split())
    if not name or len(name) > LONGEST_NAME:
        raise AnalysisError(f"A coder needs a name of 1 to {LONGEST_NAME} characters; this one has {len(name)}.")
    return name
