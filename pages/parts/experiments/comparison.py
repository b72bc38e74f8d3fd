"""The verdict: what can be said of the chosen runs in a sentence, or why nothing can."""

import streamlit as st

from pages.parts.common.plain import plain
from pages.parts.experiments.chosen import Chosen, pair_with_baseline

from ferdash.evaluation.paired import PairedResult, points
from ferdash.runs.index import TUNED_ON_TEST
from ferdash.wording import counted


def draw_headline(chosen: Chosen) -> None:
    """Whether each run is better than the baseline, or why that cannot be said. Of three or more runs it is the
    shortest account; the summary has each of them with its interval."""
    for run in chosen.summaries:
        if run.tuned_on_test and run.kind != "published":
            st.warning(
                f"**{plain(chosen.titles[run.id])}** is {TUNED_ON_TEST}: its training followed test scores, so a score "
                "of it on test proves nothing.",
                icon=":material/warning:",
            )
    left_out = {len(whole.rows) - len(chosen.answers[run_id].rows) for run_id, whole in chosen.whole.items()}
    if left_out - {0}:
        st.caption(
            f":material/filter_alt: Without {counted(max(left_out), 'image')} that the dataset leaves out of scores "
            "(Dataset, Audit). The table of runs, curves and F1 are of all images, as they were measured in training."
        )
    found = {other: pair_with_baseline(chosen, other) for other in chosen.others}
    if len(found) == 1:
        (result,) = found.values()
        if isinstance(result, PairedResult):
            st.markdown(f"## {plain(result.sentence)}")
        else:
            st.warning(plain(result), icon=":material/rule:")
    elif found:
        st.markdown(f"## {plain(_account(chosen, found))}")
    else:
        st.markdown("## Tick a second run, and this says which is better.")


def _account(chosen: Chosen, found: dict[str, PairedResult | str]) -> str:
    """Of several runs: how many are better and worse than the baseline, and how many cannot be said to be either."""
    pairs = {run_id: pair for run_id, pair in found.items() if isinstance(pair, PairedResult)}
    better = [run_id for run_id, pair in pairs.items() if pair.significant and pair.difference > 0]
    worse = [run_id for run_id, pair in pairs.items() if pair.significant and pair.difference < 0]
    same = [run_id for run_id, pair in pairs.items() if not pair.significant]
    parts = []
    for runs, words in ((better, "better"), (worse, "worse")):
        if runs:
            sizes = ", ".join(
                f"{chosen.titles[run_id]} {points(pairs[run_id].difference)} points "
                f"(95% CI {pairs[run_id].interval_text})"
                for run_id in runs
            )
            parts.append(f"{words}: {sizes}")
    if same:
        parts.append(f"no difference found: {', '.join(chosen.titles[run_id] for run_id in same)}")
    if apart := len(found) - len(pairs):
        parts.append(f"{counted(apart, 'run')} not comparable")
    return f"Against {chosen.titles[chosen.baseline]}: {'; '.join(parts)}."
