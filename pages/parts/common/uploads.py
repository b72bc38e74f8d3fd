"""The photos a person has dropped: kept for one tab of the browser, so that changing the page or a setting loses none.

They live in the server's memory, held by the tab's visit alone: the app lets go of a visit two minutes after its tab
was closed, and the photos go with it. A reload is a new visit, which finds what its tab had by the tab's own number
(`keep_over_reloads`).
"""

import hashlib
import threading
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import streamlit as st

from pages.parts.common import compat
from pages.parts.common.keys import keys_of

keyed = keys_of("photos")

TYPES = ["image", "zip"]
UNDO_S = 60
"""For so long photos that were removed can be had back; then they leave memory."""


@dataclass(frozen=True)
class Dropped:
    """A file as it was dropped: a picture, or a zip of them.

    number: its own in this tab. name: as on the disk, with a number where another content has that name. digest:
    identifies the content.
    """

    number: int
    name: str
    data: bytes
    digest: str


@dataclass
class _Kept:
    """What one tab has. files: by number. hidden: (number, photo) of photos inside an archive that were removed.
    removed: what can be had back."""

    files: dict[int, Dropped] = field(default_factory=dict)
    hidden: set[tuple[int, str]] = field(default_factory=set)
    removed: "_Removed | None" = None
    last: int = 0


@dataclass
class _Removed:
    """Taken out together, and had back together."""

    files: dict[int, Dropped]
    hidden: set[tuple[int, str]]
    words: str


_TABS: "WeakValueDictionary[str, _Kept]" = WeakValueDictionary()
"""By the tab's own number. Weak: only the visits hold on to the photos."""

_TAB = st.components.v2.component(
    "ferdash.tab",
    html="<span hidden></span>",
    js="""
export default function ({ data, setStateValue }) {
  let tab = sessionStorage.getItem("ferdash-tab");
  if (!tab) {
    tab = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join("-");
    sessionStorage.setItem("ferdash-tab", tab);
  }
  if (tab !== data.known) setStateValue("tab", tab);
}
""",
)


def keep_over_reloads() -> None:
    """Draw (invisibly) what tells one tab of the browser from another, and find what the tab had before a reload.

    The browser keeps the number for as long as the tab is open and shows it to nobody else.
    """
    known = st.session_state.get(keyed("tab"))
    tab = _TAB(data={"known": known}, key=keyed("which-tab"), on_tab_change=lambda: None).tab
    if not tab or tab == known:
        return
    st.session_state[keyed("tab")] = tab
    here, before = _kept(), _TABS.get(tab)
    if before is None or before is here:
        _TABS[tab] = here
        return
    for file in here.files.values():
        _add(before, file.name, file.data)
    st.session_state[keyed("kept")] = before
    st.rerun()


def dropped() -> list[Dropped]:
    """The dropped files, newest first."""
    return [file for _, file in sorted(_kept().files.items(), reverse=True)]


def same_as(file: Dropped) -> list[str]:
    """Names of the other files with the very same content."""
    files = _kept().files.values()
    return [other.name for other in files if other.digest == file.digest and other.number != file.number]


def is_hidden(file: Dropped, photo: str) -> bool:
    """Whether a photo of this file was removed."""
    return (file.number, photo) in _kept().hidden


def add(name: str, data: bytes) -> Dropped:
    """Keep a file. One of the same name and content takes the earlier one's place, as the newest."""
    return _add(_kept(), name, data)


def _add(kept: _Kept, name: str, data: bytes) -> Dropped:
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    same = [file for file in kept.files.values() if file.digest == digest]
    for file in same:
        if _plain_name(file.name) == name:
            del kept.files[file.number]
            name = file.name
    others = [file.name for file in kept.files.values()]
    kept.last += 1
    made = Dropped(kept.last, _own_name(name, others), data, digest)
    kept.files[made.number] = made
    return made


def _own_name(name: str, others: list[str]) -> str:
    """`name`, or with a number where it is taken: "me.png (2)"."""
    number, own = 1, name
    while own in others:
        number += 1
        own = f"{name} ({number})"
    return own


def _plain_name(name: str) -> str:
    stem, _, number = name.rpartition(" (")
    return stem if stem and number.removesuffix(")").isdigit() and number.endswith(")") else name


def remove(file: Dropped, photo: str) -> None:
    """Take out one photo: the file, or the one of that name in an archive. It can be had back for a minute."""
    kept = _kept()
    if photo == file.name:
        _take_out(kept, [file.number], set(), f"{photo} was removed.")
    else:
        _take_out(kept, [], {(file.number, photo)}, f"{photo} was removed.")


def clear() -> None:
    """Take out all files. They can be had back for a minute."""
    kept = _kept()
    number = len(kept.files)
    _take_out(kept, list(kept.files), set(), f"{number} file{'s were' if number > 1 else ' was'} removed.")


def _take_out(kept: _Kept, numbers: list[int], hidden: set[tuple[int, str]], words: str) -> None:
    removed = _Removed({number: kept.files.pop(number) for number in numbers}, hidden, words)
    kept.hidden |= hidden
    kept.removed = removed

    def let_go() -> None:
        removed.files.clear()
        if kept.removed is removed:
            kept.removed = None

    timer = threading.Timer(UNDO_S, let_go)
    timer.daemon = True
    timer.start()


def removed_words() -> str:
    """What was removed and can still be had back, as a sentence; empty when nothing can."""
    removed = _kept().removed
    return removed.words if removed else ""


def undo() -> None:
    """Have back what was removed last."""
    kept = _kept()
    if removed := kept.removed:
        kept.files |= removed.files
        kept.hidden -= removed.hidden
        kept.removed = None


def drop_zone(label: str, *, key: str, show_label: bool = True) -> bool:
    """Draw a drop zone that is empty again once it has been read. True when a file has just arrived."""
    files = st.file_uploader(
        label,
        type=TYPES,
        accept_multiple_files=True,
        key=f"{key}-{_turn(key)}",
        label_visibility="visible" if show_label else "collapsed",
    )
    for file in files:
        add(file.name, compat.contents_of(file))
    return _taken(key, bool(files))


def camera(*, key: str) -> Dropped | None:
    """Draw the camera; the browser asks for permission now. The snapshot that has just been taken, else None."""
    snapshot = st.camera_input("Take a snapshot", key=f"{key}-{_turn(key)}")
    if snapshot is None:
        return None
    _taken(key, True)
    return add(f"snapshot-{_kept().last + 1}.jpg", compat.contents_of(snapshot))


def _turn(key: str) -> int:
    # Part of a widget's key: it holds on to its file for as long as that stays the same.
    return int(st.session_state.setdefault(f"{key}-turn", 0))


def _taken(key: str, arrived: bool) -> bool:
    st.session_state[f"{key}-turn"] += arrived
    return arrived


def _kept() -> _Kept:
    found: _Kept = st.session_state.setdefault(keyed("kept"), _Kept())
    return found
