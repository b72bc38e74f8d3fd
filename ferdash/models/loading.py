"""From a model reference (see ferdash.models.reference) to a model at work.

Whatever the model's own label order, size or channels, faces go in as uint8 and probabilities come out in the order of
EMOTIONS. Weights are read as data only (safetensors, graphs of ONNX, or weights_only checkpoints); code that comes with
a model is never run. PyTorch is imported only for models that were not exported, and when it is asked for.
"""

import importlib
import logging
import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Literal

from ferdash.errors import ModelError
from ferdash.models.calibration import read_calibration
from ferdash.models.emotion_model import EmotionModel, ExportedModel, together
from ferdash.models.engines import Engine, check_engine
from ferdash.models.exported import FILES, Export, digest_of, open_export, read_export
from ferdash.models.preprocess import Preprocess
from ferdash.models.reference import export_folder, full_reference, model_folder, source_files, title_of
from ferdash.models.tta import check_tta
from ferdash.references import members_of, parse

logger = logging.getLogger(__name__)
_IMPORTING = threading.Lock()


def load_model(
    reference: str,
    checkpoints: Path,
    device: str | None = None,
    *,
    engine: Engine = "torch",
    tta: str = "plain",
    calibrated: bool = True,
) -> EmotionModel:
    """Load the model that `reference` names.

    reference: the name of a folder in `checkpoints`/models; the path of a folder in transformers' image-classification
        format; a Hugging Face id (owner/name), downloaded once; or `run:<run>`, by its id, the start or the end of it,
        or its name, with @best (the default), @last or @epoch-3. Any of them with @size=112, for a network of another
        input size than it was made for; and several, joined by +, as an ensemble.
    device: as PyTorch names it; None takes a CUDA GPU where there is one and PyTorch computes.
    engine: torch; onnx or int8 for an export of the model, on the processor; or auto, which takes onnx where the model
        has an export of these weights, unless a device is named, and else torch.
    tta: over which of `ferdash.evaluation.protocol.TTA` probabilities are averaged.
    calibrated: whether probabilities are scaled by the temperature that is kept with the model, if there is one.

    Raises ModelError, with a sentence that says what to do, for whatever cannot be found, read or mapped.
    """
    check_tta(tta)
    check_engine(engine, device)
    parts = members_of(full_reference(reference, checkpoints))
    members = [_load_one(part, checkpoints, device, engine, calibrated) for part in parts]
    model = members[0] if len(members) == 1 else together(" + ".join(parts), members)
    return replace(model, tta=tta)


def _load_one(reference: str, checkpoints: Path, device: str | None, engine: Engine, calibrated: bool) -> EmotionModel:
    if engine == "onnx" or engine == "int8":
        return _open_exported(reference, checkpoints, engine, calibrated)
    if engine == "auto" and device in (None, "cpu"):
        try:
            return _open_exported(reference, checkpoints, "onnx", calibrated)
        except NotExportedError as error:
            logger.info("PyTorch computes: %s", error)
    found: EmotionModel = import_torch().load_in_torch(reference, checkpoints, device, calibrated=calibrated)
    return found


def import_torch() -> ModuleType:
    """ferdash.models.torch_loading, and PyTorch and transformers with it: seconds, the first time. The latter, imported
    by two threads at once, hands one of them a half-finished module; here the second waits."""
    with _IMPORTING:
        return importlib.import_module("ferdash.models.torch_loading")


class NotExportedError(ModelError):
    """A model has no export that could stand in for it."""


def _open_exported(
    reference: str, checkpoints: Path, engine: Literal["onnx", "int8"], calibrated: bool
) -> ExportedModel:
    """Raises NotExportedError when there is no export of these weights or ONNX Runtime cannot open it."""
    folder = export_folder(reference, checkpoints)
    export = _export_of(reference, checkpoints, engine, folder)
    asked = parse(reference)
    own = None if asked.of_run else model_folder(asked.bare, checkpoints)
    # A temperature holds for the size it was fitted at.
    calibration = read_calibration(own, export.weights) if calibrated and own and asked.size is None else None
    try:
        runtime = open_export(folder, engine)
    except ModelError as error:
        raise NotExportedError(str(error)) from error
    return ExportedModel(
        reference,
        title_of(reference, checkpoints) + (", int8" if engine == "int8" else ""),
        export.columns,
        Preprocess.from_dict(export.preprocess),
        runtime,
        folder=own,
        parameters=export.parameters,
        multi_label=export.multi_label,
        calibration=calibration,
    )


def _export_of(reference: str, checkpoints: Path, engine: Engine, folder: Path) -> Export:
    """The record of an export that can stand in for the model."""
    export = read_export(folder)
    if export is None or not (folder / FILES[engine]).is_file():
        what = "quantised to 8-bit integers" if engine == "int8" else "exported to ONNX"
        problem = f"{reference} has not been {what}."
    elif export.source != digest_of(source_files(reference, checkpoints)):
        problem = f"{reference} has changed since it was exported to ONNX."
    else:
        return export
    raise NotExportedError(f"{problem} Run `ferdash export-onnx {reference}` first, or use the engine torch.")
