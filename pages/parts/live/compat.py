"""What the camera uses of streamlit-webrtc and aiortc that is not in their documentation, all of it; a test finds other
places. Whoever updates them looks here first.
"""

from functools import partial

from aiortc.contrib.media import MediaRelay
from streamlit_webrtc.relay import get_global_relay


def keep_newest_only(relay: MediaRelay | None = None) -> None:
    """Have the relay, streamlit-webrtc's own unless another is given, hand each consumer the newest picture instead of
    all of them, one after another.

    streamlit-webrtc lets pictures for the browser wait in a queue without end. Where encoding them is slower than the
    camera, what the person sees would fall behind more and more, and memory would grow by 1 MB with each picture.
    """
    kept = get_global_relay() if relay is None else relay
    setattr(kept, "subscribe", partial(MediaRelay.subscribe, kept, buffered=False))  # noqa: B010
