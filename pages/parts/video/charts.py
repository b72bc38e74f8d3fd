"""Below the viewer: everything that is said of one person over the whole time."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.video import analyses as video_analyses
from pages.parts.video import position
from pages.parts.video.player import why_no_pictures

from ferdash.analyses import marks
from ferdash.dynamics.moments import Moment
from ferdash.dynamics.noise import FEWEST_FRAMES, too_short_to_tell
from ferdash.dynamics.summary import TrackSummary
from ferdash.emotions import EMOTIONS
from ferdash.paths import analyses_root
from ferdash.wording import counted, duration

if TYPE_CHECKING:
    from ferdash.exports.results import AnalysisResults

keyed = keys_of("video")
CHANGES = keyed("changes")
ROW_PX = 66


def draw(results: "AnalysisResults", person: int) -> None:
    """A tab for each way of looking at it; the one that is open stands in the address."""
    track = results.summary.tracks[person]
    st.markdown(f"**{track.sentence}**")
    names = list(TABS)
    tabs = st.tabs(names, key=keyed("tab"), on_change="rerun")
    for name, tab in zip(names, tabs, strict=True):
        if tab.open:
            with tab, shared.calm_errors():
                TABS[name](results, track)


def _draw_changes(results: "AnalysisResults", track: TrackSummary) -> None:
    """The heat map of deltas, and each change as a row."""
    from ferdash.plots.changes import delta_heatmap

    charts.draw(delta_heatmap(track.series, track.deltas), key=keyed("heat"))
    if too_short_to_tell(track.series):
        st.caption(f"Changes cannot be told from noise in fewer than {FEWEST_FRAMES} frames that follow each other.")
        return
    if not track.moments:
        st.caption("No emotion changed by more than this person's noise explains.")
        return
    shown = _choose_changes(track)
    face = _faces_of(results, track.track)
    table = pd.DataFrame(
        {
            "before": [face(one.main.start_frame) for one in shown],
            "after": [face(one.main.end_frame) for one in shown],
            "time": [one.main.peak_s for one in shown],
            "frame": [one.main.peak_frame for one in shown],
            "emotion": [one.main.emotion for one in shown],
            "change": [100 * one.main.size * one.main.direction for one in shown],
            "with it": [one.with_it for one in shown],
            "took": [one.duration_s for one in shown],
            "times noise": [one.main.z for one in shown],
        }
    )
    columns: dict[str, Any] = {
        "before": st.column_config.ImageColumn(width=72, help="The last frame on the old level."),
        "after": st.column_config.ImageColumn(width=72, help="The first frame on the new level."),
        "time": st.column_config.NumberColumn(format="%.2f s"),
        "change": st.column_config.NumberColumn(format="%+.0f points"),
        "took": st.column_config.NumberColumn(format="%.2f s", help="How long the change itself took."),
        "times noise": st.column_config.NumberColumn(format="%.1f", help="Size over what noise alone would do."),
    }
    st.caption(f"{len(shown)} of {counted(len(track.moments), 'change')}. Tick a row to see its frame.")
    st.dataframe(
        table,
        hide_index=True,
        column_config=columns,
        key=CHANGES,
        on_select=lambda: _see(table["frame"].tolist()),
        selection_mode="single-row",
        height=min(530, 38 + ROW_PX * len(table)),
        row_height=ROW_PX,
    )


def _faces_of(results: "AnalysisResults", person: int) -> Callable[[int], str | None]:
    """From a frame to the address of the person's face in it; None where the pictures are gone."""
    analysis = results.analysis
    if why_no_pictures(analysis):
        return lambda frame: None
    stamp = "-".join(map(str, video_analyses.stamp(analysis)))
    return lambda frame: f"frames/{analysis.id}/{frame}.jpg?face&person={person}&of={stamp}"


def _choose_changes(track: TrackSummary) -> list[Moment]:
    """Those that are as large, and take as long, as is asked for; the largest first, unless by time."""
    size, lasting, order = st.columns(3, vertical_alignment="bottom")
    least = size.slider(
        "Smallest change, points",
        10,
        90,
        10,
        5,
        key=keyed("least"),
        help="Of the emotion that changes most, in points of its probability.",
    )
    longest = max(one.duration_s for one in track.moments)
    shortest = lasting.slider(
        "Shortest, seconds",
        0.0,
        max(0.1, round(longest, 2)),
        0.0,
        key=keyed("shortest"),
        help="From the frame where the first of its emotions leaves its old level to where the last reaches its new.",
    )
    by_time = order.segmented_control(
        "Order", ["Largest first", "By time"], default="Largest first", required=True, key=keyed("order")
    )
    shown = [one for one in track.moments if 100 * one.main.size >= least and one.duration_s >= shortest]
    return shown if by_time == "By time" else sorted(shown, key=lambda one: -one.main.size)


def _see(frames: list[int]) -> None:
    rows = st.session_state[CHANGES]["selection"]["rows"]
    if rows:
        position.go(frames[rows[0]])


def _draw_segments(results: "AnalysisResults", track: TrackSummary) -> None:
    """The ribbon, and how long each emotion is dominant."""
    from ferdash.plots.segments import ribbon

    charts.draw(ribbon(track.segments), key=keyed("ribbon"))
    dwell = track.dwell.reset_index()
    dwell = dwell[dwell["visits"] > 0].assign(share=100 * dwell["share"])
    st.dataframe(
        dwell,
        hide_index=True,
        column_config={
            "total_s": st.column_config.NumberColumn("dominant for", format="%.2f s"),
            "share": st.column_config.NumberColumn("of the time", format="%.1f%%"),
            "visits": st.column_config.NumberColumn("times"),
            "mean_s": st.column_config.NumberColumn("each time", format="%.2f s"),
            "longest_s": st.column_config.NumberColumn("longest", format="%.2f s"),
        },
    )


def _draw_transitions(results: "AnalysisResults", track: TrackSummary) -> None:
    """Which emotion follows which, and whether that helps to predict."""
    from ferdash.plots.segments import transition_heatmap

    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    charts.draw(transition_heatmap(track.transitions), key=keyed("transitions"), at=left)
    with right:
        if track.forecast is None:
            st.caption(
                "This person was classified for too short a time to tell whether the next emotion can be predicted."
            )
        else:
            st.markdown(track.forecast.sentence)
            st.caption(
                f"Learned from the first {counted(track.forecast.fitted, 'pair')} of moments and tried on the last "
                f"{counted(track.forecast.held_out, 'pair')}; a lower log loss is better."
            )


def _draw_figures(results: "AnalysisResults", track: TrackSummary) -> None:
    """The person in a few figures, and each emotion's."""
    measures = track.measures
    figures = {
        "Classified for": (duration(measures.seconds), "Time covered by results."),
        "Volatility": (
            _number(measures.volatility, "{:.2f} /s"),
            "How far the probabilities travel in a second; 1 is all the way from one certain emotion to another.",
        ),
        "Entropy": (
            _number(measures.entropy, "{:.0%}"),
            "Of the probabilities, as a share of its maximum: 0% is one certain emotion, 100% all seven alike.",
        ),
        "Switches": (_number(measures.switches_per_minute, "{:.1f} /min"), "How often the dominant emotion switches."),
        "Changes": (_number(measures.events_per_minute, "{:.1f} /min"), "Changes beyond noise."),
    }
    for column, (label, (value, text)) in zip(st.columns(len(figures)), figures.items(), strict=True):
        column.metric(label, value, help=text)
    table = track.dynamics.reset_index()
    shares = ["mean", "sd", "rmssd", "noise"]
    table = table.assign(**{name: 100 * table[name] for name in shares})
    percent = {name: st.column_config.NumberColumn(format="%.1f%%") for name in shares}
    percent["sd"] = st.column_config.NumberColumn("spread", format="%.1f points")
    percent["rmssd"] = st.column_config.NumberColumn(
        "from frame to frame", format="%.1f points", help="Root of the mean squared change."
    )
    percent["noise"] = st.column_config.NumberColumn("noise", format="%.1f points")
    inertia = st.column_config.NumberColumn(format="%.2f", help="Correlation of a frame with the next.")
    st.dataframe(table, hide_index=True, column_config=percent | {"inertia": inertia})


def _number(value: float, form: str) -> str:
    return form.format(value) if np.isfinite(value) else "–"


def _draw_notes(results: "AnalysisResults", track: TrackSummary) -> None:
    """Markers, and the frames that are this person's neutral."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Markers**")
        marked = results.analysis.marks()
        if not marked:
            st.caption("None yet. “Mark” beside a frame names a moment; it then stands in the timeline.")
        for mark in marked:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(
                    f"{mark['timestamp_s']:.2f} s",
                    key=keyed(f"see-{mark['frame']}"),
                    icon=":material/bookmark:",
                    on_click=position.go,
                    args=(mark["frame"],),
                )
                st.markdown(plain(mark["name"]), width="stretch")
                st.button(
                    "",
                    icon=":material/close:",
                    key=keyed(f"unmark-{mark['frame']}"),
                    type="tertiary",
                    help="Remove",
                    on_click=video_analyses.change,
                    args=(_unmark, results, mark["frame"]),
                )
    with right:
        st.markdown(f"**Neutral baseline of person {track.track}**")
        _draw_neutral(results, track)


def _draw_neutral(results: "AnalysisResults", track: TrackSummary) -> None:
    if track.neutral_problem:
        st.warning(track.neutral_problem, icon=":material/sentiment_neutral:")
    baseline = track.baseline
    if baseline is None:
        st.caption(
            "Neutral faces differ: a model may see sadness in one that feels nothing. “Set baseline” beside a frame "
            "says that this face is neutral there; curves can then be shown relative to that."
        )
    else:
        highest = np.argsort(-baseline.level)[:3]
        levels = ", ".join(f"{EMOTIONS[place]} {baseline.level[place]:.0%}" for place in highest)
        st.markdown(f"Taken from {counted(baseline.frames, 'frame')}: {levels}.")
    if baseline is not None or track.neutral_problem:
        st.button(
            "Forget it",
            icon=":material/undo:",
            key=keyed("forget-baseline"),
            on_click=video_analyses.change,
            args=(_forget_neutral, results, track),
        )


def _unmark(results: "AnalysisResults", frame: int) -> None:
    marks.unmark(analyses_root(), results.analysis.id, frame=frame)


def _forget_neutral(results: "AnalysisResults", track: TrackSummary) -> None:
    marks.set_neutral(analyses_root(), results.analysis.id, track.track, [])
    st.session_state[keyed("timeline-relative")] = False


TABS: dict[str, Callable[["AnalysisResults", TrackSummary], None]] = {
    "Changes": _draw_changes,
    "Segments": _draw_segments,
    "Transitions": _draw_transitions,
    "Figures": _draw_figures,
    "Markers and neutral": _draw_notes,
}
