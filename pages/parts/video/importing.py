"""What other programs made, into the library: a table or a coding, and the video it is about where there is one."""

import tempfile
from pathlib import Path

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.rights import own_path
from pages.parts.video import analyses as video_analyses

from ferdash.leftovers import temporary
from ferdash.paths import analyses_root

keyed = keys_of("video")


def draw() -> None:
    """The menu; after an import, the page of what was imported."""
    menu = st.popover("Import results", icon=":material/upload_file:", width="content", help="Of another program.")
    with menu, shared.calm_errors():
        st.caption(
            "Tables of OpenFace, py-feat or LibreFace, and codings of ELAN or BORIS, become analyses: shown, compared "
            "and exported like those made here, and marked as imported. What they lack is said, not made up."
        )
        with st.form(keyed("import"), border=False):
            file = st.file_uploader("Table or coding", type=["csv", "tsv", "eaf", "boris"], key=keyed("import-file"))
            video = st.text_input(
                "Its video on this computer, if there is one", key=keyed("import-video"), placeholder="path of a video"
            )
            left, right = st.columns(2, vertical_alignment="bottom")
            fps = left.number_input(
                "Frames per second",
                0.1,
                1000.0,
                None,
                key=keyed("import-fps"),
                placeholder="the video's",
                help="For tables without times, such as py-feat's, where there is no video.",
            )
            coder = right.text_input(
                "Coder", key=keyed("import-coder"), placeholder="as in the file", help="Of a coding that names nobody."
            )
            sent = st.form_submit_button("Import", icon=":material/upload_file:", key=keyed("import-go"))
        if sent and file is None:
            st.warning("Choose a file first.", icon=":material/upload_file:")
        elif sent and file is not None:
            _import(file.name, file.getvalue(), video.strip(), fps, coder.strip())


def _import(name: str, content: bytes, video: str, fps: float | None, coder: str) -> None:
    from ferdash.analyses.importing import import_file

    with tempfile.TemporaryDirectory(prefix=temporary()) as folder, st.spinner("Reading …"):
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        source = own_path(video) if video else None
        analysis = import_file(analyses_root(), path, video=source, fps=fps, coder=coder)
    video_analyses.show(analysis.id)
