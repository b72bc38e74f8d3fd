"""Trade-offs: what a better score costs, and which settings go with it, over all runs measured alike."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of
from pages.parts.experiments import chosen

from ferdash.plots.tradeoffs import AXES, parallel_coordinates, scatter
from ferdash.runs.index import RunSummary
from ferdash.runs.store import open_run
from ferdash.runs.table import measured_alike, settings_and_scores
from ferdash.wording import counted

keyed = keys_of("experiments")

SCORES = ("Accuracy", "Macro F1", "Worst emotion's F1")


def draw(root: Path, found: list[RunSummary]) -> None:
    """The whole tab, of the runs that the table shows."""
    groups = {group.described: group.runs for group in measured_alike(found) if group.comparable}
    if not groups:
        st.info("No run here has been measured on images that are known.", icon=":material/info:")
        return
    described = next(iter(groups))
    if len(groups) > 1:
        # Those of the first chosen run come first.
        ours = [name for name, runs in groups.items() if {run.id for run in runs} & set(chosen.ids()[:1])]
        index = list(groups).index(ours[0]) if ours else 0
        described = st.selectbox("Runs measured alike", list(groups), index=index, key=keyed("alike"))
    table = _table(root, groups[described])
    left, right = st.columns(2)
    x = left.selectbox(
        "Across", list(AXES), index=list(AXES).index("Minutes of training"), key=keyed("across"), bind="query-params"
    )
    y = right.selectbox("Up", list(AXES), index=0, key=keyed("up"), bind="query-params")
    charts.draw(scatter(table, x, y, chosen.ids()), key=keyed("scatter"))
    st.caption("Diamonds are on the Pareto front: no other run is better in one without being worse in the other.")
    if len(table) < 2:
        return
    score = st.segmented_control("Colour by", SCORES, default="Accuracy", required=True, key=keyed("colour-by"))
    settings = table.drop(columns=["run", "title", *_names()])
    figures = table[_names()].set_axis(list(AXES), axis=1).dropna(axis=1, how="all")
    charts.draw(parallel_coordinates(settings.join(figures), score), key=keyed("parallel"))
    st.caption(f"{counted(len(table), 'line')}, one for each run. Drag along an axis to keep only the runs inside.")


def _names() -> list[str]:
    return [name for name, _ in AXES.values()]


def _table(root: Path, runs: tuple[RunSummary, ...]) -> pd.DataFrame:
    shared.await_torch()
    from ferdash.training.config import TrainConfig, to_dict

    configs = _configs(root, tuple(run.id for run in runs))
    return settings_and_scores(runs, configs, to_dict(TrainConfig()))


@st.cache_data(max_entries=8, show_spinner=False)
def _configs(root: Path, run_ids: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Written once, so that an id is enough of a key."""
    return {run_id: open_run(root, run_id).record["config"] for run_id in run_ids}
