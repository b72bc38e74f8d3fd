"""Changes that belong together: as one emotion rises others fall, and what a person sees is one change."""

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
    waiting = sorted(events, key=lambda event: (-event.size, event.peak_s, event.emotion))
    found = []
    while waiting:
        main, *rest = waiting
        parts: list[ChangeEvent] = []
        for event in rest:
            taken = {main.emotion, *(part.emotion for part in parts)}
            if event.emotion not in taken and abs(event.peak_s - main.peak_s) <= APART_S:
                parts.append(event)
        waiting = [event for event in rest if event not in parts]
        found.append(Moment(main, tuple(parts)))
    return sorted(found, key=lambda moment: (moment.main.peak_s, moment.main.emotion))
