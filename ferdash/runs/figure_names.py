"""What other programs call their figures, in our names; and which of a file's columns are validation's.

A column by itself cannot always tell: `accuracy` is validation's in a table of results, and training's beside a
`val_accuracy`. So names are read all together, and none is given two meanings.
"""

import re
from collections.abc import Iterable

from ferdash.emotions import EMOTIONS, SYNONYMS
from ferdash.errors import RunError

_SCORES: dict[str, tuple[str, ...]] = {
    "accuracy": ("accuracy", "acc", "top1", "categorical_accuracy", "sparse_categorical_accuracy"),
    "macro_f1": ("macro_f1", "f1_macro", "f1", "f1_score"),
    "log_loss": ("loss", "log_loss", "nll", "cross_entropy"),
}
_VALIDATION = ("val_", "valid_", "validation_", "eval_", "dev_")
_TRAINING = ("train_", "training_")

FOREIGN = " (imported)"
"""Behind a name that would otherwise be taken for one of ours."""

_OTHERS: dict[str, str] = {
    "learning_rate": "lr",
    "time": "seconds",
    "epoch_time": "seconds",
    "epoch_seconds": "seconds",
    "images": "validation/images",
    "val_images": "validation/images",
}

_TRAINED = {"accuracy": "train_accuracy", "macro_f1": "train_macro_f1", "log_loss": "train_loss"}

_OURS = re.compile(
    r"(validation|test)/(raters/)?[a-z0-9_]+"
    rf"|(validation|test)/(raters/)?(f1|precision|recall|support)/({'|'.join(EMOTIONS)})"
    rf"|(validation|test)/confusion/({'|'.join(EMOTIONS)})/({'|'.join(EMOTIONS)})"
    rf"|(weights|drawn)/({'|'.join(EMOTIONS)})"
)
_VECTORS = re.compile(r"(validation|test)/(raters/)?(f1|precision|recall|support|confusion|raters)")

_GROUPS = ("validation", "test", "weights", "drawn", "epoch", "focus", "next_focus", "run")
"""Keys of a row of metrics.jsonl that hold no number that a foreign column could be."""


def our_names(names: Iterable[str], where: str) -> dict[str, str]:
    """Each column's name in ours, `group/name` for what stands in a group of a row of metrics.jsonl.

    >>> our_names(["val_acc", "accuracy", "loss", "mood"], "a.csv")
    {'val_acc': 'validation/accuracy', 'accuracy': 'train_accuracy', 'loss': 'train_loss', 'mood': 'mood'}
    >>> our_names(["accuracy", "f1"], "a.csv")
    {'accuracy': 'validation/accuracy', 'f1': 'validation/macro_f1'}

    Raises RunError, naming `where`, for two columns that mean the same.
    """
    names = [str(name) for name in names]
    told_apart = any(_word(name).startswith(_VALIDATION) or name.startswith("validation/") for name in names)
    ours: dict[str, str] = {}
    for name in names:
        known = _ours(name, bare_is_training=told_apart)
        if known in ours.values():
            twin = next(other for other, taken in ours.items() if taken == known)
            raise RunError(f"{where}: the columns “{twin}” and “{name}” are both {known}; leave one of them out.")
        ours[name] = known
    return ours


def _ours(name: str, *, bare_is_training: bool) -> str:
    if _OURS.fullmatch(name) and not _VECTORS.fullmatch(name):
        return name
    word = _word(name)
    for canonical, score in _SCORE_OF.items():
        if word == canonical:
            training = bare_is_training or score == "log_loss"
            # A bare “log_loss” is a score, a bare “loss” is what training minimises.
            return _TRAINED[score] if training and word != "log_loss" else f"validation/{score}"
        if word in {prefix + canonical for prefix in _VALIDATION}:
            return f"validation/{score}"
        if word in {prefix + canonical for prefix in _TRAINING}:
            return _TRAINED[score]
    if emotion := _emotion_of_f1(word):
        return f"validation/f1/{emotion}"
    known = _OTHERS.get(word, name)
    foreign = known in _GROUPS or (known.partition("/")[0] in _GROUPS and known not in _OTHERS.values())
    return name + FOREIGN if foreign else known


def _word(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _emotion_of_f1(word: str) -> str | None:
    match = re.fullmatch(r"(?:val_|eval_)?f1_([a-z]+)|([a-z]+)_f1", word)
    if match is None:
        return None
    name = match[1] or match[2]
    name = SYNONYMS.get(name, name)
    return name if name in EMOTIONS else None


_SCORE_OF = {word: score for score, words in _SCORES.items() for word in words}
