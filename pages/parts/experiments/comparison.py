"""The chosen runs beside each other: a sentence first, then a tab for each question."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from pages.parts.common.plain import plain
from pages.parts.experiments import calibration, confusions, curves, emotions, errors, faces, lineage, settings, summary
from pages.parts.experiments.chosen import Chosen, pair_with_baseline

from ferdash.evaluation.paired import PairedResult
from ferdash.runs.index import TUNED_ON_TEST
from ferdash.wording import count, counted

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
                f"**{plain(chosen.titles[run.id])}** is {TUNED_ON_TEST}: its training followed test scores, so a score "
                "of it on test proves nothing.",
                icon=":material/warning:",
            )
    for other in chosen.others:
        result = pair_with_baseline(chosen, other)
        if isinstance(result, PairedResult):
            st.markdown(f"{'### ' if len(chosen.others) == 1 else '- '}{plain(result.sentence)}")
            if len(chosen.others) == 1:
                both = f"Both are right on {counted(result.both, 'image')}, both wrong on {count(result.neither)}"
                st.caption(f"{plain(result.interval_words)} {both} (McNemar's exact test).")
        else:
            st.warning(plain(result), icon=":material/rule:")
