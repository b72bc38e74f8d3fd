"""Which of a network's outputs is which emotion, by what its config.json calls them."""

import json
from collections.abc import Mapping
from pathlib import Path

from ferdash.emotions import canonical_columns
from ferdash.errors import LabelError
from ferdash.wording import counted


def model_columns(id2label: Mapping[int, str] | Mapping[str, str]) -> list[int]:
    """As `canonical_columns`, of a network whose labels may be numbered from 1. Raises LabelError where the numbers
    have gaps, as nobody can tell which output is which then."""
    numbers = sorted(int(number) for number in id2label)
    first = numbers[0] if numbers else 0
    if first not in (0, 1) or numbers != list(range(first, first + len(numbers))):
        some = ", ".join(map(str, numbers[:9]))
        raise LabelError(f"Its outputs are numbered {some}, with gaps, so it is not known which is which.")
    return [column - first for column in canonical_columns(id2label)]


def new_layer_note(reference: str, id2label: Mapping[int, str] | Mapping[str, str]) -> str:
    """That a run which starts from a network with these labels gets a new last layer; "" where it keeps its own."""
    try:
        model_columns(id2label)
    except LabelError as error:
        classes = counted(len(id2label), "other class", "other classes")
        return (
            f"{reference} was made for {classes}, so training starts with a new last layer for the seven emotions, "
            f"drawn from the seed. ({error})"
        )
    return ""


def note_of_start(folder: Path, reference: str) -> str:
    """`new_layer_note` of the model in a folder, from its config.json alone; "" where something is wrong with it, which
    opening it will say."""
    try:
        labels = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("id2label")
    except (OSError, ValueError, AttributeError):
        return ""
    # transformers leaves out of config.json what it would call two classes without names.
    return new_layer_note(reference, labels if isinstance(labels, dict) else {0: "LABEL_0", 1: "LABEL_1"})
