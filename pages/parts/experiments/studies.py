"""Studies: what a search over settings has found, and the way from its trials to their runs."""

from functools import partial
from typing import Any

import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.experiments import chosen

from ferdash.paths import studies_url
from ferdash.plots.studies import importance_bars, pareto_scatter, settings_lines
from ferdash.runs.index import RunSummary
from ferdash.runs.studies import LEAST_FOR_IMPORTANCE, Study, importances, list_studies, read_study, trials_table
from ferdash.wording import counted

keyed = keys_of("experiments")

START = "ferdash sweep --study first --dataset {dataset} --trials 20"
ROW_PX, MOST_ROWS = 35, 12

CONFIG: dict[str, Any] = {
    "Trial": st.column_config.NumberColumn(width="small"),
    "Front": st.column_config.TextColumn(
        width="small", help="No other trial is better in one score without being worse in the other."
    ),
    "Accuracy": st.column_config.NumberColumn(format="%.1f%%", help="On validation, in the run's best epoch."),
    "Worst F1": st.column_config.NumberColumn(format="%.3f", help="Of the emotion recognised worst, same epoch."),
}


def draw(known: list[RunSummary]) -> None:
    """The whole tab. known: the runs of this machine, to which trials can lead."""
    url = studies_url()
    names = list_studies(url)
    if not names:
        _draw_empty()
        return
    name = st.selectbox("Study", names, key=keyed("study"), bind="query-params")
    study = read_study(url, name)
    _draw_state(study)
    if study.finished:
        left, right = st.columns([3, 2])
        with left:
            charts.draw(pareto_scatter(study), key=keyed("study-front"))
        with right:
            _draw_importance(url, study)
        st.caption(
            "Each point is one run from one seed: where scores are close, another seed may well turn the order round. "
            "Before relying on a trial, repeat it with several seeds."
        )
        if len(study.finished) > 1:
            charts.draw(settings_lines(study), key=keyed("study-lines"))
            st.caption("A line for each finished trial. Drag along an axis to keep only the trials inside.")
    _draw_table(study, {run.id for run in known})


def _draw_empty() -> None:
    st.info(
        "No study yet. A study trains many runs whose settings are searched for high accuracy and a high F1 of the "
        "worst emotion, and this shows what it found. Start one in a terminal; the same command in a second terminal "
        "helps with it.",
        icon=":material/travel_explore:",
    )
    st.code(START.format(dataset=shared.dataset_name() or "fer2013"), language="bash")


def _draw_state(study: Study) -> None:
    counts = {state: sum(trial.state == state for trial in study.trials) for state in ("running", "waiting", "failed")}
    others = "".join(f", {number:,} {state}" for state, number in counts.items() if number)
    config, dataset = study.definition["config"], study.definition["dataset"]
    st.markdown(
        f"**{counted(len(study.finished), 'trial')} finished{others}** · recipe {plain(config['recipe'])}, "
        f"{counted(config['epochs'], 'epoch')} each, on {plain(dataset['name'])}, seed {config['seed']}"
    )
    st.caption("Varied: " + " · ".join(plain(text) for text in study.definition["vary"]))


def _draw_importance(url: str, study: Study) -> None:
    if len(study.finished) < LEAST_FOR_IMPORTANCE:
        st.info(
            f"Which settings matter is shown from {LEAST_FOR_IMPORTANCE} finished trials on; "
            f"{LEAST_FOR_IMPORTANCE - len(study.finished)} to go.",
            icon=":material/hourglass_empty:",
        )
        return
    charts.draw(importance_bars(_importances(url, study.name, len(study.finished))), key=keyed("study-importance"))
    st.caption(
        "Estimated from these trials alone (fANOVA), within the ranges searched; with few trials it is a hint, not a "
        "finding."
    )


@st.cache_data(max_entries=16, show_spinner="Weighing the settings …")
def _importances(url: str, name: str, finished: int) -> dict[str, dict[str, float]]:
    del finished  # part of the key
    return importances(url, name)


def _draw_table(study: Study, known: set[str]) -> None:
    table = trials_table(study)
    if not table["Why it failed"].any():
        table = table.drop(columns="Why it failed")
    run_ids = table["Run"].tolist()
    drawn_for = (chosen.ticks(), *chosen.ids())
    key = keyed(f"study-trials-{study.name}-{hash((drawn_for, tuple(run_ids)))}")
    ticked = [row for row, run_id in enumerate(run_ids) if run_id in chosen.ids()]
    st.dataframe(
        table,
        column_config=CONFIG,
        hide_index=True,
        row_height=ROW_PX,
        height=ROW_PX * (min(len(run_ids), MOST_ROWS) + 1) + 3,
        on_select=partial(_take_ticks, key, run_ids, known, drawn_for),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": ticked}},
        key=key,
    )
    front = [trial.run for trial in study.front if trial.run in known]
    left, right = st.columns([1, 3], vertical_alignment="center")
    left.button(
        "Compare the front",
        icon=":material/compare_arrows:",
        disabled=not front,
        on_click=partial(_compare, front),
        key=keyed("study-compare"),
    )
    right.caption("Tick trials to compare their runs above, or take those on the front, the most accurate first.")
    if elsewhere := sum(bool(run_id) and run_id not in known for run_id in run_ids):
        st.caption(f"The runs of {counted(elsewhere, 'trial')} are on another machine, or deleted.")


def _compare(run_ids: list[str]) -> None:
    chosen.choose(run_ids)
    chosen.tick_anew()


def _take_ticks(key: str, run_ids: list[str], known: set[str], drawn_for: tuple[object, ...]) -> None:
    """Keep those chosen elsewhere; a trial whose run is not here cannot be chosen."""
    if drawn_for != (chosen.ticks(), *chosen.ids()):
        return  # a table that is gone reports that nothing is ticked in it, after the choice was made elsewhere
    rows = st.session_state[key]["selection"]["rows"]
    ticked = [run_ids[row] for row in rows if row < len(run_ids) and run_ids[row] in known]
    before = [run_id for run_id in chosen.ids() if run_id in ticked or run_id not in run_ids]
    _compare([*before, *(run_id for run_id in ticked if run_id not in before)])
