"""From a configuration to a run at work: make the run folder, open what it needs, train, and record how it ended."""

import errno
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from ferdash import __version__
from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError, FerdashError, ModelError
from ferdash.memory import held_for_reuse
from ferdash.models.features import embed
from ferdash.models.hub import to_download
from ferdash.models.loading import import_torch, load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.reference import full_reference
from ferdash.models.registry import architecture
from ferdash.models.weights import unpack_network
from ferdash.paths import checkout
from ferdash.references import DEFAULT_CHECKPOINT, members_of, parse
from ferdash.runs.baseline import write_baseline
from ferdash.runs.store import RUNS, Run, append_log, create_run, new_run_id, write_status
from ferdash.training.checkpoints import read_latest
from ferdash.training.config import TrainConfig, differences, from_dict, to_dict
from ferdash.training.control import Control, Progress
from ferdash.training.distillation import OOF, TEACHER_PROBS, VOTES, is_folds, model_behind, teacher_table
from ferdash.training.extra import describe_extra, pin_extra, require_same_extra, with_extra
from ferdash.training.folds import in_fold, require_unseen
from ferdash.training.loop import Trainer
from ferdash.training.out_of_fold import out_of_fold_table, require_teachers
from ferdash.training.processes import SINGLE_PROCESS, Processes
from ferdash.training.raters import label_given_votes
from ferdash.training.recipes import RECIPES
from ferdash.training.sampling import training_rows
from ferdash.training.state import freeze


def create(
    config: TrainConfig,
    *,
    data: Path,
    checkpoints: Path,
    name: str = "",
    group: str = "",
    parent: dict[str, Any] | None = None,
) -> Run:
    """Make the folder of a new run, queued.

    group: name that it shares with other seeds or folds of the same configuration. parent: `run`, `checkpoint` and
    `changes` of the run that this one continues. A configuration that starts from another run's checkpoint (`run:...`)
    gets its parent from there.

    Raises DatasetError when a dataset of it is missing, ModelError for a name that fits several runs, and ConfigError
    for teachers that are not there, a freeze that leaves nothing to train, or a cross-validation that starts from a
    network which has seen its images.
    """
    dataset = open_dataset(data, config.dataset)
    # The record names teachers and extra images themselves; what `start` and `corrections` mean may change later.
    config = in_full(pin_extra(config, data), checkpoints)
    require_applicable(config)
    if parent is None and config.optimizer.freeze and not to_download(config.start_from):
        freeze(build_network(config, checkpoints)[0], config.optimizer.freeze)
    for teacher in filter(is_folds, config.teachers()):
        require_teachers(teacher.partition(":")[2], dataset, checkpoints)
    unknown = require_unseen(config, dataset, checkpoints)
    if parent is None and (began := parse(config.start_from)).of_run:
        parent = {"run": began.run, "checkpoint": began.checkpoint or DEFAULT_CHECKPOINT, "changes": {}}
    record = {
        "config": to_dict(config),
        "dataset": {"name": dataset.name, "hash": dataset.hash, "images": len(dataset)},
        "extra": describe_extra(config, data),
        "code": code_version(),
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
        "command": command_of(config, parent),
        "parent": parent,
        "group": group,
    }
    run = create_run(checkpoints / "runs", new_run_id(config.recipe), record, name=name)
    for reference in unknown:
        append_log(
            run.folder,
            f"What {reference} was trained on is not recorded here. The scores of this fold hold only if it never saw "
            f"images of “{dataset.name}”.",
        )
    return run


def in_full(config: TrainConfig, checkpoints: Path) -> TrainConfig:
    """The configuration with the runs that it starts from and learns from by their ids, as they belong into a record: a
    name may mean another run later. Raises ModelError for a name that fits several runs."""

    def teacher_in_full(name: str) -> str:
        model = model_behind(name)
        return name.removesuffix(model) + full_reference(model, checkpoints)

    teachers = ",".join(map(teacher_in_full, config.teachers()))
    start_from = full_reference(config.start_from, checkpoints)
    return replace(config, start_from=start_from, loss=replace(config.loss, teachers=teachers))


def require_applicable(config: TrainConfig) -> None:
    """Raise ConfigError for a shape of the network where the run starts from one that has its own."""
    changed = [path for path in differences(TrainConfig(), config) if path.startswith("network.")]
    if config.start_from and changed:
        raise ConfigError(
            f"{changed[0]} is set, but the run starts from {config.start_from}, whose network is as it is. Leave it "
            "out, or start from no model."
        )


def execute(
    run: Run,
    *,
    data: Path,
    checkpoints: Path,
    control: Control | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    processes: Processes = SINGLE_PROCESS,
) -> str:
    """Train a queued run, or continue one that was interrupted or stopped; returns the state it ended in.

    processes: those that train it together, each of which calls this. Whatever goes wrong, status.json says so before
    the exception reaches the caller; RunError, and nothing changed, where another process is at the run already.
    """
    hold = RUNS.lock(run.folder) if processes.main else None
    try:
        return _execute(run, data, checkpoints, control, on_progress, processes)
    finally:
        if hold is not None:
            hold.release()


def _execute(
    run: Run,
    data: Path,
    checkpoints: Path,
    control: Control | None,
    on_progress: Callable[[Progress], None] | None,
    processes: Processes,
) -> str:
    def record(message: str, **status: Any) -> None:
        if processes.main:
            append_log(run.folder, message)
            write_status(run.folder, **status)

    try:
        config = from_dict(run.record["config"])
        checkpoint = None
        if any(run.checkpoints.glob("*-*.pt")):
            path, checkpoint = read_latest(run.checkpoints)
            record(f"Resuming from checkpoint {path.stem}.", state="running")
        else:
            record("Started.", state="running")
        network, preprocess = build_network(
            config, checkpoints, checkpoint, on_note=lambda note: record(note, state="running")
        )
        require_same_extra(run.record, data)
        dataset = with_extra(in_fold(open_dataset(data, config.dataset), config.folds), config.sampling)
        if processes.main and "extra" in dataset.meta:
            append_log(run.folder, dataset.meta["extra"])
        trainer = Trainer(
            run,
            config,
            dataset,
            network,
            preprocess,
            checkpoint=checkpoint,
            control=control,
            on_progress=on_progress,
            teacher_probs=_ask_teachers(run, config, dataset, checkpoints, processes),
            processes=processes,
        )
        if checkpoint is None and config.evaluation.baseline:
            _score_baseline(run, trainer, processes)
        with held_for_reuse():
            state = trainer.train()
    except BaseException as error:
        sentence = failure_sentence(error)
        # On a full disk even this may fail; the run then shows as interrupted, and the first error goes to the caller.
        with suppress(OSError):
            record(f"Failed: {sentence}", state="failed", error=sentence)
        raise
    progress = asdict(trainer.progress("training"))
    said = {"note": trainer.stopped_early, "test": trainer.test}
    kept = {name: value for name, value in said.items() if value}
    record(f"{state.capitalize()}.", state=state, progress=progress, best=trainer.state.best, **kept)
    return state


def _score_baseline(run: Run, trainer: Trainer, processes: Processes) -> None:
    """Record how the network that the run starts from does on the run's own validation images."""
    metrics, probabilities = trainer.score(trainer.validation)
    if processes.main:
        write_baseline(run.folder, trainer.validation_scores(metrics, probabilities))
        append_log(run.folder, f"Before: validation accuracy {metrics.accuracy:.2%}, macro F1 {metrics.macro_f1:.4f}.")


def _ask_teachers(
    run: Run, config: TrainConfig, dataset: FaceDataset, checkpoints: Path, processes: Processes
) -> np.ndarray | None:
    references = config.teachers()
    if not references:
        return None

    rows = training_rows(dataset, config)

    def alive() -> None:
        write_status(run.folder, state="running")

    def made(name: str) -> np.ndarray:
        if is_folds(name):
            imported = open_dataset(dataset.folder.parent, config.dataset)  # which is what the folds divide
            # An image that was added to it keeps its label.
            table: np.ndarray = np.eye(len(EMOTIONS), dtype=np.float32)[dataset.labels[rows]]
            own = rows < len(imported)
            group = name.partition(":")[2]
            table[own] = out_of_fold_table(group, imported, rows[own], checkpoints=checkpoints, on_batch=alive)
            return table
        votes = None if dataset.votes is None else dataset.votes[rows]
        return label_given_votes(dataset.labels[rows], votes, _features(name, dataset.images[rows], checkpoints))

    def ask() -> np.ndarray:
        return teacher_table(
            references,
            dataset.images[rows],
            checkpoints=checkpoints,
            kept=run.folder / TEACHER_PROBS,
            on_progress=lambda done, total: alive(),
            tables=lambda: {name: made(name) for name in references if name.partition(":")[0] in (VOTES, OOF)},
        )

    if processes.main:
        append_log(run.folder, f"Learning from {', '.join(references)}.")
        ask()
    processes.broadcast(None)  # the others wait for the table, then read it
    return ask()


def _features(teacher: str, images: np.ndarray, checkpoints: Path) -> np.ndarray | None:
    """What the model behind a teacher that knows the votes makes of each image and its mirror image, float32 (N, D)."""
    if not (name := model_behind(teacher)):
        return None
    model = load_model(name, checkpoints, engine="torch", calibrated=False)
    found: np.ndarray | None = (embed(model, images) + embed(model, np.ascontiguousarray(images[:, :, ::-1]))) / 2
    return found


def failure_sentence(error: BaseException) -> str:
    """What to tell a person about an exception that ended a run."""
    if isinstance(error, FerdashError):
        return str(error)
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "not enough memory" in str(error):
        return "Memory ran out. Continue with a smaller batch_size (and optimizer.accumulate to make up for it)."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full. Make room, then resume: the checkpoints written before are whole."
    if isinstance(error, OSError):
        return f"A file could not be read or written: {error}. Resume when it is back."
    return (
        f"An error in ferdash itself ({type(error).__name__}: {error}); the traceback is where ferdash was started: in "
        "its terminal, or in the server's log."
    )


def code_version() -> str:
    """The commit this code stands at, marked when files differ from it; the package's version outside a clone."""
    if checkout() is None:
        return f"ferdash {__version__}"  # a repository around the installed package is somebody else's
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "--short=12", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no", "--", "..")
    except (OSError, subprocess.CalledProcessError):
        return f"ferdash {__version__}"
    return commit + ("+changes" if changed else "")


def command_of(config: TrainConfig, parent: dict[str, Any] | None = None) -> str:
    """The command line that makes a run of this configuration again."""
    if parent and parent["changes"]:
        settings = [f"--set {path}={_text(new)}" for path, (_, new) in sorted(parent["changes"].items())]
        return " ".join([f"ferdash train --resume {parent['run']}@{parent['checkpoint']}", *settings])
    known = config.recipe in RECIPES
    base = RECIPES[config.recipe].config() if known else TrainConfig()
    parts = ["ferdash train", f"--recipe {config.recipe}" if known else f"--set recipe={config.recipe}"]
    options = {"dataset": "--dataset", "seed": "--seed", "start_from": "--model"}
    for path, (_, value) in sorted(differences(base, config).items()):
        if path in options:
            parts.append(f"{options[path]} {_text(value)}")
        elif path != "recipe":
            parts.append(f"--set {path}={_text(value)}")
    return " ".join(parts)


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def build_network(
    config: TrainConfig,
    checkpoints: Path,
    checkpoint: dict[str, Any] | None = None,
    *,
    on_note: Callable[[str], object] = lambda sentence: None,
) -> tuple[PreTrainedModel, Preprocess]:
    """The network to train and how it wants its images: that of the checkpoint, of the model that the configuration
    starts from, or a new one drawn from the seed. on_note: called with a sentence where the model's last layer had to
    be made anew. Raises ModelError when the model cannot be loaded."""
    if checkpoint is not None:
        packed = checkpoint["network"]
        return unpack_network(packed), Preprocess(**packed["preprocess"])
    if config.start_from:
        if len(members_of(config.start_from)) > 1:
            raise ModelError(f"A run starts from one model, and {config.start_from} is several; choose one of them.")
        model, note = import_torch().load_to_train(config.start_from, checkpoints, config.seed)
        # Trained by cross-entropy, a network is one of softmax, whatever it was before.
        model.network.config.problem_type = None
        if note:
            on_note(note)
        return model.network.requires_grad_(True), model.preprocess
    torch.manual_seed(config.seed)
    settings = asdict(config.network)
    return architecture(settings.pop("name")).build(settings), Preprocess()


def _git(folder: Path, *arguments: str) -> str:
    result = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return result.stdout.strip()
