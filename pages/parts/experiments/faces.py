"""Faces they disagree on: what only one of two runs gets right, as faces, both ways."""

import numpy as np
import streamlit as st

from pages.parts.common import shared
from pages.parts.common.gallery import Tile, gallery
from pages.parts.common.keys import keys_of
from pages.parts.common.pager import page_number
from pages.parts.common.plain import plain
from pages.parts.dataset.face import show_face
from pages.parts.experiments.chosen import Chosen

from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.errors import DatasetError
from ferdash.paths import data_root
from ferdash.runs.compare import Answers, disagreements, why_not_comparable
from ferdash.wording import count, counted

keyed = keys_of("experiments")

PER_PAGE = 48


def draw(chosen: Chosen) -> None:
    """The whole tab."""
    others = [run_id for run_id in chosen.others if run_id in chosen.answers]
    if chosen.baseline not in chosen.answers or not others:
        st.info("This takes two runs that have kept predictions.", icon=":material/info:")
        return
    other = others[0]
    if len(others) > 1:
        other = st.selectbox(
            "Against the baseline", others, format_func=chosen.titles.__getitem__, key=keyed("against")
        )
    a, b = chosen.answers[chosen.baseline], chosen.answers[other]
    if reason := why_not_comparable(a, b):
        st.warning(plain(reason), icon=":material/rule:")
        return
    dataset = dataset_of(a)
    apart = disagreements(a, b)
    name_a, name_b = chosen.titles[chosen.baseline], chosen.titles[other]
    emotion = st.pills("Emotion", EMOTIONS, key=keyed("apart-emotion"), bind="query-params", wrap=True)
    for side, rows, name in (("a", apart.only_a, name_a), ("b", apart.only_b, name_b)):
        if emotion:
            rows = rows[dataset.labels[rows] == EMOTIONS.index(emotion)]
        st.markdown(f"## Only {plain(name)} is right: {counted(len(rows), 'face')}")
        if len(rows):
            _draw_faces(dataset, rows, a, b, key=keyed(f"apart-{side}"))
    st.caption("Where the two differ most in the probability of the labelled emotion comes first.")


@st.fragment
def _draw_faces(dataset: FaceDataset, rows: np.ndarray, a: Answers, b: Answers, *, key: str) -> None:
    place = st.container()
    number = page_number(-(-len(rows) // PER_PAGE), f"{key}-{len(rows)}")
    shown = rows[(number - 1) * PER_PAGE : number * PER_PAGE]
    at = np.searchsorted(a.rows, shown)
    said = zip(dataset.labels[shown], a.predicted[at], b.predicted[at], shown, strict=True)
    with place:
        clicked = gallery(dataset.images[shown], [_tile(*one) for one in said], key=key)
    if clicked is not None and clicked < len(shown):
        show_face(dataset, int(shown[clicked]), shown)


def _tile(label: int, said_a: int, said_b: int, row: int) -> Tile:
    name = EMOTIONS[label]
    wrong = EMOTIONS[said_b if said_a == label else said_a]
    return Tile(name, f"row {count(int(row))}, taken for {wrong} by the other", COLOURS[name], note=f"other: {wrong}")


def dataset_of(answers: Answers) -> FaceDataset:
    """The dataset that the answers are about. Raises DatasetError when it is another one by now."""
    chosen = shared.dataset()
    if chosen is not None and chosen.hash == answers.dataset_hash:
        return chosen
    dataset = open_dataset(data_root(), answers.dataset)
    if dataset.hash != answers.dataset_hash:
        raise DatasetError(
            f"The dataset “{answers.dataset}” is not the one that these runs were measured on any more, so its faces "
            "cannot be shown. Import that one again."
        )
    return dataset
