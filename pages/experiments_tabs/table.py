"""The table of all runs: search, tags, columns to choose; those measured on the same images together."""

from functools import partial
from pathlib import Path

import streamlit as st

from pages.experiments_tabs import chosen

from ferdash.runs.index import RunSummary
from ferdash.runs.table import COLUMNS, MeasuredAlike, measured_alike, runs_table, search
from ferdash.wording import counted

SHOWN = (
    "Run",
    "Mark",
    "State",
    "Best accuracy",
    "Best epoch",
    "Last accuracy",
    "Macro F1",
    "Worst F1",
    "Worst emotion",
    "Minutes",
    "Seed",
    "Tags",
    "Started",
)
ROW_PX, MOST_ROWS = 35, 12

CONFIG = {
    "Run": st.column_config.TextColumn(pinned=True, width="medium"),
    "Mark": st.column_config.TextColumn(width=110, help="“tuned on test”: test scores steered it and prove nothing."),
    "Best accuracy": st.column_config.NumberColumn(format="%.1f %%", help="On validation, in the best epoch."),
    "Last accuracy": st.column_config.NumberColumn(format="%.1f %%", help="On validation, in the last epoch."),
    "Macro F1": st.column_config.NumberColumn(format="%.3f", help="Mean over the emotions, in the best epoch."),
    "Worst F1": st.column_config.NumberColumn(format="%.3f", help="Of the emotion recognised worst, best epoch."),
    "Minutes": st.column_config.NumberColumn(format="%.1f", help="Of training, without measuring."),
    "Images/s": st.column_config.NumberColumn(format="localized", step=1),
    "Parameters": st.column_config.NumberColumn(format="localized"),
    "Images": st.column_config.NumberColumn(format="localized", help="Of validation, behind the scores."),
    "Tags": st.column_config.ListColumn(),
}


def draw(summaries: list[RunSummary]) -> list[RunSummary]:
    """Filters and tables; ticking a row chooses a run. Returns the runs that fit the filters."""
    found, columns = _draw_filters(summaries)
    if not found:
        st.info("No run fits; widen the search.", icon=":material/filter_alt_off:")
    groups = measured_alike(found)
    measured = sum(bool(group.described) for group in groups)
    if measured > 1:
        st.caption("Scores of different images cannot be compared, so runs that were measured alike stand together.")
    for group in groups:
        _draw_group(group, columns)
    return found


def _draw_filters(summaries: list[RunSummary]) -> tuple[list[RunSummary], list[str]]:
    left, middle, right, last = st.columns([4, 3, 1.3, 1.2], vertical_alignment="bottom")
    text = left.text_input(
        "Search",
        placeholder="name, recipe, dataset …",
        key="search",
        bind="query-params",
        icon=":material/search:",
    )
    known = sorted({tag for run in summaries for tag in run.tags})
    tags = middle.multiselect("Tags", known, key="tags", bind="query-params", disabled=not known)
    with right.popover("Columns", icon=":material/view_column:", width="stretch"):
        columns = st.multiselect("Columns", COLUMNS, default=list(SHOWN), key="columns", bind="query-params")
    archived = last.checkbox("Archive", key="archive", bind="query-params", help="Show archived runs too.")
    return search(summaries, text, tags, archived=archived), columns


def _draw_group(group: MeasuredAlike, columns: list[str]) -> None:
    run_ids = [run.id for run in group.runs]
    if group.described:
        st.markdown(f"**{group.described}**: {counted(len(run_ids), 'run')}")
    else:
        st.markdown(f"**Not measured yet**: {counted(len(run_ids), 'run')}")
    ticked = {"selection": {"rows": [run_ids.index(run_id) for run_id in chosen.ids() if run_id in run_ids]}}
    key = f"runs-{chosen.ticks()}-{hash((tuple(run_ids), tuple(columns)))}"
    table = runs_table(group.runs)
    st.dataframe(
        table,
        column_order=[name for name in columns if name != "Mark" or table["Mark"].any()],
        column_config=CONFIG,
        hide_index=True,
        placeholder="",
        row_height=ROW_PX,
        height=ROW_PX * (min(len(run_ids), MOST_ROWS) + 1) + 3,
        on_select=partial(_take_ticks, key, run_ids, chosen.ticks()),
        selection_mode="multi-row",
        selection_default=ticked,
        key=key,
    )


def _take_ticks(key: str, run_ids: list[str], drawn_at: int) -> None:
    """Keep the order of those chosen before, and those that this table does not show."""
    if drawn_at != chosen.ticks():
        return  # a table that is gone reports that nothing is ticked in it, after the choice was made elsewhere
    ticked = [run_ids[row] for row in st.session_state[key]["selection"]["rows"] if row < len(run_ids)]
    before = [run_id for run_id in chosen.ids() if run_id in ticked or run_id not in run_ids]
    chosen.choose([*before, *(run_id for run_id in ticked if run_id not in before)])


def draw_damaged(damaged: dict[str, str], root: Path) -> None:
    """The folders among the runs that cannot be read, each with its reason."""
    if not damaged:
        return
    with st.expander(f"{counted(len(damaged), 'damaged folder')} among the runs", icon=":material/report:"):
        st.caption(f"The other runs are not affected. These folders are in {root.name}/; look into them.")
        st.dataframe({"Folder": list(damaged), "What is wrong": list(damaged.values())}, hide_index=True)
