"""Labels that are doubted: by networks that have not learned them, as a cross-validation has for each image."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.common import shared
from pages.parts.common.gallery import Tile, gallery
from pages.parts.common.keys import keys_of
from pages.parts.common.pager import page_number
from pages.parts.common.plain import plain
from pages.parts.dataset.face import show_face

from ferdash.data.dataset import FaceDataset
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.paths import checkpoints_root
from ferdash.runs.compare import Answers
from ferdash.runs.groups import cross_validations
from ferdash.runs.index import list_runs, sound
from ferdash.wording import count, counted, percent

if TYPE_CHECKING:
    from ferdash.evaluation.label_errors import LabelErrors, Origin

keyed = keys_of("dataset")

PER_PAGE = 24


def draw(dataset: FaceDataset) -> None:
    """The part of the Audit tab that asks the networks of a cross-validation."""
    st.markdown("## Labels that networks doubt")
    lacking = cross_validations(sound(list_runs(checkpoints_root() / "runs")), dataset.hash)
    possible = not all(lacking.values())
    wanted = st.toggle(
        "Find likely label errors",
        key=keyed("doubted"),
        help="Each image is classified by the one network of a cross-validation that has learned neither it nor a "
        "version of it (confident learning). A candidate is not an error: look at the face.",
        disabled=not possible,
    )
    if not possible:
        _draw_what_it_takes(lacking)
    elif wanted:
        _draw_doubted(dataset)


def _draw_what_it_takes(lacking: dict[str, str]) -> None:
    """lacking: as `cross_validations` says."""
    begun = "".join(f" “{name}” is not complete: {reason}." for name, reason in lacking.items() if reason)
    st.info(
        "This asks networks that have not learned the label in question, so it takes a complete cross-validation on "
        f"this dataset: on the Train page under “Several runs”, or `ferdash train --folds 5`.{plain(begun)}",
        icon=":material/info:",
    )


def _draw_doubted(dataset: FaceDataset) -> None:
    shared.await_torch()
    # Only here, as it takes a second to import.
    from ferdash.training.out_of_fold import complete_groups, out_of_fold_answers

    groups = complete_groups(checkpoints_root(), dataset.hash)
    if not groups:
        _draw_what_it_takes({})
        return
    group = groups[0] if len(groups) == 1 else st.selectbox("Cross-validation", groups, key=keyed("doubted-by"))
    draw_candidates(out_of_fold_answers(checkpoints_root(), group), dataset, "out-of-fold", key=keyed("doubted-faces"))


def draw_candidates(answers: Answers, dataset: FaceDataset, origin: "Origin", *, key: str) -> None:
    """The images whose labels are likely errors by these answers, the likeliest first. origin: see
    `find_label_errors`."""
    found = _label_errors(answers, origin)
    agreed = percent(float((answers.predicted == answers.labels).mean()))
    st.caption(
        f"{counted(len(found.position), 'candidate')}. {plain(found.described)} The answers agree with {agreed} of the "
        "labels; the fewer, the less a candidate says."
    )
    if len(found.position):
        draw_faces(answers, dataset, found.position, key=key)


@st.cache_resource(max_entries=10, show_spinner="Finding likely label errors …", hash_funcs=shared.BY_ANSWERS)
def _label_errors(answers: Answers, origin: "Origin") -> "LabelErrors":
    from ferdash.evaluation.label_errors import find_label_errors

    return find_label_errors(y_true=answers.labels, probabilities=answers.probabilities, origin=origin)


@st.fragment
def draw_faces(answers: Answers, dataset: FaceDataset, places: np.ndarray, *, key: str) -> None:
    """Faces page by page, with their labels and what was said of them; a click opens one. places: int (N,), positions
    in `answers`, in the order in which they are shown."""
    room = st.container()
    number = page_number(-(-len(places) // PER_PAGE), f"{key}-{len(places)}")
    shown = places[(number - 1) * PER_PAGE : number * PER_PAGE]
    with room:
        clicked = gallery(dataset.images[answers.rows[shown]], [_tile(answers, place) for place in shown], key=key)
    if clicked is not None and clicked < len(shown):
        show_face(dataset, int(answers.rows[shown[clicked]]), answers.rows[shown])


def _tile(answers: Answers, place: int) -> Tile:
    label, said = EMOTIONS[answers.labels[place]], EMOTIONS[answers.predicted[place]]
    sure = percent(float(answers.probabilities[place].max()))
    short = f"{said} {100 * answers.probabilities[place].max():.0f}%"
    detail = f"row {count(int(answers.rows[place]))}, labelled {label}, taken for {said} at {sure}"
    return Tile(label, detail, COLOURS[label], note=short)
