"""Summary: the scores of each run, best and last epoch, with intervals where predictions were kept."""

import pandas as pd
import streamlit as st

from pages.parts.common.plain import plain
from pages.parts.experiments.chosen import Chosen, pair_with_baseline, scores

from ferdash.evaluation.metrics import TITLES, absent_words
from ferdash.evaluation.paired import PairedResult
from ferdash.runs.index import TUNED_ON_TEST, RunSummary, Score
from ferdash.wording import count, duration, percent

IN_PERCENT = {"accuracy", "balanced_accuracy", "top2", "ece"}


def draw(chosen: Chosen) -> None:
    """The whole tab."""
    facts = {chosen.titles[run.id]: _facts(run) for run in chosen.summaries}
    table = pd.DataFrame(facts)
    st.dataframe(table[(table != "").any(axis=1)], height="content")
    if chosen.answers:
        st.markdown("**Every score of the best epoch, with its 95% CI**")
        columns = {chosen.titles[run_id]: _score_column(chosen, run_id) for run_id in chosen.answers}
        st.dataframe(pd.DataFrame(columns, index=list(TITLES.values())), height="content")
        st.caption(
            "An interval says how far the score could differ on other images of the same kind; how far it differs with "
            "another seed, only several runs can tell. The last three are better when lower."
        )
        for run_id, each in chosen.answers.items():
            if absent := absent_words(scores(each)[0].support):
                st.info(f"{plain(chosen.titles[run_id])}: {absent[0].lower()}{absent[1:]}", icon=":material/info:")
    _draw_pairs(chosen)


def _facts(run: RunSummary) -> dict[str, str]:
    return {
        "Best accuracy": _accuracy(run.best),
        "Last accuracy": _accuracy(run.last),
        "Best chosen by": run.select.replace("_", " "),
        "Measured on": f"{count(run.images)} images of {run.dataset}" if run.images else "-",
        "Training": f"{count(run.epochs_done)} of {count(run.epochs_planned)} epochs, {duration(run.seconds)}",
        "Started from": run.start_from or "a new network",
        "Seed": "-" if run.seed is None else str(run.seed),
        "State": run.state + (f", {TUNED_ON_TEST}" if run.tuned_on_test else ""),
        "Tags": ", ".join(run.tags),
        "Notes": run.notes,
    }


def _accuracy(score: Score | None) -> str:
    if score is None or score.accuracy is None:
        return "-"
    return f"{percent(score.accuracy)} in epoch {score.epoch + 1}"


def _score_column(chosen: Chosen, run_id: str) -> list[str]:
    metrics, intervals = scores(chosen.answers[run_id])
    return [_with_interval(name, getattr(metrics, name), intervals[name].low, intervals[name].high) for name in TITLES]


def _with_interval(name: str, value: float, low: float, high: float) -> str:
    if name in IN_PERCENT:
        return f"{percent(value)} ({100 * low:.1f} to {100 * high:.1f})"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _draw_pairs(chosen: Chosen) -> None:
    pairs = [pair for other in chosen.others if isinstance(pair := pair_with_baseline(chosen, other), PairedResult)]
    if len(pairs) < 2:
        return
    st.markdown(f"**Against {plain(chosen.titles[chosen.baseline])}, image by image**")
    rows = [
        {
            "Run": pair.name_b,
            "Difference": f"{100 * pair.difference:+.1f} points",
            "95% CI": f"{100 * pair.interval.low:+.1f} to {100 * pair.interval.high:+.1f}",
            "Only the baseline is right": pair.only_a,
            "Only this run is right": pair.only_b,
            "p": f"{pair.p_value:.4f}",
        }
        for pair in pairs
    ]
    st.dataframe(rows, hide_index=True, height="content")
    st.caption(f"With {len(pairs)} comparisons, one p below 0.05 may well be chance.")
