import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferdash.dynamics.change_points import EventSettings, _mean_variance, _Moves, find_events
from ferdash.dynamics.noise import measure_noise
from ferdash.dynamics.series import TrackSeries
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError

FPS = 25.0
STILL = np.array([0.06, 0.03, 0.06, 0.12, 0.6, 0.08, 0.05])
HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
LOUDNESS = STILL * (1 - STILL) / 0.24
"""Noise of a probability against that of one near 0.6: what is rarely seen hardly moves."""


def noise(seed: int, frames: int, autocorrelation: float, sigma: float) -> np.ndarray:
    """AR(1) noise of standard deviation sigma for the most probable emotion, rows adding up to 0."""
    rng = np.random.default_rng(seed)
    fresh = rng.normal(size=(frames, 7)) * LOUDNESS
    fresh[:, NEUTRAL] -= fresh.sum(axis=1)
    fresh *= sigma / np.sqrt((LOUDNESS**2).sum())
    for row in range(1, frames):
        fresh[row] = autocorrelation * fresh[row - 1] + np.sqrt(1 - autocorrelation**2) * fresh[row]
    return fresh


def series(values: np.ndarray, frames: np.ndarray | None = None) -> TrackSeries:
    frames = np.arange(len(values)) if frames is None else frames
    values = np.clip(values, 0, None)
    return TrackSeries(1, frames, frames / FPS, values / values.sum(axis=1, keepdims=True))


def planted(frames: int, start: int, length: int, size: float) -> np.ndarray:
    """Neutral gives way to happy: frame `start` is the last on the old level, start + length the first on the new."""
    way = np.clip((np.arange(frames) - start) / length, 0, 1)[:, None]
    return STILL + size * way * (np.eye(7)[HAPPY] - np.eye(7)[NEUTRAL])


@given(
    seed=st.integers(0, 10_000),
    autocorrelation=st.sampled_from([0.0, 0.3, 0.6, 0.8, 0.9]),
    sigma=st.floats(0, 0.08),
    frames=st.integers(1, 250),
)
@settings(max_examples=120, deadline=None)
def test_a_still_face_has_no_event(seed: int, autocorrelation: float, sigma: float, frames: int) -> None:
    assert find_events(series(STILL + noise(seed, frames, autocorrelation, sigma))) == []


def test_a_blink_is_no_change_unless_it_is_asked_for() -> None:
    for seed in range(10):
        blink = planted(150, 60, 1, 0.5) - planted(150, 65, 1, 0.5) + STILL + noise(seed, 150, 0.4, 0.02)
        assert find_events(series(blink)) == []
        found = [e for e in find_events(series(blink), EventSettings(hold_s=0.1)) if e.emotion == "happy"]
        assert [(e.direction, e.start_frame, e.end_frame) for e in found] == [(1, 60, 61), (-1, 65, 66)]


def test_steps_that_are_seconds_apart_are_two_changes() -> None:
    stairs = planted(200, 60, 2, 0.25) + planted(200, 110, 2, 0.25) - STILL
    for seed in range(10):
        found = [e for e in find_events(series(stairs + noise(seed, 200, 0.4, 0.02))) if e.emotion == "happy"]
        assert [e.direction for e in found] == [1, 1]
        assert [e.peak_frame for e in found] == pytest.approx([61, 111], abs=2)


def test_every_change_passes_the_thresholds_it_names() -> None:
    rng = np.random.default_rng(4)
    settings = EventSettings(min_size=0.15, min_z=8)
    for _ in range(20):
        walk = np.abs(np.cumsum(rng.normal(size=(200, 7)), axis=0)) + 1
        lively = series(walk / walk.sum(axis=1, keepdims=True))
        assert all(e.size >= 0.15 and e.z >= 8 for e in find_events(lively, settings))


@pytest.mark.parametrize("sigma", [0.03, 0.08])
@pytest.mark.parametrize("autocorrelation", [0.0, 0.5, 0.8, 0.9])
def test_long_still_segments_have_no_event_either(autocorrelation: float, sigma: float) -> None:
    for seed in range(3):
        assert find_events(series(STILL + noise(seed, 3000, autocorrelation, sigma))) == []


@pytest.mark.parametrize("frames", [80, 200])
def test_z_is_the_size_in_standard_deviations_of_what_noise_does_and_min_z_is_its_bar(frames: int) -> None:
    """White noise: each level is the mean of the 25 frames (1 s) on its side, so a difference of two has the standard
    deviation sigma sqrt(2 / 25), with sigma of the emotion's own noise; the noise is
    rather taken for twice as much than for less."""
    sigma, size = 0.012, 0.12
    values = planted(frames, frames // 2, 1, size) + noise(9, frames, 0.0, sigma)
    expected = size / (values[: frames // 2, HAPPY].std() * np.sqrt(2 / 25))
    (event,) = (one for one in find_events(series(values)) if one.emotion == "happy")
    assert 0.5 * expected < event.z < 1.2 * expected
    below, above = (EventSettings(min_z=event.z + off) for off in (-0.5, 0.5))
    found, missed = ([one.emotion for one in find_events(series(values), way)] for way in (below, above))
    assert "happy" in found
    assert "happy" not in missed


@given(
    seed=st.integers(0, 10_000),
    start=st.integers(35, 160),
    length=st.integers(1, 4),
    size=st.floats(0.25, 0.55),
    autocorrelation=st.sampled_from([0.0, 0.3]),
    falls=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_a_planted_change_is_found_with_its_time_sign_and_size(
    seed: int, start: int, length: int, size: float, autocorrelation: float, falls: bool
) -> None:
    values = planted(200, start, length, size)[:: -1 if falls else 1]
    first, last = (199 - start - length, 199 - start) if falls else (start, start + length)
    events = find_events(series(values + noise(seed, 200, autocorrelation, 0.015)))
    assert {(event.emotion, event.direction) for event in events} == {
        ("happy", -1 if falls else 1),
        ("neutral", 1 if falls else -1),
    }
    assert len(events) == 2
    for event in events:
        assert abs(event.start_frame - first) <= 1
        assert abs(event.end_frame - last) <= 1
        assert event.start_frame < event.peak_frame <= event.end_frame
        assert event.size == pytest.approx(size, rel=0.1)
        assert event.z >= 6
        assert event.start_s == pytest.approx(event.start_frame / FPS)
        assert event.duration_s == pytest.approx((event.end_frame - event.start_frame) / FPS)


def test_a_wobble_shortly_before_a_change_is_no_part_of_it() -> None:
    events = find_events(series(planted(200, 35, 3, 0.25)[::-1] + noise(9552, 200, 0.0, 0.015)))
    assert [abs(event.start_frame - 161) <= 1 for event in events] == [True, True]


def test_a_clean_step_is_found_exactly() -> None:
    happy = next(event for event in find_events(series(planted(120, 59, 1, 0.4))) if event.emotion == "happy")
    assert (happy.start_frame, happy.peak_frame, happy.end_frame) == (59, 60, 60)
    assert happy.size == pytest.approx(0.4)
    assert happy.sentence == "happy rises by 40 points at 2.40 s"
    falling = next(event for event in find_events(series(planted(120, 59, 1, 0.4)[::-1])) if event.emotion == "happy")
    assert falling.sentence == "happy falls by 40 points at 2.40 s"


def test_a_slow_rise_is_one_event() -> None:
    events = find_events(series(planted(300, 100, 40, 0.5) + noise(3, 300, 0.2, 0.01)))
    (happy,) = [event for event in events if event.emotion == "happy"]
    assert abs(happy.start_frame - 100) <= 4
    assert abs(happy.end_frame - 140) <= 4
    assert happy.size == pytest.approx(0.5, rel=0.1)


def test_rise_and_fall_are_two_events() -> None:
    up, down = planted(240, 80, 2, 0.4), planted(240, 150, 2, 0.4)
    events = find_events(series(up - down + STILL + noise(5, 240, 0.3, 0.015)))
    happy = [event for event in events if event.emotion == "happy"]
    assert [event.direction for event in happy] == [1, -1]
    assert [event.peak_frame for event in happy] == pytest.approx([81, 151], abs=1)


def test_one_bad_frame_is_no_event() -> None:
    values = STILL + noise(8, 150, 0.3, 0.01)
    values[70] = np.eye(7)[HAPPY]
    assert find_events(series(values)) == []


def test_nothing_is_found_across_a_gap() -> None:
    values = planted(160, 79, 1, 0.4) + noise(2, 160, 0.2, 0.01)
    frames = np.arange(160) + np.where(np.arange(160) >= 80, 50, 0)
    assert find_events(series(values)) != []
    assert find_events(series(values, frames)) == []


def test_a_face_seen_badly_needs_a_larger_change() -> None:
    values = STILL + noise(4, 400, 0.0, 0.005)
    values[200:] += noise(9, 200, 0.0, 0.08)
    assert find_events(series(values)) == []


def test_a_track_too_short_to_know_its_noise_has_no_event() -> None:
    short = series(planted(20, 9, 1, 0.5))
    assert measure_noise(short) is None
    assert find_events(short) == []


def test_noise_is_measured_in_size_and_autocorrelation_whatever_changes() -> None:
    for autocorrelation in (0.0, 0.5, 0.8):
        values = planted(2000, 900, 3, 0.4) + noise(6, 2000, autocorrelation, 0.02)
        found = measure_noise(series(values))
        assert found is not None
        # Of several estimates of its autocorrelation the largest counts, so noise is rather taken for more than it is.
        assert autocorrelation - 0.1 <= found.autocorrelation <= autocorrelation + 0.35
        ratio = found.typical / (values[:800] - STILL).std(axis=0)
        assert (ratio[[HAPPY, NEUTRAL]] > 0.7).all()
        assert (ratio[[HAPPY, NEUTRAL]] < 2.2).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_size": 0}, r"\(min_size\) is 0; it lies between 0 and 1"),
        ({"min_size": 1}, r"\(min_size\) is 1; it lies between 0 and 1"),
        ({"min_z": 2.9}, r"2.9 standard deviations \(min_z\) is noise"),
        ({"hold_s": -0.1}, r"cannot last -0.1 s at least \(hold_s\); choose 0 or more"),
        ({"level_s": 0}, r"\(level_s\) is 0 s; choose more than 0"),
    ],
)
def test_settings_without_sense_are_refused(values: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EventSettings(**values)


def test_settings_at_their_bounds_are_taken() -> None:
    assert EventSettings(min_size=0.99, min_z=3, hold_s=0).min_z == 3


def test_a_stretch_too_short_for_two_levels_hides_none_after_it() -> None:
    """15 frames, a gap, and a change in the stretch that follows."""
    values = np.vstack([STILL + noise(0, 15, 0.3, 0.01), planted(105, 50, 1, 0.5) + noise(1, 105, 0.3, 0.01)])
    frames = np.concatenate([np.arange(15), 100 + np.arange(105)])
    found = [e for e in find_events(series(values, frames)) if e.emotion == "happy"]
    assert [(e.start_frame, e.end_frame) for e in found] == [(150, 151)]


@pytest.mark.parametrize("falls", [False, True])
def test_an_event_tells_its_track_its_times_and_where_it_is_steepest(falls: bool) -> None:
    way = np.zeros(160)
    way[60:] = np.cumsum([0.05, 0.05, 0.25, 0.05, *[0.0] * 96])
    values = STILL + (0.4 - way if falls else way)[:, None] * (np.eye(7)[HAPPY] - np.eye(7)[NEUTRAL])
    frames = np.arange(100, 420, 2)
    events = find_events(TrackSeries(5, frames, frames / FPS, values / values.sum(axis=1, keepdims=True)))
    happy = next(event for event in events if event.emotion == "happy")
    assert (happy.track, happy.direction, happy.peak_frame) == (5, -1 if falls else 1, 100 + 2 * 62)
    assert abs(happy.start_frame - (100 + 2 * 59)) <= 2
    assert abs(happy.end_frame - (100 + 2 * 63)) <= 2
    for seconds, frame in [
        (happy.start_s, happy.start_frame),
        (happy.peak_s, happy.peak_frame),
        (happy.end_s, happy.end_frame),
    ]:
        assert seconds == pytest.approx(frame / FPS)
    assert happy.duration_s == pytest.approx(happy.end_s - happy.start_s)
    assert happy.size == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize("autocorrelation", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("frames", [1, 2, 3, 12])
def test_the_variance_of_a_mean_is_the_sum_of_all_covariances(frames: int, autocorrelation: float) -> None:
    lags = np.abs(np.subtract.outer(np.arange(frames), np.arange(frames)))
    assert _mean_variance(frames, autocorrelation) == pytest.approx((autocorrelation**lags).mean())


def test_short_treads_of_a_staircase_are_one_change_and_long_ones_are_not() -> None:
    for tread, changes in ((3, 1), (60, 2)):
        stairs = planted(240, 80, 1, 0.25) + planted(240, 80 + tread, 1, 0.25) - STILL
        for values in (stairs, stairs[::-1]):
            found = [e for e in find_events(series(values + noise(5, 240, 0.3, 0.01))) if e.emotion == "happy"]
            assert len(found) == changes, tread


def test_a_change_right_at_the_beginning_or_the_end_is_found_in_its_place() -> None:
    for at in (12, 100):
        found = [e for e in find_events(series(planted(120, at, 2, 0.5) + noise(2, 120, 0.3, 0.01))) if e.size > 0.3]
        assert {e.emotion for e in found} == {"happy", "neutral"}
        for event in found:
            assert abs(event.start_frame - at) <= 1
            assert abs(event.end_frame - at - 2) <= 1


@pytest.mark.parametrize("frames_away", [7, 20])
def test_lips_that_close_between_two_syllables_end_no_smile(frames_away: int) -> None:
    """Gone for 7 frames and 2 each for the way there and back, 0.44 s; a smile that stays away for 0.8 s has ended."""
    smile = planted(200, 40, 3, 0.5) - planted(200, 100, 2, 0.4) + planted(200, 100 + frames_away, 2, 0.4)
    found = [e for e in find_events(series(smile + noise(4, 200, 0.4, 0.01))) if e.emotion == "happy"]
    assert [e.direction for e in found] == ([1] if frames_away == 7 else [1, -1, 1])


@pytest.mark.parametrize("frames_left", [5, 9])
def test_a_level_that_a_gap_cuts_off_may_be_shorter(frames_left: int) -> None:
    values = planted(120, 60 - frames_left, 1, 0.5) + noise(5, 120, 0.3, 0.01)
    values[60:] = values[0]
    frames = np.arange(120) + np.where(np.arange(120) >= 60, 100, 0)
    found = [e for e in find_events(series(values, frames)) if e.emotion == "happy"]
    assert [e.end_frame for e in found] == ([61 - frames_left] if frames_left == 9 else [])


@pytest.mark.parametrize("length", [1, 4, 8, 14])
def test_a_planted_change_has_its_duration_within_two_frames(length: int) -> None:
    for seed in range(5):
        events = find_events(series(planted(200, 90, length, 0.5) + noise(seed, 200, 0.3, 0.01)))
        event = next(e for e in events if e.emotion == "happy")
        assert abs((event.end_frame - event.start_frame) - length) <= 2
        assert event.duration_s == pytest.approx((event.end_frame - event.start_frame) / FPS)
        assert event.size >= EventSettings().min_size


@pytest.mark.parametrize(("autocorrelation", "sigma"), [(0.4, 0.02), (0.6, 0.03)])
def test_every_second_frame_shows_the_changes_that_every_frame_shows(autocorrelation: float, sigma: float) -> None:
    for seed in range(5):
        rng, frames, at, smiles = np.random.default_rng(seed), 400, 20, True
        values, middles = np.tile(STILL, (frames, 1)), []
        while (at := at + int(rng.integers(20, 60))) < frames - 28:
            length = int(rng.integers(1, 8))
            values += (1 if smiles else -1) * (planted(frames, at, length, 0.5) - STILL)
            middles.append(at + length / 2)
            at, smiles = at + length, not smiles
        values += noise(seed, frames, autocorrelation, sigma)
        for stride in (1, 2):
            kept = np.arange(0, frames, stride)
            found = [e for e in find_events(series(values[kept], kept)) if e.emotion == "happy"]
            assert [e.direction for e in found] == [1, -1] * (len(middles) // 2) + [1] * (len(middles) % 2)
            between = [(e.start_frame + e.end_frame) / 2 for e in found]
            assert between == pytest.approx(middles, abs=2 + 2 * stride)


def test_work_grows_with_the_levels_and_not_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, strength = [], _Moves._strength

    def counted(moves: _Moves, spans: list[tuple[int, int]], place: int) -> float:
        looks.append(place)
        return strength(moves, spans, place)

    monkeypatch.setattr(_Moves, "_strength", counted)
    x = 0.5 + np.random.default_rng(0).normal(0, 0.01, 3000)
    edges = list(range(10, 3000, 10))
    found = _Moves(x, np.full(3000, 0.01), 0.3, reach=30, shortest=5, settings=EventSettings()).find(edges)
    assert found == []
    assert len(looks) <= 3 * len(edges)
