"""The job at work: the one line that every page shows in its sidebar, and the manager that trains in the background."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.common import shared

from ferdash.errors import RunError
from ferdash.paths import checkpoints_root, data_root
from ferdash.runs.store import list_run_ids, read_status
from ferdash.wording import duration

if TYPE_CHECKING:
    from ferdash.training.jobs import JobManager

RECENT = 5
"""How many of the newest runs are asked whether they are at work; older ones are long over."""


def manager() -> "JobManager":
    """The one job manager of this server, for all visitors."""
    shared.await_torch()
    return _manager(data_root(), checkpoints_root())


@st.cache_resource(show_spinner=False)
def _manager(data: Path, checkpoints: Path) -> "JobManager":
    from ferdash.training.jobs import JobManager

    return JobManager(data=data, checkpoints=checkpoints)


def draw_job_line() -> None:
    """The running job with a progress bar; nothing where none runs."""
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
