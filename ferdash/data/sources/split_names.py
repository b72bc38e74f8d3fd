"""Which split a name means: train_set, Training, val, dev, PublicTest ..."""

import re

_WORDS: dict[str, str] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("validation", "valid", "validate", "val", "dev", "devel", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "holdout"), "test"),
    **dict.fromkeys(("eval", "evaluation"), "eval"),
    "publictest": "validation",
    "privatetest": "test",
}

_FILLERS = re.compile(r"(set|data|split|images|imgs|faces|fold)$")
"""What people write behind the word without a separator: trainset, valdata."""


def split_named(name: str) -> str | None:
    """The split that a folder's name means: train, validation, test, or eval, which is the test split where there is
    another for validation and validation otherwise. None for a name that means none, or several.

    >>> [split_named(name) for name in ("train_set", "Validation Data", "testset", "dev", "PublicTest", "person 3")]
    ['train', 'validation', 'test', 'validation', 'validation', None]
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = [word for word in re.split(r"[^a-z]+", spaced.lower()) if word]
    found = {_WORDS[word] for word in map(_bare, words) if word in _WORDS}
    if found == {"test"} and "public" in words:  # FER2013's PublicTest, however it is written
        return "validation"
    return found.pop() if len(found) == 1 else None


def settle_eval(splits: list[str | None]) -> list[str | None]:
    """The same with each `eval` as what it is beside the others."""
    as_what = "test" if "validation" in splits and "test" not in splits else "validation"
    return [as_what if split == "eval" else split for split in splits]


def _bare(word: str) -> str:
    return word if word in _WORDS else _FILLERS.sub("", word)
