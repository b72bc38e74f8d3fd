"""The one rule by which scores are held against each other: measured on the same images, or not at all.

Whatever ranks, subtracts or marks the best of several scores (tables, charts, titles, reports, the command line) asks
`why_not_comparable` first. How alike two datasets, splits or numbers of images are called does not matter.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Images:
    """The images behind a score; equal exactly where the same images are.

    dataset_hash: of the dataset's content. split: its name. drawn: what tells these images of the split from others,
    such as a fingerprint of their rows, or how many there are and how they were drawn. words: how many in words, empty
    before anything is measured. dataset: its name. without_duplicates: whether those that duplicate training images
    were left out. known: False where nobody can tell which images they are; `drawn` must then be like no other's.
    """

    dataset_hash: str
    split: str
    drawn: Hashable
    words: str = field(compare=False)
    dataset: str = field(compare=False)
    without_duplicates: bool = field(default=False, compare=False)
    known: bool = True


def why_not_comparable(a: Images, b: Images) -> str | None:
    """A sentence, or None when both scores are of exactly the same images.

    >>> everything = Images("70aa12fb", "validation", 0, "all 3,578 images", "fer2013")
    >>> why_not_comparable(everything, Images("70aa12fb", "validation", 100, "700 images", "fer2013"))
    'Not comparable: one was measured on all 3,578 images, the other on 700 images.'
    """
    if not (a.words and b.words):
        return "Not comparable: " + ("one of them has" if a.words or b.words else "they have") + " not been measured."
    if a == b:
        return None
    if not (a.known and b.known):
        return "Not comparable: on which images one of them was measured is not known."
    if a.dataset_hash != b.dataset_hash:
        where = f"two versions of {a.dataset}" if a.dataset == b.dataset else f"{a.dataset} and {b.dataset}"
        hashes = f" ({a.dataset_hash[:8]} and {b.dataset_hash[:8]})" if a.dataset_hash and b.dataset_hash else ""
        return f"Not comparable: measured on {where}{hashes}."
    if a.split != b.split:
        return f"Not comparable: one was measured on the {a.split} split, the other on {b.split}."
    if a.without_duplicates != b.without_duplicates:
        return "Not comparable: only one of them includes images that duplicate training images."
    return f"Not comparable: one was measured on {a.words}, the other on {b.words}."
