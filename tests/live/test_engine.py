"""The camera's engine, on a real face and with a model whose answers are known."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from ferdash.emotions import EMOTIONS, emotion_index
from ferdash.errors import AnalysisError, ConfigError, ModelError
from ferdash.inference.detector import Detector
from ferdash.live.engine import LiveEngine, warm_up
from ferdash.live.view import LiveSettings, LiveView, RecordingState

WAIT_S = 30.0
FACE = cv2.resize(astronaut(), (320, 320))
WALL = np.full_like(FACE, 90)


@dataclass
class KnownModel:
    """emotion: what it says of every face. hold: when cleared, answers wait. error: raised instead of an answer."""

    emotion: str = "happy"
    hold: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    calls: int = 0
    engine: str = "onnx"

    def __post_init__(self) -> None:
        self.hold.set()

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        self.calls += 1
        assert self.hold.wait(WAIT_S)
        if self.error is not None:
            raise self.error
        answers = np.full((len(faces), len(EMOTIONS)), 0.02, dtype=np.float32)
        answers[:, emotion_index(self.emotion)] = 0.88
        return answers


@pytest.fixture
def model() -> KnownModel:
    return KnownModel()


@pytest.fixture
def make(model: KnownModel, detector: Detector) -> Iterator[Callable[..., LiveEngine]]:
    """Engines with the given settings; all are stopped afterwards."""
    engines: list[LiveEngine] = []

    def make(**settings: float) -> LiveEngine:
        engines.append(LiveEngine(model, detector, LiveSettings(**settings)))
        return engines[-1]

    yield make
    model.hold.set()
    for engine in engines:
        engine.stop()
        assert engine.wait_until_stopped(WAIT_S)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def show(engine: LiveEngine, image: np.ndarray, times: int = 1) -> LiveView:
    """Show a picture `times` times, each until it is analysed."""
    for _ in range(times):
        view = engine.view()
        before = view.analysed if view.running else 0
        engine.offer(image)
        until(lambda before=before: engine.view().analysed > before or engine.view().problem is not None)
    return engine.view()


def test_a_face_is_followed_and_named(make):
    view = show(make(tau_s=0.0), FACE, times=4)
    (face,) = view.faces
    assert view.running
    assert (face.classified.number, face.classified.emotion) == (1, "happy")
    np.testing.assert_allclose(face.classified.probabilities, face.raw)
    assert view.size == (320, 320)
    assert view.latency_s is not None
    assert view.latency_s > 0
    assert view.fps > 0


def test_the_drawn_picture_is_the_analysed_one(make):
    engine = make()
    assert engine.drawn() is None
    show(engine, FACE)
    drawn = engine.drawn()
    changed = (drawn != FACE).any(axis=2)
    assert 0.005 < changed.mean() < 0.2  # a frame and its words; everything else is the picture itself


def test_frames_that_were_overtaken_are_not_analysed(make, model):
    engine = make()
    show(engine, FACE)
    model.hold.clear()
    calls = model.calls
    engine.offer(FACE)
    until(lambda: model.calls > calls)
    for number in range(5):
        engine.offer(np.roll(FACE, number, axis=1))
    newest = np.ascontiguousarray(FACE[::-1])
    engine.offer(newest)
    model.hold.set()
    until(lambda: engine.view().analysed == 3)
    assert engine.view().skipped == 5
    np.testing.assert_array_equal(engine.drawn()[-40:, :20], newest[-40:, :20])


def test_smoothing_delays_a_change_and_none_does_not(make, model):
    slow = make(tau_s=60.0)
    show(slow, FACE, times=3)
    model.emotion = "sad"
    face = show(slow, FACE, times=2).faces[0]
    assert EMOTIONS[int(face.raw.argmax())] == "sad"
    assert face.classified.emotion == "happy"
    slow.configure(tau_s=0.0)
    assert show(slow, FACE).faces[0].classified.emotion == "sad"


def test_neutral_is_what_was_seen_and_change_is_against_it(make, model):
    engine = make(calibration_s=0.3, tau_s=0.0)
    model.emotion = "sad"
    assert show(engine, FACE).faces[0].change is None
    engine.calibrate()
    assert engine.view().calibration.left_s > 0
    until(lambda: show(engine, FACE).calibration.tracks == (1,))
    np.testing.assert_allclose(show(engine, FACE).faces[0].change, 0, atol=1e-6)
    model.emotion = "happy"
    change = show(engine, FACE).faces[0].change
    assert change[emotion_index("happy")] == pytest.approx(0.86)
    assert change[emotion_index("sad")] == pytest.approx(-0.86)
    assert change.sum() == pytest.approx(0, abs=1e-6)
    engine.forget_neutral()
    view = show(engine, FACE)
    assert view.faces[0].change is None
    assert view.calibration is None


def test_neutral_without_a_face_says_that_none_was_seen(make):
    engine = make(calibration_s=0.1)
    show(engine, WALL)
    engine.calibrate()
    until(lambda: show(engine, WALL).calibration.left_s == 0)
    until(lambda: show(engine, WALL).calibration.tracks == ())


def test_the_last_seconds_are_kept_by_face(make):
    engine = make()
    show(engine, FACE, times=3)
    (recent,) = engine.recent()
    assert recent.track == 1
    assert recent.ago_s[-1] <= 0
    np.testing.assert_allclose(np.nansum(recent.probabilities, axis=1), 1, atol=1e-5)


def test_the_worker_ends_when_no_frame_comes(make):
    engine = make(idle_s=0.1)
    show(engine, FACE)
    assert engine.wait_until_stopped(WAIT_S)
    assert not engine.view().running
    assert engine.drawn() is None
    assert "ferdash-live" not in {thread.name for thread in threading.enumerate()}


def test_a_stopped_engine_starts_anew_with_the_next_frame(make):
    engine = make()
    show(engine, FACE, times=2)
    engine.stop()
    assert engine.wait_until_stopped(WAIT_S)
    view = show(engine, FACE)
    assert view.analysed == 1
    assert view.faces[0].classified.number == 1


def test_what_a_person_can_fix_is_said_and_can_be_tried_again(make, model):
    engine = make()
    model.error = ModelError("The model is tired; wake it.")
    assert show(engine, FACE).problem == "The model is tired; wake it."
    model.error = None
    engine.offer(FACE)
    assert not engine.view().running
    engine.wait_until_stopped(WAIT_S)
    engine.dismiss_problem()
    assert show(engine, FACE).problem is None


def test_a_bug_is_logged_whole_and_shown_calmly(make, model, caplog):
    engine = make()
    model.error = ZeroDivisionError("somewhere")
    with caplog.at_level(logging.ERROR):
        problem = show(engine, FACE).problem
    assert problem.startswith("The live analysis failed.")
    assert "ZeroDivisionError: somewhere" in caplog.text


def test_smaller_frames_in_between_do_not_move_the_face(make):
    engine = make()
    before = show(engine, FACE, times=3).faces[0]
    view = show(engine, cv2.resize(FACE, (240, 240), interpolation=cv2.INTER_AREA))
    assert view.size == (240, 240)
    assert view.faces[0].classified.number == before.classified.number
    np.testing.assert_allclose(view.faces[0].tracked.box_xyxy, before.tracked.box_xyxy, atol=12)


def test_a_turned_camera_gives_frames_of_another_shape(make):
    engine = make()
    show(engine, cv2.resize(WALL, (320, 240)))
    show(engine, cv2.resize(WALL, (240, 320)))
    assert engine.drawn().shape == (320, 240, 3)


class BadDisk:
    """A recorder that fails at its second frame."""

    analysis = "20250101-000000-live-0000"

    def __init__(self, **facts: object) -> None:
        self.facts, self.frames, self.closed = facts, 0, None

    def add(self, *arguments: object, **options: object) -> None:
        self.frames += 1
        if self.frames > 1:
            raise AnalysisError("The disk is full.")

    def state(self) -> RecordingState:
        return RecordingState(self.analysis, 0.0, self.frames)

    def close(self, problem: str | None = None) -> None:
        self.closed = problem


def test_trouble_with_a_recording_ends_the_recording_alone(make):
    engine = make()
    show(engine, FACE)
    made: list[BadDisk] = []
    engine.start_recording(lambda **facts: made.append(BadDisk(**facts)) or made[0])
    view = show(engine, FACE)
    assert view.recording == RecordingState(BadDisk.analysis, 0.0, 1)
    assert made[0].facts["size"] == (320, 320)
    assert (engine.drawn()[:30, -60:] != FACE[:30, -60:]).any(axis=2).mean() > 0.2  # the red mark
    view = show(engine, FACE, times=2)
    assert view.recording is None
    assert view.recording_problem == "The disk is full."
    assert view.recorded == BadDisk.analysis
    assert made[0].closed == "The disk is full."
    assert view.running


def test_warming_up_runs_the_model_once(model, detector):
    warm_up(model, detector)
    assert model.calls == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tau_s": -1.0}, "Smoothing over -1 s"),
        ({"detect_every": 0}, "every 0 frames"),
        ({"detection_side": 8}, "at 8 pi"),
    ],
)
def test_senseless_settings_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        LiveSettings(**settings)
