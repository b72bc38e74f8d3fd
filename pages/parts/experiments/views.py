"""What there is to see of runs, in the order of the questions people ask; only the open part is computed.

The questions and their parts are the same whatever is chosen, so that nothing moves or flips as runs are ticked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.experiments.chosen import Chosen

from ferdash.runs.index import RunSummary

keyed = keys_of("experiments")


@dataclass(frozen=True)
class Page:
    """root: folder of the runs. known: all of them here; found: those that fit the search. chosen: None without any."""

    root: Path
    known: list[RunSummary]
    found: list[RunSummary]
    chosen: Chosen | None


@dataclass(frozen=True)
class Part:
    """draw: the whole part. needs: `runs` where it is about chosen runs, `folders` where published ones do not do."""

    draw: Callable[[Page], None]
    needs: str = ""


def _of_chosen(module: str, needs: str = "folders") -> Part:
    """A part of a module of this package, which is imported where it is opened: what scores and compares takes a
    second to import, and the table should not wait for it."""

    def draw(page: Page) -> None:
        from importlib import import_module

        import_module(f"pages.parts.experiments.{module}").draw(page.chosen)

    return Part(draw, needs)


def _groups(page: Page) -> None:
    from pages.parts.experiments import groups

    groups.draw(page.found)


def _tradeoffs(page: Page) -> None:
    from pages.parts.experiments import tradeoffs

    tradeoffs.draw(page.root, page.found)


def _studies(page: Page) -> None:
    from pages.parts.experiments import studies

    studies.draw(page.known)


def _published(_: Page) -> None:
    from pages.parts.experiments import published

    published.draw()


def _robustness(_: Page) -> None:
    from pages.parts.experiments import robustness

    robustness.draw()


def _datasets(_: Page) -> None:
    from pages.parts.experiments import datasets

    datasets.draw()


def _raters(page: Page) -> None:
    from pages.parts.experiments import raters

    raters.draw(page.chosen)


QUESTIONS: dict[str, tuple[str, dict[str, Part]]] = {
    "Which is better?": (
        "better",
        {
            "Summary": _of_chosen("summary", "runs"),
            "Seeds and folds": Part(_groups),
            "Trade-offs": Part(_tradeoffs),
        },
    ),
    "Where?": (
        "where",
        {
            "Emotions": _of_chosen("emotions", "runs"),
            "Confusions": _of_chosen("confusions"),
            "Faces they disagree on": _of_chosen("faces"),
            "Errors": _of_chosen("errors"),
        },
    ),
    "Why?": (
        "why",
        {
            "Settings": _of_chosen("settings"),
            "Curves": _of_chosen("curves", "runs"),
            "Studies": Part(_studies),
        },
    ),
    "From what?": ("from", {"Lineage": _of_chosen("lineage"), "Published": Part(_published)}),
    "Can it be trusted?": (
        "trust",
        {
            "Calibration": _of_chosen("calibration"),
            "Raters": Part(_raters),
            "Robustness": Part(_robustness),
            "Datasets": Part(_datasets),
        },
    ),
}
"""Question -> the key of the choice among its parts, and the parts by their titles."""

LACKING = {
    "runs": "Tick runs in the table, or look for them under Compare, and this shows them beside each other.",
    "folders": "This takes a run that was trained here: tick one in the table, or look for it under Compare.",
}


def draw(page: Page) -> None:
    """All questions as tabs; the address says which part is open."""
    tabs = st.tabs(list(QUESTIONS), key=keyed("view"), bind="query-params")
    for tab, (name, parts) in zip(tabs, QUESTIONS.values(), strict=True):
        if tab.open:
            with tab:
                title = st.segmented_control(
                    "Part",
                    list(parts),
                    default=next(iter(parts)),
                    required=True,
                    key=keyed(name),
                    bind="query-params",
                    label_visibility="collapsed",
                    persist_state="session",
                )
                with shared.calm_errors():
                    draw_part(page, parts[title or next(iter(parts))])


def draw_part(page: Page, part: Part) -> None:
    """One part, or what it lacks."""
    nothing = page.chosen is None if part.needs == "runs" else page.chosen is None or not page.chosen.own
    if part.needs and nothing:
        st.info(LACKING[part.needs], icon=":material/check_box:")
    else:
        part.draw(page)


def draw_without_runs(root: Path) -> None:
    """What there is to see before anything was trained: published results, and models that were measured."""
    page = Page(root, [], [], None)
    parts = {"Published": _published, "Raters": _raters, "Robustness": _robustness, "Datasets": _datasets}
    tabs = st.tabs(list(parts), key=keyed("first-view"), bind="query-params")
    for tab, draw_tab in zip(tabs, parts.values(), strict=True):
        if tab.open:
            with tab, shared.calm_errors():
                draw_tab(page)
