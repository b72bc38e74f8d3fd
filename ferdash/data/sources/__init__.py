"""Importing: a zip, folder or CSV file, in any of the layouts FER2013 is passed around in, becomes a FaceDataset."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ferdash.data.alterations import alteration
from ferdash.data.dataset import FaceDataset, content_hashes, require_free_name, save_dataset
from ferdash.data.grouping import groups_of, rows_of
from ferdash.data.sources.archive import Member, foreign_archive, open_members, sibling
from ferdash.data.sources.csv_table import choose_table, is_face_table, read_face_table, table_problem
from ferdash.data.sources.faces import Faces
from ferdash.data.sources.fer_plus import FILE_NAME, is_votes, votes_by_name, votes_by_row
from ferdash.data.sources.images import is_image, read_image_tree
from ferdash.data.sources.options import DEFAULT_OPTIONS, ImportOptions
from ferdash.errors import DatasetError
from ferdash.wording import count, counted

Progress = Callable[[int, int], None]

FIRST = 1_000
"""Files of a source without faces that are opened to say what it is."""


def import_dataset(
    path: Path,
    root: Path,
    name: str | None = None,
    progress: Progress | None = None,
    options: ImportOptions = DEFAULT_OPTIONS,
) -> FaceDataset:
    """Import what is at `path` as a new dataset under `root` and open it.

    The layout is found out: FER2013 as a CSV file (alone, in a folder or in a zip) or pictures in a folder per
    emotion, with or without train / validation / test above. FER+ votes (fer2013new.csv) in the source or beside it
    come along. `name` is made from the file's name when None. `progress` is called with (done, in all). What names
    leave open, `options` answer.

    Raises DatasetError, in one sentence naming the file, for anything that cannot be read; then no dataset is left.
    """
    name = name or default_name(path)
    require_free_name(root, name)
    with open_members(path) as members:
        faces = read_faces(members, path, progress or (lambda done, total: None), options)
    return save_faces(faces, root, name, origin=path.name)


def save_faces(faces: Faces, root: Path, name: str, *, origin: str) -> FaceDataset:
    """Write `faces` as a new dataset; errors as for save_dataset. A copy of FER2013 whose pixels are not FER2013's own
    gets a note that says so."""
    altered = alteration(faces.images, faces.labels, np.array(faces.splits))
    return save_dataset(
        root,
        name,
        images=faces.images,
        labels=faces.labels,
        splits=faces.splits,
        sources=faces.sources,
        origin=origin,
        votes=faces.votes,
        notes=[*faces.notes, *_duplicate_notes(faces), *([altered] if altered else [])],
    )


def _duplicate_notes(faces: Faces) -> list[str]:
    """How many images have a twin, all copies of one counted."""
    groups = groups_of(np.unique(content_hashes(faces.images), return_inverse=True)[1])
    if not groups:
        return []
    first, second = (faces.sources[row] for row in groups[0][:2])
    of = f"{count(len(rows_of(groups)))} of the {counted(len(faces.images), 'image')}"
    return [f"{of} have the same pixels as another one, such as “{first}” and “{second}”."]


def default_name(path: Path) -> str:
    """A dataset name from a file name.

    >>> default_name(Path("downloads/My faces (2).zip"))
    'My-faces-2'
    """
    stem = path.resolve().stem if path.suffix.lower() in (".zip", ".csv") else path.resolve().name
    return re.sub(r"[^A-Za-z0-9._]+", "-", stem).strip("-._")[:64] or "faces"


def read_faces(
    members: list[Member], path: Path, progress: Progress, options: ImportOptions = DEFAULT_OPTIONS
) -> Faces:
    """Read the members of the source at `path` in whichever layout they are; errors as for import_dataset."""
    votes = next((member for member in members if is_votes(member)), None) or sibling(path, FILE_NAME)
    members = [member for member in members if not is_votes(member)]
    tables = [member for member in members if is_face_table(member)]
    if not tables and len(members) == 1 and members[0].name.lower().endswith(".csv"):
        tables = members
    if tables:
        table = choose_table(tables)
        faces = read_face_table(table, progress, options)
        faces = replace(faces, notes=[*faces.notes, *_besides(table, members)])
        return (faces if votes is None else _with_votes_by_row(faces, votes)).without_left_out()
    if any(is_image(member) for member in members):
        faces = read_image_tree(members, progress, options)
        faces = replace(faces, notes=[*faces.notes, *_twice(members)])
        return faces if votes is None else _with_votes_by_name(faces, votes)
    raise DatasetError(_nothing_to_read(members, path))


def _besides(table: Member, members: list[Member]) -> list[str]:
    """What a source holds besides the table that was read."""
    pictures = sum(is_image(member) for member in members)
    others = len(members) - pictures - 1
    left = [counted(pictures, "picture")] * bool(pictures) + [counted(others, "other file")] * bool(others)
    if not left:
        return []
    return [f"The table “{table.name}” was read; {' and '.join(left)} in the source were left out."]


def _twice(members: list[Member]) -> list[str]:
    names = [name for name, times in Counter(member.name for member in members).items() if times > 1]
    stand = f"{counted(len(names), 'name')} in the archive {'stands' if len(names) == 1 else 'stand'} there twice"
    return [f"{stand}, such as “{names[0]}”."] if names else []


def _nothing_to_read(members: list[Member], path: Path) -> str:
    """Why nothing in the source can be imported, as far as its first files tell."""
    for member in members[:FIRST]:
        if reason := foreign_archive(member) or table_problem(member):
            return reason
    return (
        f"“{path.name}” holds neither pictures nor a table like fer2013.csv. Give a zip, a folder with one folder of "
        "pictures per emotion, or fer2013.csv."
    )


def _with_votes_by_row(faces: Faces, votes: Member) -> Faces:
    return replace(faces, votes=votes_by_row(votes, len(faces.images)))


def _with_votes_by_name(faces: Faces, votes: Member) -> Faces:
    counts = votes_by_name(votes, faces.sources)
    if counts is None:
        note = f"The votes in “{votes.name}” were left out: none of its image names occurs among the pictures."
        return replace(faces, notes=[*faces.notes, note])
    return replace(faces, votes=counts)
