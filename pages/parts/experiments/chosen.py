"""The runs chosen for comparison and the baseline among them: one choice for all tabs, kept in the URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.common.shared import BY_ANSWERS

from ferdash import comparable
from ferdash.exports.answers import without_excluded
from ferdash.paths import data_root
from ferdash.published.rows import why_not_paired
from ferdash.runs.compare import Answers, comparable_runs, paired_answers, read_answers, why_not_comparable
from ferdash.runs.index import RunSummary
from ferdash.runs.store import Run, open_run
from ferdash.runs.table import titles

if TYPE_CHECKING:
    from ferdash.evaluation.intervals import Interval
    from ferdash.evaluation.metrics import Metrics
    from ferdash.evaluation.paired import PairedResult

MOST = 10
keyed = keys_of("experiments")
RUNS, BASELINE, TABLES, GONE = keyed("runs"), keyed("baseline"), keyed("tables"), keyed("gone")
ENOUGH = 2
"""Runs from which on there is something to compare."""
"""Of the chosen runs and the baseline, in session state and in the URL, there once for each run."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """The runs to compare, in the order in which they were chosen, the baseline among them: our own, and published
    ones, which have no folder. titles: by run id, in that order."""

    root: Path
    summaries: tuple[RunSummary, ...]
    baseline: str

    @cached_property
    def titles(self) -> dict[str, str]:
        return titles(self.summaries)

    @property
    def own(self) -> list[RunSummary]:
        """Those that have a folder."""
        return [summary for summary in self.summaries if summary.kind != "published"]

    @property
    def published(self) -> list[str]:
        """Ids of those that have none."""
        return [summary.id for summary in self.summaries if summary.kind == "published"]

    @cached_property
    def runs(self) -> list[Run]:
        """Of `own`."""
        return [open_run(self.root, summary.id) for summary in self.own]

    @cached_property
    def whole(self) -> dict[str, Answers]:
        """What each run says of validation; runs without predictions are left out."""
        found = {run.id: answers(run) for run in self.runs}
        return {run_id: each for run_id, each in found.items() if each is not None}

    @cached_property
    def answers(self) -> dict[str, Answers]:
        """`whole` without images that the dataset leaves out of scores."""
        return {run_id: without_excluded(each, data_root()) for run_id, each in self.whole.items()}

    @property
    def others(self) -> list[str]:
        """Ids of all but the baseline."""
        return [summary.id for summary in self.summaries if summary.id != self.baseline]

    @cached_property
    def alike(self) -> set[str]:
        """Ids of those whose scores may be held against the baseline's, itself among them: of the same images by their
        records, and by the images themselves where both have kept predictions."""
        by_id, base = {summary.id: summary for summary in self.summaries}, self.answers.get(self.baseline)
        return {
            run_id
            for run_id, run in by_id.items()
            if run_id == self.baseline
            or (
                comparable_runs(by_id[self.baseline], run)
                and (base is None or run_id not in self.answers or not why_not_comparable(base, self.answers[run_id]))
            )
        }

    @property
    def all_alike(self) -> bool:
        return len(self.alike) == len(self.summaries)


def ids() -> list[str]:
    """Ids of the chosen runs, in order."""
    return list(st.session_state.get(RUNS, ()))


def choose(run_ids: Sequence[str]) -> None:
    """Make these the chosen runs; call in a callback, before the picker is drawn."""
    st.session_state.pop(GONE, None)
    if len(run_ids) > MOST:
        st.toast(f"Up to {MOST} runs can be compared; the first {MOST} stay chosen.", icon=":material/info:")
    st.session_state[RUNS] = list(run_ids)[:MOST]


def ticks() -> int:
    """Changes when runs are chosen elsewhere than in a table: a table keeps its ticks for as long as its key stays."""
    return int(st.session_state.get(keyed("ticks"), 0))


def read_url(known: Sequence[str]) -> None:
    """Take the choice from the URL on the first visit, and drop runs that are no longer there; call before anything of
    it is drawn."""
    first = RUNS not in st.session_state
    before = st.query_params.get_all(RUNS)[:MOST] if first else ids()
    st.session_state[RUNS] = [run_id for run_id in dict.fromkeys(before) if run_id in known]
    if first:
        st.session_state[GONE] = [run_id for run_id in dict.fromkeys(before) if run_id not in known]
    st.session_state.setdefault(TABLES, len(ids()) < ENOUGH)


def draw_gone() -> None:
    """Which runs a shared address asked for that are not here."""
    for run_id in st.session_state.get(GONE, ()):
        st.warning(
            f"The address asks for the run `{plain(run_id)}`, which is not on this computer: it was deleted, or it is "
            "on another one.",
            icon=":material/link_off:",
        )


def draw_pickers(root: Path, summaries: Sequence[RunSummary]) -> Chosen | None:
    """Draw the list of chosen runs and the baseline; None while nothing is chosen."""
    by_id = {summary.id: summary for summary in summaries}
    names = titles(summaries)
    left, right = st.columns([3, 1])
    picked = left.multiselect(
        "Compare",
        list(by_id),
        format_func=lambda run_id: _label(names[run_id], run_id),
        max_selections=MOST,
        placeholder="Tick runs in the table, or look for them here",
        key=RUNS,
        wrap=True,
        on_change=_picked,
        persist_state="session",
    )
    if not picked:
        _fold(0)
        right.selectbox("Baseline", [], disabled=True, placeholder="", key=keyed("no-baseline"))
        _write_url([], "")
        return None
    if st.session_state.get(BASELINE) not in picked:
        wanted = st.query_params.get(BASELINE)
        st.session_state[BASELINE] = wanted if wanted in picked else picked[0]
    baseline = right.selectbox(
        "Baseline",
        picked,
        format_func=names.__getitem__,
        key=BASELINE,
        persist_state="session",
        help="The others are held against this one.",
    )
    _write_url(picked, baseline)
    _fold(len(picked))
    return Chosen(root, tuple(by_id[run_id] for run_id in picked), baseline)


def _fold(chosen: int) -> None:
    """With the second run the tables fold, so that the comparison is in view; whoever unfolds them for a third keeps
    them."""
    before = st.session_state.get(keyed("counted"), chosen)
    st.session_state[keyed("counted")] = chosen
    if before < ENOUGH <= chosen and st.session_state.get(TABLES):
        st.session_state[TABLES] = False
        st.session_state[keyed("fold-turn")] = st.session_state.get(keyed("fold-turn"), 0) + 1


def _picked() -> None:
    st.session_state.pop(GONE, None)
    tick_anew()


def scroll_up() -> None:
    """Once after the tables have folded: bring the top of the page into view, where the comparison now is."""
    turn = st.session_state.get(keyed("fold-turn"), 0)
    if turn == st.session_state.get(keyed("fold-seen"), 0):
        return
    st.session_state[keyed("fold-seen")] = turn
    _scroller(key=keyed(f"scroll-{turn}"))


_SCROLL = """
export default function () {
  document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
}
"""
_scroller = st.components.v2.component("ferdash.scroll_up", js=_SCROLL)


def tick_anew() -> None:
    """Draw the tables of runs with new ticks; call in a callback, after runs are chosen elsewhere than in them."""
    st.session_state[keyed("ticks")] = ticks() + 1


def _label(title: str, run_id: str) -> str:
    day = run_id[:8]
    return f"{title} ({day[:4]}-{day[4:6]}-{day[6:]})" if day.isdigit() else title


def _write_url(run_ids: list[str], baseline: str) -> None:
    """By id, which stays the same when a run is given another name."""
    wanted = {RUNS: run_ids, BASELINE: [baseline] if run_ids and baseline != run_ids[0] else []}
    for name, values in wanted.items():
        if st.query_params.get_all(name) != values:
            st.query_params[name] = values
        if not values:
            st.query_params.pop(name, None)


# --- what is computed of them, kept for as long as the predictions stay the same --------------------------------------


def answers(run: Run) -> Answers | None:
    """What the run's best network says of validation; None when it has not kept that."""
    stamp = prediction_stamp(run)
    return None if stamp == 0 else _answers(run.folder, stamp)


def prediction_stamp(run: Run) -> int:
    """Changes with the run's predictions for validation; 0 without any."""
    try:
        return (run.folder / "predictions" / "validation.parquet").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@st.cache_resource(max_entries=40, show_spinner=False)
def _answers(folder: Path, stamp: int) -> Answers:
    del stamp  # part of the key
    return read_answers(open_run(folder.parent, folder.name))


@st.cache_resource(max_entries=40, show_spinner="Scoring …", hash_funcs=BY_ANSWERS)
def scores(each: Answers) -> "tuple[Metrics, Mapping[str, Interval]]":
    """Every score of what a run says of validation, and the intervals of the headline ones."""
    from ferdash.evaluation.intervals import bootstrap_intervals
    from ferdash.evaluation.metrics import compute_metrics

    metrics = compute_metrics(y_true=each.labels, probabilities=each.probabilities)
    return metrics, bootstrap_intervals(y_true=each.labels, probabilities=each.probabilities)


@st.cache_resource(max_entries=100, show_spinner=False, hash_funcs=BY_ANSWERS)
def paired(a: Answers, b: Answers, name_a: str, name_b: str) -> "PairedResult":
    """The paired comparison of B with A. Raises RunError when they were not measured on the same images."""
    from ferdash.evaluation.paired import compare_paired

    y_true, predicted_a, predicted_b = paired_answers(a, b)
    return compare_paired(y_true=y_true, predicted_a=predicted_a, predicted_b=predicted_b, name_a=name_a, name_b=name_b)


def pair_with_baseline(chosen: Chosen, other: str) -> "PairedResult | str":
    """The comparison of a run with the baseline, or the sentence that says why there is none."""
    by_id = {summary.id: summary for summary in chosen.summaries}
    if chosen.published and {chosen.baseline, other} & set(chosen.published):
        names = (chosen.titles[chosen.baseline], chosen.titles[other])
        return why_not_paired(by_id[chosen.baseline], by_id[other], names)
    heading = f"{chosen.titles[other]} against {chosen.titles[chosen.baseline]}"
    if reason := comparable.why_not_comparable(by_id[chosen.baseline].measured_on, by_id[other].measured_on):
        return f"{heading}: {reason[0].lower()}{reason[1:]}"
    missing = [run_id for run_id in (chosen.baseline, other) if run_id not in chosen.answers]
    if missing:
        return f"{chosen.titles[missing[0]]} has kept no predictions to compare image by image."
    a, b = chosen.answers[chosen.baseline], chosen.answers[other]
    if reason := why_not_comparable(a, b):
        return f"{heading}: {reason[0].lower()}{reason[1:]}"
    return paired(a, b, chosen.titles[chosen.baseline], chosen.titles[other])
