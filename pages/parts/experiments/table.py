"""The table of all runs: search, tags, columns to choose; those measured on the same images together."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.experiments import chosen

from ferdash.exports.answers import left_out
from ferdash.paths import data_root
from ferdash.published.rows import published_runs
from ferdash.runs.index import PUBLISHED, RunSummary
from ferdash.runs.table import COLUMNS, MeasuredAlike, measured_alike, runs_table, search
from ferdash.wording import REPORT, counted

keyed = keys_of("experiments")

SHOWN = (
    "Run",
    "Mark",
    "Best accuracy",
    "State",
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
# Streamlit's table takes colours and the weight of a font from a style, and puts the weight before the size of the font
# as it stands; so this makes a row italic where nothing else would.
ITALIC = "font-weight: italic"

CONFIG = {
    "Run": st.column_config.TextColumn(pinned=True, width=170),
    "Mark": st.column_config.TextColumn(width=170, help="“tuned on test”: test scores steered it and prove nothing."),
    "Best accuracy": st.column_config.NumberColumn(format="%.1f%%", help="In the best epoch, on the images above."),
    "Last accuracy": st.column_config.NumberColumn(format="%.1f%%", help="In the last epoch, on the images above."),
    "Macro F1": st.column_config.NumberColumn(
        format="%.3f", help="Mean over the emotions that its images show, in the best epoch."
    ),
    "Worst F1": st.column_config.NumberColumn(format="%.3f", help="Of the emotion recognised worst, best epoch."),
    "Minutes": st.column_config.NumberColumn(format="%.1f", help="Of training, without measuring."),
    "Images/s": st.column_config.NumberColumn(format="localized", step=1),
    "Parameters": st.column_config.NumberColumn(format="localized"),
    "Images": st.column_config.NumberColumn(format="localized", help="Of validation, behind the scores."),
    "Tags": st.column_config.ListColumn(),
}


def draw(summaries: list[RunSummary]) -> list[RunSummary]:
    """Filters and tables; ticking a row chooses a run. Returns our own runs that fit the filters: published ones stand
    in tables of their own below them."""
    found, columns = _draw_filters(summaries)
    own = [run for run in found if run.kind != "published"]
    if not own:
        st.info("No run fits; widen the search.", icon=":material/filter_alt_off:")
    groups = measured_alike(found)
    if len({group.described for group in groups if group.comparable}) > 1:
        st.caption("Scores of different images cannot be compared, so runs that were measured alike stand together.")
    for group in groups:
        _draw_group(group, columns)
    return own


def _draw_filters(summaries: list[RunSummary]) -> tuple[list[RunSummary], list[str]]:
    line = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    text = line.text_input(
        "Search",
        placeholder="name, recipe, dataset …",
        key=keyed("search"),
        bind="query-params",
        icon=":material/search:",
        label_visibility="collapsed",
    )
    known = sorted({tag for run in summaries for tag in run.tags})
    with line.popover("Filter, columns", icon=":material/tune:", width="content"):
        tags = st.multiselect("Tags", known, key=keyed("tags"), bind="query-params", disabled=not known)
        archived = st.checkbox("Archive", key=keyed("archive"), bind="query-params", help="Show archived runs too.")
        published = st.checkbox(
            "Report",
            value=True,
            key=keyed("report"),
            bind="query-params",
            help=f"Show the results of {REPORT} too: {PUBLISHED}.",
        )
        columns = st.multiselect("Columns", COLUMNS, default=list(SHOWN), key=keyed("columns"), bind="query-params")
    if tags:
        st.caption(f":material/filter_alt: Only runs with {plain(' and '.join(tags))}.")
    everything = [*summaries, *(published_runs() if published else ())]
    return search(everything, text, tags, archived=archived), columns


def _draw_group(group: MeasuredAlike, columns: list[str]) -> None:
    run_ids = [run.id for run in group.runs]
    published = group.runs[0].kind == "published"
    if published:
        st.markdown(f"*{plain(group.described)}*: {counted(len(run_ids), 'result')}")
    else:
        st.markdown(f"**{plain(group.described)}**: {counted(len(run_ids), 'run')}")
        if kinds := left_out(group.runs[0].dataset, group.runs[0].dataset_hash, data_root()):
            st.caption(
                f":material/filter_alt: The dataset leaves {plain(kinds)} out of scores now (Dataset, Audit); these "
                "were measured in training, with those images. Only the verdict above is without them."
            )
    ticked: Any = {"selection": {"rows": [run_ids.index(run_id) for run_id in chosen.ids() if run_id in run_ids]}}
    key = keyed(f"table-{chosen.ticks()}-{hash((tuple(run_ids), tuple(columns)))}")
    table = runs_table(group.runs)
    # Columns that are not shown would be sent to the browser all the same.
    table = table[_shown(columns, table, published)]
    st.dataframe(
        table.style.map(lambda _: ITALIC) if published else table,
        column_config=CONFIG | ({"Run": st.column_config.TextColumn(pinned=True, width="large")} if published else {}),
        hide_index=True,
        placeholder="",
        row_height=ROW_PX,
        height=ROW_PX * (min(len(run_ids), MOST_ROWS) + 1) + 3,
        on_select=partial(_take_ticks, key, run_ids, chosen.ticks()),
        selection_mode="multi-row",
        selection_default=ticked,
        key=key,
    )


def _shown(columns: list[str], table: pd.DataFrame, published: bool) -> list[str]:
    """The columns to draw: of published results, which have a past of a few figures, only those that say something."""
    needed = {"Mark"} if not published else {"Mark", "Seed", "Fold", "Group", "Tags", "Notes", "Minutes", "Images/s"}
    empty = {name for name in needed if not table[name].map(lambda value: value == value and bool(value)).any()}
    return [name for name in columns if name not in empty and not (published and name == "State")]


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
