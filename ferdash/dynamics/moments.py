"""Changes that belong together: as one emotion rises others fall, and what a person sees is one change."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ferdash.dynamics.change_points import ChangeEvent

APART_S = 0.15
"""Peaks of one change lie no further from that of its largest part: four frames at 25 a second."""


@dataclass(frozen=True)
class Moment:
    """One change as it is seen. main: its largest part. others: what else changed with it, the largest first, each
    another emotion of the same track."""

    main: ChangeEvent
    others: tuple[ChangeEvent, ...] = ()

    @property
    def events(self) -> tuple[ChangeEvent, ...]:
        return (self.main, *self.others)

    @property
    def start_s(self) -> float:
        return min(event.start_s for event in self.events)

    @property
    def end_s(self) -> float:
        return max(event.end_s for event in self.events)

    @property
    def duration_s(self) -> float:
        """From the first of its parts to begin until the last to end."""
        return self.end_s - self.start_s

    @property
    def with_it(self) -> str:
        """The other parts, as `neutral +59, surprise +19`, in points of probability; empty where there are none."""
        return ", ".join(f"{event.emotion} {100 * event.size * event.direction:+.0f}" for event in self.others)

    @property
    def sentence(self) -> str:
        return f"{self.main.sentence} ({self.with_it})" if self.others else self.main.sentence


def moments(events: Sequence[ChangeEvent]) -> list[Moment]:
    """The changes of one track, by time. Each event stands in exactly one; the largest gather what is near first."""
    by_size = sorted(events, key=lambda event: (-event.size, event.peak_s, event.emotion))
    by_time = sorted(range(len(by_size)), key=lambda place: by_size[place].peak_s)
    peaks_s = [by_size[place].peak_s for place in by_time]
    found: list[Moment] = []
    gathered: set[int] = set()
    for place, main in enumerate(by_size):
        if place in gathered:
            continue
        # A film has thousands of changes; those that can belong to one are next to it in time. Twice the reach, so that
        # rounding leaves none out.
        first = bisect_left(peaks_s, main.peak_s - 2 * APART_S)
        last = bisect_right(peaks_s, main.peak_s + 2 * APART_S)
        parts: dict[str, ChangeEvent] = {}
        for other in sorted(by_time[first:last]):
            if other <= place or other in gathered:
                continue
            event = by_size[other]
            apart_s = abs(event.peak_s - main.peak_s)
            if event.emotion not in {main.emotion, *parts} and apart_s <= APART_S:
                parts[event.emotion] = event
                gathered.add(other)
        found.append(Moment(main, tuple(parts.values())))
    return sorted(found, key=lambda moment: (moment.main.peak_s, moment.main.emotion))
