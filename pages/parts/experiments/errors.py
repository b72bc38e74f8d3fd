"""Errors: where one run goes wrong, on which kind of image, and which labels are to be doubted."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of
from pages.parts.dataset import doubted
from pages.parts.experiments.chosen import Chosen, scores
from pages.parts.experiments.faces import dataset_of

from ferdash.data.dataset import FaceDataset
from ferdash.data.statistics import image_quality
from ferdash.data.votes import shares
from ferdash.evaluation.errors import (
    Slices,
    accuracy_by_slice,
    confident_mistakes,
    mutual_confusions,
    named_slices,
    quantile_slices,
)
from ferdash.paths import checkpoints_root
from ferdash.plots import errors as plots
from ferdash.references import run_reference
from ferdash.runs.compare import Answers
from ferdash.wording import count, counted, percent

keyed = keys_of("experiments")

PAIRS = 8
MAPPED = 1000
"""Faces on the map: more take t-SNE minutes, and no longer tell apart on a screen."""

MEASURES = {"intensity": "brightness", "contrast": "contrast", "sharpness": "sharpness"}


def draw(chosen: Chosen) -> None:
    """The whole tab."""
    if not chosen.answers:
        st.info("None of these runs has kept predictions.", icon=":material/info:")
        return
    run_id = next(iter(chosen.answers))
    if len(chosen.answers) > 1:
        run_id = st.selectbox(
            "Run", list(chosen.answers), format_func=chosen.titles.__getitem__, key=keyed("errors-run")
        )
    answers = chosen.answers[run_id]
    dataset = dataset_of(answers)
    left, right = st.columns(2, gap="large")
    with left:
        _draw_pairs(answers)
    with right:
        _draw_slices(answers, dataset)
    _draw_mistakes(answers, dataset)
    _draw_label_errors(answers, dataset)
    _draw_map(answers, dataset)


def _draw_pairs(answers: Answers) -> None:
    st.markdown("## What it confuses most")
    pairs = mutual_confusions(scores(answers)[0].confusion)
    rows = [
        {
            "emotions": f"{pair.first} and {pair.second}",
            "mistakes": pair.count,
            "of all": percent(pair.share_of_errors),
            "1st as 2nd": pair.first_as_second,
            "2nd as 1st": pair.second_as_first,
        }
        for pair in pairs[:PAIRS]
    ]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")
    else:
        st.success("Not one mistake.", icon=":material/check:")


def _draw_slices(answers: Answers, dataset: FaceDataset) -> None:
    st.markdown("## On which images")
    slices = _slices(answers, dataset)
    by = st.pills("Divide by", list(slices), default="brightness", required=True, key=keyed("errors-by"))
    found = accuracy_by_slice(correct=answers.predicted == answers.labels, slices=slices[by])
    charts.draw(plots.slice_bars(found, by=by), key=keyed("slices"))


HASHES = shared.BY_ANSWERS | shared.BY_CONTENT


@st.cache_resource(max_entries=10, show_spinner="Measuring the images …", hash_funcs=HASHES)
def _slices(answers: Answers, dataset: FaceDataset) -> dict[str, Slices]:
    quality = image_quality(dataset.images[answers.rows])
    found = {name: quantile_slices(quality[measure].to_numpy().round(1)) for measure, name in MEASURES.items()}
    found["copy of a training image"] = named_slices(dataset.duplicates_training()[answers.rows])
    if dataset.votes is not None:
        found["agreement of the raters"] = quantile_slices(shares(dataset.votes[answers.rows]).max(axis=1))
    return found


def _draw_mistakes(answers: Answers, dataset: FaceDataset) -> None:
    places = confident_mistakes(y_true=answers.labels, probabilities=answers.probabilities)
    st.markdown(f"## Its {counted(len(places), 'mistake')}, the most confident first")
    if len(places):
        doubted.draw_faces(answers, dataset, places, key=keyed("mistakes"))


def _draw_label_errors(answers: Answers, dataset: FaceDataset) -> None:
    st.markdown("## Likely label errors")
    if not st.toggle(
        "Find likely label errors",
        key=keyed("errors-label-errors"),
        help="Images that the model takes for another emotion as surely as it recognises those labelled so (confident "
        "learning). A candidate is not an error: look at the face.",
    ):
        return
    doubted.draw_candidates(answers, dataset, "given", key=keyed("label-errors"))


def _draw_map(answers: Answers, dataset: FaceDataset) -> None:
    st.markdown("## How it arranges the faces")
    if not st.toggle(
        f"Draw a map of up to {count(MAPPED)} faces",
        key=keyed("errors-map"),
        help="What the last layer sees, laid out in two dimensions by t-SNE: neighbours look alike to the model. "
        "Distances between far groups mean nothing.",
    ):
        return
    places, points = _map(answers, dataset)
    rows = answers.rows[places]
    chart = plots.embedding_map(points, answers.labels[places], answers.predicted[places], rows, dataset.images[rows])
    event = st.altair_chart(chart, key=keyed("map"), on_select="rerun", selection_mode=plots.PICKED)
    picked = [int(point["row"]) for point in event.selection.get(plots.PICKED, []) if "row" in point]
    if picked:
        names = [f"row {count(row)}" for row in picked[:12]]
        st.image(
            list(dataset.images[picked[:12]]), width=96, caption=names, alt=[f"the face of {name}" for name in names]
        )
    else:
        st.caption("Hold the pointer over a point to see its face; click it, with Shift several, to keep it below.")


@st.cache_resource(max_entries=5, show_spinner="Laying out the faces …", hash_funcs=HASHES)
def _map(answers: Answers, dataset: FaceDataset) -> tuple[np.ndarray, np.ndarray]:
    """Places of the mapped images among the answers, ascending, and where each stands, float32 (N, 2)."""
    shared.await_torch()
    # Only here: the page would wait for PyTorch, which nothing else on it needs.
    from ferdash.inference.embeddings import project
    from ferdash.models.features import embed
    from ferdash.models.loading import load_model

    every = np.arange(len(answers.rows))
    places = np.sort(np.random.default_rng(0).permutation(every)[:MAPPED])
    model = load_model(run_reference(answers.run, "best"), checkpoints_root())
    return places, project(embed(model, dataset.images[answers.rows[places]]))
