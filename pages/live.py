"""Live: the camera's picture with every face's emotion drawn into it, as it happens."""

import gc
from typing import TYPE_CHECKING, cast

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.live import camera as live_camera
from pages.parts.live import lsl as live_lsl
from pages.parts.live import panels as live_panels
from pages.parts.live import snapshot as live_snapshot

from ferdash.paths import checkpoints_root

if TYPE_CHECKING:
    from ferdash.live.engine import LiveEngine

keyed = keys_of("live")


def draw_page() -> None:
    """The whole page."""
    st.title("Live")
    reference = shared.model_reference()
    if reference is None:
        st.info("Choose a model in the sidebar first.", icon=":material/neurology:")
        return
    if not shared.model_is_here(reference):
        st.info(
            f"{plain(shared.model_title(reference))} is not on this computer yet. The Predict page can download it; or "
            "choose another model.",
            icon=":material/download:",
        )
        st.page_link(shared.page_path("predict"), label="Go to Predict", icon=":material/familiar_face_and_zone:")
        return
    st.caption(
        "Press START and allow the camera: its picture goes from this browser to this app, is looked at and forgotten. "
        "Nothing is stored or sent anywhere else, unless you record, when a red mark says so, or stream below."
    )
    # Whatever comes and goes has a place of its own: an element that moves down is made anew by the browser, and the
    # video's would lose its camera, or a press of START.
    said, figures = st.container(), st.container()
    video, faces = st.columns([3, 2], gap="medium")
    below, lab = st.container(), st.container()
    with lab:
        streams = live_lsl.choose()
    with said:
        engine = _engine(reference, streams)
        trouble = live_camera.camera_trouble()
        if trouble:
            st.warning(trouble, icon=":material/videocam_off:")
    with video:
        stream = live_camera.draw_stream(engine)
    playing = stream.state.playing or stream.state.signalling
    live_camera.note_start(playing)
    # The engine runs on for a moment after STOP, and what is shown should not stay as it was then.
    moving = playing or engine.view().running
    with figures:
        live_panels.draw_figures(engine, moving)
    with faces:
        live_panels.draw_faces(engine, moving)
    with below:
        live_panels.draw_controls(engine, moving)
        live_panels.draw_timeline(engine, moving)
    live_snapshot.draw(reference, needed=trouble is not None)


def _engine(reference: str, streams: live_lsl.Streams | None) -> "LiveEngine":
    """The analysis of this tab's camera, with the chosen model: made once, and anew when model or streams change."""
    stamp = (reference, shared.model_stamp(reference), streams)
    known = st.session_state.get(keyed("engine"))
    if known is not None and known[0] == stamp:
        return cast("LiveEngine", known[1])
    if known is not None:
        known[1].stop()
    model = shared.model(reference)
    from ferdash.inference.detector import load_detector
    from ferdash.live.engine import LiveEngine, warm_up
    from ferdash.live.lsl import EmotionOutlet, MarkerInlet
    from ferdash.live.streaming import StreamingEngine

    with st.spinner("Warming up, so that the first picture does not have to wait …"):
        detector = load_detector(live_panels.DETECTOR, checkpoints_root())
        warm_up(model, detector)
    _spare_the_collector()
    if streams is None:
        engine = LiveEngine(model, detector)
    else:
        outlet = EmotionOutlet(streams.name, model=shared.model_title(reference))
        engine = StreamingEngine(model, detector, outlet=outlet, markers=MarkerInlet(streams.markers))
    st.session_state[keyed("engine")] = (stamp, engine)
    return engine


def _spare_the_collector() -> None:
    """Take what is loaded by now, PyTorch above all, out of the garbage collector's sight.

    Streamlit collects garbage after every run of a page or fragment, and nothing else can run meanwhile: with a million
    objects of PyTorch and transformers to look through, several times a second, the camera would stand still.
    """
    gc.unfreeze()  # what an earlier model left behind can go
    gc.collect()
    gc.freeze()


with shared.calm_errors():
    draw_page()
