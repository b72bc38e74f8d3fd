"""Raters: how far runs, and models that were measured, agree with the people who looked at the same images."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.experiments import evaluated
from pages.parts.experiments.chosen import Chosen
from pages.parts.experiments.faces import dataset_of

from ferdash.comparable import Images
from ferdash.data.dataset import FaceDataset
from ferdash.data.votes import majority, targets
from ferdash.emotions import EMOTIONS
from ferdash.errors import DatasetError, EvaluationError
from ferdash.evaluation.cross import asked_model
from ferdash.evaluation.protocol import Protocol, fingerprint
from ferdash.evaluation.rater_words import TITLES, by_emotion, cells, describe
from ferdash.evaluation.raters import RaterScores, compare_with_raters
from ferdash.plots.raters import agreement_by_emotion
from ferdash.runs.compare import Answers

keyed = keys_of("experiments")

START = "ferdash evaluate {model} --dataset {dataset}"


def draw(chosen: Chosen | None) -> None:
    """The whole part: the chosen runs, and every model whose evaluation is kept, those of the same images together."""
    sets: dict[Images, dict[str, dict[str, Any]]] = {}
    for title, images, figures in [*_of_runs(chosen), *_of_models()]:
        sets.setdefault(images, {})[title] = figures
    if not sets:
        st.info(
            "Nothing to show yet: this takes a dataset with raters' votes (FER2013 with FER+'s), and a run ticked "
            "above that was trained on it, or a model measured on it:",
            icon=":material/groups:",
        )
        st.code(
            START.format(model=shared.model_reference() or "fernet", dataset=shared.dataset_name() or "fer2013"),
            language="bash",
        )
        return
    for place, (images, models) in enumerate(sets.items()):
        _draw_set(images, models, key=keyed(f"raters-{place}"))


def _draw_set(images: Images, models: dict[str, dict[str, Any]], *, key: str) -> None:
    """images: of the `models`, all of them."""
    described = f"The {images.split} split of {images.dataset} ({images.dataset_hash[:8]}), {images.words}"
    st.markdown(f"**{plain(described)}**")
    first = next(iter(models.values()))
    st.dataframe(pd.DataFrame({title: cells(each) for title, each in models.items()}, index=list(TITLES)))
    st.caption(
        f"{describe(first)} No rater agrees with the others all the time, so a model that agrees more often than one "
        "rater does is as good a judge of these faces as one person."
    )
    shown = {title: [row[1] for row in by_emotion(each)] for title, each in models.items()}
    charts.draw(agreement_by_emotion(models), key=f"{key}-emotions")
    with st.expander("The numbers"):
        support = [row[2] for row in by_emotion(first)]
        st.dataframe(pd.DataFrame({"images": support, **shown}, index=list(EMOTIONS)))


def _of_runs(chosen: Chosen | None) -> list[tuple[str, Images, dict[str, Any]]]:
    found = []
    for run_id, answers in (chosen.answers if chosen else {}).items():
        try:
            scores = _raters(answers, dataset_of(answers))
        except DatasetError as error:
            st.caption(plain(error))
            continue
        if scores is not None and chosen is not None:
            # As a protocol names the rows, so that models measured on the same images stand beside the runs.
            images = replace(answers.measured_on, drawn=fingerprint(answers.rows))
            found.append((chosen.titles[run_id], images, scores.to_dict()))
    return found


def _of_models() -> list[tuple[str, Images, dict[str, Any]]]:
    """Of models measured by `ferdash evaluate`: title, which images, and the figures."""
    found = []
    for record in evaluated.current("scores"):
        if not record.get("raters"):
            continue
        try:
            protocol = Protocol.from_dict(record["protocol"])
        except (EvaluationError, KeyError, TypeError):
            continue  # the part on datasets says so
        tta = "" if protocol.tta == "plain" else f", {protocol.tta}"
        found.append((f"{asked_model(record)}{tta}", protocol.measured_on, record["raters"]))
    return found


@st.cache_resource(max_entries=20, show_spinner="Asking the raters …", hash_funcs=shared.BY_ANSWERS | shared.BY_CONTENT)
def _raters(answers: Answers, dataset: FaceDataset) -> RaterScores | None:
    if dataset.votes is None:
        return None
    votes = dataset.votes[answers.rows]
    return compare_with_raters(
        probabilities=answers.probabilities,
        labels=answers.labels,
        votes=votes,
        majority=majority(votes),
        targets=targets(votes),
    )
