"""What a score was measured on. Scores of different images are not comparable, however alike their names are."""

import hashlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ferdash import former_names
from ferdash.comparable import Images, why_not_comparable
from ferdash.emotions import EMOTIONS
from ferdash.errors import EvaluationError

TTA = {
    "plain": "the image alone",
    "flip": "the image and its mirror image",
    "ten-crop": "ten crops of the image with its border continued: corners and centre, and their mirror images",
}
"""Test-time augmentations, in words: each probability is the mean over these images."""


@dataclass(frozen=True)
class Protocol:
    """The images behind a score, and their test-time augmentation.

    images: how many. per_class: 0 for the whole split, else the most images of each emotion, drawn by `seed`.
    duplicates_included: whether images that are pixel-identical to a training image, or to its mirror image, were left
    in; duplicates: how many of the images are; mirrored: how many of those only to the mirror image. tta: one of
    TTA. rows: fingerprint of the dataset rows (`fingerprint`). excluded: kinds of findings of the audit whose images
    were left out.
    """

    dataset: str
    dataset_hash: str
    split: str
    images: int
    per_class: int
    seed: int
    duplicates_included: bool
    duplicates: int
    tta: str
    rows: str
    mirrored: int = 0
    excluded: tuple[str, ...] = ()

    def why_not_comparable(self, other: "Protocol") -> str | None:
        """A sentence, or None when both were measured on exactly the same images. Test-time augmentation is
        part of how a model is used, so it does not stand in the way."""
        return why_not_comparable(self.measured_on, other.measured_on)

    @property
    def measured_on(self) -> Images:
        """The images, as they are held against those of another score."""
        return Images(
            dataset_hash=self.dataset_hash,
            split=self.split,
            drawn=self.rows,
            words=self._which(),
            dataset=self.dataset,
            without_duplicates=not self.duplicates_included,
        )

    def describe(self) -> str:
        """The protocol in plain words.

        >>> Protocol("fer2013", "70aa12fb2c1ec9e6", "validation", 3578, 0, 0, True, 279, "plain", "").describe()
        'The validation split of fer2013 (70aa12fb), all 3,578 images, 279 of them identical to a training image.'
        """
        text = f"The {self.split} split of {self.dataset} ({self.dataset_hash[:8]}), {self._which()}"
        if not self.duplicates_included:
            text += ", without those identical to a training image"
        elif self.duplicates:
            text += f", {self.duplicates - self.mirrored:,} of them identical to a training image"
            text += f" and {self.mirrored:,} to the mirror image of one" if self.mirrored else ""
        if self.excluded:
            kinds = ", ".join(kind.replace("_", " ") for kind in self.excluded)
            text += f", without what the audit found as {kinds}"
        if self.tta != "plain":
            text += f"; each probability is the mean over {TTA[self.tta]}"
        return text + "."

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return vars(self) | {"excluded": list(self.excluded)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Protocol":
        """The protocol of `to_dict`, also one that an earlier version stored.

        Raises EvaluationError for a field that is missing, or an augmentation that does not exist.
        """
        values = {**dict[str, Any](mirrored=0, excluded=()), **former_names.protocol(values)}
        if missing := [field.name for field in fields(cls) if field.name not in values]:
            raise EvaluationError(f"This is not the protocol of an evaluation: {missing[0]} is missing.")
        if values["tta"] not in TTA:
            raise EvaluationError(f"There is no test-time augmentation “{values['tta']}”; there are {', '.join(TTA)}.")
        values["excluded"] = tuple(values["excluded"])
        return cls(**{field.name: values[field.name] for field in fields(cls)})

    def _which(self) -> str:
        counted = f"{self.images:,} image{'' if self.images == 1 else 's'}"
        if self.per_class:
            return f"{counted} (at most {self.per_class:,} of each emotion, drawn by seed {self.seed})"
        return f"all {counted}" if self.duplicates_included and not self.excluded else counted


def fingerprint(rows: np.ndarray) -> str:
    """Identifies a set of dataset rows, int (N,), in whatever order they come."""
    return hashlib.blake2b(np.sort(rows).astype("<i8").tobytes(), digest_size=8).hexdigest()


def stratified_rows(rows: np.ndarray, labels: np.ndarray, *, per_class: int, seed: int = 0) -> np.ndarray:
    """At most `per_class` of the rows for each emotion (0: all), drawn by seed, in ascending order.

    rows: int64 (N,), dataset rows; labels: int64 (N,), the emotion of each. An emotion with fewer keeps what it has.
    Raises EvaluationError for a negative number.
    """
    if per_class < 0:
        raise EvaluationError(f"A subset needs a number of images of each emotion from 0 (all), not {per_class}.")
    if per_class == 0:
        return np.sort(rows)
    rng = np.random.default_rng([seed, 1])
    drawn = [rng.permutation(rows[labels == emotion])[:per_class] for emotion in range(len(EMOTIONS))]
    return np.sort(np.concatenate(drawn))
