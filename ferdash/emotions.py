"""The seven emotions: one order, one colour each, and the way from anybody's label names to them.

The canonical order is alphabetical. Sources and models number the emotions differently, so everything that enters
ferdash is mapped by *name*; nothing relies on a foreign position.
"""

from collections.abc import Mapping

from ferdash.errors import LabelError

EMOTIONS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""Canonical order. Column c of any probability array in ferdash is EMOTIONS[c]."""

SPLITS: tuple[str, ...] = ("train", "validation", "test")

FER2013_CSV_LABELS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The numbering of fer2013.csv: its label 4 is sad, 6 is neutral."""

COLOURS: dict[str, str] = {
    "angry": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "happy": "#E69F00",
    "neutral": "#8A8F98",
    "sad": "#0072B2",
    "surprise": "#56B4E9",
}
"""Okabe and Ito's palette, safe for the common colour-vision deficiencies."""

DASHES: dict[str, str] = {
    "angry": "solid",
    "disgust": "dash",
    "fear": "dot",
    "happy": "solid",
    "neutral": "longdash",
    "sad": "dashdot",
    "surprise": "dot",
}
"""A line pattern beside the colour, so that no chart speaks by colour alone."""

SYNONYMS: dict[str, str] = {
    "anger": "angry",
    "disgusted": "disgust",
    "afraid": "fear",
    "fearful": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}


def canonical_emotion(label: str) -> str:
    """The canonical name of one label, whatever its case, blanks or inflection.

    >>> canonical_emotion(" Happiness ")
    'happy'

    Raises LabelError for a name that is none of the seven.
    """
    name = str(label).strip().lower()
    name = SYNONYMS.get(name, name)
    if name not in EMOTIONS:
        raise LabelError(f"“{label}” is none of the seven emotions ({', '.join(EMOTIONS)}).")
    return name


def emotion_index(label: str) -> int:
    """Position of a label in EMOTIONS; raises LabelError as canonical_emotion does."""
    return EMOTIONS.index(canonical_emotion(label))


def canonical_columns(id2label: Mapping[int, str] | Mapping[str, str]) -> list[int]:
    """For each canonical emotion, the column of a model's output that holds it.

    `logits[:, canonical_columns(model.config.id2label)]` is in canonical order.

    >>> canonical_columns({0: "sad", 1: "disgust", 2: "angry", 3: "neutral", 4: "fear", 5: "surprise", 6: "happy"})
    [2, 1, 4, 6, 3, 0, 5]

    Raises LabelError when a label is unknown, stands twice, or an emotion is missing.
    """
    column_of: dict[str, int] = {}
    for column, label in id2label.items():
        name = canonical_emotion(label)
        if name in column_of:
            raise LabelError(f"The model has two outputs for {name} (numbers {column_of[name]} and {column}).")
        column_of[name] = int(column)
    missing = [name for name in EMOTIONS if name not in column_of]
    if missing:
        raise LabelError(f"The model has no output for {', '.join(missing)}; ferdash needs all seven emotions.")
    return [column_of[name] for name in EMOTIONS]
