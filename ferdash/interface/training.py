"""Training runs: started from here, and those there are."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferdash.interface import display
from ferdash.paths import checkpoints_root, data_root
from ferdash.references import run_reference

if TYPE_CHECKING:
    import pandas as pd

    from ferdash.runs.index import RunSummary
    from ferdash.training.control import Progress


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A run of this machine. state: as it ended (finished, stopped, failed). summary: its line in a list of runs."""

    summary: "RunSummary"
    folder: Path

    @property
    def id(self) -> str:
        return self.summary.id

    @property
    def state(self) -> str:
        return self.summary.state

    @property
    def model(self) -> str:
        """The reference of its best epoch, for `predict` and `evaluate`."""
        return run_reference(self.id, "best")

    def to_pandas(self) -> "pd.DataFrame":
        """One row an epoch, every number that was measured by its dotted name."""
        import pandas as pd

        from ferdash.runs.store import read_metrics

        return pd.json_normalize([dict(row) for row in read_metrics(self.folder)])

    def __repr__(self) -> str:
        best = self.summary.best
        score = "" if best is None else f", best epoch {best.epoch + 1}: accuracy {best.accuracy:.3f} on validation"
        return f"TrainedRun({self.id!r}, {self.state}{score})"

    def _repr_html_(self) -> str:
        return Runs((self,))._repr_html_()


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs there are, the newest first."""

    runs: tuple[TrainedRun, ...]

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[TrainedRun]:
        return iter(self.runs)

    def __getitem__(self, run: int | str) -> TrainedRun:
        """By place, or by id. Raises KeyError for an id that is not there."""
        if isinstance(run, int):
            return self.runs[run]
        return {one.id: one for one in self.runs}[run]

    def to_pandas(self) -> "pd.DataFrame":
        """One row a run, as the Experiments page has it."""
        from ferdash.runs.table import runs_table

        return runs_table([one.summary for one in self.runs])

    def _repr_html_(self) -> str:
        return display.table(self.to_pandas())


def list_runs() -> Runs:
    """The runs of this machine that can be read. (`ferdash.runs` is the package of the run store.)"""
    from ferdash.runs import index

    root = checkpoints_root() / "runs"
    return Runs(tuple(TrainedRun(summary, root / summary.id) for summary in index.sound(index.list_runs(root))))


def train(
    recipe: str = "fernet",
    dataset: str | None = None,
    *,
    model: str = "",
    seed: int | None = None,
    name: str = "",
    settings: Mapping[str, Any] | None = None,
    on_progress: "Callable[[Progress], None] | None" = None,
) -> TrainedRun:
    """Train to the end, here and now, as `ferdash train` does; an interrupt leaves a run that it can resume.

    model: reference to start from; without it, what the recipe says. settings: by dotted path, such as
    {"optimizer.lr": 1e-4, "epochs": 3}.

    Raises ConfigError for settings that are none, DatasetError for a dataset that is not there.
    """
    from ferdash.runs.index import summary_of
    from ferdash.training import continuation, start
    from ferdash.training.config import override
    from ferdash.training.recipes import get_recipe

    data, checkpoints = data_root(), checkpoints_root()
    chosen = get_recipe(recipe)
    asked = {"dataset": dataset, "seed": seed} | dict(settings or {})
    texts = [f"{path}={value}" for path, value in asked.items() if value is not None]
    config = override(chosen.config(), texts)
    before = model or continuation.predecessor(chosen, config.dataset, checkpoints=checkpoints)
    config = override(config, [f"start_from={before}"]) if before else config
    run = start.create(config, data=data, checkpoints=checkpoints, name=name)
    start.execute(run, data=data, checkpoints=checkpoints, on_progress=on_progress)
    return TrainedRun(summary_of(run.folder.parent, run.id), run.folder)
