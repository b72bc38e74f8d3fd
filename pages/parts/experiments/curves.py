"""Curves: any measure over the epochs or the time of training, smoothed on request."""

import pandas as pd
import streamlit as st

from pages.parts.common import charts
from pages.parts.common.keys import keys_of
from pages.parts.experiments.chosen import Chosen

from ferdash.emotions import EMOTIONS
from ferdash.evaluation.metrics import TITLES
from ferdash.plots import experiments as plots
from ferdash.published.rows import curve_rows
from ferdash.runs.compare import learning_curves

keyed = keys_of("experiments")

MEASURES = (
    {**TITLES, "train_loss": "Training loss", "train_accuracy": "Training accuracy", "lr": "Learning rate"}
    | {"images_per_s": "Images per second"}
    | {f"f1.{emotion}": f"F1 of {emotion}" for emotion in EMOTIONS}
)
BY = {"Epoch": "epoch", "Time": "seconds"}
NAMES = {title: measure for measure, title in MEASURES.items()}


def draw(chosen: Chosen) -> None:
    """The whole tab."""
    left, middle, right = st.columns([2, 1.2, 2], vertical_alignment="bottom")
    name = left.selectbox("Measure", list(NAMES), key=keyed("measure"), bind="query-params")
    by = middle.segmented_control("By", list(BY), default="Epoch", required=True, key=keyed("by"), bind="query-params")
    smoothing = right.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key=keyed("smoothing"), bind="query-params")
    tables = [learning_curves(chosen.runs, NAMES[name])]
    if chosen.published and by == "Epoch":
        tables.append(curve_rows(chosen.published, NAMES[name]))
    table = pd.concat([each for each in tables if len(each)] or tables[:1], ignore_index=True)
    figure = plots.learning_curves(
        table, chosen.titles, measure=NAMES[name], title=name, by=BY[by], smoothing=smoothing, alike=chosen.all_alike
    )
    charts.draw(figure, key=keyed("curves"))
    published = " What the report printed of its epochs is drawn by epoch." if chosen.published else ""
    st.caption(f"Scores are on validation. A run that continues another is drawn with the epochs before it.{published}")
    with st.expander("The numbers"):
        wide = table.pivot(index="epoch", columns="run", values="value").rename(columns=chosen.titles)
        st.dataframe(wide.set_axis(wide.index + 1))
