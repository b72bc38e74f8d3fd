"""Calibration: how far the stated probabilities can be trusted, and what answering only when sure would gain."""

import pandas as pd
import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of
from pages.parts.experiments.chosen import Chosen, scores

from ferdash.emotions import EMOTIONS
from ferdash.evaluation.calibration import fit_temperature, reliability, selective_accuracy
from ferdash.evaluation.curves import precision_recall_curves, roc_curves
from ferdash.evaluation.selective import coverage_at, risk_area
from ferdash.plots import experiments as plots
from ferdash.plots.errors import class_curves
from ferdash.runs.compare import Answers
from ferdash.wording import percent

keyed = keys_of("experiments")

TARGET_ACCURACY = 0.9


def draw(chosen: Chosen) -> None:
    """The whole tab."""
    if not chosen.answers:
        st.info("None of these runs has kept predictions.", icon=":material/info:")
        return
    named = {chosen.titles[run_id]: each for run_id, each in chosen.answers.items()}
    curves = {
        title: selective_accuracy(y_true=each.labels, probabilities=each.probabilities) for title, each in named.items()
    }
    left, right = st.columns(2)
    tables = {title: reliability(y_true=each.labels, probabilities=each.probabilities) for title, each in named.items()}
    charts.draw(plots.reliability_lines(tables), key=keyed("reliability"), at=left)
    charts.draw(plots.coverage_lines(curves), key=keyed("coverage"), at=right)
    rows = {}
    for title, each in named.items():
        metrics, sure = scores(each)[0], coverage_at(curves[title], TARGET_ACCURACY)
        rows[title] = {
            "Calibration error": f"{100 * metrics.ece:.1f} points",
            "Log loss": f"{metrics.log_loss:.3f}",
            "Brier score": f"{metrics.brier:.3f}",
            "Best temperature": f"{_temperature(each):.2f}",
            "Risk area": f"{risk_area(curves[title]):.3f}",
            f"{TARGET_ACCURACY:.0%} right on": "never" if sure is None else f"the most confident {percent(sure[0])}",
        }
    st.dataframe(pd.DataFrame(rows).T, height="content")
    st.caption(
        "Dividing the logits by the best temperature makes these probabilities fit best; above 1 means that the run is "
        "too sure of itself. The risk area is the mean share of mistakes over all coverages: lower is better."
    )
    _draw_one_vs_rest(chosen)


def _draw_one_vs_rest(chosen: Chosen) -> None:
    st.markdown("## Can each emotion be told from the rest?")
    run_id = next(iter(chosen.answers))
    if len(chosen.answers) > 1:
        run_id = st.selectbox(
            "Run", list(chosen.answers), format_func=chosen.titles.__getitem__, key=keyed("curves-run")
        )
    each = chosen.answers[run_id]
    left, right = st.columns(2)
    roc = roc_curves(y_true=each.labels, probabilities=each.probabilities)
    recall = precision_recall_curves(y_true=each.labels, probabilities=each.probabilities)
    charts.draw(class_curves(roc, "roc"), key=keyed("roc"), at=left)
    charts.draw(class_curves(recall, "precision-recall"), key=keyed("precision-recall"), at=right)
    absent = [emotion for emotion in EMOTIONS if emotion not in roc]
    note = f" No curve for {', '.join(absent)}: no image here shows it." if absent else ""
    st.caption(
        "Left, how many of an emotion are found at the cost of how many false alarms (ROC); right, how often the "
        f"name is right when so many are found. The figures in the legend are areas: 1 is perfect.{note}"
    )


@st.cache_data(max_entries=40, show_spinner=False, hash_funcs=shared.BY_ANSWERS)
def _temperature(each: Answers) -> float:
    return fit_temperature(y_true=each.labels, probabilities=each.probabilities)
