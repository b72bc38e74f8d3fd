"""Under the coding: the coder's own lane, and once it is asked for, everyone's, and how far they agree."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.parts.common import charts
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.common.rights import require_deletion
from pages.parts.video import analyses as video_analyses

from ferdash.analyses.codings import delete_coding, read_coding
from ferdash.emotions import EMOTIONS
from ferdash.errors import SeriesError
from ferdash.paths import data_root
from ferdash.wording import counted

if TYPE_CHECKING:
    from ferdash.dynamics.agreement import Estimate, Span
    from ferdash.exports.results import AnalysisResults

keyed = keys_of("video")


def draw(results: "AnalysisResults", coder: str, person: int, blind: bool, cursor_s: float | None) -> None:
    """Lanes, agreement, and what can be made of a coding."""
    from ferdash.exports.agreeing import raters_of
    from ferdash.plots.raters_time import rater_lanes

    own = read_coding(results.analysis, coder)
    lanes: dict[str, list[Span]] = {own.coder: list(own.of(person))}
    if not blind:
        lanes = {name: list(spans) for name, spans in raters_of([results], person).items()}
        lanes.setdefault(own.coder, [])
    if any(lanes.values()):
        last_s = float(results.frames["timestamp_s"].max())
        figure = rater_lanes(lanes, cursor_s=cursor_s, length_s=max(last_s, 0.1))
        charts.draw(figure, key=keyed("code-lanes"))
    segments = own.of(person)
    st.caption(f"{plain(own.coder)} has coded {counted(len(segments), 'segment')} of person {person}.")
    if st.toggle("How far do we agree?", key=keyed("code-agree"), help="Shows what others say, and ends blindness."):
        _draw_agreement(results, person)
    if segments:
        _draw_actions(results, own.coder, person)


def _draw_agreement(results: "AnalysisResults", person: int) -> None:
    from ferdash.exports.agreeing import agreement_of

    try:
        found = agreement_of([results], person)
    except SeriesError as error:
        st.info(plain(error), icon=":material/group:")
        return
    st.markdown(f"**{plain(found.sentence)}**")
    rows = [{"measure": "alpha of all", "same": "", **_cells(found.alpha, found.each), "seconds": found.seconds}]
    for pair in found.pairs:
        name = f"kappa of {pair.first} and {pair.second}"
        rows.append(
            {"measure": name, "same": f"{pair.same:.1%}", **_cells(pair.kappa, pair.each), "seconds": pair.seconds}
        )
    columns = {
        "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
    }
    table = pd.DataFrame(rows)
    order = [name for name in ("measure", "seconds", "same", "all", *EMOTIONS) if name in table]
    st.dataframe(table[order], hide_index=True, column_config=columns)
    brackets = f"; in brackets 95% CI by {found.blocks} blocks of {found.block_s:g} s" if found.alpha.interval else ""
    st.caption(
        f"1 is full agreement, 0 that of chance{brackets}. "
        "Of each emotion: this one or not; blank where only one thing was said. What nobody coded counts for nothing."
    )


def _cells(every: "Estimate", each: "dict[str, Estimate]") -> dict[str, str]:
    return {name: _words(one) for name, one in {"all": every, **each}.items()}


def _words(one: "Estimate") -> str:
    if one.value is None:
        return ""
    return f"{one.value:.2f}" + (f" ({one.interval.low:.2f} to {one.interval.high:.2f})" if one.interval else "")


def _draw_actions(results: "AnalysisResults", coder: str, person: int) -> None:
    with st.container(horizontal=True, gap="small"):
        with st.popover("Use as corrections", icon=":material/edit:", key=keyed("code-correct")):
            st.caption(
                "One face of each segment in which you saw something else than the model is kept on this computer, "
                "48 x 48 pixels with your answer, to train a model with. It can be taken back under Dataset."
            )
            st.text_input("Why may these faces be used?", key=keyed("code-consent"))
            st.button(
                "Keep the corrections",
                type="primary",
                key=keyed("code-correct-go"),
                on_click=video_analyses.change,
                args=(_correct, results, coder, person),
            )
        with st.popover("Delete this coding", icon=":material/delete:", key=keyed("code-delete")):
            sure = st.checkbox(f"Yes, everything by {plain(coder)}", key=keyed("code-delete-sure"))
            st.button(
                "Delete",
                key=keyed("code-delete-go"),
                disabled=not sure,
                on_click=video_analyses.change,
                args=(_delete, results, coder),
            )
    video_analyses.draw_said()


def _correct(results: "AnalysisResults", coder: str, person: int) -> str:
    from ferdash.data.corrections import correct
    from ferdash.exports.coded_corrections import differing_faces

    source = str((results.analysis.record.get("source") or {}).get("name") or results.analysis.name)
    model = str(results.analysis.record.get("model") or results.analysis.record.get("model_title") or "")
    consent = st.session_state[keyed("code-consent")]  # here, for it may have been entered by this very click
    faces = list(differing_faces(results, read_coding(results.analysis, coder), person))
    for face in faces:
        correct(
            data_root(),
            face.crop,
            source=source,
            new_label=face.emotion,
            probabilities=face.probabilities,
            model=model,
            timestamp_s=face.timestamp_s,
            track=face.track,
            consent=f"{consent} (coded by {coder})".strip(),
        )
    return f"{counted(len(faces), 'correction')} kept." if faces else "You and the model nowhere differ on a face."


def _delete(results: "AnalysisResults", coder: str) -> str:
    require_deletion()
    delete_coding(results.analysis, coder)
    return f"The coding by {coder} is deleted."
