"""What a person gives a run afterwards: a name, tags, notes, a place in the archive; and its end.

meta.json is replaced in one step and holds nothing that training reads, so all of this is safe while a run is at work.
Only deleting is not.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ferdash.errors import RunError
from ferdash.files import write_json
from ferdash.runs.store import RUNS, open_run, read_meta


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
    RUNS.delete(root, run_id)


def _change(root: Path, run_id: str, **values: Any) -> None:
    folder = open_run(root, run_id).folder
    write_json(folder / "meta.json", {**read_meta(folder), **values})
