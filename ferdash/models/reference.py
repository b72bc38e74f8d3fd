"""What a model reference names on this machine: folders, files and titles. Nothing here opens a network."""

import re
from pathlib import Path

from ferdash.errors import ModelError
from ferdash.models.calibration import calibration_file
from ferdash.models.catalogue import SHIPPED
from ferdash.models.hub import hub_folder, is_hub_id
from ferdash.models.weight_files import WEIGHTS_FILE
from ferdash.paths import is_shipped, model_folders, named_model
from ferdash.records import FolderKind
from ferdash.references import DEFAULT_CHECKPOINT, Reference, checkpoint_name, members_of, parse, run_reference

EXPORT_FOLDER = "onnx"

_RUNS = FolderKind(
    noun="run",
    nouns="runs",
    listing="ferdash runs list",
    record="config.json",
    files=(),
    at_work=(),
    error=ModelError,
    shapes={"meta.json": {"name": str}},
)
"""As far as a reference needs them: to find the one that a person means."""


def full_reference(reference: str, checkpoints: Path) -> str:
    """A reference with its runs by their whole ids, as it belongs into a record, where a person may have written the
    start or the end of an id, or a name. What no run fits stays as it is.

    Raises ModelError where several runs fit.
    """
    parts = members_of(reference)
    full = [_full_part(part, checkpoints / "runs") for part in parts]
    return reference if full == parts else "+".join(full)


def _full_part(reference: str, runs: Path) -> str:
    asked = parse(reference)
    found = _known_run(asked.run, runs) if asked.of_run else ""
    if found in ("", asked.run):
        return reference
    size = "" if asked.size is None else f"@size={asked.size}"
    return run_reference(found, asked.checkpoint) + size


def _known_run(text: str, runs: Path) -> str:
    """The id of the run that a person means, empty where none fits. Raises ModelError where several do."""
    if (runs / text).is_dir():  # nearly always, and a folder of a thousand runs is then not read
        return text
    return _RUNS.known(runs, text, lambda folder: str(_RUNS.read(folder / "meta.json").get("name", "")))


def files_behind(reference: str, checkpoints: Path) -> list[Path]:
    """The files that decide what a model that is on this machine answers, as far as they are there; to notice when it
    has changed. Raises ModelError for a run without the checkpoint."""
    files = []
    for part in members_of(reference.strip()):
        asked = parse(part)
        if asked.of_run:
            files.append(run_checkpoint(asked, checkpoints / "runs"))
            continue
        named = named_model(asked.bare, checkpoints)
        folder = named if named.is_dir() else Path(asked.bare).expanduser()
        files += [folder / WEIGHTS_FILE, calibration_file(folder)]
    return [path for path in files if path.is_file()]


def source_files(reference: str, checkpoints: Path) -> list[Path]:
    """All files that a model is opened from: of a run its checkpoint, else configuration and weights. Raises ModelError
    as `model_folder` does."""
    asked = parse(reference)
    if asked.of_run:
        return [run_checkpoint(asked, checkpoints / "runs")]
    folder = model_folder(asked.bare, checkpoints)
    return [*folder.glob("*config.json"), *folder.glob("*.safetensors")]


def title_of(reference: str, checkpoints: Path) -> str:
    """What a model is called. Raises ModelError as `model_folder` does."""
    asked = parse(reference)
    bare = asked.bare
    if asked.of_run:
        path = run_checkpoint(asked, checkpoints / "runs")
        title = f"Run {path.parents[1].name}, {path.stem}"
    else:
        title = (
            SHIPPED[bare][0] if bare in SHIPPED else bare if is_hub_id(bare) else model_folder(bare, checkpoints).name
        )
    return title if asked.size is None else f"{title} at {asked.size} px"


def export_folder(reference: str, checkpoints: Path) -> Path:
    """Where an export of a model to ONNX is kept: in the model's folder or the run's, and for a model of the Hub, whose
    folder is a cache, in `checkpoints`/exports; so too for what an installed ferdash does not hold of its own models.
    Raises ModelError as `model_folder` does."""
    asked = parse(reference)
    bare = asked.bare
    name = EXPORT_FOLDER if asked.size is None else f"{EXPORT_FOLDER}-{asked.size}px"
    if asked.of_run:
        return run_checkpoint(asked, checkpoints / "runs").parents[1] / name
    folder = model_folder(bare, checkpoints)
    of_hub = is_hub_id(bare) and not Path(bare).expanduser().is_dir()
    if of_hub or (is_shipped(folder) and not (folder / name).is_dir()):
        return checkpoints / "exports" / bare.replace("/", "--") / name
    return folder / name


def model_folder(reference: str, checkpoints: Path) -> Path:
    """The folder that a reference other than `run:` names, downloaded if need be. Raises ModelError."""
    if not reference:
        raise ModelError("No model was named; try fernet, a folder, or a Hugging Face id such as owner/name.")
    named = named_model(reference, checkpoints)
    if Path(reference).name == reference and named.is_dir():
        return named
    path = Path(reference).expanduser()
    if path.is_dir():
        return path
    if is_hub_id(reference):
        return hub_folder(reference)
    folders = model_folders(checkpoints)
    known = (
        ", ".join(sorted({one.name for folder in folders for one in folder.iterdir() if one.is_dir()})) or "none yet"
    )
    raise ModelError(f"There is no model “{reference}”: neither a folder nor the name of a model here ({known}).")


def run_checkpoint(reference: Reference, runs: Path) -> Path:
    """The checkpoint file that `run:<run>[@best|@last|@epoch-3]` names; the run by its id, the start or the end of it,
    or its name. Raises ModelError."""
    which = reference.checkpoint or DEFAULT_CHECKPOINT
    run_id = _known_run(reference.run, runs) or reference.run
    folder = runs / run_id / "checkpoints"
    if not run_id or Path(run_id).name != run_id or not folder.is_dir():
        raise ModelError(f"There is no run “{run_id}” to take a model from; `ferdash runs list` shows those there are.")
    if which == "last":
        return _newest(folder, run_id)
    if match := re.fullmatch(r"epoch-(\d+)", which):
        path = folder / checkpoint_name(epoch=int(match[1]), batch=0)
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
