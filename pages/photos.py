"""The photos a person has dropped: kept for the session, so that changing the page or a setting loses none."""

import hashlib
from dataclasses import dataclass

import streamlit as st

SUFFIXES = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif", "avif", "zip"]


@dataclass(frozen=True)
class Photo:
    """A file as it was dropped: a picture, or a zip of them. digest identifies the content."""

    name: str
    data: bytes
    digest: str


def photos() -> list[Photo]:
    """The dropped files in order, each content once."""
    return list(_store().values())


def add_photo(name: str, data: bytes) -> None:
    """Keep a file, unless the same content is there already."""
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    _store().setdefault(digest, Photo(name, data, digest))


def clear_photos() -> None:
    """Forget all dropped files."""
    _store().clear()


def drop_zone(label: str, *, key: str) -> bool:
    """Draw a drop zone that is empty again once it has been read. True when a file has just arrived."""
    turn = st.session_state.setdefault(f"{key}-turn", 0)
    files = st.file_uploader(label, type=SUFFIXES, accept_multiple_files=True, key=f"{key}-{turn}")
    if not files:
        return False
    for file in files:
        add_photo(file.name, file.getvalue())
    st.session_state[f"{key}-turn"] = turn + 1
    return True


def _store() -> dict[str, Photo]:
    return st.session_state.setdefault("photos", {})
