"""Two analyses over each other: what differs between them, moment by moment and on average."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.common import charts
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.video import analyses as video_analyses

from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.wording import counted

if TYPE_CHECKING:
    from ferdash.dynamics.comparison import Comparison
    from ferdash.exports.files import AnalysisResults

keyed = keys_of("video")

START = "the first result of each"


def draw(ids: list[str]) -> None:
    """The whole comparison of the analyses of these two ids."""
    if st.button("All analyses", icon=":material/arrow_back:", type="tertiary"):
        video_analyses.show()
    if len(ids) != 2:
        raise AnalysisError("A comparison needs two analyses; tick two in the library.")
    from ferdash.exports.comparing import compare_analyses, shared_markers

    first, second = (video_analyses.results(video_analyses.open_(one)) for one in ids)
    st.title("How do the two differ?", anchor=False)
    left, right, middle = st.columns(3)
    with left:
        one = _pick_person(first, "first")
    with right:
        other = _pick_person(second, "second")
    marker = middle.selectbox(
        "Laid over each other at",
        [START, *shared_markers(first, second)],
        key=keyed("compare-marker"),
        help="A marker of the same name in both analyses can be the common moment.",
    )
    marker = "" if marker == START else marker
    compared = compare_analyses(first, second, people=(one, other), marker=marker)
    st.markdown(f"**{plain(compared.sentence)}**")
    _draw_charts(compared)
    _draw_table(compared)


def _pick_person(results: "AnalysisResults", key: str) -> int | None:
    people = list(results.summary.tracks)
    longest = max(people, key=lambda track: len(results.summary.tracks[track].series), default=None)
    name = plain(results.analysis.name)
    return st.selectbox(
        f"{key.capitalize()}: {name}",
        people,
        index=people.index(longest) if longest is not None else None,
        format_func=lambda track: f"Person {track}",
        key=keyed(f"compare-{key}"),
    )


def _draw_charts(compared: "Comparison") -> None:
    """One emotion in both over time, the differences on average, and who shows what for how long."""
    from ferdash.plots.comparison import comparison_intervals, comparison_lines, group_bars

    likeliest = compared.differing[0] if compared.differing else EMOTIONS[int(np.argmax(np.abs(compared.mean)))]
    emotion = st.pills("Emotion", EMOTIONS, default=likeliest, required=True, key=keyed("compare-emotion")) or likeliest
    charts.draw(comparison_lines(compared, emotion), key=keyed("compare-lines"))
    left, right = st.columns(2, gap="large")
    charts.draw(comparison_intervals(compared), key=keyed("compare-intervals"), at=left)
    charts.draw(group_bars(compared.group), key=keyed("compare-bars"), at=right)


def _draw_table(compared: "Comparison") -> None:
    """Each emotion in both, and the difference with its interval."""
    group = compared.group.set_index(["group", "emotion"])
    rows = []
    for place, emotion in enumerate(EMOTIONS):
        interval = compared.intervals[place] if compared.intervals else None
        one, other = (group.loc[(name, emotion)] for name in compared.names)
        beyond = emotion in compared.differing
        rows.append(
            {
                "emotion": emotion,
                f"{compared.names[0]}, mean": 100 * float(one["mean"]),
                f"{compared.names[1]}, mean": 100 * float(other["mean"]),
                "difference": 100 * float(compared.mean[place]),
                "95% CI": f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f}" if interval else "",
                "significant": "yes" if beyond else "no",
                f"{compared.names[0]}, dominant": 100 * float(one["dwell"]),
                f"{compared.names[1]}, dominant": 100 * float(other["dwell"]),
            }
        )
    table = pd.DataFrame(rows)
    shares = [name for name in table if name.endswith((", mean", ", dominant"))]
    columns = {name: st.column_config.NumberColumn(format="%.1f%%") for name in shares}
    columns["difference"] = st.column_config.NumberColumn(format="%+.1f points")
    st.dataframe(table, hide_index=True, column_config=columns)
    st.caption(
        f"All of it rests on {counted(compared.common, 'moment')} that both have; the intervals hold for all seven "
        "emotions together. “dominant” is the share of these moments in which an emotion is the likeliest."
    )
