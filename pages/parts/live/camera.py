"""The camera in the browser: whether there is one and whether it may be used, and its stream to this app."""

import os
import time
from typing import TYPE_CHECKING, Any

import av
import streamlit as st
from streamlit_webrtc import WebRtcMode, WebRtcStreamerContext, webrtc_streamer

from pages.parts.common.keys import keys_of
from pages.parts.live.compat import keep_newest_only

from ferdash.live.ice import ice_servers

if TYPE_CHECKING:
    from ferdash.live.engine import LiveEngine

keyed = keys_of("live")

WIDTH, HEIGHT = 640, 480

SENTENCES = {
    "refused": "The browser refuses the camera to this page. Allow it with the camera symbol in the address bar or in "
    "the browser's settings, and press START again.",
    "missing": "There is no camera on this computer that the browser can see. Connect one; the page notices by itself.",
    "insecure": "The browser gives a camera only to pages that are opened as localhost or by https. Open the app on "
    "the computer where it runs, or behind https (docs/live.md says how).",
}
"""What is wrong with the camera, by what the script below finds."""

PATIENCE_S = 10.0
NO_PICTURE = (
    "The camera is on, but its picture does not reach this app: the network between browser and app lets no video "
    "through. Take single pictures instead, below, or set up a TURN server (docs/live.md says how)."
)

# The stream's own component says nothing about why it could not begin, so the page asks the browser itself. It asks
# again whenever a device comes or goes and whenever the permission changes.
_SCRIPT = """
export default function ({ parentElement, setStateValue }) {
  const tell = (found) => {
    if (parentElement.ferdashCamera === found) return;
    parentElement.ferdashCamera = found;
    setStateValue("found", found);
  };
  let permission = null;
  const look = async () => {
    const devices = navigator.mediaDevices;
    if (!window.isSecureContext || !devices) return tell("insecure");
    try {
      permission ??= await navigator.permissions.query({ name: "camera" });
      permission.onchange = look;
    } catch {
      permission = null;
    }
    if (permission?.state === "denied") return tell("refused");
    const listed = await devices.enumerateDevices();
    tell(listed.some((device) => device.kind === "videoinput") ? "ready" : "missing");
  };
  look();
  navigator.mediaDevices?.addEventListener("devicechange", look);
  return () => {
    if (permission) permission.onchange = null;
    navigator.mediaDevices?.removeEventListener("devicechange", look);
  };
}
"""
_probe = st.components.v2.component("ferdash.camera", js=_SCRIPT)


def camera_trouble() -> str | None:
    """What is wrong with the camera, in a sentence; None while nothing is known to be."""
    found = _probe(key=keyed("camera-probe"), default={"found": "ready"}, on_found_change=lambda: None).found
    return SENTENCES.get(found)


def note_start(on: bool) -> None:
    """Remember since when the camera has been on; call once a run."""
    if not on:
        st.session_state.pop(keyed("on-since"), None)
    else:
        st.session_state.setdefault(keyed("on-since"), time.monotonic())


def waiting_in_vain(analysed: int) -> str | None:
    """A sentence when the camera has been on for a while and no picture of it has come; analysed: frames so far."""
    since = st.session_state.get(keyed("on-since"))
    waiting = since is not None and analysed == 0 and time.monotonic() - since > PATIENCE_S
    return NO_PICTURE if waiting else None


def draw_stream(engine: "LiveEngine") -> WebRtcStreamerContext[Any, Any]:
    """The video with its START button; each frame goes to the engine, and what comes back is what it drew last.

    Raises ConfigError when the servers that are set make no sense.
    """
    keep_newest_only()
    return webrtc_streamer(
        keyed("stream"),
        mode=WebRtcMode.SENDRECV,
        rtc_configuration={"iceServers": _servers()},
        media_stream_constraints={
            "audio": False,
            "video": {"width": {"ideal": WIDTH}, "height": {"ideal": HEIGHT}, "frameRate": {"ideal": 30, "max": 30}},
        },
        video_frame_callback=lambda frame: _exchange(engine, frame),
        on_video_ended=engine.stop,
        # The callback only swaps pictures, so it needs no thread and no queue of its own.
        async_processing=False,
        video_html_attrs={"autoPlay": True, "muted": True, "controls": False, "style": {"width": "100%"}},
        translations={"start": "START", "stop": "STOP", "select_device": "Choose camera"},
    )


def _exchange(engine: "LiveEngine", frame: av.VideoFrame) -> av.VideoFrame:
    engine.offer(frame)
    drawn = engine.drawn()
    return frame if drawn is None else av.VideoFrame.from_ndarray(drawn, format="rgb24")


def _servers() -> list[dict[str, Any]]:
    return ice_servers(os.environ.get("FERDASH_ICE_SERVERS") or _secret("FERDASH_ICE_SERVERS"))


def _secret(name: str) -> str | None:
    # Asking for a secret where there is no file of them draws an error on the page.
    return st.secrets.get(name) if st.secrets.load_if_toml_exists() else None
