"""What stands around the video: figures above, faces beside, the last minute below; each redraws itself."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages import PAGES
from pages.parts.common import charts, face_cards, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.live import camera as live_camera

from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.paths import analyses_root
from ferdash.wording import count, counted, duration

if TYPE_CHECKING:
    from ferdash.live.engine import LiveEngine
    from ferdash.live.view import BeginRecording, LiveFace, LiveView

keyed = keys_of("live")

FAST_S, SLOW_S = 0.5, 1.0
FACES_SHOWN = 3
SPAN_S = 60.0
DETECTOR = "centerface"

SMOOTHING = {"none": 0.0, "little": 0.15, "some": 0.3, "much": 0.8, "very much": 2.0}
"""Time constant in seconds by its word."""

STYLE = """<style>
.fer-change { display: grid; grid-template-columns: 60px 1fr 54px; gap: 3px 8px; align-items: center; font-size: 13px; }
.fer-change .fer-track { position: relative; height: 9px; }
.fer-change .fer-track::after { content: ""; position: absolute; left: 50%; top: -1px; bottom: -1px; width: 1px;
  background: currentColor; opacity: .5; }
.fer-change .fer-part { position: absolute; top: 0; bottom: 0; border-radius: 5px; }
.fer-change-title { margin: 10px 0 4px; font-size: 13px; opacity: .75; }
.fer-rec { color: #fff; background: #B3261E; border-radius: 6px; padding: 3px 10px; font-weight: 600; font-size: 14px; }
</style>"""


def draw_figures(engine: "LiveEngine", moving: bool) -> None:
    """Analysed frames a second, latency, faces, and the red mark while recording."""
    _every(FAST_S if moving else None, _figures, engine)


def draw_faces(engine: "LiveEngine", moving: bool) -> None:
    """The faces beside the video."""
    _every(FAST_S if moving else None, _faces, engine)


def draw_timeline(engine: "LiveEngine", moving: bool) -> None:
    """The last minute."""
    _every(SLOW_S if moving else None, _timeline, engine)


def draw_controls(engine: "LiveEngine", moving: bool) -> None:
    """Recording, neutral, smoothing."""
    _every(SLOW_S if moving else None, _controls, engine)


def _every(seconds: float | None, draw: "Callable[[LiveEngine], None]", engine: "LiveEngine") -> None:
    def calm() -> None:
        with shared.calm_errors():
            draw(engine)

    calm.__qualname__ = draw.__qualname__  # a fragment is known by the name of its function
    st.fragment(calm, run_every=seconds)()


def _figures(engine: "LiveEngine") -> None:
    view = engine.view()
    if sentence := live_camera.waiting_in_vain(view.analysed):
        st.warning(sentence, icon=":material/wifi_off:")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):  # one line on a phone
        latency = "–" if view.latency_s is None else f"{count(round(1000 * view.latency_s))} ms"
        st.metric("Analysed", f"{view.fps:.1f} frames/s" if view.running else "–", width="content")
        st.metric(
            "Latency",
            latency if view.running else "–",
            width="content",
            help="From a frame's arrival in the app until its faces are drawn; the way from and to the browser is "
            "not in it.",
        )
        st.metric("Faces", str(len(view.faces)) if view.running else "–", width="content")
        if view.recording is not None:
            st.html(
                f'{STYLE}<span class="fer-rec" role="status">● Recording {duration(view.recording.seconds)}</span>',
                width="content",
            )


def _faces(engine: "LiveEngine") -> None:
    view = engine.view()
    if view.problem:
        st.error(plain(view.problem), icon=":material/error:")
        if st.button("Try again"):
            engine.dismiss_problem()
        return
    if not view.running:
        st.caption("Each face in front of the camera will appear here with its seven probabilities.")
        return
    if not view.faces:
        st.caption("No face is seen. Look into the camera; light from the front helps.")
        return
    for face in _largest(view)[:FACES_SHOWN]:
        with st.container(border=True):
            note = "seen in this frame" if face.tracked.detected else "followed from before"
            card = face_cards.card(face.classified, note=note, threshold=engine.threshold)
            st.html(face_cards.STYLE + STYLE + card + _change(face))
    if len(view.faces) > FACES_SHOWN:
        st.caption(f"and {counted(len(view.faces) - FACES_SHOWN, 'smaller face')} in the picture")


def _largest(view: "LiveView") -> list["LiveFace"]:
    """The largest faces, in the order of their numbers."""
    by_size = sorted(view.faces, key=lambda face: face.tracked.box_xyxy[0] - face.tracked.box_xyxy[2])
    return sorted(by_size[:FACES_SHOWN], key=lambda face: face.classified.number) + by_size[FACES_SHOWN:]


def _change(face: "LiveFace") -> str:
    """HTML of seven bars to the left and right of zero: against the neutral baseline."""
    if face.change is None:
        return ""
    rows = []
    for emotion, value in zip(EMOTIONS, np.clip(face.change, -1, 1), strict=True):
        start = 50 + min(50 * value, 0)
        rows.append(
            f'<span>{emotion}</span><span class="fer-track" aria-hidden="true"><span class="fer-part" '
            f'style="left:{start:.1f}%;width:{abs(50 * value):.1f}%;background:{COLOURS[emotion]}"></span></span>'
            f'<span class="fer-share">{_points(value)}</span>'
        )
    return (
        '<p class="fer-change-title">against this neutral baseline, percentage points</p>'
        f'<div class="fer-change">{"".join(rows)}</div>'
    )


def _points(value: float) -> str:
    points = round(100 * value, 1)
    return f"{points:+.1f}" if points else "0.0"


def _timeline(engine: "LiveEngine") -> None:
    from ferdash.plots.live import recent_lines

    series = {recent.track: recent for recent in engine.recent()}
    if not series:
        st.caption("The last minute appears here as seven lines, one for each emotion.")
        return
    seen = [face.classified.number for face in engine.view().faces]
    track = next(iter(seen or series))
    if len(series) > 1:
        chosen = st.segmented_control(
            "Face",
            list(series),
            default=track,
            key=keyed("face"),
            format_func=lambda number: f"face {number}",
            label_visibility="collapsed",
        )
        track = chosen if chosen in series else track
    charts.draw(recent_lines(series[track], SPAN_S), key=keyed("lines"))


def _controls(engine: "LiveEngine") -> None:
    view = engine.view()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _recording_button(engine, view)
        _neutral_button(engine, view)
        smoothing = st.select_slider(
            "Smoothing",
            list(SMOOTHING),
            value="some",
            key=keyed("smoothing"),
            width=220,
            help="How fast the shown probabilities follow. Recordings keep every frame as it was measured.",
        )
        # Last in the row, so that nothing moves when it comes.
        if view.calibration and view.calibration.tracks and st.button("Forget neutral", type="tertiary"):
            engine.forget_neutral()
    engine.configure(tau_s=SMOOTHING[smoothing])
    _recording_words(view)
    if view.running and view.calibration and view.calibration.left_s == 0:
        if view.calibration.tracks:
            faces = ", ".join(map(str, view.calibration.tracks))
            st.caption(f"Neutral is taken from face {faces}; the change against it stands under the bars.")
        else:
            st.warning("No face was seen while neutral was taken. Look into the camera and try again.")


def _recording_button(engine: "LiveEngine", view: "LiveView") -> None:
    if view.recording is not None:
        if st.button("Stop recording", icon=":material/stop_circle:", type="primary"):
            engine.stop_recording()
    elif st.button(
        "Record",
        icon=":material/fiber_manual_record:",
        disabled=not view.running,
        help="Keeps the video and every result as an analysis in this app's data folder, until you delete it.",
    ):
        engine.start_recording(_recorder())


def _recorder() -> "BeginRecording":
    from ferdash.live.recording import LiveRecording

    reference = shared.model_reference() or ""
    return partial(
        LiveRecording,
        analyses_root(),
        model=reference,
        model_title=shared.model_title(reference),
        detector=DETECTOR,
    )


def _neutral_button(engine: "LiveEngine", view: "LiveView") -> None:
    left = view.calibration.left_s if view.calibration else 0.0
    if left > 0:
        st.button(f"Keep a neutral face: {left:.0f} s left", disabled=True, icon=":material/sentiment_neutral:")
    elif st.button(
        "Set baseline (3 s)",
        icon=":material/sentiment_neutral:",
        disabled=not view.running,
        help="Takes your neutral face as the baseline, and shows from then on what changes against it.",
    ):
        engine.calibrate()


def _recording_words(view: "LiveView") -> None:
    if view.recording_problem:
        st.error(plain(view.recording_problem), icon=":material/error:")
    if view.recording is not None:
        st.caption(
            f"Recorded so far: {duration(view.recording.seconds)}, {counted(view.recording.frames, 'frame')} "
            "with picture and results."
        )
    elif view.recorded:
        st.success("The recording is kept as an analysis.", icon=":material/check_circle:")
        if "video" in PAGES:
            link = shared.page_path("video")
            st.page_link(
                link,
                label="Open in Video",
                icon=":material/movie:",
                query_params={keys_of("video")("analysis"): view.recorded},
            )
