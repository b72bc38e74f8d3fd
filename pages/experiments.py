"""Experiments: every run in one table, and those that are chosen beside each other."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.experiments import (
    chosen,
    datasets,
    groups,
    importing,
    published,
    robustness,
    studies,
    table,
    tradeoffs,
)

from ferdash.paths import checkpoints_root
from ferdash.published.rows import published_runs
from ferdash.runs.index import DamagedRun, RunSummary, list_runs, sound

keyed = keys_of("experiments")

EMPTY = (
    "Once something has been trained, this page shows every run with its scores on validation, and sets any of them "
    "beside each other: which is better and whether that could be chance, their curves, the faces they disagree on, "
    "what was set differently, and where each comes from."
)

# Tabs about models of any kind, whether a run is here or not. (A string here would be drawn on the page.)
OF_MODELS: dict[str, Callable[[], None]] = {"Robustness": robustness.draw, "Datasets": datasets.draw}


def draw_empty() -> None:
    """What the page will show, and the way to a first run."""
    st.markdown(EMPTY)
    st.page_link(shared.page_path("train"), label="Train a first run", icon=":material/model_training:")


def draw_page(root: Path, summaries: list[RunSummary]) -> None:
    """The table, what is chosen of it, and the tabs; only the open tab is computed."""
    known = [*summaries, *published_runs()]
    chosen.read_url([run.id for run in known])
    found = table.draw(summaries)
    picked = chosen.draw_pickers(root, known)
    tabs: dict[str, Callable[[], None]] = {}
    if picked is not None:
        # Only here: what scores and compares takes a second to import, and the table should not wait for it.
        from pages.parts.experiments import comparison, manage

        if picked.own:
            manage.draw(picked)
        with shared.calm_errors():
            comparison.draw_headline(picked)
        tabs |= comparison.tabs(picked)
    tabs |= {
        "Groups": lambda: groups.draw(found),
        "Trade-offs": lambda: tradeoffs.draw(root, found),
        "Studies": lambda: studies.draw(summaries),
        **OF_MODELS,
        "Published": published.draw,
    }
    draw_tabs(tabs)


def draw_tabs(tabs: dict[str, Callable[[], None]]) -> None:
    """Tabs by their titles; only the open one is drawn."""
    for tab, draw_tab in zip(st.tabs(list(tabs), key=keyed("view"), bind="query-params"), tabs.values(), strict=True):
        if tab.open:
            with tab, shared.calm_errors():
                draw_tab()


st.title("Experiments")
runs_root = checkpoints_root() / "runs"
entries = list_runs(runs_root)
if readable := sound(entries):
    draw_page(runs_root, readable)
else:
    draw_empty()
    draw_tabs({"Published": published.draw, **OF_MODELS})
importing.draw(runs_root)
table.draw_damaged({entry.id: entry.reason for entry in entries if isinstance(entry, DamagedRun)}, runs_root)
