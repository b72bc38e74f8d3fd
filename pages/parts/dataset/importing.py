"""Import: from a dropped file, a path, the demo or Kaggle to a dataset; and deleting one."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts.common import compat, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.common.rights import own_path, require_deletion

from ferdash.data.dataset import FaceDataset, delete_dataset
from ferdash.data.demo import make_demo
from ferdash.data.sources import default_name, import_dataset
from ferdash.data.sources.options import ImportOptions, parse_splits
from ferdash.errors import DatasetError, FerdashError
from ferdash.leftovers import temporary
from ferdash.paths import data_root
from ferdash.wording import count, counted

keyed = keys_of("dataset")

Progress = Callable[[int, int], None]


def draw(dataset: FaceDataset | None) -> None:
    """The whole tab; also the page's empty state, where `dataset` is None."""
    quick, files = st.columns([2, 3], gap="medium")
    with quick:
        _draw_demo(first=dataset is None)
        _draw_download()
    with files:
        _draw_upload()
        _draw_path()
    if dataset is not None:
        draw_delete(dataset.name, len(dataset))


def _draw_demo(*, first: bool) -> None:
    with st.container(border=True):
        st.markdown("**Demo dataset**")
        st.caption("1,400 faces that ferdash draws itself, with a few faults put in for the audit to find.")
        if st.button("Make the demo dataset", type="primary" if first else "secondary", icon=":material/draw:"):
            _import(lambda progress: make_demo(data_root(), progress=progress))


def _draw_download() -> None:
    with st.container(border=True):
        st.markdown("**FER2013 from the internet**")
        st.caption("35,887 faces, about 60 MB. This is the only button on this page that uses the network.")
        if st.button("Download FER2013", icon=":material/download:"):
            from ferdash.data.download import download_fer2013

            _import(lambda progress: download_fer2013(data_root(), progress=progress))


def _draw_upload() -> None:
    with st.container(border=True):
        turn = st.session_state.setdefault(keyed("import-turn"), 0)
        dropped = st.file_uploader(
            "Drop a zip or CSV file",
            type=["zip", "csv"],
            accept_multiple_files=True,
            key=keyed(f"import-files-{turn}"),
            help="Kaggle's FER2013 zip, fer2013.csv, or any zip with one folder of pictures per emotion. Drop "
            "fer2013new.csv with it to take the FER+ votes along.",
        )
        if not dropped:
            return
        main = max(dropped, key=lambda file: file.size)
        name = st.text_input("Name of the new dataset", default_name(Path(main.name)), key=keyed("upload-name"))
        answers = _draw_options("upload")
        if st.button("Import", type="primary", key=keyed("import-upload")):
            with tempfile.TemporaryDirectory(prefix=temporary()) as folder:
                for file in dropped:
                    (Path(folder) / Path(file.name).name).write_bytes(file.getbuffer())
                source = Path(folder) / Path(main.name).name
                _import(lambda progress: import_dataset(source, data_root(), name, progress, _options(answers)))
            for file in dropped:  # only now: whoever corrects a setting imports the same files again
                compat.let_go_of_file(file)


def _draw_path() -> None:
    with st.container(border=True), st.form(keyed("import-path"), border=False):
        path = st.text_input(
            "Or a path on the computer that runs ferdash", placeholder="a zip, a CSV file, or a folder of pictures"
        )
        name = st.text_input("Name of the new dataset", placeholder="made from the file's name", key=keyed("path-name"))
        answers = _draw_options("path")
        if not st.form_submit_button("Import from path"):
            return
        if not path.strip():
            raise DatasetError("Give the path of a zip, a CSV file or a folder first.")
        source = own_path(path)
        options = _options(answers)
        _import(lambda progress: import_dataset(source, data_root(), name.strip() or None, progress, options))


def _draw_options(which: str) -> tuple[str, str, bool]:
    """Fields for what the names of a source leave open, folded away; see `ImportOptions`."""
    with st.expander("If the names in it leave a question"):
        leave_out = st.text_input(
            "Classes to leave out",
            placeholder="contempt, none",
            help="Folders or numbers that are none of the seven emotions, separated by commas.",
            key=keyed(f"{which}-leave-out"),
        )
        splits = st.text_input(
            "Which split a folder is",
            placeholder="A=train, B=test",
            help="Where the folders above the emotions have names of their own, separated by commas.",
            key=keyed(f"{which}-splits"),
        )
        draw_splits = st.checkbox("Draw the splits, whatever the folders are called", key=keyed(f"{which}-draw"))
    return leave_out, splits, draw_splits


def _options(answers: tuple[str, str, bool]) -> ImportOptions:
    leave_out, splits, draw_splits = answers
    pairs = [text for text in splits.split(",") if text.strip()]
    return ImportOptions(tuple(leave_out.split(",")), parse_splits(pairs), draw_splits)


def _import(work: Callable[[Progress], FaceDataset]) -> None:
    """Run an import under a progress bar, choose its dataset, and show the page anew. The input stays on an error."""
    bar = st.progress(0.0, text="Starting …")

    def progress(done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), text=f"{count(done)} of {counted(total, 'image')}")

    try:
        dataset = work(progress)
    except FerdashError:
        bar.empty()
        raise
    st.session_state[keyed("import-turn")] = st.session_state.get(keyed("import-turn"), 0) + 1
    notes = " ".join(dataset.meta.get("notes", []))
    shared.announce(f"{counted(len(dataset), 'image')} imported as “{dataset.name}”. {notes}")
    shared.choose_dataset(dataset.name)


def draw_delete(name: str, images: int | None) -> None:
    """The way to remove a dataset; `images` is None for one that cannot be opened."""
    if st.button(f"Delete “{plain(name)}” …", icon=":material/delete:", type="tertiary"):
        _confirm_delete(name, images)


@st.dialog("Delete this dataset?")
def _confirm_delete(name: str, images: int | None) -> None:
    what = f"“{plain(name)}”" if images is None else f"“{plain(name)}” with {counted(images, 'image')}"
    st.markdown(f"{what} is removed from this computer. Runs that were trained on it keep their scores.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary"):
            with shared.calm_errors():
                require_deletion()
                delete_dataset(data_root(), name)
                shared.announce(f"“{name}” was deleted.")
                shared.choose_dataset(None)
        if st.button("Keep it"):
            st.rerun()
