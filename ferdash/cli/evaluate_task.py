"""What the kinds of `ferdash evaluate` share: which images, progress on stderr, and keeping what was measured."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ferdash.cli.output import escape, say, stderr
from ferdash.errors import EvaluationError
from ferdash.paths import checkpoints_root
from ferdash.references import members_of, parse

if TYPE_CHECKING:
    from ferdash.models.emotion_model import EmotionModel
    from ferdash.models.engines import Engine
    from ferdash.runs.evaluations import Kind


@dataclass(frozen=True)
class Task:
    """Which images of a dataset, and how a model looks at them; the fields as the options of `ferdash evaluate`."""

    split: str
    per_class: int
    seed: int
    without_duplicates: bool
    tta: str
    engine: "Engine"

    def chosen(self) -> dict[str, Any]:
        """The arguments that say which images of a split are scored."""
        return {"per_class": self.per_class, "seed": self.seed, "exclude_duplicates": self.without_duplicates}


def progress() -> Progress:
    """Bars on stderr."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=stderr
    )


def bar(bars: Progress, title: str) -> Callable[[int, int], None]:
    """A new bar, as a function to call with (done, total)."""
    task = bars.add_task(title, total=None)
    return lambda done, total: bars.update(task, completed=done, total=total)


def keep_quietly(model: "EmotionModel", kind: "Kind", document: dict[str, Any]) -> dict[str, Any]:
    """Keep what was measured for the pages, and return the record; where that cannot be written, say so and continue:
    shared models may be read-only, and the figures are still worth printing."""
    from ferdash.inference.provenance import record_of
    from ferdash.runs.evaluations import keep_evaluation

    record = record_of(model, document, checkpoints_root())
    try:
        keep_evaluation(checkpoints_root(), kind, record)
    except EvaluationError as error:
        say(f"[yellow]{escape(str(error))}[/yellow]")
    return record


def refuse_a_fold(model: str, split: str) -> None:
    """Raise EvaluationError for a fold of a cross-validation, which has learned from most validation images."""
    if split == "test":
        return
    from ferdash.models.reference import full_reference

    for part in map(parse, members_of(full_reference(model, checkpoints_root()))):
        if part.of_run:
            _refuse_a_fold_run(part.run, split)


def _refuse_a_fold_run(run_id: str, split: str) -> None:
    from ferdash.runs.store import open_run

    if (checkpoints_root() / "runs" / run_id).is_dir():  # else loading the model says what is wrong
        record = open_run(checkpoints_root() / "runs", run_id).record
        if record["config"].get("folds", {}).get("count"):
            raise EvaluationError(
                f"Run {run_id} is one fold of a cross-validation and was trained on images of the {split} split, so a "
                f"score there would be too good. `ferdash runs show {run_id}` has the score of the fold it left out."
            )
