"""What a finding is, and how it quotes figures."""

from dataclasses import dataclass
from typing import Literal

from ferdash.published.reader import ROUNDING

Kind = Literal["itself", "another", "observation"]


@dataclass(frozen=True)
class Finding:
    """kind: a table that does not agree with `itself` or with `another` place of the report, or an `observation` on
    figures that may well be right. sections: where to look. sentence: for a person."""

    kind: Kind
    sections: tuple[str, ...]
    sentence: str


def shown(share: float) -> str:
    """A share with the report's two decimals.

    >>> shown(0.8831)
    '88.31%'
    """
    return f"{100 * share:.2f}%"


def differ(computed: float, stated: float) -> bool:
    """Whether a mean of printed shares and a printed mean differ by more than rounding explains.

    Each printed share is off by at most ROUNDING. A mean whose weights are known and sum to 1 is then off by at most
    ROUNDING too, and so is the printed mean; a table without an error stays within twice that. (The slack is for
    binary fractions.)
    """
    return abs(computed - stated) > 2 * ROUNDING + 1e-9
