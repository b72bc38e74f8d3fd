"""Emotions: the F1 of each, side by side and against the baseline."""

import streamlit as st

from pages.parts.common import charts
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
    table = f1_table(chosen.runs, chosen.summaries, chosen.baseline, f1_rows(chosen.published))
    if table.empty:
        st.info("None of these runs has been measured yet.", icon=":material/info:")
        return
    table.loc[~table["run"].isin(chosen.alike), "difference"] = float("nan")
    left, right = st.columns(2)
    charts.draw(plots.emotion_bars(table, chosen.titles), key=keyed("f1"), at=left)
    if chosen.alike - {chosen.baseline}:
        figure = plots.emotion_differences(table, chosen.titles, chosen.baseline)
        charts.draw(figure, key=keyed("f1-differences"), at=right)
    shown = [run_id for run_id in chosen.titles if run_id in set(table["run"])]
    wide = table.pivot(index="emotion", columns="run", values="f1")[shown].rename(columns=chosen.titles)
    styled = wide.style.format("{:.3f}", na_rep="no image")
    rivals = [chosen.titles[run_id] for run_id in shown if run_id in chosen.alike]
    if len(rivals) > 1:
        differing = wide.index[wide[rivals].nunique(axis=1) > 1]
        styled = styled.highlight_max(subset=(differing, rivals), axis=1, props="font-weight: 700")
    st.dataframe(styled)
    # As long as some of the runs have images of an emotion, the others say so by an empty cell.
    note = absent_words(table.groupby("emotion")["support"].max().reindex(list(EMOTIONS)).fillna(0).to_numpy())
    last = " A published one is of the last epoch and of other images." if chosen.published else ""
    bold = "; the highest of those measured on the baseline's images in bold" if len(rivals) > 1 else ""
    apart = "" if chosen.all_alike else " Runs of other images than the baseline's are not held against it."
    st.caption(f"Of the best epoch of each run{bold}.{apart}{last} {note}")
