from hypothesis import given
from hypothesis import strategies as st

from ferdash.dynamics.change_points import ChangeEvent
from ferdash.dynamics.moments import APART_S, Moment, moments
from ferdash.emotions import EMOTIONS


def event(emotion: str, peak_s: float, size: float, direction: int = 1) -> ChangeEvent:
    frame = round(25 * peak_s)
    return ChangeEvent(
        track=1,
        emotion=emotion,
        start_s=peak_s - 0.04,
        peak_s=peak_s,
        end_s=peak_s + 0.08,
        start_frame=frame - 1,
        peak_frame=frame,
        end_frame=frame + 2,
        size=size,
        direction=direction,
        z=9.0,
        duration_s=0.12,
    )


def test_one_emotion_rises_as_others_fall() -> None:
    fall, rise, small = event("happy", 2.0, 0.9, -1), event("neutral", 2.08, 0.6), event("sad", 1.96, 0.3)
    later = event("happy", 3.0, 0.5)
    (first, second) = moments([small, fall, rise, later])
    assert first == Moment(fall, (rise, small))
    assert second == Moment(later)
    assert first.sentence == "happy falls by 90 points at 2.00 s (neutral +60, sad +30)"
    assert (round(first.start_s, 2), round(first.end_s, 2), round(first.duration_s, 2)) == (1.92, 2.16, 0.24)
    assert second.sentence == "happy rises by 50 points at 3.00 s"


def test_an_emotion_that_comes_and_goes_is_two() -> None:
    there, back = event("fear", 1.0, 0.5), event("fear", 1.1, 0.4, -1)
    assert moments([there, back]) == [Moment(there), Moment(back)]


def test_what_is_further_away_is_another() -> None:
    one, other = event("happy", 1.0, 0.5), event("sad", 1.0 + APART_S + 0.01, 0.4)
    assert moments([one, other]) == [Moment(one), Moment(other)]
    assert moments([]) == []


@given(st.lists(st.tuples(st.sampled_from(EMOTIONS), st.integers(0, 100), st.floats(0.1, 1)), max_size=30, unique=True))
def test_each_event_stands_in_exactly_one(drawn: list[tuple[str, int, float]]) -> None:
    events = [event(emotion, at / 25, size) for emotion, at, size in drawn]
    found = moments(events)
    assert sorted((e.peak_s, e.emotion, e.size) for m in found for e in m.events) == sorted(
        (e.peak_s, e.emotion, e.size) for e in events
    )
    assert all(e.size <= m.main.size and abs(e.peak_s - m.main.peak_s) <= APART_S for m in found for e in m.others)
    assert [m.main.peak_s for m in found] == sorted(m.main.peak_s for m in found)


def test_a_peak_exactly_that_far_away_still_belongs() -> None:
    fall, rise, later = event("happy", 0.0, 0.9, -1), event("neutral", APART_S, 0.6), event("sad", APART_S + 0.001, 0.5)
    assert moments([fall, rise, later]) == [Moment(fall, (rise,)), Moment(later)]
