"""The export menu of an analysis: each file by itself, made when it is asked for, and everything as a zip."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of

from ferdash.analyses.store import Analysis

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


def draw(analysis: Analysis) -> None:
    """The menu, drawn where the page is; a file is made when its button is pressed."""
    with st.popover("Export", icon=":material/download:", width="content"), shared.calm_errors():
        from ferdash.exports.files import EXPORTS, FIGURES, FOLDERS, ON_REQUEST

        if analysis.last_frame() is None:
            st.caption("There is nothing to export yet.")
            return
        stem = analysis.name or analysis.id
        _button("Everything, as a zip", f"{stem}.zip", lambda: _zip(analysis, list(EXPORTS)), "all", primary=True)
        for name in sorted(EXPORTS, key=lambda name: name not in FIRST):
            words = EXPORTS[name]
            if name == FIGURES:
                _button(f"charts: {words}", f"{stem} charts.zip", lambda: _zip(analysis, [FIGURES]), name)
            else:
                _button(f"{name}: {words}", f"{stem} {name}", _maker(analysis, name), name)
        for name, words in ON_REQUEST.items():
            make = partial(_zip, analysis, [name]) if name in FOLDERS else _maker(analysis, name)
            _button(f"{name}: {words}", f"{stem} {name}{'.zip' if name in FOLDERS else ''}", make, name)


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


def _maker(analysis: Analysis, name: str) -> Callable[[], bytes]:
    def make() -> bytes:
        from ferdash.exports.files import ANONYMISED, VIDEO, annotated_of, read_results, text_of

        results = read_results(analysis)
        if name in (VIDEO, ANONYMISED):
            return annotated_of(results, anonymised=name == ANONYMISED).read_bytes()
        return text_of(results, name).encode()

    return make


def _zip(analysis: Analysis, names: list[str]) -> bytes:
    from ferdash.exports.files import read_results, write_zip

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.zip"
        write_zip(read_results(analysis), path, names)
        return path.read_bytes()
