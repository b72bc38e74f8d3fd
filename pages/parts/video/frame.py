"""The viewer: the exact frame with its faces, this frame's seven probabilities and their changes, and the timeline."""

from html import escape
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.common import correction as corrections
from pages.parts.common import face_cards, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.video import analyses as video_analyses
from pages.parts.video import position, timeline

from ferdash.analyses import marks
from ferdash.analyses.store import Analysis
from ferdash.dynamics.summary import TrackSummary
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.errors import FerdashError
from ferdash.paths import analyses_root
from ferdash.video.frame_table import REASONS, probabilities_of
from ferdash.video.overlay import draw_frame
from ferdash.wording import count, counted

if TYPE_CHECKING:
    from ferdash.exports.files import AnalysisResults

BASELINE_REACH_S = 0.5
"""“Set baseline” takes in the frames this near."""

keyed = keys_of("video")


STYLE = """<style>
.fer-deltas { display: grid; grid-template-columns: repeat(7, 1fr); gap: 6px; font-size: 12px; text-align: center; }
.fer-deltas .fer-column { position: relative; height: 96px; }
.fer-deltas .fer-column::after { content: ""; position: absolute; left: 0; right: 0; top: 50%; height: 1px;
  background: currentColor; opacity: .45; }
.fer-deltas .fer-part { position: absolute; left: 18%; right: 18%; border-radius: 3px; }
.fer-deltas .fer-number { font-variant-numeric: tabular-nums; }
.fer-deltas .fer-label { overflow: hidden; text-overflow: ellipsis; opacity: .8; }
.fer-head { margin: 14px 0 4px; font-size: 13px; opacity: .75; }
</style>"""


@st.fragment
def draw(results: "AnalysisResults", person: int | None, smoothings: list[str], smoothing: str) -> None:
    """Frame, bars and timeline; drawn again by itself when the frame changes."""
    video_analyses.catch_up()
    with shared.calm_errors():
        frames = _frames_of(results.frames)
        track = results.summary.tracks.get(person) if person is not None else None
        left, right = st.columns([3, 2], gap="medium")
        with left:
            frame = _draw_picture(results, person, track, frames)
        rows = results.frames[results.frames["frame"] == frame]
        with right:
            _draw_now(results, person, track, frame, rows)
        if track is not None:
            timeline.draw(results, track, frame, float(rows["timestamp_s"].iloc[0]), smoothings, smoothing)


def _frames_of(table: pd.DataFrame) -> list[int]:
    return sorted(int(frame) for frame in table["frame"].unique())


# --- the picture and the way through it -------------------------------------------------------------------------------


def _draw_picture(results: "AnalysisResults", person: int | None, track: TrackSummary | None, frames: list[int]) -> int:
    """The picture with its controls; the frame that is shown."""
    playing = st.segmented_control(
        "What to look at",
        ["Frame by frame", "Play"],
        default="Frame by frame",
        required=True,
        key=keyed("mode"),
        label_visibility="collapsed",
    )
    picture = st.container()
    events = sorted({moment.main.peak_frame for moment in track.moments}) if track else []
    frame = _draw_controls(frames, events)
    rows = results.frames[results.frames["frame"] == frame]
    with picture:
        if playing == "Play":
            _draw_player(results, float(rows["timestamp_s"].iloc[0]))
        else:
            _draw_exact(results, rows, frame, person)
    return frame


def _draw_exact(results: "AnalysisResults", rows: pd.DataFrame, frame: int, person: int | None) -> None:
    try:
        image = draw_frame(video_analyses.picture(results.analysis, frame), rows, only=person)
    except FerdashError as error:
        st.warning(plain(error), icon=":material/broken_image:")
        return
    st.image(image, width="stretch")


def _draw_player(results: "AnalysisResults", start_s: float) -> None:
    """The annotated video, made at the first time."""
    from ferdash.exports.files import annotated_of

    with st.spinner("Drawing faces and emotions into the video; this happens once …"):
        path = annotated_of(results)
    st.video(
        str(path),
        start_time=start_s,
        autoplay=True,
        muted=True,
        alt=f"{results.analysis.name} with the emotion of each face drawn in",
    )


def _draw_controls(frames: list[int], events: list[int]) -> int:
    """Slider and steps. The frame stands in the address, too."""
    key = keyed("frame")
    asked = st.session_state.get(key, position.asked())
    frame = position.nearest(frames, asked if asked is not None else frames[0])
    if st.session_state.get(key) != frame:
        st.session_state[key] = frame
    place = frames.index(frame)
    if len(frames) > 1:
        st.select_slider(
            "Frame", frames, key=key, format_func=count, label_visibility="collapsed", help="The frame that is shown."
        )
    earlier, later = (frames[place - 1] if place else None), (frames[place + 1] if place + 1 < len(frames) else None)
    steps: list[tuple[str, Literal["left", "right"], str, str, int | None, str]] = [
        ("Change", "left", ":material/skip_previous:", "The change before", position.before(events, frame), "P"),
        ("Frame", "left", ":material/chevron_left:", "The frame before", earlier, "Left"),
        ("Frame", "right", ":material/chevron_right:", "The next frame", later, "Right"),
        ("Change", "right", ":material/skip_next:", "The next change", position.after(events, frame), "N"),
    ]
    with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
        for label, side, icon, words, target, shortcut in steps:
            st.button(
                label,
                icon=icon,
                icon_position=side,
                help=words,
                key=keyed(words.lower().replace(" ", "-")),
                disabled=target is None,
                shortcut=shortcut,
                on_click=position.go,
                args=(target,),
            )
    st.query_params[key] = str(frame)
    return frame


# --- this frame -------------------------------------------------------------------------------------------------------


def _draw_now(
    results: "AnalysisResults", person: int | None, track: TrackSummary | None, frame: int, rows: pd.DataFrame
) -> None:
    """The person in this frame: probabilities, changes against the frame before, or why there is none."""
    time_s = float(rows["timestamp_s"].iloc[0])
    total = int(results.frames["frame"].max())
    st.markdown(f"**Frame {count(frame)}** of {count(total)} · {time_s:.2f} s")
    mine = rows[(rows["track"] == person).fillna(False)] if person is not None else rows.iloc[:0]
    reason = _reason(rows, mine, person)
    if reason or track is None:
        st.info(reason or "No face was found in this video.", icon=":material/face_retouching_off:")
    else:
        place = int(np.searchsorted(track.series.frames, frame))
        probabilities = track.series.probabilities[place]
        st.html(
            face_cards.STYLE + STYLE + _bars(person, probabilities) + _deltas(track.deltas[place], first=place == 0)
        )
    _draw_actions(results, person, frame, time_s, rows, mine)


def _reason(rows: pd.DataFrame, mine: pd.DataFrame, person: int | None) -> str:
    """Why the person has no result in this frame; empty where there is one."""
    if len(mine):
        reason = str(mine["reason"].iloc[0])
        return f"Person {person} has no result here: {REASONS[reason]}." if reason else ""
    alone = [str(reason) for reason in rows["reason"] if reason in ("no_face", "unreadable")]
    return f"No result here: {REASONS[alone[0]]}." if alone else f"Person {person} is not seen in this frame."


def _bars(person: int | None, probabilities: np.ndarray) -> str:
    top = int(probabilities.argmax())
    title = f'<p class="fer-title">Person {person} · {EMOTIONS[top]}</p>'
    return f'{title}<div class="fer-bars">{face_cards.bars(probabilities, top, sure=True)}</div>'


def _deltas(deltas: np.ndarray, *, first: bool) -> str:
    """Seven bars up or down from a middle line."""
    head = '<p class="fer-head">change against the frame before, percentage points</p>'
    if not np.isfinite(deltas).all():
        why = "this is the first frame with a result" if first else "the frame before has no result"
        return f'{head}<p class="fer-head">none: {why}</p>'
    most = max(0.05, float(np.abs(deltas).max()))
    columns = []
    for place, emotion in enumerate(EMOTIONS):
        height = 50 * abs(deltas[place]) / most
        side = "bottom" if deltas[place] > 0 else "top"
        columns.append(
            f'<div><div class="fer-column" aria-hidden="true"><span class="fer-part" style="{side}:50%;'
            f'height:{height:.1f}%;background:{COLOURS[emotion]}"></span></div>'
            f'<div class="fer-number">{round(100 * deltas[place], 1) + 0.0:+.1f}</div>'
            f'<div class="fer-label" title="{escape(emotion)}">{escape(emotion)}</div></div>'
        )
    return f'{head}<div class="fer-deltas" role="group" aria-label="changes">{"".join(columns)}</div>'


def _draw_actions(
    results: "AnalysisResults", person: int | None, frame: int, time_s: float, rows: pd.DataFrame, mine: pd.DataFrame
) -> None:
    """Mark this frame, set the neutral baseline, and set a wrong label right."""
    analysis = results.analysis
    with st.container(horizontal=True, gap="small"):
        _draw_mark(analysis, frame, time_s)
        if person is None or not len(mine) or mine["reason"].iloc[0]:
            return
        st.button(
            "Set baseline",
            icon=":material/sentiment_neutral:",
            type="tertiary",
            key=keyed(f"baseline-{frame}"),
            help=f"Takes this person's frames within {BASELINE_REACH_S:g} s as the baseline.",
            on_click=video_analyses.change,
            args=(_take_as_neutral, results, person, time_s),
        )
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


def _take_as_neutral(results: "AnalysisResults", person: int, time_s: float) -> str:
    series = results.summary.tracks[person].series
    near = series.frames[np.abs(series.timestamps_s - time_s) <= BASELINE_REACH_S].tolist()
    known = results.analysis.neutral().get(person, [])
    frames = sorted({*known, *near})
    marks.set_neutral(analyses_root(), results.analysis.id, person, frames)
    return f"Baseline of person {person}: {counted(len(frames), 'frame')}."


def _draw_correction(results: "AnalysisResults", person: int, frame: int, time_s: float, mine: pd.DataFrame) -> None:
    from ferdash.exports.files import face_crop

    try:
        crop = face_crop(video_analyses.picture(results.analysis, frame), mine.iloc[0], results.analysis)
    except FerdashError:
        return  # the picture's own place says why it cannot be shown
    source = str((results.analysis.record.get("source") or {}).get("name") or results.analysis.name)
    model = str(results.analysis.record.get("model", ""))
    key = keyed(f"wrong-{results.analysis.id}-{person}-{frame}")
    corrections.draw(crop, probabilities_of(mine)[0], source, time_s, person, model, key)
