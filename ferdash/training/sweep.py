"""A search over settings: many runs, each a trial of one study, whose settings an optimiser draws from the former.

Two scores are to be high at once, accuracy and the worst emotion's F1 on validation; the result is the Pareto front.
The test split is never scored. Any number of processes, on any number of machines that reach the database, work on one
study: each takes the next trial, trains it as an ordinary run in its own checkpoints folder, and reports the scores.

A trial that ends early is not lost. Where its process was interrupted, or has died, it is put back, and whoever resumes
it continues from the run's last checkpoint if the run's folder is there, and starts it anew elsewhere. Trials are not
pruned: Optuna prunes with one objective only.
"""

import socket
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from ferdash.errors import FerdashError, RunError, StudyError
from ferdash.runs.index import summary_of
from ferdash.runs.store import LIVE, Run, open_run, read_status
from ferdash.runs.studies import ATTEMPT, ERROR, HOST, OBJECTIVES, RUN, WITHDRAWN, database_errors
from ferdash.training import start
from ferdash.training.config import TrainConfig, override
from ferdash.training.control import Control, Progress
from ferdash.training.sweep_plan import Plan, put_back, put_back_dead

MOST_FAILURES = 10
"""So many failed trials on end are no coincidence."""


def search(
    study: optuna.Study,
    plan: Plan,
    *,
    url: str,
    trials: int,
    data: Path,
    checkpoints: Path,
    control: Control,
    on_start: Callable[[int, Run], None] = lambda number, run: None,
    on_progress: Callable[[Progress], None] | None = None,
    on_end: Callable[[FrozenTrial], None] = lambda trial: None,
) -> None:
    """Train trials until the study has `trials` of them, those at work in other processes included, or until
    control.stop is set, which saves the present one and puts it back.

    on_start: called with the number (from 1) and the run of each trial, on_end with what became of it. A trial whose
    run fails counts for nothing, and the search continues. Raises StudyError after MOST_FAILURES of those on end, when
    the database cannot be used, and, with the trial put back, for what is not the trial's own fault, such as a full
    disk.
    """
    failures: list[str] = []
    numbers = [0]

    def started(number: int, run: Run) -> None:
        numbers[0] = number
        on_start(number, run)

    def ended(_: optuna.Study, trial: FrozenTrial) -> None:
        if WITHDRAWN in trial.user_attrs:
            return
        failures[:] = [*failures, str(trial.user_attrs.get(ERROR))] if trial.state == TrialState.FAIL else []
        on_end(trial)

    work = partial(
        _work,
        plan=plan,
        trials=trials,
        data=data,
        checkpoints=checkpoints,
        control=control,
        on_start=started,
        on_progress=on_progress,
    )
    with database_errors(url):
        while not control.stop.is_set():
            recover(study, checkpoints)
            if taken(study) >= trials:
                return
            try:
                study.optimize(work, n_trials=1, catch=(FerdashError,), callbacks=[ended])
            except _StoppedError:
                return
            except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
                # Optuna takes no more word of a trial that was given up for dead: this process was out for long, as a
                # sleeping laptop is. Whoever resumes the trial that was put back finds its run, if it is here.
                if _state(study, numbers[0]) == TrialState.RUNNING:
                    raise
            except _BrokenError as error:
                raise StudyError(f"{error} The trial is put back; the same command resumes it.") from error.__cause__
            if len(failures) >= MOST_FAILURES:
                raise StudyError(f"{len(failures)} trials on end have failed, the last so: {failures[-1]}")


def _state(study: optuna.Study, number: int) -> TrialState:
    return study.get_trials(deepcopy=False)[number - 1].state


def taken(study: optuna.Study) -> int:
    """How many trials are finished or at work, in any process."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.RUNNING)))


def recover(study: optuna.Study, checkpoints: Path) -> None:
    """Put back the trials whose process has died: on this machine at once, elsewhere when its heartbeat stays out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if trial.user_attrs.get(HOST) != socket.gethostname() or not _is_interrupted(trial, checkpoints):
            continue
        try:
            study.tell(trial.number, state=TrialState.FAIL)
        except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
            continue  # another process was quicker and has put it back
        put_back_dead(study, trial)


class _StoppedError(Exception):
    """Somebody stopped the search; the trial is put back."""


class _BrokenError(Exception):
    """Something that is not the trial's own fault ended it; the trial is put back."""


def _work(
    trial: optuna.Trial,
    *,
    plan: Plan,
    trials: int,
    data: Path,
    checkpoints: Path,
    control: Control,
    on_start: Callable[[int, Run], None],
    on_progress: Callable[[Progress], None] | None,
) -> tuple[float, ...]:
    """Train a trial and return its OBJECTIVES."""
    _withdraw_surplus(trial, trials)
    try:
        config = override(plan.base, [vary.suggest(trial) for vary in plan.vary])
        run = _run_of(trial, config, data=data, checkpoints=checkpoints)
        on_start(trial.number + 1, run)
        state = "finished"
        if read_status(run.folder)["state"] != "finished":
            state = start.execute(run, data=data, checkpoints=checkpoints, control=control, on_progress=on_progress)
        scores = _scores(run) if state == "finished" else ()
    except FerdashError as error:
        trial.set_user_attr(ERROR, str(error))
        raise
    except Exception as error:
        sentence = start.failure_sentence(error)
        trial.set_user_attr(ERROR, sentence)
        put_back(trial, attempt=trial.user_attrs.get(ATTEMPT, 0) + 1)
        raise _BrokenError(sentence) from error
    if not scores:
        put_back(trial, attempt=trial.user_attrs.get(ATTEMPT, 0))
        raise _StoppedError
    if _state(trial.study, trial.number + 1) != TrialState.RUNNING:
        raise StudyError("This trial was given up for dead meanwhile, and put back.")
    return scores


def _withdraw_surplus(trial: optuna.Trial, trials: int) -> None:
    """Two processes that see room for one more trial both take one; the later of the two gives it back."""
    before = trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.RUNNING))
    if sum(other.number < trial.number for other in before) >= trials:
        trial.set_user_attr(WITHDRAWN, True)
        raise StudyError(f"The study has its {trials:,} trials.")


def _run_of(trial: optuna.Trial, config: TrainConfig, *, data: Path, checkpoints: Path) -> Run:
    """The run that this trial resumes, or a new one."""
    run = _run_to_go_on_with(trial, checkpoints)
    if run is None:
        name = trial.study.study_name
        run = start.create(config, data=data, checkpoints=checkpoints, name=f"{name} {trial.number + 1}", group=name)
    trial.set_user_attr(RUN, run.id)
    trial.set_user_attr(HOST, socket.gethostname())
    return run


def _run_to_go_on_with(trial: optuna.Trial, checkpoints: Path) -> Run | None:
    if not trial.user_attrs.get(RUN):
        return None
    try:
        run = open_run(checkpoints / "runs", trial.user_attrs[RUN])
        at_work = read_status(run.folder)["state"] in LIVE
    except RunError:
        return None  # on another machine, or deleted: the trial starts anew
    return None if at_work else run


def _scores(run: Run) -> tuple[float, ...]:
    best = summary_of(run.folder.parent, run.id).best
    scores = [getattr(best, name, None) for name in OBJECTIVES]
    known = tuple(float(score) for score in scores if score is not None)
    if len(known) < len(OBJECTIVES):
        raise RunError(f"Run {run.id} is finished, but has no accuracy or no F1 on validation.")
    return known


def _is_interrupted(trial: FrozenTrial, checkpoints: Path) -> bool:
    try:
        folder = open_run(checkpoints / "runs", trial.user_attrs[RUN]).folder
        return read_status(folder)["state"] == "interrupted"
    except (KeyError, RunError):
        return False  # not a run of this folder; the heartbeat tells
