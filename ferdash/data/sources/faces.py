"""What every layout is read into, and how the bytes of one picture become one 48 x 48 grey face."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ferdash.data.dataset import IMAGE_SIZE
from ferdash.errors import DatasetError, ImageError
from ferdash.geometry import whole_face
from ferdash.pictures import Look, read_image
from ferdash.wording import counted

MAX_PIXELS = 16_000_000
"""More than any camera's face crop; a larger picture is refused before it is decoded."""


@dataclass(frozen=True)
class Faces:
    """The content of a source, before it becomes a dataset.

    images: uint8 (N, 48, 48). labels: positions in EMOTIONS, or LEFT_OUT. splits: one of SPLITS each. sources: the name
    each image came under. votes: uint8 (N, 10), zeros where unknown, or None. notes: sentences for whoever imports.
    """

    images: np.ndarray
    labels: np.ndarray
    splits: list[str]
    sources: list[str]
    votes: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)

    def without_left_out(self) -> "Faces":
        """The same without the rows labelled LEFT_OUT. They stay until here because votes belong to rows."""
        kept = np.flatnonzero(self.labels != LEFT_OUT)
        if len(kept) == len(self.labels):
            return self
        return Faces(
            self.images[kept],
            self.labels[kept],
            [self.splits[row] for row in kept],
            [self.sources[row] for row in kept],
            None if self.votes is None else self.votes[kept],
            self.notes,
        )


def left_out_notes(counts: Mapping[str, int]) -> list[str]:
    """A sentence for each class that was left out on request, by its number of images."""
    return [
        f"{counted(images, 'image')} of “{name}” {'was' if images == 1 else 'were'} left out, as asked for."
        for name, images in sorted(counts.items())
    ]


LEFT_OUT = -1
"""Label of an image of a class that is left out on request."""


def decode_face(data: bytes, name: str, look: Look | None, bits: int | None = None) -> np.ndarray:
    """A picture file's bytes as a grey uint8 (48, 48) array, as `ferdash predict --whole` sees it: a picture of another
    size is resized, and the border of one that is not square goes on to the square around it.

    look: `ferdash.pictures.look` at the same bytes; bits as for `read_image`. Raises DatasetError naming the file when
    it is no picture, cut short, or absurdly large.
    """
    if look is not None and look.width * look.height > MAX_PIXELS:
        raise DatasetError(
            f"“{name}” is a picture of {look.width:,} x {look.height:,} pixels, too large for a face; remove it."
        )
    try:
        return whole_face(read_image(data, f"“{name}”", bits=bits), IMAGE_SIZE)
    except ImageError as error:
        raise DatasetError(f"{error} Remove it or get it again, then retry.") from error
