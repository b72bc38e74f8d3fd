"""What a person can say about a source where its names alone leave a question."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ferdash.emotions import SPLITS
from ferdash.errors import DatasetError


@dataclass(frozen=True)
class ImportOptions:
    """leave_out: classes that are none of the seven emotions and are to be left out, as the source names them. splits:
    which split a folder (or a Usage) of the source is, by its name. draw_splits: draw the splits anew where the names
    above the emotion folders do not say any. Names are compared in small letters."""

    leave_out: tuple[str, ...] = ()
    splits: Mapping[str, str] = field(default_factory=dict)
    draw_splits: bool = False

    def __post_init__(self) -> None:
        for name, split in self.splits.items():
            if split not in SPLITS:
                raise DatasetError(f"“{name}” cannot be the split “{split}”; choose one of {', '.join(SPLITS)}.")
        object.__setattr__(self, "leave_out", tuple(_plain(name) for name in self.leave_out if name.strip()))
        object.__setattr__(self, "splits", {_plain(name): split for name, split in self.splits.items()})

    def leaves_out(self, name: str) -> bool:
        """Whether a class of that name is left out."""
        return _plain(name) in self.leave_out

    def split_of(self, name: str) -> str | None:
        """The split that a person says this name is."""
        return self.splits.get(_plain(name))


def parse_splits(texts: list[str]) -> dict[str, str]:
    """`NAME=SPLIT` texts, as the command line gives them, by name. Raises DatasetError for one without `=`.

    >>> parse_splits(["A=train", "B = test"])
    {'A': 'train', 'B': 'test'}
    """
    pairs = {}
    for text in texts:
        name, equals, split = text.rpartition("=")
        if not equals:
            raise DatasetError(f"“{text}” does not say which split a folder is; write it as NAME=train.")
        pairs[name.strip()] = split.strip()
    return pairs


def _plain(name: str) -> str:
    return name.strip().lower()


DEFAULT_OPTIONS = ImportOptions()
