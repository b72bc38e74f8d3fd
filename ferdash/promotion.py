"""From a run to a named model that every page offers, with a card written from the run's own facts."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as replaced
from functools import partial
from pathlib import Path
from typing import Literal, cast

import numpy as np
from safetensors import SafetensorError
from transformers import AutoImageProcessor, PreTrainedModel

from ferdash.data.dataset import FaceDataset, check_name, open_dataset
from ferdash.errors import ModelError, RunError
from ferdash.evaluation.protocol import TTA
from ferdash.files import reason_of
from ferdash.inference.calibrating import fit_calibration
from ferdash.inference.compression import export_onnx
from ferdash.inference.provenance import trained_on
from ferdash.inference.scoring import Scored, recalibrated, score, without_duplicates
from ferdash.leftovers import put_in_place, workspace
from ferdash.models.averaging import mean_network, measure_statistics
from ferdash.models.calibration import write_calibration
from ferdash.models.card import CardFacts, write_card
from ferdash.models.card_text import DEMO_PROVENANCE, FER2013_PROVENANCE, VOTES_DISTILLED, VOTES_PROVENANCE
from ferdash.models.onnx_export import can_export
from ferdash.models.reference import EXPORT_FOLDER, model_folder
from ferdash.models.registry import architecture_of
from ferdash.models.torch_loading import load_in_torch
from ferdash.models.torch_model import TorchModel
from ferdash.models.weight_files import WEIGHTS_FILE, halve
from ferdash.references import checkpoint_name, run_reference
from ferdash.runs.history import full_history
from ferdash.runs.store import Run, open_run, read_status
from ferdash.training.checkpoints import kept_epochs
from ferdash.training.config import TrainConfig, from_dict
from ferdash.training.distillation import is_table
from ferdash.wording import counted


def promote(
    run_id: str,
    name: str,
    *,
    data: Path,
    checkpoints: Path,
    replace: bool = False,
    average: int = 0,
    measure: bool = False,
    on_progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Path:
    """Save a network of a run as `checkpoints`/models/`name` in transformers' format; returns the folder.

    average: 0 takes the best epoch's network, otherwise the mean of the weights after so many of the newest epochs.
    measure: whether batch-norm statistics are measured anew on the training images as they are; a mean always needs it.
    The temperature of its probabilities is fitted on validation and kept with it. The model is scored anew there, with
    and without images that duplicate a training image, and a FerNet, which is fast enough, also with each
    test-time augmentation; the card says so. A FerNet is stored in float16 and exported to ONNX, in 8-bit integers
    too, where the packages for that are installed. replace: put it in the place of a model of that name.
    on_progress(step, done, total) is called after every batch of images that are scored.

    Raises RunError, DatasetError or ModelError when the run, its dataset or a checkpoint is missing, the run is a
    fold of a cross-validation or has no best epoch yet, the name is taken or cannot be one, or the folder cannot be
    written; an earlier model stays then, as it does whenever this is killed.
    """
    check_name(name, "model")
    target = checkpoints / "models" / name
    if target.exists() and not replace:
        raise ModelError(f"There is already a model called “{name}”; choose another name, or replace it (--replace).")
    run = open_run(checkpoints / "runs", run_id)
    if run.record["config"].get("folds", {}).get("count"):
        raise RunError(
            f"Run {run_id} is one fold of a cross-validation, and has seen validation images that its card would be "
            "scored on. Promote a run that was trained on the dataset's own splits."
        )
    if not read_status(run.folder).get("best"):
        raise RunError(
            f"Run {run_id} has no best epoch yet, so there is no network to promote. Let it train an epoch (ferdash "
            f"train --resume {run_id}), or promote another run."
        )
    chosen = _chosen(run, average, measure)
    model = load_in_torch(run_reference(run_id, "best"), checkpoints, "cpu")
    model = replaced(model, fused=None)  # the network may change
    dataset = open_dataset(data, run.record["dataset"]["name"])
    if dataset.hash != run.record["dataset"]["hash"]:
        raise RunError(
            f"The dataset “{dataset.name}” is not the one that run {run_id} was trained on any more; import that again."
        )
    if average:
        files = [run.folder / "checkpoints" / checkpoint_name(epoch=epoch + 1, batch=0) for epoch in chosen.epochs]
        model = replaced(model, network=mean_network(files).requires_grad_(False))
    if average or measure:
        measure_statistics(model, np.asarray(dataset.images[dataset.rows("train")]))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with workspace(target.parent, "promoting") as place:
            draft = place / name
            _write(draft, model, run, chosen, dataset, checkpoints, on_progress)
            put_in_place(draft, target)
    except (OSError, SafetensorError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else str(error)
        raise ModelError(f"The model “{name}” cannot be written to {target.parent} ({reason}).") from error
    return target


@dataclass(frozen=True)
class Chosen:
    """Which weights of a run are taken. epochs: from 0, oldest first. described: for the card."""

    epochs: list[int]
    described: str


def _write(
    draft: Path,
    model: TorchModel,
    run: Run,
    chosen: Chosen,
    dataset: FaceDataset,
    checkpoints: Path,
    on_progress: Callable[[str, int, int], None],
) -> None:
    """The whole folder of a model: network, temperature, card and exports."""
    _save_network(model, run, draft, checkpoints)
    # Scored as it will be opened: from the folder, through the same code as any other model.
    plain = load_in_torch(str(draft), checkpoints, "cpu")
    given = score(plain, dataset, "validation", on_progress=partial(on_progress, "validation"))
    write_calibration(draft, fit_calibration(plain, given, _against(run, given)))
    saved = replaced(load_in_torch(str(draft), checkpoints, "cpu"), reference=draft.name)
    evaluations = _evaluations(saved, given, dataset, on_progress)
    facts = _facts(draft.name, run, chosen, saved, dataset, checkpoints, evaluations)
    if architecture_of(saved.network) is not None and can_export():
        export = export_onnx(saved, draft / EXPORT_FOLDER, dataset=dataset)
        facts = replaced(facts, exported=export.describe())
    write_card(draft, facts)


def _chosen(run: Run, average: int, measure: bool) -> Chosen:
    measured = "; batch-norm statistics measured on the training images as they are" if average or measure else ""
    if not average:
        best = read_status(run.folder)["best"]
        total = len(full_history(run))
        described = f"epoch {best['epoch'] + 1} of {total}, by {best['select']} on validation{measured}"
        return Chosen([best["epoch"]], described)
    kept = kept_epochs(run.folder / "checkpoints")
    if len(kept) < average:
        raise RunError(
            f"Run {run.id} keeps the weights of {counted(len(kept), 'epoch')}, and {average} were to be averaged. Ask "
            "for fewer, or train with a higher checkpoint.keep_last."
        )
    epochs = kept[-average:]
    return Chosen(epochs, f"the mean of the weights after epochs {epochs[0] + 1} to {epochs[-1] + 1}{measured}")


def _save_network(model: TorchModel, run: Run, folder: Path, checkpoints: Path) -> None:
    network = model.network
    if not isinstance(network, PreTrainedModel):
        raise ModelError(f"The network of run {run.id} is not one of transformers', so it cannot be saved.")
    network.save_pretrained(folder)
    if (ours := architecture_of(network)) is not None:
        ours.save_processor(model.preprocess, folder)
        halve(folder / WEIGHTS_FILE)
    else:
        origin = model_folder(run.record["config"]["start_from"], checkpoints)
        processor = AutoImageProcessor.from_pretrained(
            origin, local_files_only=True, trust_remote_code=False, backend="pil"
        )
        processor.save_pretrained(folder)


def _facts(
    name: str,
    run: Run,
    chosen: Chosen,
    model: TorchModel,
    dataset: FaceDataset,
    checkpoints: Path,
    evaluations: list[Scored],
) -> CardFacts:
    config = cast(PreTrainedModel, model.network).config
    ours = architecture_of(model.network)
    return CardFacts(
        name=name,
        title=name if ours is None else ours.title,
        model_type=str(config.model_type),
        architecture=f"A network of type {config.model_type}." if ours is None else ours.describe(config),
        parameters=model.parameters,
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        counts={str(split): column.to_dict() for split, column in dataset.counts().items()},
        provenance=_provenance(dataset),
        run=run.id,
        command=_commands(run, checkpoints / "runs"),
        seed=run.record["config"]["seed"],
        code=run.record["code"],
        versions=run.record["versions"],
        history=full_history(run),
        epochs=chosen.epochs,
        chosen=chosen.described,
        evaluations=[evaluation.to_dict() for evaluation in evaluations],
        origin=_origin(from_dict(run.record["config"])),
        trained_on=tuple(sorted(trained_on(run_reference(run.id), checkpoints))),
    )


def _provenance(dataset: FaceDataset) -> str:
    if "demo" in dataset.meta["origin"].lower():
        return DEMO_PROVENANCE
    return FER2013_PROVENANCE if dataset.votes is None else f"{FER2013_PROVENANCE}\n\n{VOTES_PROVENANCE}"


def _evaluations(
    model: TorchModel, given: Scored, dataset: FaceDataset, on_progress: Callable[[str, int, int], None]
) -> list[Scored]:
    """What the card tells, the plain ones first; `given` are the scores before calibration."""
    assert model.calibration is not None  # it was written into the folder that the model was just opened from
    scored = recalibrated(given, model.calibration)
    evaluations = [scored, without_duplicates(scored)] if scored.duplicates.any() else [scored]
    if architecture_of(model.network) is not None:
        others = [name for name in TTA if name != "plain"]
        for name in others:
            report = partial(on_progress, f"validation, {name}")
            evaluations.append(score(replaced(model, tta=name), dataset, "validation", on_progress=report))
    return evaluations


def _against(run: Run, given: Scored) -> Literal["labels", "majority"]:
    """What the probabilities of a run's network should fit: what it learned, if that is known on validation too."""
    by_votes = run.record["config"].get("loss", {}).get("soft_votes") and given.raters is not None
    return "majority" if by_votes else "labels"


def _origin(config: TrainConfig) -> str:
    """Where a run began, and its teachers."""
    sentences = []
    if config.start_from:
        sentences.append(f"It began at the weights of `{config.start_from}`, as that was when the run was made.")
    told = "the label"
    if config.loss.soft_votes:
        told = "the raters"
        sentences.append(VOTES_DISTILLED)
    if teachers := config.teachers():
        names = " and ".join(f"`{name}`" for name in teachers)
        share = 100 * config.loss.teacher_share
        sentences.append(f"{share:.0f}% of each target comes from {names}, the rest from {told}.")
    if any(is_table(name) for name in teachers):
        sentences.append(
            "The `.npy` file is a table of probabilities that was made outside ferdash, from the training images; what "
            "its maker had learned from before is not known here."
        )
    return " ".join(sentences)


def _commands(run: Run, runs: Path) -> str:
    """What was typed, oldest first, where a run continues another."""
    parent = run.record.get("parent")
    if parent is None:
        return str(run.record["command"])
    return f"{_commands(open_run(runs, parent['run']), runs)}`, stopped, then `{run.record['command']}"
