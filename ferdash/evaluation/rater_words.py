"""A comparison with raters (`ferdash.evaluation.raters`) in words, for the command line and for a model's card."""

from typing import Any

from ferdash.emotions import EMOTIONS
from ferdash.wording import count, percent

EIGHT_CLASSES = (
    "Published FER+ scores have an eighth class, contempt, and other images; they are not measured on these."
)

TITLES = (
    "Agreement with the raters' majority",
    "The label's agreement with it",
    "One rater's agreement, own vote counted",
    "One rater's agreement with the others",
    "The model's, in the same comparisons",
    "Calibration error against the majority",
    "Log loss against the votes (least possible)",
)
"""What `cells` gives, in its order."""


def describe(raters: dict[str, Any]) -> str:
    """Which images the figures are of, in sentences. raters: as `RaterScores.to_dict` gives it."""
    return (
        f"On {count(raters['images'])} of {count(raters['rated'])} images with raters' votes, over half of all votes "
        f"are for one of the seven emotions: the majority. {EIGHT_CLASSES}"
    )


def cells(raters: dict[str, Any]) -> list[str]:
    """A figure for each of TITLES, with a 95% CI for the first."""
    interval = raters["interval"]
    return [
        f"{percent(raters['agreement'])} ({100 * interval['low']:.1f} to {100 * interval['high']:.1f})",
        percent(raters["label"]),
        percent(raters["one_rater"]),
        _share(raters["rater_apart"]),
        _share(raters["model_apart"]),
        percent(raters["ece"]),
        f"{_number(raters['log_loss'])} ({_number(raters['least_log_loss'])})",
    ]


def by_emotion(raters: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Each emotion, the agreement where it is the majority's, and on how many images it is."""
    rows = zip(EMOTIONS, raters["per_emotion"], raters["support"], strict=True)
    return [(emotion, _share(agreement), count(int(images))) for emotion, agreement, images in rows]


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
