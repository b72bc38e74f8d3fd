"""Streams of the Lab Streaming Layer, received by pylsl in the same process: what arrives, and when it says it was."""

import secrets
import time

import numpy as np
import pylsl
import pytest
from skimage.data import astronaut

from ferdash.analyses.store import open_analysis
from ferdash.emotions import EMOTIONS, emotion_index
from ferdash.errors import ConfigError
from ferdash.live.lsl import CHANNELS, EmotionOutlet, MarkerInlet
from ferdash.live.recording import LiveRecording
from ferdash.live.streaming import StreamingEngine
from ferdash.live.view import LiveSettings

WAIT_S = 20.0


@pytest.fixture
def name() -> str:
    """Of a stream that no other test on this network has."""
    return f"ferdash-{secrets.token_hex(4)}"


def reader(name):
    (found, *_) = pylsl.resolve_byprop("name", name, 1, WAIT_S)
    inlet = pylsl.StreamInlet(found)
    inlet.open_stream(WAIT_S)
    return inlet


def until(condition):
    deadline = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return found


def test_channels_are_labelled_and_times_are_those_of_capture(name):
    outlet = EmotionOutlet(name, model="FerNet")
    inlet = reader(name)
    info = inlet.info(WAIT_S)
    channel, seen = info.desc().child("channels").child("channel"), []
    while not channel.empty():
        seen.append(tuple(channel.child_value(part) for part in ("label", "unit", "type")))
        channel = channel.next_sibling()
    assert tuple(seen) == CHANNELS
    assert info.type() == "Emotions"
    assert info.nominal_srate() == pylsl.IRREGULAR_RATE
    assert info.desc().child_value("model") == "FerNet"
    shares = np.linspace(0.1, 0.7, 7)
    now = pylsl.local_clock()
    outlet.push(3, shares, 0.9, 1.25, timestamp_s=now - 0.5)
    sample, stamp = inlet.pull_sample(timeout=WAIT_S)
    assert sample == pytest.approx([3, *shares, 0.9, 1.25])
    assert stamp == pytest.approx(now - 0.5, abs=1e-6)


def test_a_films_rows_are_sent_without_those_that_have_no_result(name, made_analysis, tmp_path):
    frames = made_analysis(tmp_path / "analyses").frames().head(6)
    outlet = EmotionOutlet(name)
    inlet = reader(name)
    before = pylsl.local_clock()
    outlet.push_table(frames)
    got = [inlet.pull_sample(timeout=WAIT_S) for _ in range(5)]
    assert [sample[-1] for sample, _ in got] == pytest.approx([0, 0.04, 0.08, 0.16, 0.2])  # frame 3 has no face
    assert all(before <= stamp <= pylsl.local_clock() for _, stamp in got)
    wanted = frames.loc[4, list(EMOTIONS)].to_numpy(float)
    assert got[3][0][1:8] == pytest.approx(wanted, abs=1e-6)


class Sure:
    engine = "onnx"

    def probabilities(self, faces):
        answers = np.full((len(faces), 7), 0.02, dtype=np.float32)
        answers[:, emotion_index("happy")] = 0.88
        return answers


def test_a_cameras_faces_go_out_and_markers_come_in(name, detector, tmp_path):
    stimuli = pylsl.StreamOutlet(
        pylsl.StreamInfo(f"{name}-stimuli", "Markers", 1, pylsl.IRREGULAR_RATE, "string", f"{name}-uid")
    )
    outlet, markers = EmotionOutlet(name), MarkerInlet(f"{name}-stimuli")
    inlet = reader(name)
    engine = StreamingEngine(Sure(), detector, LiveSettings(idle_s=60), outlet=outlet, markers=markers)
    picture = np.ascontiguousarray(astronaut()[:320, :320])
    try:
        engine.start_recording(
            lambda size, fps, settings: LiveRecording(
                tmp_path, size=size, fps=fps, settings=settings, model="m", model_title="M", detector="haar"
            )
        )
        captured = []

        def show():
            captured.append(pylsl.local_clock())
            before = engine.view().analysed if engine.view().running else 0
            engine.offer(picture, captured[-1])
            until(lambda: engine.view().analysed > before)
            return True

        until(lambda: show() and stimuli.have_consumers())
        shown_s = pylsl.local_clock()
        stimuli.push_sample(["face 7"], shown_s)
        folder = until(lambda: show() and engine.view().recording).analysis
        # A marker comes over the network: a few frames later than it was.
        until(lambda: (show() and engine._recorder._marks) or open_analysis(tmp_path, folder).marks())
        engine.stop_recording()
        until(lambda: engine.view().recorded)
    finally:
        engine.stop()
        assert engine.wait_until_stopped(WAIT_S)
        markers.close()
    samples = [inlet.pull_sample(timeout=WAIT_S) for _ in range(len(captured))]
    assert [stamp for _, stamp in samples] == pytest.approx(captured, abs=1e-6)
    assert [sample[-1] for sample, _ in samples] == pytest.approx(captured, abs=1e-6)
    assert samples[0][0][1 + emotion_index("happy")] == pytest.approx(0.88)
    (mark,) = open_analysis(tmp_path, folder).marks()
    assert mark["name"] == "face 7"
    assert mark["timestamp_s"] == pytest.approx(shown_s - captured[0], abs=0.01)


def test_a_stream_without_a_name_is_refused():
    with pytest.raises(ConfigError, match="needs a name"):
        EmotionOutlet("  ")
