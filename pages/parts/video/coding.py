"""Coding what one sees, by the keys 1 to 7: frame by frame or while the film plays, blind to the model or not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.parts.common import boxed, key_presses, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.video import analyses as video_analyses
from pages.parts.video import coding_keys, coding_results, position

from ferdash.analyses.codings import CodedSegment, code, read_coding, uncode
from ferdash.emotions import EMOTIONS
from ferdash.errors import FerdashError
from ferdash.video.overlay import draw_person
from ferdash.wording import count

if TYPE_CHECKING:
    from ferdash.exports.results import AnalysisResults

keyed = keys_of("video")
OPEN, CODER, FROM, FRAME = keyed("code"), keyed("coder"), keyed("code-from"), keyed("code-frame")
HOW = "A key names the emotion of this frame, or of everything since “From here” (S). 0 takes it back; arrows step."


def draw_switch() -> None:
    """Into coding, and out of it; what is chosen stands in the address."""
    st.session_state.setdefault(OPEN, st.query_params.get(OPEN) == "yes")
    on = st.toggle("Code what you see", key=OPEN, help="Say by keys who shows what when, blind to the model.")
    if on:
        st.query_params[OPEN] = "yes"
    else:
        st.query_params.pop(OPEN, None)


def is_open() -> bool:
    """Whether the page is for coding now, and shows nothing of the model by itself."""
    return bool(st.session_state.get(OPEN))


@st.fragment
def draw(results: "AnalysisResults") -> None:
    """Everything that a coder needs; drawn again by itself."""
    from ferdash.exports.agreeing import people_of

    with shared.calm_errors():
        left, middle, right = st.columns([3, 2, 4], vertical_alignment="bottom")
        with left:
            coder = _draw_coder()
        person = middle.selectbox(
            "Whom you code",
            people_of(results) or [1],
            format_func=lambda one: f"Person {one}",
            key=keyed("code-person"),
        )
        blind = not right.toggle(
            "Show what the model and others say",
            key=keyed("code-seen"),
            help="Off, you code blind: no bars, no labels, no other lanes. Each coding keeps whether it was.",
        )
        # Whoever has seen the table of agreement has seen what the others say.
        unseen = blind and not st.session_state.get(keyed("code-agree"))
        playing = st.segmented_control(
            "How", ["Frame by frame", "While it plays"], default="Frame by frame", required=True, key=keyed("code-how")
        )
        if not coder:
            st.info("Enter a name first: several people can code the same film.", icon=":material/person:")
            return
        if playing == "While it plays":
            cursor_s = None
            _draw_player(results, coder, person, unseen)
        else:
            cursor_s = _draw_frames(results, coder, person, blind, unseen)
        coding_results.draw(results, coder, person, blind, cursor_s)


def _draw_coder() -> str:
    """Who codes; empty as long as nobody has said."""
    coder = str(st.session_state.get(CODER, ""))

    def take() -> None:
        st.session_state[CODER] = st.session_state[key].strip()

    # Another field for each name: the one that it was typed into would keep the keyboard, and add 1 to 7 to the name.
    key = keyed(f"coder-{coder}")
    st.text_input("Your name, as a coder", coder, key=key, max_chars=60, on_change=take)
    return coder


def _draw_player(results: "AnalysisResults", coder: str, person: int, blind: bool) -> None:
    source = results.analysis.source()
    if source is None:
        st.info("There is no film to play; code frame by frame.", icon=":material/movie_off:")
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.video(str(source), muted=True, alt=f"{results.analysis.name}, as it was filmed")
    with right:
        said = coding_keys.listen(results.frames, person, key=keyed("code-keys"))
    if said:
        _keep(results, coder, person, blind, said)
        st.rerun(scope="fragment")


def _keep(results: "AnalysisResults", coder: str, person: int, blind: bool, said: list[dict[str, Any]]) -> None:
    """What the browser collected from one start of the film to its pause."""
    for one in said:
        start_s, end_s = float(one["start_s"]), float(one["end_s"])
        if end_s - start_s >= 0.02:
            code(results.analysis, coder, CodedSegment(start_s, end_s, str(one["emotion"]), person), blind=blind)


@dataclass(frozen=True)
class _Frames:
    """The analysed frames and their times. What stands now may be a later frame than when a button was drawn: keys are
    pressed faster than the page is drawn again, and none of them may be lost, or count for another frame."""

    numbers: list[int]
    times_s: list[float]

    @property
    def place(self) -> int:
        """Of the frame that stands now."""
        return self.numbers.index(position.nearest(self.numbers, int(st.session_state.get(FRAME, self.numbers[0]))))

    @property
    def span_s(self) -> tuple[float, float]:
        """When the frame that stands now comes, and when it gives way to the next; the last lasts as long as the one
        before it."""
        place, times_s = self.place, self.times_s
        if place + 1 < len(times_s):
            return times_s[place], times_s[place + 1]
        return times_s[place], times_s[place] + (times_s[place] - times_s[place - 1] if place else 0.04)

    def step(self, places: int) -> None:
        """Move by so many frames, forward or back, as far as there are any."""
        st.session_state[FRAME] = self.numbers[min(max(self.place + places, 0), len(self.numbers) - 1)]

    @property
    def steps(self) -> dict[str, Callable[[], None]]:
        """What the keys do that lead through the frames."""
        ways = {"ArrowLeft": (self.step, -1), "ArrowRight": (self.step, 1)}
        leaps = {"PageUp": (self.leap, -1), "PageDown": (self.leap, 1)}
        return {key: partial(go, by) for key, (go, by) in (ways | leaps).items()}

    def leap(self, seconds: float) -> None:
        """Go to the frame nearest to so many seconds from now."""
        wanted_s = self.times_s[self.place] + seconds
        nearest = min(range(len(self.numbers)), key=lambda one: abs(self.times_s[one] - wanted_s))
        st.session_state[FRAME] = self.numbers[nearest]


def _draw_frames(results: "AnalysisResults", coder: str, person: int, blind: bool, unseen: bool) -> float:
    """The frame, the steps and the seven keys; returns the frame's time."""
    table = results.frames.drop_duplicates("frame")
    film = _Frames([int(one) for one in table["frame"]], [float(one) for one in table["timestamp_s"]])
    shown = st.session_state[FRAME] = film.numbers[film.place]
    time_s, last = film.span_s[0], film.place == len(film.numbers) - 1
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw_picture(results, person, shown)
        if len(film.numbers) > 1:
            _draw_slider(film, shown)
        with st.container(horizontal=True, gap="small"):
            _step("Frame before", "←", film.step, -1, disabled=film.place == 0)
            _step("Next frame", "→", film.step, 1, disabled=last)
            _step("A second back", "PgUp", film.leap, -1, disabled=film.place == 0)
            _step("A second on", "PgDn", film.leap, 1, disabled=last)
    with right:
        st.markdown(f"**Frame {count(shown)}** · {time_s:.2f} s")
        _draw_keys(results, coder, person, unseen, film)
        if not blind:
            _draw_model(results, person, shown)
    return time_s


def _draw_slider(film: _Frames, shown: int) -> None:
    # Another one for each frame: with each press the browser sends where its slider stands, which is behind.
    key = keyed(f"code-frame-{shown}")

    def take() -> None:
        if (moved_to := st.session_state[key]) != shown:
            st.session_state[FRAME] = moved_to

    st.select_slider(
        "Frame", film.numbers, shown, key=key, format_func=count, label_visibility="collapsed", on_change=take
    )


def _draw_picture(results: "AnalysisResults", person: int, frame: int) -> None:
    rows = results.frames[results.frames["frame"] == frame]
    try:
        picture = draw_person(video_analyses.picture(results.analysis, frame), rows, person)
        st.html(boxed.still(picture, f"frame {frame}, with a box around person {person}"))
    except FerdashError as error:
        st.warning(plain(error), icon=":material/broken_image:")


def _step(label: str, cap: str, go: Callable[[int], None], by: int, *, disabled: bool) -> None:
    key = keyed(f"code-{label.lower().replace(' ', '-')}")
    st.button(f"{label} `{cap}`", key=key, disabled=disabled, on_click=go, args=(by,), type="tertiary")


def _draw_keys(results: "AnalysisResults", coder: str, person: int, blind: bool, film: _Frames) -> None:
    def since() -> float | None:
        begun = st.session_state.get(FROM)
        return None if begun is None or begun >= film.span_s[1] else float(begun)

    def meant() -> tuple[float, float]:
        time_s, end_s = film.span_s
        begun = since()
        return time_s if begun is None else begun, end_s

    def say(emotion: str) -> None:
        code(results.analysis, coder, CodedSegment(*meant(), emotion, person), blind=blind)
        st.session_state[FROM] = None

    def take_back() -> None:
        start_s, end_s = meant()
        uncode(results.analysis, coder, track=person, start_s=start_s, end_s=end_s)
        st.session_state[FROM] = None

    def begin() -> None:
        st.session_state[FROM] = film.span_s[0]

    begun, time_s = since(), film.span_s[0]
    now = next((one.emotion for one in read_coding(results.analysis, coder).of(person) if _holds(one, time_s)), "")
    for number, emotion in enumerate(EMOTIONS, start=1):
        st.button(
            f"{emotion} `{number}`",
            key=keyed(f"code-{emotion}"),
            width="stretch",
            type="primary" if emotion == now else "secondary",
            on_click=say,
            args=(emotion,),
        )
    with st.container(horizontal=True, gap="small"):
        st.button("From here `S`", key=keyed("code-begin"), icon=":material/first_page:", on_click=begin)
        st.button("Take back `0`", key=keyed("code-back"), icon=":material/backspace:", on_click=take_back)
    named = {str(number): partial(say, emotion) for number, emotion in enumerate(EMOTIONS, start=1)}
    key_presses.hear({**named, "s": begin, "0": take_back, **film.steps}, key=keyed("code-presses"))
    st.caption(f"From {begun:.2f} s to here: name it. {HOW}" if begun is not None else HOW)


def _draw_model(results: "AnalysisResults", person: int, frame: int) -> None:
    rows = results.frames[(results.frames["frame"] == frame) & (results.frames["track"] == person).fillna(False)]
    if rows.empty or pd.isna(rows["happy"].iloc[0]):
        st.caption("The model has no result here.")
        return
    shares = {emotion: float(rows[emotion].iloc[0]) for emotion in EMOTIONS}
    top = max(shares, key=shares.__getitem__)
    st.caption(f"The model says {top}, {shares[top]:.1%}.")


def _holds(segment: CodedSegment, time_s: float) -> bool:
    return segment.start_s <= time_s + 1e-6 < segment.end_s
