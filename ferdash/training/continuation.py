"""Continuing a run: the same run where it stands, or a child run with a changed configuration."""

import shutil
from pathlib import Path
from typing import Any

from ferdash import former_names
from ferdash.errors import CheckpointError, ConfigError, RunError
from ferdash.models.weights import read_checkpoint, unpack_network
from ferdash.references import checkpoint_name, run_reference, split_checkpoint
from ferdash.runs.store import Run, find_run_id, list_run_ids, open_run, read_meta, read_status
from ferdash.training.checkpoints import list_checkpoints, read_latest, save_checkpoint
from ferdash.training.config import TrainConfig, differences, from_dict, override
from ferdash.training.distillation import TEACHER_PROBS, made_table
from ferdash.training.extra import pin_extra
from ferdash.training.recipes import Recipe, require_used
from ferdash.training.start import create
from ferdash.training.state import freeze, require_state
from ferdash.wording import counted

# A change of these makes an epoch of other batches, so a checkpoint from inside an epoch goes back to its start.
_MAKES_OTHER_BATCHES = ("batch_size", "dataset", "seed", "sampling.", "optimizer.accumulate")

# A change of these asks other teachers, or asks them about other images.
_MAKES_OTHER_TARGETS = ("loss.teachers", "dataset", "seed", "sampling.per_class", "sampling.extra")


def resume(reference: str, settings: list[str], *, data: Path, checkpoints: Path) -> Run:
    """The run to give to `execute`: RUN itself, or a child when a checkpoint is named or anything is changed.

    reference: `RUN` or `RUN@checkpoint` (`epoch-3`, `batch-500`, `last`). A child's config.json records the parent run,
    the checkpoint and what changed.

    Raises RunError, CheckpointError (naming an earlier checkpoint that can be read) or ConfigError, the latter also
    where nothing is left to train; no run is made then.
    """
    run_id, wanted = split_checkpoint(reference)
    root = checkpoints / "runs"
    parent = open_run(root, find_run_id(root, run_id))
    before = from_dict(parent.record["config"])
    after = pin_extra(override(before, settings), data)
    if not wanted and after == before:
        if read_status(parent.folder)["state"] == "finished":
            path, packed = read_latest(parent.checkpoints)
            require_state(packed, path.name)
            _require_more(parent, after, packed)
        return parent
    changes = differences(before, after)
    if any(path.startswith("sampling.weights.") for path in changes):
        require_used(after)
    if any(path.startswith("network.") for path in changes):
        raise ConfigError("The network's shape cannot change on the way; start a new run for another network.")
    if any(path.startswith("folds.") for path in changes):
        raise ConfigError(
            "The folds cannot change on the way: the run would be validated on images that it has been trained on. "
            "Start a new run for another fold."
        )
    path, packed = _pick(parent, wanted)
    require_state(packed, path.name)
    _forget_what_changed(packed, changes)
    _require_more(parent, after, packed)
    if "optimizer.freeze" in changes:
        freeze(unpack_network(packed["network"]), after.optimizer.freeze)
    child = create(after, data=data, checkpoints=checkpoints, parent=_lineage(parent, path, changes))
    _adopt(child, path.stem, packed, changes)
    if packed["best"]:
        _inherit_best(parent, child, packed["best"])
    teacher_probs = made_table(parent.folder)
    if teacher_probs is not None and not any(path.startswith(_MAKES_OTHER_TARGETS) for path in changes):
        shutil.copy2(teacher_probs, child.folder / TEACHER_PROBS)
    return child


def predecessor(recipe: Recipe, dataset: str, *, checkpoints: Path) -> str:
    """Model reference of the latest finished run of the recipe that `recipe` continues, on the same dataset; empty
    when it continues none. Raises RunError when that recipe has not been run yet."""
    if not recipe.continues:
        return ""
    root = checkpoints / "runs"
    for run_id in list_run_ids(root):
        try:
            run = open_run(root, run_id)
            state = read_status(run.folder)["state"]
        except RunError:
            continue  # a damaged run is not one to continue; the list of runs reports it
        config = former_names.config(run.record["config"])
        if (config.get("recipe"), config.get("dataset"), state) == (recipe.continues, dataset, "finished"):
            return run_reference(run_id)
    raise RunError(
        f"{recipe.name} continues a run of {recipe.continues} on “{dataset}”, and there is none yet. "
        f"Run that first, or name a model to start from."
    )


def find_checkpoint(run: Run, wanted: str) -> Path:
    """The file of `epoch-3`, `batch-500` or `last`. Raises CheckpointError listing those there are."""
    files = list_checkpoints(run.checkpoints)
    if wanted in ("", "last") and files:
        return files[-1]
    kind, _, number = wanted.partition("-")
    for path in files:
        have_kind, _, have_number = path.stem.partition("-")
        if kind == have_kind and number.isdigit() and int(number) == int(have_number):
            return path
    names = ", ".join(path.stem for path in files) or "none"
    raise CheckpointError(f"Run {run.id} has no checkpoint “{wanted}” to continue from; it has: {names}.")


def _pick(parent: Run, wanted: str) -> tuple[Path, dict[str, Any]]:
    if not wanted:
        return read_latest(parent.checkpoints)
    path = find_checkpoint(parent, wanted)
    try:
        return path, read_checkpoint(path)
    except CheckpointError as error:
        earlier = [file for file in list_checkpoints(parent.checkpoints) if file != path and _readable(file)]
        hint = f" Try the one before it: --resume {parent.id}@{earlier[-1].stem}." if earlier else ""
        raise CheckpointError(f"{error}{hint}") from error


def _readable(path: Path) -> bool:
    try:
        read_checkpoint(path)
    except CheckpointError:
        return False
    return True


def _lineage(parent: Run, path: Path, changes: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    return {
        "run": parent.id,
        "checkpoint": path.stem,
        "changes": {name: [old, new] for name, (old, new) in changes.items()},
    }


def _inherit_best(parent: Run, child: Run, best: dict[str, Any]) -> None:
    """Give the child the parent's best network and its predictions, which it may never surpass. The parent may have
    found a better one after the checkpoint that the child continues; then the child starts without."""
    kept = parent.checkpoints / "best.pt"
    if not kept.is_file() or read_checkpoint(kept).get("best") != best:
        return
    shutil.copy2(kept, child.checkpoints / kept.name)
    predictions = parent.folder / "predictions" / "validation.parquet"
    if predictions.is_file():
        shutil.copy2(predictions, child.folder / "predictions" / predictions.name)


def _require_more(parent: Run, config: TrainConfig, packed: dict[str, Any]) -> None:
    """Raise ConfigError where training from this checkpoint would end at once."""
    trained, best, patience = packed["position"]["epoch"], packed["best"], config.evaluation.patience
    name = str(read_meta(parent.folder)["name"]) or parent.id
    if trained >= config.epochs:
        epochs = counted(trained, "epoch")
        done = f"its {epochs}" if trained == config.epochs else f"{epochs}, and epochs is {config.epochs:,}"
        raise ConfigError(f"{name} has trained {done}; ask for more with --set epochs=N.")
    if patience and best and trained - 1 - best["epoch"] >= patience:
        raise ConfigError(
            f"{name} stopped early, after {trained:,} of {counted(config.epochs, 'epoch')}; ask for more patience with "
            "--set evaluation.patience=N, 0 for any."
        )


def _forget_what_changed(packed: dict[str, Any], changes: dict[str, tuple[Any, Any]]) -> None:
    """Take out of a parent's state what says nothing of a run with these changes."""
    if any(path.startswith("sampling.") for path in changes):
        packed["focus"] = None
    if any(path.startswith(("evaluation.", "dataset")) for path in changes):
        packed["best"] = {}  # a score of other images or another kind is nothing to compare with
    if "optimizer.name" in changes:
        packed["optimizer"] = None


def _adopt(child: Run, name: str, packed: dict[str, Any], changes: dict[str, tuple[Any, Any]]) -> None:
    """Put the parent's state into the child's folder, fitted to what changed."""
    position = packed["position"]
    if any(path.startswith(_MAKES_OTHER_BATCHES) for path in changes) and position["batch"]:
        packed["position"] = {**position, "batch": 0, "loss_sum": 0.0, "correct": 0.0, "seen": 0, "seconds": 0.0}
        name = Path(checkpoint_name(epoch=position["epoch"], batch=0)).stem
    save_checkpoint(child.checkpoints, f"{name}.pt", packed)
