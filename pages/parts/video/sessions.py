"""What the parts of the Video page share: the sessions, read once for as long as they do not change, and the queue."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.common.keys import SHARED, keys_of

from ferdash.analyses.store import Session, open_session
from ferdash.dynamics.summary import SummarySettings
from ferdash.errors import FerdashError
from ferdash.exports.facts import Glance, glance_of
from ferdash.paths import checkpoints_root, sessions_root

if TYPE_CHECKING:
    from ferdash.analyses.jobs import VideoJobs
    from ferdash.exports.files import Analysis


keyed = keys_of("video")
CHANGED, SAID = keyed("changed"), keyed("said")


def jobs() -> "VideoJobs":
    """The one queue of analyses of this server, for all visitors."""
    return _jobs(sessions_root(), checkpoints_root())


@st.cache_resource(show_spinner=False)
def _jobs(root: Path, checkpoints: Path) -> "VideoJobs":
    from ferdash.analyses.jobs import VideoJobs

    return VideoJobs(root, checkpoints)


def open_(session_id: str) -> Session:
    """A session by its id. Raises SessionError when there is none."""
    return open_session(sessions_root(), session_id)


def show(session_id: str | None = None, **parameters: str) -> None:
    """Go to a session (None: to the library) and draw the page again; call outside of a callback."""
    wanted = {**({"session": session_id} if session_id else {}), **parameters}
    st.query_params.from_dict({**_kept(), **{keyed(name): value for name, value in wanted.items()}})
    for name in ("frame", "person"):
        st.session_state.pop(keyed(name), None)
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


def stamp(session: Session) -> tuple[int, ...]:
    """Changes when anything that is shown of a session does."""
    files = [session.folder / name for name in ("session.json", "marks.json", "calibration.json")]
    times = [file.stat().st_mtime_ns if file.is_file() else 0 for file in files]
    return (len(list((session.folder / "frames").glob("part-*.parquet"))), *times)


def analysis(session: Session, settings: SummarySettings | None = None) -> "Analysis":
    """The session's results and what is said of them. Raises SessionError when they cannot be read."""
    known = _analysis(session.folder, stamp(session), settings or SummarySettings())
    return replace(known, session=session)


@st.cache_resource(max_entries=12, show_spinner="Reading the session …", hash_funcs={SummarySettings: repr})
def _analysis(folder: Path, stamp: tuple[int, ...], settings: SummarySettings) -> "Analysis":
    from ferdash.exports.files import read_analysis

    del stamp
    return read_analysis(open_session(folder.parent, folder.name), settings)


def glance(session: Session) -> Glance:
    """What the card of a session says. Raises SessionError when its results cannot be read."""
    return _glance(session.folder, stamp(session))


@st.cache_data(max_entries=500, show_spinner=False)
def _glance(folder: Path, stamp: tuple[int, ...]) -> Glance:
    del stamp
    return glance_of(open_session(folder.parent, folder.name))


def picture(session: Session, frame: int) -> np.ndarray:
    """uint8 RGB of a frame, only to be read; the last ones seen are kept. Raises as Session.image does."""
    return _picture(session.folder, frame)


@st.cache_resource(max_entries=48, show_spinner=False)
def _picture(folder: Path, frame: int) -> np.ndarray:
    return open_session(folder.parent, folder.name).image(frame)
