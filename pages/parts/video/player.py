"""The player: picture, bars and timeline of one person, stepped, scrubbed and played in the browser.

A step asks no script: all numbers are in the browser, pictures come from the address that streamlit_app.py answers.
The script hears of a frame when the person stays at it, for what is done to that frame (`position`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts.common.keys import keys_of
from pages.parts.video import analyses as video_analyses
from pages.parts.video import position

from ferdash.analyses.store import Analysis
from ferdash.dynamics.summary import TrackSummary
from ferdash.errors import FerdashError

if TYPE_CHECKING:
    from ferdash.exports.results import AnalysisResults

keyed = keys_of("video")
PLAYER = keyed("player")

_HERE = Path(__file__).parent
_player = st.components.v2.component(
    "ferdash.player",
    html=(_HERE / "player.html").read_text(encoding="utf-8"),
    css=(_HERE / "player.css").read_text(encoding="utf-8"),
    js=(_HERE / "player.js").read_text(encoding="utf-8"),
)


def draw(results: "AnalysisResults", track: TrackSummary | None, frame: int, look: dict[str, Any]) -> None:
    """The player at a frame. look: how curves are drawn, as `player_data` takes it."""
    analysis = results.analysis
    person = track.track if track is not None else None
    data = _data(analysis, results, track, look)
    missing = why_no_pictures(analysis)
    stamp = "-".join(map(str, video_analyses.stamp(analysis)))
    _player(
        data={
            **data,
            "analysis": analysis.id,
            "people": len(results.summary.tracks),
            "version": f"{stamp} {person} {look} {results.summary.settings!r}",
            "stamp": f"{analysis.id} {stamp} {person}",
            "frame": frame,
            "turn": position.turn(),
            "last": int(results.frames["frame"].max()),
            "picture": f"frames/{analysis.id}/{{frame}}.jpg?person={person or ''}&of={stamp}",
            "film": "" if missing else _film(results, stamp),
            "missing": missing,
        },
        key=PLAYER,
        height="content",
        on_frame_change=_settled,
        on_film_change=lambda: None,
    )


def _settled() -> None:
    frame = st.session_state[PLAYER].frame
    if frame is not None:
        position.stay(int(frame))


def _data(
    analysis: Analysis, results: "AnalysisResults", track: TrackSummary | None, look: dict[str, Any]
) -> dict[str, Any]:
    from ferdash.plots.player import player_data

    names = (analysis.record.get("source") or {}).get("photos", []) if analysis.kind == "sequence" else []
    person = track.track if track is not None else None
    return player_data(results.frames, track, person=person, marks=analysis.marks(), names=names, **look)


def why_no_pictures(analysis: Analysis) -> str:
    """Why no frame of it can be shown; empty where they can."""
    try:
        if analysis.kind != "sequence":
            analysis.video_file()
    except FerdashError as error:
        return str(error)
    return ""


def _film(results: "AnalysisResults", stamp: str) -> str:
    """The address of the annotated video; empty until it was made, which Play asks for."""
    from ferdash.exports.files import annotated_of, made_film

    made = made_film(results.analysis)
    if made is None and _asked_for_film():
        bar = st.progress(0.0, text="Drawing faces and emotions into the video, once …")
        made = annotated_of(results, on_progress=lambda done, total: _tell(bar, done, total))
        bar.empty()
    return f"frames/{results.analysis.id}/film.mp4?of={stamp}" if made is not None else ""


def _asked_for_film() -> bool:
    known = st.session_state.get(PLAYER)
    return known is not None and bool(known.get("film"))


def _tell(bar: Any, done: int, total: int) -> None:
    if done % 25 == 0:
        bar.progress(min(done / max(total, 1), 1.0), text="Drawing faces and emotions into the video, once …")
