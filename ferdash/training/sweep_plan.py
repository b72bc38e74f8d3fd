"""What a study searches, and the study in its database: made, joined, and its trials put back.

The record of a plan stands in the study itself, so that every process that joins draws and trains by the same.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import make_url
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from ferdash.data.dataset import open_dataset
from ferdash.errors import ConfigError, StudyError
from ferdash.records import flatten
from ferdash.runs.studies import AGAIN, ATTEMPT, DEFINITION, HOST, OBJECTIVES, RUN, database_errors, open_storage
from ferdash.training.config import TrainConfig, from_dict, to_dict
from ferdash.training.spaces import Vary, parse

SamplerName = Literal["tpe", "nsga2"]
SAMPLERS: dict[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "nsga2": lambda seed: optuna.samplers.NSGAIISampler(population_size=20, seed=seed),
}
"""Tree-structured Parzen estimators with several objectives (Ozaki et al., 2022), or the genetic algorithm NSGA-II (Deb
et al., 2002)."""

BEAT_S, DEAD_AFTER_S = 20, 300
"""A process at a trial writes a heartbeat to the database every BEAT_S. After DEAD_AFTER_S without one it is taken for
dead; on its own machine a vanished process is noticed at once."""

MOST_ATTEMPTS = 3
"""A trial whose process has died this often is left as failed."""

JOIN_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Plan:
    """What a study searches. base: the configuration of which `vary` is varied. seed: of the sampler; that of the runs
    is base.seed, the same for all. dataset_hash: content that every process must have under the dataset's name."""

    base: TrainConfig
    vary: tuple[Vary, ...]
    sampler: SamplerName
    seed: int
    dataset_hash: str


def make_plan(
    base: TrainConfig, vary: Sequence[str], *, sampler: SamplerName = "tpe", seed: int = 0, data: Path
) -> Plan:
    """A plan to search `vary` (texts as `spaces.parse` reads them) around `base`, whose trials never score test.

    Raises ConfigError where that makes no sense, and DatasetError when the dataset is missing.
    """
    if sampler not in SAMPLERS:
        raise ConfigError(f"There is no sampler called “{sampler}”; there are: {', '.join(SAMPLERS)}.")
    if base.epochs == 0:
        raise ConfigError("These trials would have no epochs, so they would learn nothing; choose --epochs 1 or more.")
    if base.sampling.mode == "adaptive" and base.sampling.focus.measured_on == "test":
        raise ConfigError(
            "A search whose focus follows test scores would tune on test; set sampling.focus.measured_on=validation."
        )
    base = replace(base, evaluation=replace(base.evaluation, test=False))
    return Plan(base, parse(vary, base), sampler, seed, open_dataset(data, base.dataset).hash)


def join(url: str, name: str, plan: Plan | None, *, data: Path) -> tuple[optuna.Study, Plan]:
    """The study of that name in the database at `url`, made from `plan` where there is none, and its plan.

    plan: None joins whatever the study searches. Raises StudyError when there is no study to join, when it searches
    something else than `plan`, when the dataset here is another, or when the database cannot be used.
    """
    with database_errors(url):
        _make_folder(url)
        storage = _storage(url)
        study = None if plan is None else _made(storage, name, plan)
        if study is None:
            study = _found(storage, name)
        found = _from_record(_definition(study, name))
    if plan is not None and (other := _differences(found, plan)):
        raise StudyError(
            f"The study “{name}” searches something else: {'; '.join(other)}. Leave all but --study and --trials out "
            "to resume it, or choose another name."
        )
    here = open_dataset(data, found.base.dataset).hash
    if here != found.dataset_hash:
        raise StudyError(
            f"The study “{name}” is about a dataset “{found.base.dataset}” with other images "
            f"({found.dataset_hash[:8]}) than the one here ({here[:8]}), so scores could not be compared."
        )
    study.sampler = _SeededByTrial(found.sampler, found.seed)
    return study, found


def put_back(trial: optuna.Trial | FrozenTrial, *, attempt: int, study: optuna.Study | None = None) -> None:
    """Queue the settings of a trial that did not get to its end, with its run to resume."""
    if not trial.params or attempt >= MOST_ATTEMPTS:
        return  # nothing drawn yet, so that nothing is lost; or it takes its process down each time
    about = {AGAIN: trial.number, ATTEMPT: attempt}
    about |= {name: trial.user_attrs[name] for name in (RUN, HOST) if name in trial.user_attrs}
    (study or trial.study).enqueue_trial(trial.params, user_attrs=about)  # type: ignore[union-attr]


def put_back_dead(study: optuna.Study, trial: FrozenTrial) -> None:
    put_back(trial, attempt=trial.user_attrs.get(ATTEMPT, 0) + 1, study=study)


class _SeededByTrial(optuna.samplers.BaseSampler):
    """A sampler whose draws depend on the seed, the trial's number and the trials before it alone. With a generator of
    its own in each process, processes of one seed would all draw the same."""

    def __init__(self, name: str, seed: int) -> None:
        self._name, self._seed = name, seed
        self._inner = SAMPLERS[name](seed)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._inner = SAMPLERS[self._name]((self._seed * 1_000_003 + trial.number) % 2**32)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, Any]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, Any]) -> dict[str, Any]:
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: Any
    ) -> Any:
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._inner.after_trial(study, trial, state, values)


def _made(storage: optuna.storages.RDBStorage, name: str, plan: Plan) -> optuna.Study | None:
    """A new study with its definition; None when there is one of that name."""
    try:
        study = optuna.create_study(storage=storage, study_name=name, directions=["maximize"] * len(OBJECTIVES))
    except optuna.exceptions.DuplicatedStudyError:
        return None
    study.set_user_attr(DEFINITION, _record(plan))
    return study


def _found(storage: optuna.storages.RDBStorage, name: str) -> optuna.Study:
    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        raise StudyError(f"There is no study “{name}”; `ferdash sweep --show` lists those there are.") from None


def _definition(study: optuna.Study, name: str) -> dict[str, Any]:
    """What the study searches; another process may have made it this very moment and be about to say so."""
    deadline = time.monotonic() + JOIN_PATIENCE_S
    while DEFINITION not in study.user_attrs:
        if time.monotonic() > deadline:
            raise StudyError(f"The study “{name}” was not made by ferdash sweep; choose another name.")
        time.sleep(0.1)
    definition: dict[str, Any] = study.user_attrs[DEFINITION]
    return definition


def _record(plan: Plan) -> dict[str, Any]:
    return {
        "config": to_dict(plan.base),
        "vary": [vary.text for vary in plan.vary],
        "sampler": plan.sampler,
        "seed": plan.seed,
        "dataset": {"name": plan.base.dataset, "hash": plan.dataset_hash},
    }


def _from_record(record: dict[str, Any]) -> Plan:
    base = from_dict(record["config"])
    return Plan(base, parse(record["vary"], base), record["sampler"], record["seed"], record["dataset"]["hash"])


def _differences(found: Plan, asked: Plan) -> list[str]:
    """In words: `epochs is 10, not 3`."""
    pairs = []
    for before, after in zip(*(_flat_record(plan) for plan in (found, asked)), strict=True):
        pairs += [
            f"{path} is {before.get(path, 'unvaried')}, not {after.get(path, 'unvaried')}"
            for path in before | after
            if before.get(path) != after.get(path)
        ]
    return pairs


def _flat_record(plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings that are the same for all trials, and those that are varied."""
    record = _record(plan)
    varied = {path: spec for path, _, spec in (text.partition("=") for text in record.pop("vary"))}
    return flatten(record.pop("config")) | flatten(record), varied


def _storage(url: str) -> optuna.storages.RDBStorage:
    """The database, made where there is none. Of processes that make it in the same moment all but one are refused, and
    find it there when they try again."""
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            return open_storage(
                url, heartbeat_interval=BEAT_S, grace_period=DEAD_AFTER_S, heartbeat_stale_trial_callback=put_back_dead
            )
        except (IntegrityError, OperationalError, ProgrammingError):
            if attempt == MOST_ATTEMPTS:
                raise
            time.sleep(0.3 * attempt)
    raise AssertionError  # the last attempt has returned or raised


def _make_folder(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
