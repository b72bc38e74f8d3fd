"""Runs against a baseline, image by image: what can be said of each, or why nothing can be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferdash.errors import RunError
from ferdash.evaluation.paired import PairedResult, compare_paired
from ferdash.exports.answers import without_excluded
from ferdash.runs.compare import Answers, paired_answers, read_answers
from ferdash.runs.store import Run


@dataclass(frozen=True)
class Verdict:
    """A run against the baseline: `result`, or `reason` why they cannot be compared."""

    run: str
    result: PairedResult | None
    reason: str

    @property
    def sentence(self) -> str:
        return self.result.sentence if self.result else self.reason


def verdicts(runs: Sequence[Run], names: Mapping[str, str], data: Path) -> list[Verdict]:
    """Each run but the first against the first. names: what to call them, by id. data: the data root, whose datasets
    say what is left out of scores."""
    return [_verdict(runs[0], run, names, data) for run in runs[1:]]


def answers_of(run: Run, data: Path) -> Answers | None:
    """What a run's best network says of validation, without what is left out; None where it has not kept that."""
    try:
        return without_excluded(read_answers(run), data)
    except RunError:
        return None


def _verdict(baseline: Run, run: Run, names: Mapping[str, str], data: Path) -> Verdict:
    first, other = names[baseline.id], names[run.id]
    try:
        y_true, a, b = paired_answers(*(without_excluded(read_answers(each), data) for each in (baseline, run)))
    except RunError as error:
        return Verdict(run.id, None, f"{first} and {other}: {error}")
    return Verdict(run.id, compare_paired(y_true=y_true, predicted_a=a, predicted_b=b, name_a=first, name_b=other), "")
