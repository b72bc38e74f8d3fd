"""Summary: the scores of each run, best and last epoch, with intervals where predictions were kept."""

import pandas as pd
import streamlit as st

from pages.parts.common.plain import plain
from pages.parts.experiments.chosen import Chosen, pair_with_baseline, scores

from ferdash.evaluation.intervals import score_text
from ferdash.evaluation.metrics import TITLES, absent_words
from ferdash.evaluation.paired import PairedResult, points
from ferdash.runs.index import TUNED_ON_TEST, RunSummary, Score
from ferdash.wording import count, counted, duration, percent


def draw(chosen: Chosen) -> None:
    """The whole part: the comparison with the baseline first, then every score, then what each run is."""
    _draw_pairs(chosen)
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
    st.markdown("**The runs**")
    facts = {chosen.titles[run.id]: _facts(run) for run in chosen.summaries}
    table = pd.DataFrame(facts)
    st.dataframe(table[(table != "").any(axis=1)], height="content")


def _facts(run: RunSummary) -> dict[str, str]:
    return {
        "Best accuracy": _accuracy(run.best),
        "Last accuracy": _accuracy(run.last),
        "Best chosen by": run.select.replace("_", " "),
        "Measured on": f"{count(run.images)} images of {run.dataset}" if run.images else "-",
        "Training": f"{count(run.epochs_done)} of {count(run.epochs_planned)} epochs, {duration(run.seconds)}",
        "Started from": run.started_from,
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
    return [score_text(name, getattr(metrics, name), intervals[name]) for name in TITLES]


def _draw_pairs(chosen: Chosen) -> None:
    """Each run against the baseline, which stands in the first row, and why some are not held against it."""
    found = {other: pair_with_baseline(chosen, other) for other in chosen.others}
    pairs = {run_id: pair for run_id, pair in found.items() if isinstance(pair, PairedResult)}
    if len(pairs) == 1:
        (pair,) = pairs.values()
        both = f"Both are right on {counted(pair.both, 'image')}, both wrong on {count(pair.neither)}"
        st.caption(f"{plain(pair.interval_words)} {both} (McNemar's exact test).")
    if len(found) > 1:
        st.markdown(f"**Against {plain(chosen.titles[chosen.baseline])}, image by image**")
        st.dataframe([_baseline_row(chosen), *map(_pair_row, pairs.values())], hide_index=True, height="content")
        if len(pairs) > 1:
            st.caption(f"With {len(pairs)} comparisons, one p below 0.05 may well be chance.")
        for reason in found.values():
            if isinstance(reason, str):
                st.warning(plain(reason), icon=":material/rule:")


def _baseline_row(chosen: Chosen) -> dict[str, str]:
    accuracy = "-"
    if chosen.baseline in chosen.answers:
        metrics, intervals = scores(chosen.answers[chosen.baseline])
        accuracy = score_text("accuracy", metrics.accuracy, intervals["accuracy"])
    return {
        "Run": f"{chosen.titles[chosen.baseline]} (baseline)",
        "Verdict": f"accuracy {accuracy}",
        **dict.fromkeys(("Difference", "95% CI", "Only the baseline is right", "Only this run is right", "p"), ""),
    }


def _pair_row(pair: PairedResult) -> dict[str, str]:
    verdict = "no difference found"
    if pair.significant:
        verdict = "better" if pair.difference > 0 else "worse"
    return {
        "Run": pair.name_b,
        "Verdict": verdict,
        "Difference": f"{points(pair.difference)} points",
        "95% CI": pair.interval_text,
        "Only the baseline is right": count(pair.only_a),
        "Only this run is right": count(pair.only_b),
        "p": pair.p_text,
    }
