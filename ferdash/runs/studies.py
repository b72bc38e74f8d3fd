"""Studies: what a search over settings has found so far, read from the database that its processes share.

The database is Optuna's. It holds which settings each trial drew and the two scores it came to; everything else is in
the trial's run, an ordinary run folder. Reading never makes a database or a table. Optuna is loaded where it is used.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ferdash.errors import StudyError

if TYPE_CHECKING:
    import optuna
    import pandas as pd

TrialState = Literal["finished", "running", "waiting", "failed"]

OBJECTIVES = ("accuracy", "worst_f1")
"""What a study makes as high as it can, in the order of Optuna's values: on validation, in the run's best epoch."""

DEFINITION = "ferdash"
"""The study's attribute that says what is searched (see ferdash.training.sweep)."""

RUN, HOST, ERROR, AGAIN, ATTEMPT, WITHDRAWN = "run", "host", "error", "again", "attempt", "withdrawn"
"""Attributes of a trial: its run and the machine that has it; why it failed; the number of the trial that it repeats,
and how often that has died; whether it was given back because the study was complete."""

LEAST_FOR_IMPORTANCE = 10
"""With fewer finished trials the importance of a setting is hardly more than noise."""

WRITE_PATIENCE_S, READ_PATIENCE_S = 60, 5
"""How long to wait for a database that another process is writing to."""


# What Optuna, or reading what it gives, raises for a row that somebody else has written or changed.
_ODD = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, AssertionError)


@dataclass(frozen=True)
class Trial:
    """One trial. number: from 1, as in the name of its run. settings: value by dotted path. accuracy, worst_f1: from 0
    to 1, None until it is finished. run: id of its run, empty before it has one; the folder is on the machine `host`.
    error: why it failed, empty where nobody could say. on_front: no other trial is better in one score without being
    worse in the other."""

    number: int
    state: TrialState
    settings: dict[str, Any]
    accuracy: float | None
    worst_f1: float | None
    run: str
    host: str
    error: str
    on_front: bool


@dataclass(frozen=True)
class Study:
    """A study as it stands. definition: the base configuration, what is varied, the sampler and the dataset. trials: by
    number, without those that another one repeats."""

    name: str
    definition: dict[str, Any]
    trials: tuple[Trial, ...]

    @property
    def finished(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.state == "finished"]

    @property
    def front(self) -> list[Trial]:
        """The trials on the Pareto front, the most accurate first."""
        front = [trial for trial in self.finished if trial.on_front]
        return sorted(front, key=lambda trial: -(trial.accuracy or 0.0))

    @property
    def varied(self) -> list[str]:
        """Dotted paths of the settings that are varied."""
        return [text.partition("=")[0] for text in self.definition["vary"]]


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """By dotted path, as little of its end as no other of the paths has.

    >>> short_names(["optimizer.lr", "sampling.focus.k", "schedule.name", "optimizer.name"])["schedule.name"]
    'schedule.name'
    """
    names = {}
    for path in paths:
        parts = path.split(".")
        ends = (".".join(parts[-length:]) for length in range(1, len(parts) + 1))
        own = (end for end in ends if sum(f".{other}".endswith(f".{end}") for other in paths) == 1)
        names[path] = next(own, path)
    return names


def trials_table(study: Study) -> "pd.DataFrame":
    """A row for each trial, the best accuracy first and those without a score last. Columns Trial, Front, State,
    Accuracy (percent), Worst F1, the varied settings by their short names, Run, Why it failed."""
    import pandas as pd

    names = short_names(study.varied)
    ordered = sorted(
        study.trials, key=lambda trial: (-(-1.0 if trial.accuracy is None else trial.accuracy), trial.number)
    )
    rows = [
        {
            "Trial": trial.number,
            "Front": "◆" if trial.on_front else "",
            "State": trial.state,
            "Accuracy": None if trial.accuracy is None else 100 * trial.accuracy,
            "Worst F1": trial.worst_f1,
            **{name: trial.settings.get(path) for path, name in names.items()},
            "Run": trial.run,
            "Why it failed": trial.error,
        }
        for trial in ordered
    ]
    heads = ["Trial", "Front", "State", "Accuracy", "Worst F1", *names.values(), "Run", "Why it failed"]
    return pd.DataFrame(rows, columns=heads)


def list_studies(url: str) -> list[str]:
    """Names of the studies in the database, newest first; empty when there is no such database yet. Raises StudyError
    when it cannot be read."""
    if not _exists(url):
        return []
    with reading(url) as storage:
        names = [study.study_name for study in storage.get_all_studies()]
        return sorted(names, key=storage.get_study_id_from_name, reverse=True)


def read_study(url: str, name: str) -> Study:
    """A study as it stands. Raises StudyError when there is none of that name, when `ferdash sweep` did not make it, or
    when the database cannot be read."""
    with _loaded(url, name) as study:
        definition = study.user_attrs[DEFINITION]
        _check_definition(definition)
        trials = study.get_trials(deepcopy=False)
        repeated = {trial.user_attrs[AGAIN] for trial in trials if AGAIN in trial.user_attrs}
        front = {trial.number for trial in study.best_trials}
        kept = [trial for trial in trials if trial.number not in repeated and WITHDRAWN not in trial.user_attrs]
        return Study(name, definition, tuple(_trial(trial, trial.number in front) for trial in kept))


def importances(url: str, name: str) -> dict[str, dict[str, float]]:
    """For each of OBJECTIVES, how much of its variation over the trials goes with each setting: a share from 0 to 1 by
    dotted path, the largest first; empty with fewer than LEAST_FOR_IMPORTANCE finished trials.

    The method is fANOVA: Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter
    importance", 2014. Raises StudyError as `read_study` does.
    """
    import optuna

    with _loaded(url, name) as study:
        finished = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if len(finished) < LEAST_FOR_IMPORTANCE:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        return {
            score: optuna.importance.get_param_importances(study, evaluator=evaluator, target=partial(_value, place))
            for place, score in enumerate(OBJECTIVES)
        }


@contextmanager
def database_errors(url: str) -> Iterator[None]:
    """Turn what goes wrong with the database into a StudyError."""
    require_optuna()
    import optuna
    from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

    try:
        yield
    except ArgumentError:
        raise StudyError(
            f"“{url}” is no address of a database; write it as sqlite:///studies.db or "
            "postgresql://user:password@host/database."
        ) from None
    except ImportError as error:
        raise StudyError(
            f"The driver for {address(url)} is not installed here; for PostgreSQL get it with: pip install "
            "psycopg2-binary, for MySQL: pip install pymysql (and mysql+pymysql:// in the address)."
        ) from error
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error if isinstance(error, SQLAlchemyError) else error.__cause__ or error
        told = str(getattr(cause, "orig", None) or cause).strip().splitlines()[0]
        if isinstance(cause, OperationalError) and "locked" in told:
            raise StudyError(
                f"The studies in {address(url)} are being written to by another process, which takes unusually long. "
                "Try again; if that happens again, see which process holds the file."
            ) from error
        raise StudyError(f"The studies in {address(url)} cannot be read or written ({told}).") from error
    except RuntimeError as error:
        if "optuna version" not in str(error):
            raise
        raise StudyError(
            f"The studies in {address(url)} were written by another version of Optuna than {optuna.__version__}; "
            "install that version, or upgrade the database with: optuna storage upgrade --storage ADDRESS."
        ) from error


def require_optuna() -> None:
    """Raise StudyError when Optuna is not installed."""
    try:
        import optuna
    except ImportError:
        raise StudyError("Optuna is not installed here; get it with: pip install optuna") from None
    # What it has to say reaches a person through trials and errors, not through a log of its own.
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)


def open_storage(url: str, *, patience_s: int = WRITE_PATIENCE_S, **options: Any) -> "optuna.storages.RDBStorage":
    """Optuna's storage at `url`; `options` go to its constructor. Within `database_errors`."""
    import optuna
    from sqlalchemy import make_url

    engine = {"connect_args": {"timeout": patience_s}} if make_url(url).get_backend_name() == "sqlite" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.RDBStorage(url, engine_kwargs=engine, **options)


@contextmanager
def reading(url: str) -> Iterator["optuna.storages.RDBStorage"]:
    """The storage at `url`, which is left as it is, and closed afterwards. Raises StudyError when it cannot be read."""
    with database_errors(url):
        storage = open_storage(
            _to_read(url), patience_s=READ_PATIENCE_S, skip_table_creation=True, skip_compatibility_check=True
        )
        try:
            yield storage
        except _ODD as error:
            told = f"{type(error).__name__}: {error}"[:160]
            raise StudyError(
                f"The studies in {address(url)} hold a value that no sweep of ferdash writes ({told}); mend the "
                "database, or set it aside and begin another."
            ) from error
        finally:
            storage.remove_session()
            storage.engine.dispose()


def _to_read(url: str) -> str:
    """The address of a database for somebody who only reads it: into an SQLite file Optuna would write what it misses.

    A journal beside the file is a write that was cut off, which has to be undone before it can be read.
    """
    from sqlalchemy import make_url

    parsed = make_url(url)
    path = parsed.database or ""
    if parsed.get_backend_name() != "sqlite" or parsed.query or Path(f"{path}-journal").exists():
        return url
    read_only = parsed.set(database=f"file:{quote(path)}", query={"mode": "ro", "uri": "true"})
    return read_only.render_as_string(hide_password=False)


def address(url: str) -> str:
    """How a database is named to a person: a file by its path, anything else without its password."""
    from sqlalchemy import make_url

    parsed = make_url(url)
    path = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return path or without_password(url)


def without_password(url: str) -> str:
    """The address of a database as a command line may show it."""
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)


def _exists(url: str) -> bool:
    """Whether there may be a database: for an SQLite file, whether it is there."""
    with database_errors(url):
        from sqlalchemy import make_url

        parsed = make_url(url)
        return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()


@contextmanager
def _loaded(url: str, name: str) -> Iterator["optuna.Study"]:
    missing = StudyError(f"There is no study “{name}”; `ferdash sweep --show` lists those there are.")
    if not _exists(url):
        raise missing
    with reading(url) as storage:
        import optuna

        try:
            study = optuna.load_study(study_name=name, storage=storage)
        except KeyError:
            raise missing from None
        if DEFINITION not in study.user_attrs:
            raise StudyError(f"The study “{name}” was not made by ferdash sweep; choose another name.")
        yield study


def _check_definition(definition: Any) -> None:
    """Raises ValueError unless it has what every reader of a study takes for granted."""
    parts = {"config": dict, "dataset": dict, "vary": list}
    if not isinstance(definition, dict) or not all(
        isinstance(definition.get(key), kind) for key, kind in parts.items()
    ):
        raise ValueError("its definition lacks config, dataset or vary")
    if not all(isinstance(text, str) for text in definition["vary"]):
        raise ValueError("what it varies is not text")


def _value(place: int, trial: "optuna.trial.FrozenTrial") -> float:
    return float(trial.values[place])


def _trial(trial: "optuna.trial.FrozenTrial", on_front: bool) -> Trial:
    states: dict[str, TrialState] = {"COMPLETE": "finished", "RUNNING": "running", "WAITING": "waiting"}
    accuracy, worst_f1 = trial.values or (None, None)
    return Trial(
        number=trial.number + 1,
        state=states.get(trial.state.name, "failed"),
        settings=dict(trial.params) or dict(trial.system_attrs.get("fixed_params", {})),
        accuracy=accuracy,
        worst_f1=worst_f1,
        run=str(trial.user_attrs.get(RUN, "")),
        host=str(trial.user_attrs.get(HOST, "")),
        error=str(trial.user_attrs.get(ERROR, "")),
        on_front=on_front,
    )
