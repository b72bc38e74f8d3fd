"""Does each per-class table agree with itself?

Precision, recall, F1 and support are not independent: they follow from whole numbers of images, and the average and
accuracy stated beside them follow from the same ones.
"""

import math
from collections.abc import Iterator

from ferdash.emotions import EMOTIONS
from ferdash.published.findings import Finding, differ, shown
from ferdash.published.reader import ROUNDING, ClassTable, Experiment

_SLACK = 1e-9


def check_table(experiment: Experiment) -> list[Finding]:
    """What is wrong inside the table of one experiment; empty when all of it fits."""
    sentences = [
        *_accuracy(experiment),
        *_averages(experiment),
        *_f1(experiment.table),
        *_whole_images(experiment.table),
        *_predicted(experiment.table),
    ]
    return [Finding("itself", (experiment.section,), f"{experiment.section}: {text}") for text in sentences]


def _accuracy(experiment: Experiment) -> Iterator[str]:
    table = experiment.table
    if table.images != experiment.images:
        yield f"the supports add up to {table.images:,} images, not {experiment.images:,}."
    # Where the stated accuracy is that of an earlier epoch, the progression says what it was at the last.
    stated = experiment.progress[-1].accuracy if experiment.best_epoch else experiment.accuracy
    if differ(table.accuracy, stated):
        yield f"recall and support give an accuracy of {shown(table.accuracy)}, but {shown(stated)} is stated."


def _averages(experiment: Experiment) -> Iterator[str]:
    if experiment.macro is None:
        return
    computed = experiment.table.macro()
    for name, mean, stated in zip(("precision", "recall", "F1"), computed, experiment.macro, strict=True):
        if differ(mean, stated):
            yield f"the macro average of {name} is stated as {shown(stated)}, but its column gives {shown(mean)}."


def _f1(table: ClassTable) -> Iterator[str]:
    """F1 is the harmonic mean of precision and recall, and grows with both: its bounds are those of theirs."""
    for emotion, precision, recall, f1 in zip(EMOTIONS, table.precision, table.recall, table.f1, strict=True):
        low = _harmonic(precision - ROUNDING, recall - ROUNDING) - ROUNDING
        high = _harmonic(precision + ROUNDING, recall + ROUNDING) + ROUNDING
        if not low - _SLACK <= f1 <= high + _SLACK:
            computed = shown(_harmonic(precision, recall))
            yield f"{emotion}'s F1 is stated as {shown(f1)}, but its precision and recall give {computed}."


def _whole_images(table: ClassTable) -> Iterator[str]:
    """A recall is a whole number of images out of its support: the test of Brown and Heathers, "The GRIM Test" (2017).
    It can find something only below 1 / (2 * ROUNDING) = 10,000 images."""
    for emotion, recall, support in zip(EMOTIONS, table.recall, table.support, strict=True):
        if abs(round(recall * support) / support - recall) > ROUNDING + _SLACK:
            yield f"no whole number of {support:,} images is {shown(recall)} of them, the recall of {emotion}."


def _predicted(table: ClassTable) -> Iterator[str]:
    """Images recognised over precision is how many were taken for an emotion; over all emotions, that is every image.
    A precision of 0 leaves this open."""
    lowest = highest = 0
    for emotion, precision, recall, support in zip(EMOTIONS, table.precision, table.recall, table.support, strict=True):
        if precision <= ROUNDING:
            return
        recognised = round(recall * support)
        low = math.ceil(recognised / (precision + ROUNDING) - 1e-6)
        high = math.floor(recognised / (precision - ROUNDING) + 1e-6)
        if low > high:
            yield f"{emotion}'s {recognised:,} recognised images are not {shown(precision)} of any whole number."
            return
        lowest, highest = lowest + low, highest + high
    if not lowest <= table.images <= highest:
        count = f"{lowest:,}" if lowest == highest else f"{lowest:,} to {highest:,}"
        yield f"recall and precision make {count} predictions out of {table.images:,} images."


def _harmonic(precision: float, recall: float) -> float:
    total = precision + recall
    return 2 * precision * recall / total if total > 0 else 0.0
