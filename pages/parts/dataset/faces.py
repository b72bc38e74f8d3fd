"""Faces: browse by emotion, split and audit finding; a click enlarges one."""

import numpy as np
import streamlit as st

from pages.parts.common import shared
from pages.parts.common.gallery import Tile, gallery
from pages.parts.common.keys import keys_of
from pages.parts.common.pager import page_number
from pages.parts.dataset.face import show_face

from ferdash.data.dataset import FaceDataset
from ferdash.emotions import COLOURS, EMOTIONS, SPLITS
from ferdash.plots.mosaic import enlarge
from ferdash.wording import count, counted

keyed = keys_of("dataset")

PER_PAGE = 96
SHUFFLED = keyed("shuffled")
"""How often the faces were shuffled; 0 for the order of the table."""


def draw(dataset: FaceDataset) -> None:
    """The whole tab."""
    ways = st.container(horizontal=True, vertical_alignment="center", gap="small")
    with ways:
        rows, of = _filtered(dataset)
        turn = _shuffled()
    st.markdown(f"**{counted(len(rows), 'face')}** of {count(len(dataset))}{of}")
    if len(rows):
        _draw_page(dataset, np.random.default_rng(turn).permutation(rows) if turn else rows)
    else:
        st.info("No face fits these filters; widen one of them.", icon=":material/filter_alt_off:")
    _draw_mean_faces(dataset)


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


def _filtered(dataset: FaceDataset) -> tuple[np.ndarray, str]:
    """Rows that fit the filters, in table order, and in words what the folded filters keep."""
    emotion = st.pills(
        "Emotion", EMOTIONS, key=keyed("emotion"), bind="query-params", wrap=True, label_visibility="collapsed"
    )
    present = [split for split in SPLITS if len(dataset.rows(split))]
    findings = {finding.title: finding for finding in shared.audit(dataset).findings if finding.count}
    with st.popover("Split, audit finding", icon=":material/filter_alt:", width="content"):
        split = st.pills("Split", present, key=keyed("split"), bind="query-params")
        finding = st.selectbox(
            "Audit finding", list(findings), index=None, placeholder="any", key=keyed("finding"), bind="query-params"
        )
    keep = np.ones(len(dataset), dtype=bool)
    if emotion:
        keep &= dataset.labels == EMOTIONS.index(emotion)
    if split:
        keep &= (dataset.table["split"] == split).to_numpy()
    if finding:
        keep &= np.isin(np.arange(len(dataset)), findings[finding].rows)
    kept = ", ".join(filter(None, (split, finding)))
    return np.flatnonzero(keep), f": {kept[0].lower()}{kept[1:]}" if kept else ""


def _shuffled() -> int:
    """The buttons; how often the faces were shuffled, which gives the same order until they are shuffled again."""
    st.button("Shuffle", icon=":material/shuffle:", on_click=_shuffle, key=keyed("shuffle"))
    turn: int = st.session_state.get(SHUFFLED, 0)
    if turn:
        st.button("In order again", type="tertiary", on_click=_in_table_order, key=keyed("unshuffle"))
    return turn


def _shuffle() -> None:
    st.session_state[SHUFFLED] = st.session_state.get(SHUFFLED, 0) + 1


def _in_table_order() -> None:
    st.session_state[SHUFFLED] = 0


@st.fragment
def _draw_page(dataset: FaceDataset, rows: np.ndarray) -> None:
    pages = -(-len(rows) // PER_PAGE)
    number = page_number(pages, f"faces-{len(rows)}")
    draw_faces(dataset, rows[(number - 1) * PER_PAGE : number * PER_PAGE], key=keyed("faces"))
    page_number(pages, f"faces-{len(rows)}", below=True)


def draw_faces(dataset: FaceDataset, rows: np.ndarray, *, key: str, groups: list[int] | None = None) -> None:
    """Some rows of a dataset as a gallery, with label and split under each; a click enlarges one."""
    table = dataset.table.iloc[rows]
    tiles = [
        Tile(EMOTIONS[label], source, COLOURS[EMOTIONS[label]], note=str(split))
        for label, split, source in zip(table["label"], table["split"], table["source"], strict=True)
    ]
    clicked = gallery(dataset.images[rows], tiles, key=key, groups=groups)
    if clicked is not None and clicked < len(rows):
        show_face(dataset, int(rows[clicked]), rows)
