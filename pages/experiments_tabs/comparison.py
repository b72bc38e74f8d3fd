"""The chosen runs beside each other: a sentence first, then a tab for each question."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from pages.experiments_tabs import (
    calibration,
    confusions,
    curves,
    emotions,
    errors,
    faces,
    lineage,
    settings,
    summary,
)
from pages.experiments_tabs.chosen import Chosen, pair_with_baseline

from ferdash.evaluation.paired import PairedResult
from ferdash.runs.index import TUNED_ON_TEST

TABS = {
    "Summary": summary.draw,
    "Curves": curves.draw,
    "Emotions": emotions.draw,
    "Confusions": confusions.draw,
    "Faces they disagree on": faces.draw,
    "Errors": errors.draw,
    "Settings": settings.draw,
    "Lineage": lineage.draw,
    "Calibration": calibration.draw,
}


OF_PUBLISHED = ("Summary", "Curves", "Emotions")
"""What there is to see of results that were published without their runs."""


def tabs(chosen: Chosen) -> dict[str, Callable[[], None]]:
    """A tab for each question about the chosen runs."""
    shown = TABS if chosen.own else OF_PUBLISHED
    return {title: partial(TABS[title], chosen) for title in shown}


def draw_headline(chosen: Chosen) -> None:
    """Whether each run is better than the baseline, or why that cannot be said."""
    for run in chosen.summaries:
        if run.tuned_on_test and run.kind != "published":
            st.warning(
                f"**{chosen.titles[run.id]}** is {TUNED_ON_TEST}: its training followed test scores, so a score of it "
                "on test proves nothing.",
                icon=":material/warning:",
            )
    for other in chosen.others:
        result = pair_with_baseline(chosen, other)
        if isinstance(result, PairedResult):
            st.markdown(f"{'### ' if len(chosen.others) == 1 else '- '}{result.sentence}")
            if len(chosen.others) == 1:
                st.caption(interval_words(result))
        else:
            st.warning(result, icon=":material/rule:")


def interval_words(result: PairedResult) -> str:
    """The interval of the difference, and what it rests on."""
    low, high = 100 * result.interval.low, 100 * result.interval.high
    return (
        f"{result.name_b} minus {result.name_a}: {100 * result.difference:+.1f} points of accuracy, 95 % interval "
        f"{low:+.1f} to {high:+.1f}. Both are right on {result.both:,} images, both wrong on {result.neither:,}; "
        f"only {result.name_a} is right on {result.only_a:,}, only {result.name_b} on {result.only_b:,} (McNemar's "
        "exact test)."
    )
