"""The viewer: one screen with the exact frame, its seven probabilities and their changes, and the time around it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.common import correction as corrections
from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.video import analyses as video_analyses
from pages.parts.video import player, position, timeline

from ferdash.analyses import marks
from ferdash.analyses.store import Analysis
from ferdash.emotions import EMOTIONS
from ferdash.errors import FerdashError
from ferdash.paths import analyses_root
from ferdash.video.frame_table import probabilities_of
from ferdash.wording import counted

if TYPE_CHECKING:
    from ferdash.exports.results import AnalysisResults

BASELINE_REACH_S = 0.5
"""“Set baseline” takes in the frames this near."""

keyed = keys_of("video")


@st.fragment
def draw(
    results: "AnalysisResults",
    person: int | None,
    smoothings: list[str],
    smoothing: str,
    draw_head: Callable[[Callable[[], None]], None],
) -> None:
    """Head and player; drawn again by itself when the person stays at another frame. draw_head: draws what is above
    the player, with what is drawn by its argument in the line of the title."""
    video_analyses.catch_up()
    with shared.calm_errors():
        frame = position.at(sorted(int(one) for one in results.frames["frame"].unique()))
        track = results.summary.tracks.get(person) if person is not None else None
        look: dict[str, Any] = {}

        def actions() -> None:
            _draw_actions(results, person, frame)
            if track is not None:
                look.update(timeline.draw_options(track, smoothings, smoothing))

        draw_head(actions)
        player.draw(results, track, frame, look)


def _draw_actions(results: "AnalysisResults", person: int | None, frame: int) -> None:
    """Mark this frame, set the neutral baseline, and set a wrong label right."""
    rows = results.frames[results.frames["frame"] == frame]
    time_s = float(rows["timestamp_s"].iloc[0])
    _draw_mark(results.analysis, frame, time_s)
    mine = rows[(rows["track"] == person).fillna(False)] if person is not None else rows.iloc[:0]
    has_result = len(mine) > 0 and not mine["reason"].iloc[0]
    # Always there, and of one name at every frame: a press of it right after a step must not miss.
    st.button(
        "Set baseline",
        icon=":material/sentiment_neutral:",
        type="tertiary",
        key=keyed("baseline"),
        disabled=person is None,
        help=f"Takes this person's frames within {BASELINE_REACH_S:g} s of the shown one as the neutral baseline, in "
        "place of an earlier one.",
        on_click=video_analyses.change,
        args=(_take_as_neutral, results, person),
    )
    if has_result and person is not None:
        _draw_correction(results, person, frame, time_s, mine)


def _draw_mark(analysis: Analysis, frame: int, time_s: float) -> None:
    known = analysis.marks()
    # With another number of markers it is another menu, so that it closes once the marker is set.
    menu = st.popover("Mark", icon=":material/bookmark_add:", type="tertiary", key=keyed(f"mark-{frame}-{len(known)}"))
    with menu, st.form(keyed(f"mark-form-{frame}"), border=False):
        earlier = next((str(mark["name"]) for mark in known if mark["frame"] == frame), "")
        st.text_input("What happens here?", earlier, key=keyed(f"mark-name-{frame}"), max_chars=80)
        st.form_submit_button(
            "Set the marker",
            key=keyed(f"mark-set-{frame}"),
            type="primary",
            on_click=video_analyses.change,
            args=(_mark, analysis, frame, time_s),
        )


def _mark(analysis: Analysis, frame: int, time_s: float) -> None:
    name = st.session_state[keyed(f"mark-name-{frame}")]
    marks.mark(analyses_root(), analysis.id, frame=frame, timestamp_s=time_s, name=name)


def _take_as_neutral(results: "AnalysisResults", person: int) -> str:
    # The frame of now, which may be a later one than when the button was drawn.
    frame = st.session_state[position.FRAME]
    time_s = float(results.frames.loc[results.frames["frame"] == frame, "timestamp_s"].iloc[0])
    series = results.summary.tracks[person].series
    near = np.abs(series.timestamps_s - time_s) <= BASELINE_REACH_S
    if not near.any():
        return f"Person {person} has no result within {BASELINE_REACH_S:g} s of this frame; choose another one."
    earlier = results.analysis.neutral().get(person)
    marks.set_neutral(analyses_root(), results.analysis.id, person, series.frames[near].tolist())
    said = f"Baseline of person {person}: {counted(int(near.sum()), 'frame')}"
    said += ", in place of the one before." if earlier else "."
    level = series.probabilities[near].mean(axis=0)
    if (shown := EMOTIONS[int(level.argmax())]) != "neutral":
        said += (
            f" The model sees {shown} in them ({level.max():.0%}): choose another frame if this face is not at rest."
        )
    return said


def _draw_correction(results: "AnalysisResults", person: int, frame: int, time_s: float, mine: pd.DataFrame) -> None:
    from ferdash.exports.files import face_crop

    try:
        crop = face_crop(video_analyses.picture(results.analysis, frame), mine.iloc[0], results.analysis)
    except FerdashError:
        return  # the picture's own place says why it cannot be shown
    source = str((results.analysis.record.get("source") or {}).get("name") or results.analysis.name)
    model = str(results.analysis.record.get("model", ""))
    key = keyed(f"wrong-{results.analysis.id}-{person}-{frame}")
    with st.container(width="content"):  # a part that is drawn by itself takes a whole line otherwise
        corrections.draw(crop, probabilities_of(mine)[0], source, time_s, person, model, key)
