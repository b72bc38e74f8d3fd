"""Many faces at a glance: how many there are, and what is said of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ferdash.emotions import EMOTIONS
from ferdash.inference.photos import UNCERTAIN_BELOW, Photo
from ferdash.inference.verdicts import UNCERTAIN


@dataclass(frozen=True)
class Tally:
    """What is said of the faces of some photos.

    faces: all of them. photos: read, with or without a face. unreadable: files that are no picture. by_verdict: how
    many faces have each verdict that occurs, in the order of EMOTIONS, uncertain last. close: faces whose emotion is
    named and was a close call.
    """

    faces: int
    photos: int
    unreadable: int
    by_verdict: dict[str, int]
    close: int

    @property
    def uncertain(self) -> int:
        return self.by_verdict.get(UNCERTAIN, 0)


def tally(photos: Iterable[Photo], threshold: float = UNCERTAIN_BELOW) -> Tally:
    """Count the faces of photos by what is said of them; below `threshold` no emotion is named."""
    kept = list(photos)
    faces = [face for photo in kept for face in photo.faces]
    found = Counter(face.verdict(threshold) for face in faces)
    return Tally(
        faces=len(faces),
        photos=sum(photo.size != (0, 0) for photo in kept),
        unreadable=sum(photo.size == (0, 0) for photo in kept),
        by_verdict={name: found[name] for name in (*EMOTIONS, UNCERTAIN) if name in found},
        close=sum(not face.uncertain(threshold) and face.close_to is not None for face in faces),
    )
