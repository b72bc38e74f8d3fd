"""From a model reference to a model at work: `fernet`, a folder, a Hugging Face id, or `run:<run id>@best`.

Several references joined by + are an ensemble, and @size=112 after one gives its network smaller pictures.

Whatever the model's own label order, size or channels, faces go in as uint8 and probabilities come out in the order of
EMOTIONS. Weights are read as data only (safetensors, or weights_only checkpoints); code that comes with a model is
never run.
"""

import inspect
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageClassification
from transformers.utils import logging

import ferdash.models.processing  # noqa: F401  (registers FerNet and its image processor with the Auto classes)
from ferdash.emotions import canonical_columns
from ferdash.errors import CheckpointError, LabelError, ModelError
from ferdash.models.calibration import CALIBRATION_FILE, read_calibration
from ferdash.models.card import read_card
from ferdash.models.emotion_model import EmotionModel, together
from ferdash.models.engines import Engine, check_engine, choose_engine
from ferdash.models.fernet import FerNetForImageClassification
from ferdash.models.fusing import fuse
from ferdash.models.hub import hub_folder, is_hub_id
from ferdash.models.preprocess import Preprocess, preprocess_of
from ferdash.models.sessions import FILES
from ferdash.models.views import check_views
from ferdash.models.weights import read_network
from ferdash.wording import counted

logging.disable_progress_bar()  # transformers' own bars would mix with ours on stderr

TOLERANCE_LEVELS = 2.5
"""How far, in levels of 255, a model's own image processor and its Preprocess may be apart on any pixel."""


def load_model(
    reference: str,
    checkpoints: Path,
    device: str | None = None,
    *,
    engine: Engine = "torch",
    views: str = "plain",
    calibrated: bool = True,
) -> EmotionModel:
    """Load the model that `reference` names.

    reference: the name of a folder in `checkpoints`/models; the path of a folder in transformers' image-classification
        format; a Hugging Face id (owner/name), downloaded once; or `run:<run id>` with @best (the default), @last or
        @epoch-3. Any of them with @size=112, for a network of another input size than it was made for; and several,
        joined by +, as an ensemble.
    device: as PyTorch names it; None takes a CUDA GPU where there is one.
    engine: torch; onnx or int8 for an export of the model, on the processor; or auto, as `choose_engine` does.
    views: over which of `ferdash.models.views.VIEWS` probabilities are averaged.
    calibrated: whether probabilities are scaled by the temperature that is kept with the model, if there is one.

    Raises ModelError, with a sentence that says what to do, for whatever cannot be found, read or mapped.
    """
    check_views(views)
    check_engine(engine, device)
    place = torch.device("cpu") if engine in FILES else _device(device)
    parts = members_of(reference)
    members = [_load_one(part, checkpoints, place, engine, calibrated) for part in parts]
    model = members[0] if len(members) == 1 else together(" + ".join(parts), members)
    return replace(model, views=views)


def members_of(reference: str) -> list[str]:
    """The models that a reference joins by +, one where it joins none. A folder may have a + in its name."""
    if Path(reference).expanduser().is_dir():
        return [reference]
    return [part.strip() for part in reference.split("+")]


def without_size(reference: str) -> tuple[str, int | None]:
    """A reference and its input size in pixels, None where it names none. Raises ModelError for a size of 0.

    >>> without_size("owner/name@size=112"), without_size("run:r1@best")
    (('owner/name', 112), ('run:r1@best', None))
    """
    match = re.fullmatch(r"(.*)@size=(\d+)", reference)
    if match is None:
        return reference, None
    if int(match[2]) < 1:
        raise ModelError(f"“{reference}” asks for pictures of {match[2]} pixels; name a size such as @size=112.")
    return match[1], int(match[2])


def files_behind(reference: str, checkpoints: Path) -> list[Path]:
    """The files that decide what a model that is on this machine answers, as far as they are there; to notice when it
    has changed. Raises ModelError for a run without the checkpoint."""
    files = []
    for part in members_of(reference.strip()):
        bare, _ = without_size(part)
        if bare.startswith("run:"):
            files.append(run_checkpoint(bare, checkpoints / "runs"))
            continue
        shipped = checkpoints / "models" / bare
        folder = shipped if shipped.is_dir() else Path(bare).expanduser()
        files += [folder / "model.safetensors", folder / CALIBRATION_FILE]
    return [path for path in files if path.is_file()]


def export_folder(reference: str, checkpoints: Path) -> Path:
    """Where an export of a model to ONNX is kept: in the model's folder or the run's, and for a model of the Hub, whose
    folder is a cache, in `checkpoints`/exports. Raises ModelError as `model_folder` does."""
    bare, size = without_size(reference.strip())
    name = "onnx" if size is None else f"onnx-{size}px"
    if bare.startswith("run:"):
        return run_checkpoint(bare, checkpoints / "runs").parents[1] / name
    folder = model_folder(bare, checkpoints)
    if is_hub_id(bare) and not Path(bare).expanduser().is_dir():
        return checkpoints / "exports" / bare.replace("/", "--") / name
    return folder / name


def model_folder(reference: str, checkpoints: Path) -> Path:
    """The folder that a reference other than `run:` names, downloaded if need be. Raises ModelError."""
    if not reference:
        raise ModelError("No model was named; try fernet, a folder, or a Hugging Face id such as owner/name.")
    shipped = checkpoints / "models" / reference
    if Path(reference).name == reference and shipped.is_dir():
        return shipped
    path = Path(reference).expanduser()
    if path.is_dir():
        return path
    if is_hub_id(reference):
        return hub_folder(reference)
    known = ", ".join(sorted(entry.name for entry in shipped.parent.glob("*") if entry.is_dir())) or "none yet"
    raise ModelError(f"There is no model “{reference}”: neither a folder nor one of those shipped ({known}).")


def run_checkpoint(reference: str, runs: Path) -> Path:
    """The checkpoint file that `run:<run id>[@best|@last|@epoch-3]` names. Raises ModelError."""
    run_id, _, which = reference.removeprefix("run:").partition("@")
    which = which or "best"
    folder = runs / run_id / "checkpoints"
    if not run_id or Path(run_id).name != run_id or not folder.is_dir():
        raise ModelError(f"There is no run “{run_id}” to take a model from; `ferdash runs list` shows those there are.")
    if which == "last":
        return _newest(folder, run_id)
    if match := re.fullmatch(r"epoch-(\d+)", which):
        path = folder / f"epoch-{int(match[1]):03d}.pt"
    elif which == "best":
        path = folder / "best.pt"
    else:
        raise ModelError(f"“@{which}” is no checkpoint of a run; use @best, @last or an epoch such as @epoch-3.")
    if not path.is_file():
        there = ", ".join(f"@{entry.stem}" for entry in sorted(folder.glob("*.pt"))) or "none yet"
        raise ModelError(f"Run {run_id} has no checkpoint @{which}; it has {there}.")
    return path


def _newest(folder: Path, run_id: str) -> Path:
    # Within a kind the number says which is newest; an epoch and a batch can only be compared by time of writing.
    newest = [max(folder.glob(pattern), default=None) for pattern in ("epoch-*.pt", "batch-*.pt")]
    found = [path for path in newest if path is not None]
    if not found:
        raise ModelError(f"Run {run_id} has not written a checkpoint yet; try again after its first epoch.")
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def _load_one(
    reference: str, checkpoints: Path, device: torch.device, engine: Engine, calibrated: bool
) -> EmotionModel:
    bare, size = without_size(reference)
    calibration = None
    if bare.startswith("run:"):
        network, preprocess, title, details = _read_run(bare, checkpoints / "runs")
    else:
        folder = model_folder(bare, checkpoints)
        network, preprocess = _read_folder(folder, bare)
        title, details = {"fernet": "FerNet"}.get(bare, bare if is_hub_id(bare) else folder.name), read_card(folder)
        if calibrated and size is None:  # a temperature holds for the size it was fitted at
            calibration = read_calibration(folder, network)
    if size is not None:
        title, preprocess = f"{title} at {size} px", _resize_input(network, preprocess, size, bare)
    try:
        columns = canonical_columns(network.config.id2label)  # type: ignore[union-attr,arg-type]
    except LabelError as error:
        raise ModelError(f"{reference} is not a model of the seven emotions. {error}") from error
    network = network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    session = fuse(network) if isinstance(network, FerNetForImageClassification) else None
    model = EmotionModel(reference, title, network, columns, preprocess, device, details, calibration, session=session)
    if engine == "torch" or (engine == "auto" and device.type != "cpu"):
        return model
    return choose_engine(model, engine, export_folder(reference, checkpoints), checkpoints)


def _read_run(reference: str, runs: Path) -> tuple[nn.Module, Preprocess, str, dict[str, Any]]:
    path = run_checkpoint(reference, runs)
    try:
        network, fields = read_network(path)
        preprocess = Preprocess(**fields)
    except (CheckpointError, TypeError) as error:
        raise ModelError(f"The model of {reference} cannot be read: {error}") from error
    run_id = reference.removeprefix("run:").partition("@")[0]
    return network, preprocess, f"Run {run_id}, {path.stem}", {}


def _resize_input(network: nn.Module, preprocess: Preprocess, size: int, reference: str) -> Preprocess:
    """Make a network take size x size pixels. A vision transformer interpolates its position embeddings (Dosovitskiy
    et al., "An Image is Worth 16x16 Words" (2021), section 3.2); a convolutional network takes any size."""
    patch = getattr(network.config, "patch_size", 1)
    if isinstance(patch, int) and size % patch:
        raise ModelError(f"{reference} sees patches of {patch} pixels, so its input size must be a multiple of that.")
    if "interpolate_pos_encoding" in inspect.signature(network.forward).parameters:
        network.forward = partial(network.forward, interpolate_pos_encoding=True)
    resized = preprocess.at_size(size)
    try:
        with torch.inference_mode():
            network.eval()(pixel_values=resized(np.zeros((1, 48, 48), dtype=np.uint8)))
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{reference} cannot take pictures of {size} pixels: {_first_line(error)}") from error
    return resized


def _read_folder(folder: Path, reference: str) -> tuple[nn.Module, Preprocess]:
    for needed, what in (("config.json", "says what network it is"), ("preprocessor_config.json", "says how it sees")):
        if not (folder / needed).is_file():
            raise ModelError(
                f"{reference} is not a model folder: it has no {needed}, which {what}. Give a folder in transformers' "
                "image-classification format, as save_pretrained writes it."
            )
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        # Labels are checked before the weights are read: it is the commonest mismatch and costs nothing.
        canonical_columns(config.id2label)
        network, report = AutoModelForImageClassification.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            dtype=torch.float32,
            use_safetensors=True,
        )
        processor = AutoImageProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, backend="pil"
        )
    except LabelError as error:
        raise ModelError(f"{reference} is not a model of the seven emotions. {error}") from error
    except SafetensorError as error:
        raise ModelError(f"The weights of {reference} are damaged or cut short ({error}). Copy them again.") from error
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        if "trust_remote_code" in str(error):
            raise ModelError(
                f"{reference} brings Python code of its own, which ferdash never runs. Use a model whose architecture "
                "transformers knows."
            ) from error
        raise ModelError(f"{reference} cannot be loaded by transformers: {_first_line(error)}") from error
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"The weights of {reference} do not fit its config.json: {len(missing)} are missing ({missing[0]} ...)."
        )
    preprocess = preprocess_of(processor, int(getattr(config, "num_channels", 3)))
    _check_preprocess(preprocess, processor, reference)
    return network, preprocess


def _check_preprocess(preprocess: Preprocess, processor: Any, reference: str) -> None:
    """Refuse a model whose image processor does something that Preprocess does not reproduce."""
    shape = (1, 60, 60) if preprocess.channels == 1 else (1, 60, 60, 3)
    face = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    try:
        theirs = processor(list(face), return_tensors="pt")["pixel_values"]
    except ValueError as error:
        raise ModelError(
            f"The image processor of {reference} ({type(processor).__name__}) cannot prepare pictures with "
            f"{counted(preprocess.channels, 'channel')}, which its network asks for: {_first_line(error)}"
        ) from error
    ours = preprocess(face)
    level = preprocess.rescale / min(preprocess.std)
    if theirs.shape != ours.shape or float((theirs - ours).abs().max()) > TOLERANCE_LEVELS * level:
        raise ModelError(
            f"The image processor of {reference} ({type(processor).__name__}) prepares pictures in a way that ferdash "
            "does not reproduce, so its results would be wrong; use a model with a plain resize and normalisation."
        )


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"The device “{name}” is not there: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
