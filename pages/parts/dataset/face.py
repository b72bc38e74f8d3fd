"""One face, enlarged, with all that is known of it: label, twins, findings, raters' votes, what the model says; and the
way to label it anew. Arrow keys lead to its neighbours."""

from functools import partial

import numpy as np
import streamlit as st

from pages.parts.common import boxed, charts, key_presses, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.data import corrections
from ferdash.data.dataset import FaceDataset
from ferdash.data.votes import VOTE_CLASSES
from ferdash.emotions import EMOTIONS
from ferdash.paths import data_root
from ferdash.plots.mosaic import enlarge
from ferdash.plots.votes import vote_bars
from ferdash.wording import count, percent

keyed = keys_of("dataset")
PLACE = keyed("face-place")
"""Which of the faces of the open dialog is shown."""


def show_face(dataset: FaceDataset, row: int, rows: np.ndarray | None = None) -> None:
    """Open the dialog. rows: dataset rows that the arrow keys lead through, `row` among them; without, `row` alone."""
    rows = np.array([row]) if rows is None else np.asarray(rows)
    st.session_state[PLACE] = int((rows == row).argmax())
    _draw_dialog(dataset, rows)


@st.dialog("Face", width="medium")
def _draw_dialog(dataset: FaceDataset, rows: np.ndarray) -> None:
    place = min(st.session_state.get(PLACE, 0), len(rows) - 1)
    row = int(rows[place])
    if len(rows) > 1:
        _draw_arrows(place, len(rows))
    record = dataset.table.iloc[row]
    picture, facts = st.columns(2)
    emotion = EMOTIONS[record["label"]]
    picture.html(boxed.still(enlarge(dataset.images[row], 8), f"face labelled {emotion}, enlarged 8 times"))
    twins = int((dataset.table["content_hash"] == record["content_hash"]).sum()) - 1
    facts.subheader(emotion, anchor=False)
    facts.markdown(f"Split: **{record['split']}**  \nRow: **{count(row)}**  \nSource: {plain(record['source'])}")
    facts.markdown(f"Pixel-identical images elsewhere: **{count(twins)}**")
    for finding in shared.audit(dataset).findings:
        if row in finding.rows:
            facts.markdown(f":material/flag: {finding.title}")
    with shared.calm_errors():
        _draw_opinion(dataset, row)
    if dataset.votes is not None and dataset.votes[row].any():
        votes = dataset.votes[row].astype(int)
        named = [f"{VOTE_CLASSES[c].replace('_', ' ')} {votes[c]}" for c in np.argsort(-votes) if votes[c]]
        alt = f"raters' votes: {', '.join(named)}"
        charts.draw(vote_bars(votes), alt=alt, key=keyed(f"votes-{row}"))


def _draw_arrows(place: int, faces: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous `←`",
            disabled=place == 0,
            on_click=_step,
            args=(-1, faces),
            key=keyed("face-previous"),
        )
        st.button(
            "Next `→`",
            disabled=place == faces - 1,
            on_click=_step,
            args=(1, faces),
            key=keyed("face-next"),
        )
        st.markdown(f"{count(place + 1)} of {count(faces)}", width="content")
    ways = {"ArrowLeft": partial(_step, -1, faces), "ArrowRight": partial(_step, 1, faces)}
    key_presses.hear(ways, key=keyed("face-presses"))


def _step(by: int, faces: int) -> None:
    st.session_state[PLACE] = min(max(st.session_state.get(PLACE, 0) + by, 0), faces - 1)


def _draw_opinion(dataset: FaceDataset, row: int) -> None:
    """What the chosen model says of the face, and the form to label it anew."""
    reference = shared.model_reference()
    if reference is None or not shared.model_is_here(reference):
        return
    probabilities = shared.model(reference).probabilities(dataset.images[row][None])[0]
    said = ", ".join(f"{EMOTIONS[c]} {percent(float(probabilities[c]))}" for c in np.argsort(-probabilities)[:3])
    st.markdown(f":material/smart_toy: {plain(shared.model_title(reference))} says: **{said}**")
    _draw_relabel(dataset, row, probabilities, reference)


def _draw_relabel(dataset: FaceDataset, row: int, probabilities: np.ndarray, reference: str) -> None:
    source, label = f"{dataset.name}, row {row}", EMOTIONS[dataset.labels[row]]
    kept = corrections.find_correction(data_root(), dataset.images[row], source=source)
    if kept is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/check_circle: Labelled anew: **{kept.new_label}**, among your corrections.")
            if st.button("Undo", icon=":material/undo:", type="tertiary", key=keyed(f"relabel-undo-{row}")):
                corrections.remove_correction(data_root(), kept.id)
                st.rerun(scope="fragment")
        return
    wanted = st.pills(
        "Label it anew",
        [emotion for emotion in EMOTIONS if emotion != label],
        key=keyed(f"relabel-{row}"),
        help="Goes to your corrections (its tab here), with which a model can continue training. The dataset itself "
        "stays as it is, so that scores keep their meaning.",
        wrap=True,
    )
    if wanted:
        corrections.correct(
            data_root(),
            dataset.images[row],
            source=source,
            new_label=wanted,
            old_label=label,
            probabilities=probabilities,
            model=reference,
            consent=f"part of the dataset {dataset.name}",
        )
        st.rerun(scope="fragment")
