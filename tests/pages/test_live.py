"""Live: what is said before START, whatever stands in the way, and what a running camera shows.

The camera itself needs a browser (tests/browser/test_live.py); here frames are given to the page's engine.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import VideoFrame
from skimage.data import astronaut
from streamlit.testing.v1 import AppTest

from pages.parts.live.compat import keep_newest_only

from ferdash.analyses.store import list_analyses
from ferdash.live.engine import LiveEngine

Visit = Callable[..., AppTest]

FACE = cv2.resize(astronaut(), (320, 320))
WAIT_S = 30.0

pytestmark = pytest.mark.usefixtures("data", "without_a_server")


@pytest.fixture
def engine_of() -> Iterator[Callable[[AppTest], LiveEngine]]:
    """The engine behind a page; stopped afterwards."""
    engines: list[LiveEngine] = []

    def engine_of(app: AppTest) -> LiveEngine:
        engines.append(app.session_state["live-engine"][1])
        return engines[-1]

    yield engine_of
    for engine in engines:
        engine.stop()
        assert engine.wait_until_stopped(WAIT_S)


def show(engine: LiveEngine, image: np.ndarray, times: int = 3) -> None:
    for _ in range(times):
        view = engine.view()
        before = view.analysed if view.running else 0
        engine.offer(image)
        deadline = time.monotonic() + WAIT_S
        while engine.view().analysed == before:
            assert time.monotonic() < deadline, "the frame was never analysed"
            time.sleep(0.005)


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.title, *app.markdown, *app.caption, *app.success])


def html(app: AppTest) -> str:
    return "".join(element.value for element in app.html)


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


def test_before_start_it_says_what_the_camera_is_for(visit: Visit, fernet: Path) -> None:
    app = visit("live")
    assert not app.exception
    assert not app.error
    assert not app.warning
    assert "Nothing is stored or sent anywhere else, unless you record" in words(app)
    assert "Each face in front of the camera will appear here" in words(app)
    assert [metric.label for metric in app.metric] == ["Analysed", "Latency", "Faces"]
    disabled = {button.label: button.disabled for button in app.button}
    assert disabled["Record"]
    assert disabled["Set baseline (3 s)"]


def test_a_face_has_its_card_and_its_lines(visit: Visit, fernet: Path, engine_of) -> None:
    app = visit("live")
    show(engine_of(app), FACE)
    app.run()
    assert not app.exception
    assert 'aria-label="face 1"' in html(app)
    assert next(metric.value for metric in app.metric if metric.label == "Faces") == "1"
    assert app.get("plotly_chart")
    assert not next(button for button in app.button if button.label == "Record").disabled


def test_a_wall_is_no_face(visit: Visit, fernet: Path, engine_of) -> None:
    app = visit("live")
    show(engine_of(app), np.full_like(FACE, 90))
    assert "No face is seen." in words(app.run())


def test_recording_says_so_and_leaves_a_analysis(visit: Visit, fernet: Path, data: Path, engine_of) -> None:
    app = visit("live")
    engine = engine_of(app)
    show(engine, FACE)
    app = press(app.run(), "Record")
    show(engine, FACE)
    app.run()
    assert "● Recording" in html(app)
    assert "Recorded so far: 0 s, 3 frames" in words(app)
    press(app, "Stop recording")
    show(engine, FACE)
    assert "The recording is kept as an analysis." in words(app.run())
    assert "● Recording" not in html(app)
    (analysis,) = list_analyses(data / "analyses")
    assert (analysis.kind, analysis.state, analysis.record["model"]) == ("live", "done", "fernet")
    assert analysis.frames()["frame"].nunique() == 3


def test_nothing_is_stored_without_recording(visit: Visit, fernet: Path, data: Path, engine_of) -> None:
    app = visit("live")
    show(engine_of(app), FACE)
    app.run()
    assert list(data.iterdir()) == []


def test_change_against_neutral_stands_under_the_bars(visit: Visit, fernet: Path, engine_of) -> None:
    app = visit("live")
    engine = engine_of(app)
    show(engine, FACE)
    press(app.run(), "Set baseline (3 s)")
    assert any(button.label.startswith("Keep a neutral face: ") and button.disabled for button in app.run().button)
    deadline = time.monotonic() + WAIT_S
    while engine.view().calibration.left_s > 0 or not engine.view().calibration.tracks:
        assert time.monotonic() < deadline
        show(engine, FACE, times=1)
    show(engine, FACE)
    app.run()
    assert "against this neutral baseline, percentage points" in html(app)
    assert "Neutral is taken from face 1" in words(app)
    press(app, "Forget neutral")
    show(engine, FACE)
    assert "against this neutral baseline" not in html(app.run())


def test_a_failure_is_shown_and_can_be_tried_again(visit: Visit, fernet: Path, engine_of) -> None:
    app = visit("live")
    engine = engine_of(app)
    engine.offer("not a picture")
    assert engine.wait_until_stopped(WAIT_S)
    app.run()
    assert any("The live analysis failed." in error.value for error in app.error)
    press(app, "Try again")
    show(engine, FACE)
    assert not app.run().error


def test_another_model_is_a_new_engine_and_ends_the_old_one(
    visit: Visit, fernet: Path, checkpoints: Path, engine_of
) -> None:
    other = checkpoints / "models" / "other"
    other.mkdir()
    for file in fernet.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    app = visit("live")
    first = engine_of(app)
    show(first, FACE)
    app.selectbox(key="model-shown").set_value("other").run()
    assert engine_of(app) is not first
    assert first.wait_until_stopped(WAIT_S)


def test_a_model_that_is_not_here_leads_to_where_it_can_be_had(visit: Visit, checkpoints: Path) -> None:
    app = visit("live")
    assert not app.error
    assert any("not on this computer yet" in element.value for element in app.info)


def test_a_model_that_cannot_be_loaded_is_one_sentence(visit: Visit, fernet: Path) -> None:
    (fernet / "model.safetensors").write_bytes(b"cut short")
    app = visit("live")
    assert not app.exception
    assert any("fernet" in error.value and "damaged" in error.value for error in app.error)


def test_senseless_ice_servers_are_one_sentence(visit: Visit, fernet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERDASH_ICE_SERVERS", "turn:me")
    app = visit("live")
    assert not app.exception
    assert any("FERDASH_ICE_SERVERS is not JSON" in error.value for error in app.error)


def test_a_slow_way_to_the_browser_is_given_the_newest_picture_only() -> None:
    class Camera(MediaStreamTrack):
        kind = "video"
        sent = 0

        async def recv(self) -> VideoFrame:
            await asyncio.sleep(0)
            if self.sent == 5:
                raise MediaStreamError
            self.sent += 1
            frame = VideoFrame(16, 16)
            frame.pts = self.sent
            return frame

    async def slow_consumer() -> tuple[int, int]:
        relay, camera = MediaRelay(), Camera()
        keep_newest_only(relay)
        track = relay.subscribe(camera)
        first = await track.recv()
        while camera.sent < 4:
            await asyncio.sleep(0)
        return first.pts, (await track.recv()).pts

    with ThreadPoolExecutor() as thread:  # in this one the browser tests' loop may be running
        assert thread.submit(asyncio.run, slow_consumer()).result() == (1, 4)


def test_a_stream_is_found_as_the_page_says(visit: Visit, engine_of) -> None:
    name = f"ferdash-{secrets.token_hex(4)}"
    app = visit("live")
    assert not app.code
    app.toggle(key="live-lsl").set_value(True).run()
    app.text_input(key="live-lsl-name").input(name).run()
    assert f"The stream is called **{name}** and is of type Emotions, with 10 channels" in words(app)
    said: dict[str, Any] = {}
    with ThreadPoolExecutor() as pool:  # the page's code waits for a face, as a reader does
        reading = pool.submit(exec, app.code[0].value, said)
        engine, deadline = engine_of(app), time.monotonic() + WAIT_S
        while not reading.done():
            assert time.monotonic() < deadline, "no face arrived"
            show(engine, FACE, times=1)
        reading.result()
    assert said["sample"][0] == 1
    assert sum(said["sample"][1:8]) == pytest.approx(1, abs=1e-5)


def test_without_pylsl_nothing_can_be_sent(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.parts.live.lsl.is_installed", lambda: False)
    app = visit("live")
    assert app.toggle(key="live-lsl").disabled
    assert "pip install 'ferdash[lsl]'" in words(app)
