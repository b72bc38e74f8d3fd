"""Coding what one sees, by the keys 1 to 7: frame by frame or while the film plays, blind to the model or not."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.parts.common import shared
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
        coder = left.text_input("Your name, as a coder", key=CODER, max_chars=60).strip()
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


def _draw_player(results: "AnalysisResults", coder: str, person: int, blind: bool) -> None:
    source = results.analysis.source()
    if source is None:
        st.info("There is no film to play; code frame by frame.", icon=":material/movie_off:")
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.video(str(source), muted=True, alt=f"{results.analysis.name}, as it was filmed")
    with right:
        said = coding_keys.listen(key=keyed("code-keys"))
    if said:
        _keep(results, coder, person, blind, said)
        st.rerun(scope="fragment")


def _keep(results: "AnalysisResults", coder: str, person: int, blind: bool, said: list[dict[str, Any]]) -> None:
    """What the browser collected from one start of the film to its pause."""
    for one in said:
        start_s, end_s = float(one["start_s"]), float(one["end_s"])
        if end_s - start_s >= 0.02:
            code(results.analysis, coder, CodedSegment(start_s, end_s, str(one["emotion"]), person), blind=blind)


def _draw_frames(results: "AnalysisResults", coder: str, person: int, blind: bool, unseen: bool) -> float:
    """The frame, the steps and the seven keys; returns the frame's time."""
    table = results.frames.drop_duplicates("frame")
    frames = [int(frame) for frame in table["frame"]]
    shown = position.nearest(frames, int(st.session_state.get(FRAME, frames[0])))
    st.session_state[FRAME] = shown
    place = frames.index(shown)
    times_s = [float(value) for value in table["timestamp_s"]]
    time_s = times_s[place]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw_picture(results, person, shown)
        if len(frames) > 1:
            st.select_slider("Frame", frames, key=FRAME, format_func=count, label_visibility="collapsed")
        with st.container(horizontal=True, gap="small"):
            _step("Frame before", frames[place - 1] if place else None, "Left")
            _step("Next frame", frames[place + 1] if place + 1 < len(frames) else None, "Right")
            _step("A second on", position.nearest(frames, _at(times_s, frames, time_s + 1)), "PageDown")
    with right:
        st.markdown(f"**Frame {count(shown)}** · {time_s:.2f} s")
        _draw_keys(results, coder, person, unseen, time_s, _end_of(times_s, place))
        if not blind:
            _draw_model(results, person, shown)
    return time_s


def _draw_picture(results: "AnalysisResults", person: int, frame: int) -> None:
    rows = results.frames[results.frames["frame"] == frame]
    try:
        picture = draw_person(video_analyses.picture(results.analysis, frame), rows, person)
        st.image(picture, width="stretch", alt=f"frame {frame}, with a box around person {person}")
    except FerdashError as error:
        st.warning(plain(error), icon=":material/broken_image:")


def _step(label: str, target: int | None, shortcut: str) -> None:
    def go() -> None:
        st.session_state[FRAME] = target

    key = keyed(f"code-{label.lower().replace(' ', '-')}")
    st.button(label, key=key, shortcut=shortcut, disabled=target is None, on_click=go, type="tertiary")


def _draw_keys(results: "AnalysisResults", coder: str, person: int, blind: bool, time_s: float, end_s: float) -> None:
    since = st.session_state.get(FROM)
    since = None if since is None or since >= end_s else float(since)

    def say(emotion: str) -> None:
        segment = CodedSegment(time_s if since is None else since, end_s, emotion, person)
        code(results.analysis, coder, segment, blind=blind)
        st.session_state[FROM] = None

    def take_back() -> None:
        uncode(results.analysis, coder, track=person, start_s=time_s if since is None else since, end_s=end_s)
        st.session_state[FROM] = None

    def begin() -> None:
        st.session_state[FROM] = time_s

    now = next((one.emotion for one in read_coding(results.analysis, coder).of(person) if _holds(one, time_s)), "")
    for number, emotion in enumerate(EMOTIONS, start=1):
        st.button(
            emotion,
            key=keyed(f"code-{emotion}"),
            shortcut=str(number),
            width="stretch",
            type="primary" if emotion == now else "secondary",
            on_click=say,
            args=(emotion,),
        )
    with st.container(horizontal=True, gap="small"):
        st.button("From here", key=keyed("code-begin"), shortcut="S", icon=":material/first_page:", on_click=begin)
        st.button("Take back", key=keyed("code-back"), shortcut="0", icon=":material/backspace:", on_click=take_back)
    st.caption(f"From {since:.2f} s to here: name it. {HOW}" if since is not None else HOW)


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


def _end_of(times_s: list[float], place: int) -> float:
    """When a frame gives way to the next; the last lasts as long as the one before it."""
    if place + 1 < len(times_s):
        return times_s[place + 1]
    return times_s[place] + (times_s[place] - times_s[place - 1] if place else 0.04)


def _at(times_s: list[float], frames: list[int], wanted_s: float) -> int:
    return frames[min(range(len(frames)), key=lambda one: abs(times_s[one] - wanted_s))]
