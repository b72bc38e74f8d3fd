"""Codings of other programs: which words are emotions, whose they are, and what could not be taken."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from ferdash.analyses.codings import CodedSegment, Coding
from ferdash.emotions import canonical_emotion
from ferdash.errors import AnalysisError, LabelError
from ferdash.wording import counted

MOST_WORDS = 5


@dataclass(frozen=True)
class ForeignCoding:
    """The codings of a file. end_s: of the last thing that is coded. people: track -> the name that the file gives."""

    tool: str
    codings: list[Coding]
    people: dict[int, str]
    end_s: float
    notes: list[str] = field(default_factory=list)


class Gathering:
    """Collects what is coded: add() for each annotation, then coding()."""

    def __init__(self, tool: str, name: str) -> None:
        self._tool, self._name = tool, name
        self._found: list[tuple[str, str, CodedSegment]] = []
        self._others: Counter[str] = Counter()
        self._points = 0
        self.notes: list[str] = []

    def add(self, coder: str, person: str, start_s: float, end_s: float, value: str) -> None:
        """One annotation. What is no emotion is counted, and what has no duration; neither is coded."""
        try:
            emotion = canonical_emotion(value)
        except LabelError:
            self._others[" ".join(str(value).split())[:40] or "blank"] += 1
            return
        if end_s - start_s < 0.001:
            self._points += 1
            return
        self._found.append((coder, person, CodedSegment(start_s, end_s, emotion)))

    def coding(self) -> ForeignCoding:
        """Everything that was added. Raises AnalysisError when there is no emotion in it."""
        notes = list(self.notes)
        if self._others:
            some = ", ".join(f"“{word}” ({number})" for word, number in self._others.most_common(MOST_WORDS))
            more = " and more" if len(self._others) > MOST_WORDS else ""
            entries = counted(self._others.total(), "entry", "entries")
            notes.append(f"{entries} left out, as they name none of the seven emotions: {some}{more}.")
        if self._points:
            notes.append(f"{counted(self._points, 'event')} without a duration left out.")
        if not self._found:
            raise AnalysisError(" ".join([f"There is no emotion in {self._name} that lasts.", *notes]))
        tracks = _numbered(list(dict.fromkeys(person for _, person, _ in self._found)))
        segments: dict[str, list[CodedSegment]] = {}
        for coder, person, segment in self._found:
            segments.setdefault(coder, []).append(replace(segment, track=tracks[person]))
        codings = [Coding(coder, tuple(sorted(found))) for coder, found in segments.items()]
        end_s = max(segment.end_s for _, _, segment in self._found)
        return ForeignCoding(self._tool, codings, {track: person for person, track in tracks.items()}, end_s, notes)


def _numbered(people: list[str]) -> dict[str, int]:
    """“Person 3” and the like is track 3; other names are numbered as they come.

    >>> _numbered(["she", "P1", "Person 4"])
    {'P1': 1, 'Person 4': 4, 'she': 2}
    """
    tracks: dict[str, int] = {}
    for person in people:
        said = re.fullmatch(r"(?:person|subject|sub|face|p)?[ _-]*0*([1-9]\d{0,3})", person.strip(), re.IGNORECASE)
        if said and int(said[1]) not in tracks.values():
            tracks[person] = int(said[1])
    for person in people:
        if person not in tracks:
            tracks[person] = next(number for number in range(1, 100_000) if number not in tracks.values())
    return tracks
