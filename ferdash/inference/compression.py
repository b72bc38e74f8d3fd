"""A model for ONNX Runtime, checked against PyTorch, and smaller in 8-bit integers, with what that costs."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ferdash.data.dataset import FaceDataset
from ferdash.errors import ModelError
from ferdash.evaluation.protocol import stratified_rows
from ferdash.files import write_atomic
from ferdash.inference.scoring import Scored, score
from ferdash.leftovers import workspace
from ferdash.models.emotion_model import EmotionModel, Ensemble, ExportedModel
from ferdash.models.engines import TOLERANCE
from ferdash.models.exported import FILES, RECORD_FILE, Export, digest_of, open_export, write_export
from ferdash.models.onnx_export import OPSET, export_float32, quantise, share_weights
from ferdash.models.torch_model import TorchModel, in_torch
from ferdash.models.weight_files import WEIGHTS_FILE
from ferdash.models.weights import fingerprint_of

CHECKED = 256
"""Faces whose probabilities are compared; with a dataset they are training images, else noise."""

CALIBRATION_PER_CLASS = 64
"""Training images of each emotion that set the ranges of 8-bit integers."""


def export_onnx(
    model: EmotionModel,
    folder: Path,
    *,
    dataset: FaceDataset | None = None,
    on_progress: Callable[[str], None] = lambda step: None,
) -> Export:
    """Export a model to `folder` (see ferdash.models.exported), in place of an older export; returns the record.

    Where `folder` lies in the model's own, model.onnx takes its weights from the model.safetensors there. dataset: also
    quantise to 8-bit integers, with ranges from train, and score both on validation. on_progress is called with the
    name of each step.

    Raises ModelError when a package is missing, the network cannot be exported, or the export gives probabilities
    further than TOLERANCE from PyTorch's; then nothing is kept of it. Raises DatasetError or EvaluationError when the
    dataset lacks a split.
    """
    if isinstance(model, Ensemble):
        raise ModelError(f"{model.reference} is several models together; export each of them alone.")
    model = replace(in_torch(model), fused=None, tta="plain")
    folder.mkdir(parents=True, exist_ok=True)
    with workspace(folder.parent, "exporting") as draft:
        on_progress("exporting")
        graph = export_float32(model, draft)
        int8 = None if dataset is None else _quantised(model, draft, dataset, on_progress)
        weights = folder.parent / WEIGHTS_FILE
        shared = weights in model.source and share_weights(graph, weights)
        faces = _some_faces(dataset)
        exported = _opened(model, draft, "onnx")
        difference = float(np.abs(model.probabilities(faces) - exported.probabilities(faces)).max())
        if difference > TOLERANCE:
            raise ModelError(
                f"The export of {model.reference} gives probabilities up to {difference:.2g} away from PyTorch's "
                f"(at most {TOLERANCE:g} is accepted), so it was not kept; use the engine torch."
            )
        record = Export(
            model=model.reference,
            source=digest_of(model.source),
            weights=fingerprint_of(model.network),
            columns=model.columns,
            parameters=model.parameters,
            preprocess=model.preprocess.to_dict(),
            opset=OPSET,
            difference=difference,
            faces=len(faces),
            megabytes=_megabytes(graph),
            shares=weights.name if shared else None,
            versions={name: version(name) for name in ("torch", "onnx", "onnxruntime")},
            int8=int8,
            multi_label=model.multi_label,
        )
        write_export(draft, record)
        # The record goes first and comes last: whoever reads meanwhile finds no export rather than half of one.
        (folder / RECORD_FILE).unlink(missing_ok=True)
        for name in (*FILES.values(), RECORD_FILE):
            if (draft / name).is_file():
                _copy(draft / name, folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
    return record


def _quantised(
    model: TorchModel,
    draft: Path,
    dataset: FaceDataset,
    on_progress: Callable[[str], None],
) -> dict[str, Any]:
    """Quantise the export in `draft`, and what it costs on validation, as plain data."""
    on_progress("quantising")
    rows = dataset.rows("train")
    rows = stratified_rows(rows, dataset.labels[rows], per_class=CALIBRATION_PER_CLASS)
    if len(rows) == 0:
        raise ModelError(f"“{dataset.name}” has no training image to set the ranges of 8-bit integers by.")
    batches = [model.preprocess.array(dataset.images[rows[start : start + 64]]) for start in range(0, len(rows), 64)]
    target = quantise(draft / FILES["onnx"], draft, batches)
    on_progress("scoring in float32")
    full = score(_opened(model, draft, "onnx"), dataset, "validation")
    on_progress("scoring in 8-bit integers")
    small = score(_opened(model, draft, "int8"), dataset, "validation")
    return {
        "calibration_images": len(rows),
        "megabytes": _megabytes(target),
        "described": full.protocol.describe(),
        "images": full.protocol.images,
        "accuracy_float32": full.metrics.accuracy,
        "accuracy_int8": small.metrics.accuracy,
        "accuracy_cost": full.metrics.accuracy - small.metrics.accuracy,
        "macro_f1_float32": full.metrics.macro_f1,
        "macro_f1_int8": small.metrics.macro_f1,
        "same_answer": _agreement(full, small),
        "max_difference": float(np.abs(full.probabilities - small.probabilities).max()),
        "mean_difference": float(np.abs(full.probabilities - small.probabilities).mean()),
    }


def _opened(model: TorchModel, folder: Path, engine: Literal["onnx", "int8"]) -> ExportedModel:
    return ExportedModel(
        model.reference,
        model.title,
        model.columns,
        model.preprocess,
        open_export(folder, engine),
        calibration=model.calibration,
    )


def _agreement(one: Scored, other: Scored) -> float:
    return float((one.probabilities.argmax(axis=1) == other.probabilities.argmax(axis=1)).mean())


def _some_faces(dataset: FaceDataset | None) -> np.ndarray:
    if dataset is not None and len(rows := dataset.rows("train")):
        return np.asarray(dataset.images[rows[:CHECKED]])
    return np.random.default_rng(0).integers(0, 256, (CHECKED, 48, 48), dtype=np.uint8)


def _megabytes(path: Path) -> float:
    return round(path.stat().st_size / 1e6, 2)


def _copy(source: Path, target: Path) -> None:
    content = source.read_bytes()
    write_atomic(target, lambda file: file.write(content))
