"""What the parts of the Video page share: the analyses, read once for as long as they do not change, and the queue."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.common.keys import SHARED, keys_of
from pages.parts.video import position

from ferdash.analyses.shapes import BASELINE_FILE
from ferdash.analyses.store import Analysis, open_analysis
from ferdash.dynamics.summary import SummarySettings
from ferdash.errors import FerdashError
from ferdash.exports.facts import Glance, glance_of
from ferdash.paths import analyses_root, checkpoints_root

if TYPE_CHECKING:
    from ferdash.analyses.jobs import VideoJobs
    from ferdash.exports.files import AnalysisResults


keyed = keys_of("video")
CHANGED, SAID = keyed("changed"), keyed("said")


def jobs() -> "VideoJobs":
    """The one queue of analyses of this server, for all visitors."""
    return _jobs(analyses_root(), checkpoints_root())


@st.cache_resource(show_spinner=False)
def _jobs(root: Path, checkpoints: Path) -> "VideoJobs":
    from ferdash.analyses.jobs import VideoJobs

    return VideoJobs(root, checkpoints)


def open_(analysis_id: str) -> Analysis:
    """An analysis by its id. Raises AnalysisError when there is none."""
    return open_analysis(analyses_root(), analysis_id)


def show(analysis_id: str | None = None, **parameters: str) -> None:
    """Go to an analysis (None: to the library) and draw the page again; call outside of a callback."""
    wanted = {**({"analysis": analysis_id} if analysis_id else {}), **parameters}
    st.query_params.from_dict({**_kept(), **{keyed(name): value for name, value in wanted.items()}})
    position.forget()
    st.rerun()


def change(do: Callable[..., str | None], *args: object) -> None:
    """What the button of a change calls: its body might be cut off by the next click, a callback never is.

    A sentence that `do` returns, or why it failed, is shown with the next page.
    """
    try:
        said = do(*args)
    except FerdashError as error:
        said = str(error)
    st.session_state[CHANGED] = True
    if said:
        st.session_state[SAID] = said


def catch_up() -> None:
    """Draw the whole page again when `change` was called from a part of it; call where such a part begins."""
    if st.session_state.pop(CHANGED, False):
        st.rerun()


def draw_said() -> None:
    """The sentence of the last change, once."""
    if said := st.session_state.pop(SAID, ""):
        st.toast(said)


def _kept() -> dict[str, str]:
    """The choices that all pages share and that stand in the address too."""
    return {name: st.query_params[name] for name in SHARED if name in st.query_params}


def stamp(analysis: Analysis) -> tuple[int, ...]:
    """Changes when anything that is shown of an analysis does."""
    files = [analysis.folder / name for name in ("analysis.json", "marks.json", BASELINE_FILE)]
    times = [file.stat().st_mtime_ns if file.is_file() else 0 for file in files]
    return (len(list((analysis.folder / "frames").glob("part-*.parquet"))), *times)


def results(analysis: Analysis, settings: SummarySettings | None = None) -> "AnalysisResults":
    """The analysis's results and what is said of them. Raises AnalysisError when they cannot be read."""
    known = _results(analysis.folder, stamp(analysis), settings or SummarySettings())
    return replace(known, analysis=analysis)


@st.cache_resource(max_entries=12, show_spinner="Reading the analysis …", hash_funcs={SummarySettings: repr})
def _results(folder: Path, stamp: tuple[int, ...], settings: SummarySettings) -> "AnalysisResults":
    from ferdash.exports.files import read_results

    del stamp
    return read_results(open_analysis(folder.parent, folder.name), settings)


def glance(analysis: Analysis) -> Glance:
    """What the card of an analysis says. Raises AnalysisError when its results cannot be read."""
    return _glance(analysis.folder, stamp(analysis))


@st.cache_data(max_entries=500, show_spinner=False)
def _glance(folder: Path, stamp: tuple[int, ...]) -> Glance:
    del stamp
    return glance_of(open_analysis(folder.parent, folder.name))


def picture(analysis: Analysis, frame: int) -> np.ndarray:
    """uint8 RGB of a frame, only to be read; the last ones seen are kept. Raises as Analysis.image does."""
    return _picture(analysis.folder, frame)


@st.cache_resource(max_entries=48, show_spinner=False)
def _picture(folder: Path, frame: int) -> np.ndarray:
    return open_analysis(folder.parent, folder.name).image(frame)
