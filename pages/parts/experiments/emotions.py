"""Emotions: the F1 of each, side by side and against the baseline."""

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.experiments.chosen import Chosen

from ferdash.emotions import EMOTIONS
from ferdash.evaluation.metrics import absent_words
from ferdash.plots import experiments as plots
from ferdash.published.rows import f1_rows
from ferdash.runs.compare import f1_table

keyed = keys_of("experiments")


def draw(chosen: Chosen) -> None:
    """The whole tab."""
    epochs = {run.id: run.best.epoch for run in chosen.own if run.best}
    table = f1_table(chosen.runs, epochs, chosen.baseline, f1_rows(chosen.published))
    if table.empty:
        st.info("None of these runs has been measured yet.", icon=":material/info:")
        return
    left, right = st.columns(2)
    left.plotly_chart(plots.emotion_bars(table, chosen.titles), config=shared.PLOT, key=keyed("f1"))
    if chosen.others:
        figure = plots.emotion_differences(table, chosen.titles, chosen.baseline)
        right.plotly_chart(figure, config=shared.PLOT, key=keyed("f1-differences"))
    shown = [run_id for run_id in chosen.titles if run_id in set(table["run"])]
    wide = table.pivot(index="emotion", columns="run", values="f1")[shown].rename(columns=chosen.titles)
    st.dataframe(wide.style.format("{:.3f}", na_rep="no image").highlight_max(axis=1, props="font-weight: 700"))
    # As long as some of the runs have images of an emotion, the others say so by an empty cell.
    note = absent_words(table.groupby("emotion")["support"].max().reindex(list(EMOTIONS)).fillna(0).to_numpy())
    last = " A published one is of the last epoch and of other images." if chosen.published else ""
    st.caption(f"Of the best epoch of each run; the highest in bold.{last} {note}")
