"""Faces: browse by emotion, split and audit finding; a click enlarges one."""

import numpy as np
import streamlit as st

from pages.parts.common import shared
from pages.parts.common.gallery import Tile, gallery
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.data.dataset import FaceDataset
from ferdash.data.votes import VOTE_CLASSES
from ferdash.emotions import COLOURS, EMOTIONS, SPLITS
from ferdash.plots.mosaic import enlarge
from ferdash.plots.votes import vote_bars
from ferdash.wording import count, counted

keyed = keys_of("dataset")

PER_PAGE = 96


def draw(dataset: FaceDataset) -> None:
    """The whole tab."""
    _draw_mean_faces(dataset)
    rows = _filtered(dataset)
    st.markdown(f"**{counted(len(rows), 'face')}** of {count(len(dataset))}")
    if not len(rows):
        st.info("No face fits these filters; widen one of them.", icon=":material/filter_alt_off:")
        return
    _draw_page(dataset, rows)


def _draw_mean_faces(dataset: FaceDataset) -> None:
    panel = st.expander("The mean face of each emotion", key=keyed("mean-faces"), on_change="rerun")
    if not panel.open:
        return
    with panel:
        means, present = shared.mean_faces(dataset), np.unique(dataset.labels)
        for column, label in zip(st.columns(len(EMOTIONS)), present, strict=False):
            emotion = EMOTIONS[label]
            picture = enlarge(means[label], 3)
            column.image(picture, width="stretch", caption=emotion, alt=f"mean of all {emotion} faces")
        st.caption("Each is the average of all its images: what is sharp in it is where that emotion's faces agree.")


def _filtered(dataset: FaceDataset) -> np.ndarray:
    """Rows that fit the filters, in table order."""
    emotion = st.pills("Emotion", EMOTIONS, key=keyed("emotion"), bind="query-params", wrap=True)
    split_column, finding_column = st.columns(2, vertical_alignment="bottom")
    present = [split for split in SPLITS if len(dataset.rows(split))]
    split = split_column.pills("Split", present, key=keyed("split"), bind="query-params")
    findings = {finding.title: finding for finding in shared.audit(dataset).findings if finding.count}
    finding = finding_column.selectbox(
        "Audit finding", list(findings), index=None, placeholder="any", key=keyed("finding"), bind="query-params"
    )
    keep = np.ones(len(dataset), dtype=bool)
    if emotion:
        keep &= dataset.labels == EMOTIONS.index(emotion)
    if split:
        keep &= (dataset.table["split"] == split).to_numpy()
    if finding:
        keep &= np.isin(np.arange(len(dataset)), findings[finding].rows)
    return np.flatnonzero(keep)


@st.fragment
def _draw_page(dataset: FaceDataset, rows: np.ndarray) -> None:
    pages = -(-len(rows) // PER_PAGE)
    place = st.container()
    number = st.pagination(pages, key=keyed(f"faces-page-{len(rows)}")) if pages > 1 else 1
    with place:
        draw_faces(dataset, rows[(number - 1) * PER_PAGE : number * PER_PAGE], key=keyed("faces"))


def draw_faces(dataset: FaceDataset, rows: np.ndarray, *, key: str, groups: list[int] | None = None) -> None:
    """Some rows of a dataset as a gallery, with label and split under each; a click enlarges one."""
    table = dataset.table.iloc[rows]
    tiles = [
        Tile(EMOTIONS[label], source, COLOURS[EMOTIONS[label]], note=str(split))
        for label, split, source in zip(table["label"], table["split"], table["source"], strict=True)
    ]
    clicked = gallery(dataset.images[rows], tiles, key=key, groups=groups)
    if clicked is not None and clicked < len(rows):
        show_face(dataset, int(rows[clicked]))


@st.dialog("Face", width="medium")
def show_face(dataset: FaceDataset, row: int) -> None:
    """One face, enlarged, with all that is known of it."""
    record = dataset.table.iloc[row]
    picture, facts = st.columns(2)
    emotion = EMOTIONS[record["label"]]
    picture.image(enlarge(dataset.images[row], 8), width="stretch", alt=f"face labelled {emotion}, enlarged 8 times")
    twins = int((dataset.table["content_hash"] == record["content_hash"]).sum()) - 1
    facts.subheader(emotion, anchor=False)
    facts.markdown(f"Split: **{record['split']}**  \nRow: **{count(row)}**  \nSource: {plain(record['source'])}")
    facts.markdown(f"Pixel-identical images elsewhere: **{count(twins)}**")
    for finding in shared.audit(dataset).findings:
        if row in finding.rows:
            facts.markdown(f":material/flag: {finding.title}")
    if dataset.votes is not None and dataset.votes[row].any():
        votes = dataset.votes[row].astype(int)
        named = [f"{VOTE_CLASSES[c].replace('_', ' ')} {votes[c]}" for c in np.argsort(-votes) if votes[c]]
        alt = f"raters' votes: {', '.join(named)}"
        st.plotly_chart(vote_bars(votes), alt=alt, config=shared.PLOT, key=keyed(f"votes-{row}"))
