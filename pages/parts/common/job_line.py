"""The jobs at work: the lines that every page shows in its sidebar, and the manager that trains in the background."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.plain import plain

from ferdash.analyses.store import ANALYSES, AT_WORK, open_analysis
from ferdash.errors import AnalysisError, RunError
from ferdash.paths import analyses_root, checkpoints_root, data_root
from ferdash.runs.store import list_run_ids, read_status
from ferdash.wording import counted, duration

if TYPE_CHECKING:
    from ferdash.training.jobs import JobManager

RECENT, RECENT_ANALYSES = 5, 20
"""How many of the newest runs and analyses are asked whether they are at work; older ones are long over."""


def manager() -> "JobManager":
    """The one job manager of this server, for all visitors."""
    shared.await_torch()
    return _manager(data_root(), checkpoints_root())


@st.cache_resource(show_spinner=False)
def _manager(data: Path, checkpoints: Path) -> "JobManager":
    from ferdash.training.jobs import JobManager

    return JobManager(data=data, checkpoints=checkpoints)


def draw_job_line() -> None:
    """The running job with a progress bar, and the videos that are being analysed; nothing where none runs."""
    _draw_training()
    if at_work := _analyses_at_work():
        _draw_analyses(at_work)


def _analyses_at_work() -> list[str]:
    root = analyses_root()
    found = []
    for analysis_id in ANALYSES.ids(root)[:RECENT_ANALYSES]:
        try:
            if open_analysis(root, analysis_id).state in AT_WORK:
                found.append(analysis_id)
        except AnalysisError:
            continue  # damaged, or deleted just now: the library says so
    return found


@st.fragment(run_every=2.0)
def _draw_analyses(at_work: list[str]) -> None:
    """The analysis that is under way, the recording, and how many wait; of a recording that ends as the page is looked
    at, as it does when Live is left, where it is."""
    from ferdash.analyses.execution import progress_of

    waiting, root = 0, analyses_root()
    for analysis_id in at_work:
        try:
            analysis = open_analysis(root, analysis_id)
            state, progress = analysis.state, progress_of(analysis)
        except AnalysisError:
            continue
        waiting += state == "queued"
        if analysis.kind == "live":
            ended = state not in AT_WORK
            recorded = "" if progress is None else f", {duration(progress.timestamp_s)}"
            st.caption(f"{'Recorded' if ended else 'Recording'} {plain(analysis.name)}{recorded}")
            if ended:
                st.page_link(shared.page_path("video"), label="It is kept under Video", icon=":material/movie:")
        elif state == "running":
            left = f", {duration(progress.eta_s)} left" if progress and progress.eta_s is not None else ""
            share = progress.share if progress else 0.0
            st.progress(share, text=f"Analysing {plain(analysis.name)}: {share:.0%}{left}")
    if waiting:
        st.caption(f"{counted(waiting, 'video')} in the queue")


def _draw_training() -> None:
    runs = checkpoints_root() / "runs"
    for run_id in list_run_ids(runs)[:RECENT]:
        try:
            status = read_status(runs / run_id)
        except RunError:
            continue  # being written just now, or damaged: the page about runs says so
        progress = status.get("progress")
        if status["state"] in ("running", "paused") and progress:
            done = (progress["epoch"] + progress["batch"] / max(progress["batches"], 1)) / max(progress["epochs"], 1)
            left = f", {duration(progress['eta_s'])} left" if progress.get("eta_s") else ""
            verb = "Training" if status["state"] == "running" else "Paused"
            st.progress(min(done, 1.0), text=f"{verb}: epoch {progress['epoch'] + 1} of {progress['epochs']}{left}")
            return
