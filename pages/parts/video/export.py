"""The export menu of a session: each file by itself, made when it is asked for, and everything as a zip."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of

from ferdash.analyses.store import Session

keyed = keys_of("video")

MIME = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".html": "text/html",
    ".mp4": "video/mp4",
    ".zip": "application/zip",
}

FIRST = ("report.html", "annotated.mp4")
"""What most people come for; the menu has more than fits a small window."""


def draw(session: Session) -> None:
    """The menu, drawn where the page is; a file is made when its button is pressed."""
    with st.popover("Export", icon=":material/download:", width="content"), shared.calm_errors():
        from ferdash.exports.files import EXPORTS, FIGURES

        if session.last_frame() is None:
            st.caption("There is nothing to export yet.")
            return
        stem = session.name or session.id
        _button("Everything, as a zip", f"{stem}.zip", lambda: _zip(session, list(EXPORTS)), "all", primary=True)
        for name in sorted(EXPORTS, key=lambda name: name not in FIRST):
            words = EXPORTS[name]
            if name == FIGURES:
                _button(f"charts: {words}", f"{stem} charts.zip", lambda: _zip(session, [FIGURES]), name)
            else:
                _button(f"{name}: {words}", f"{stem} {name}", _maker(session, name), name)


def _button(label: str, name: str, make: Callable[[], bytes], key: str, *, primary: bool = False) -> None:
    st.download_button(
        label,
        make,
        name,
        MIME[Path(name).suffix],
        key=keyed(f"export-{key}"),
        on_click="ignore",
        type="primary" if primary else "tertiary",
        icon=":material/folder_zip:" if name.endswith(".zip") else ":material/draft:",
    )


def _maker(session: Session, name: str) -> Callable[[], bytes]:
    def make() -> bytes:
        from ferdash.exports.files import VIDEO, annotated_of, read_analysis, text_of

        analysis = read_analysis(session)
        return annotated_of(analysis).read_bytes() if name == VIDEO else text_of(analysis, name).encode()

    return make


def _zip(session: Session, names: list[str]) -> bytes:
    from ferdash.exports.files import read_analysis, write_zip

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.zip"
        write_zip(read_analysis(session), path, names)
        return path.read_bytes()
