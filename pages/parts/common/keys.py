"""Names of what is kept for a visitor: widgets, session state, and what stands in the address.

They share one space over all pages: where two pages gave one name to two things, whoever had been on the one would see
the other fail. So each name begins with the part of the app that it belongs to. Only the dataset and the model, which
are one choice for all pages, have names without.
"""

from collections.abc import Callable

SHARED = ("dataset", "model")


def keys_of(part: str) -> Callable[[str], str]:
    """What makes the full names of a part of the app: keys_of("predict")("compare") is "predict-compare"."""
    return lambda name: f"{part}-{name}"
