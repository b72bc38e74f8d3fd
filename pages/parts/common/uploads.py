"""The photos a person has dropped: kept for the analysis, so that changing the page or a setting loses none."""

import hashlib
from dataclasses import dataclass

import streamlit as st

from pages.parts.common.keys import keys_of

keyed = keys_of("photos")

TYPES = ["image", "zip"]


@dataclass(frozen=True)
class Dropped:
    """A file as it was dropped: a picture, or a zip of them. digest identifies the content."""

    name: str
    data: bytes
    digest: str


def dropped() -> list[Dropped]:
    """The dropped files, newest first, each content once."""
    return list(reversed(_store().values()))


def add(name: str, data: bytes) -> None:
    """Keep a file, unless the same content is there already."""
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    _store().setdefault(digest, Dropped(name, data, digest))


def clear() -> None:
    """Forget all dropped files."""
    _store().clear()


def drop_zone(label: str, *, key: str) -> bool:
    """Draw a drop zone that is empty again once it has been read. True when a file has just arrived."""
    files = st.file_uploader(label, type=TYPES, accept_multiple_files=True, key=f"{key}-{_turn(key)}")
    for file in files:
        add(file.name, file.getvalue())
    return _taken(key, bool(files))


def camera(*, key: str) -> bool:
    """Draw the camera; the browser asks for permission now. True when a snapshot has just been taken."""
    snapshot = st.camera_input("Take a snapshot", key=f"{key}-{_turn(key)}")
    if snapshot is not None:
        add(f"snapshot-{len(_store()) + 1}.jpg", snapshot.getvalue())
    return _taken(key, snapshot is not None)


def _turn(key: str) -> int:
    # Part of a widget's key: it holds on to its file for as long as that stays the same.
    return int(st.session_state.setdefault(f"{key}-turn", 0))


def _taken(key: str, arrived: bool) -> bool:
    st.session_state[f"{key}-turn"] += arrived
    return arrived


def _store() -> dict[str, Dropped]:
    found: dict[str, Dropped] = st.session_state.setdefault(keyed("dropped"), {})
    return found
