"""What others report of FER2013, with what each figure was chosen and measured on."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class FieldScore:
    """One published figure. accuracy: from 0 to 1. looks: crops or networks that an answer is the mean of. read: what
    of the source this row was taken from."""

    who: str
    network: str
    accuracy: float
    measured_on: str
    chosen_on: str
    looks: str
    address: str
    read: str


@cache
def read_field() -> tuple[FieldScore, ...]:
    """The figures, from the file beside this module, in the order of their years."""
    content = tomllib.loads(files("ferdash.published").joinpath("field.toml").read_text(encoding="utf-8"))
    return tuple(FieldScore(**{**row, "accuracy": row["accuracy"] / 100}) for row in content["score"])
