"""What a person gives a run afterwards: a name, tags, notes, a place in the archive; and its end.

meta.json is replaced in one step and holds nothing that training reads, so all of this is safe while a run is at work.
Only deleting is not.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ferdash.errors import RunError
from ferdash.files import write_json
from ferdash.runs.index import FILES, LIVE
from ferdash.runs.store import open_run, read_meta, read_status


def rename(root: Path, run_id: str, name: str) -> None:
    """Give the run in `root` a name; an empty one takes it away. Raises RunError when there is no such run."""
    _change(root, run_id, name=" ".join(name.split()))


def note(root: Path, run_id: str, text: str) -> None:
    """Replace the run's notes. Raises RunError when there is no such run."""
    _change(root, run_id, notes=text.strip())


def set_tags(root: Path, run_id: str, tags: Iterable[str]) -> list[str]:
    """Replace the run's tags; returns them without blanks and repetitions. Raises RunError when there is no such run,
    or a tag has a comma, which separates tags."""
    clean = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if commas := [tag for tag in clean if "," in tag]:
        raise RunError(f"A tag cannot have a comma, and “{commas[0]}” has one.")
    _change(root, run_id, tags=clean)
    return clean


def tag(root: Path, run_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> list[str]:
    """Add tags to those of the run and take others away; returns what it has then. Raises RunError as `set_tags`."""
    gone = set(remove)
    kept = [name for name in read_meta(open_run(root, run_id).folder)["tags"] if name not in gone]
    return set_tags(root, run_id, [*kept, *add])


def archive(root: Path, run_id: str, archived: bool = True) -> None:
    """Put the run into the archive, where lists leave it out unless asked, or take it back. Raises RunError when there
    is no such run."""
    _change(root, run_id, archived=archived)


def delete(root: Path, run_id: str) -> None:
    """Remove the run's folder for good; a damaged one too. Models made from it, and runs that continue it, stay.

    Raises RunError when it waits or is at work, when the folder is not a run's, or cannot be removed.
    """
    folder = root / run_id
    if not run_id or run_id.startswith(".") or Path(run_id).name != run_id or not folder.is_dir():
        raise RunError(f"There is no run {run_id}; `ferdash runs list` shows those there are.")
    if any(folder.iterdir()) and not any((folder / name).is_file() for name in FILES):
        raise RunError(f"{run_id} is a folder without a file of ferdash's; look into it and remove it by hand.")
    if (state := _state(folder)) in LIVE:
        raise RunError(f"Run {run_id} is {state}; stop it first.")
    # Out of sight in one step: nobody meets half a run, even if removing its files takes a while or fails.
    doomed = root / f".deleted-{run_id}"
    try:
        shutil.rmtree(doomed, ignore_errors=True)
        folder.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise RunError(f"Run {run_id} could not be deleted: {error}.") from error


def _state(folder: Path) -> str:
    try:
        return str(read_status(folder)["state"])
    except (RunError, KeyError, TypeError, ValueError):
        return "damaged"


def _change(root: Path, run_id: str, **values: Any) -> None:
    folder = open_run(root, run_id).folder
    write_json(folder / "meta.json", {**read_meta(folder), **values})
