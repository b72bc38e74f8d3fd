"""Watching a run: what the Train page shows of it, read from its folder alone."""

from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common import job_line as jobs
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.paths import checkpoints_root
from ferdash.plots import training as plots
from ferdash.records import Status
from ferdash.references import checkpoint_name, run_reference
from ferdash.runs.baseline import read_baseline
from ferdash.runs.index import RunSummary, list_runs, sound
from ferdash.runs.store import open_run, read_log, read_metrics, read_status
from ferdash.training.checkpoints import list_checkpoints
from ferdash.wording import count, duration, percent

keyed = keys_of("train")

UNFINISHED = ("interrupted", "stopped", "failed")
RECENT = 20
LOG_LINES = 200


def recent_runs() -> list[RunSummary]:
    """The newest runs, newest first: neither damaged ones nor imported ones, which nothing here trained."""
    return [run for run in sound(list_runs(checkpoints_root() / "runs")) if run.kind == "run"][:RECENT]


EVERY_S = 2.0
AT_WORK = ("running", "paused", "queued")
PHASES = {"evaluating": "measuring on validation", "compiling": "compiling the network, which takes a minute or two"}
"""What is said instead of the batch's number."""


# Where columns stand below each other, the run comes after the form: screens away from who came to watch it.
WAY = """<style>
.fer-to-run { display: none; color: inherit; padding: .55rem .8rem; border-radius: .6rem; text-decoration: none;
  border: 1px solid color-mix(in srgb, currentColor 20%%, transparent); }
#fer-run { display: block; scroll-margin-top: 4.5rem; }
@media (max-width: 640px) { .fer-to-run { display: block; } }
</style>
<a class="fer-to-run" href="#fer-run" target="_self"><b>%s</b> is %s. Watch it&nbsp;↓</a>"""


def draw_way_there() -> None:
    """On a phone, the way down to the run at work; nothing where none is."""
    at_work = [run for run in recent_runs() if run.state in ("running", "paused")]
    if at_work:
        st.html(WAY % (escape(at_work[0].name or at_work[0].id), at_work[0].state))


def draw_jobs() -> None:
    """The run at work or chosen, the queue, and what can be resumed; drawn anew every two seconds while one is at
    work."""
    at_work = _something_at_work(recent_runs())
    st.fragment(_draw_jobs, run_every=EVERY_S if at_work else None)(at_work)


def _something_at_work(runs: list[RunSummary]) -> bool:
    return bool(jobs.manager().queued) or any(run.state in AT_WORK for run in runs)


def _draw_jobs(at_work: bool) -> None:
    with shared.calm_errors():
        runs = recent_runs()
        if at_work != _something_at_work(runs):
            st.rerun()  # the whole page, which begins or ends looking every two seconds
        if not runs:
            st.info("Nothing has been trained yet. Choose a recipe on the left and start it.", icon=":material/info:")
            return
        # Without its state: a label that changes would make the browser choose anew.
        labels = {run.id: f"{run.name} · {run.id}" if run.name else run.id for run in runs}
        _draw_interrupted([run.id for run in runs if run.state == "interrupted"], labels)
        _draw_queue(labels)
        ids = list(labels)
        active = next((run.id for run in runs if run.state in ("running", "paused")), ids[0])
        if st.session_state.get(keyed("watched")) not in ids:
            st.session_state[keyed("watched")] = active
        st.html('<span id="fer-run"></span>')
        st.selectbox("Run", ids, key=keyed("watched"), format_func=labels.__getitem__)
        _draw_run(st.session_state[keyed("watched")])


def _draw_interrupted(run_ids: list[str], labels: dict[str, str]) -> None:
    for run_id in run_ids:
        line, button = st.columns([4, 1], vertical_alignment="center")
        line.warning(
            f"{plain(labels[run_id])} was interrupted; its checkpoints are whole.", icon=":material/power_off:"
        )
        if button.button("Resume", key=keyed(f"resume:{run_id}"), type="primary", width="stretch"):
            jobs.manager().resume(run_id)
            st.session_state[keyed("watched")] = run_id
            st.rerun()


def _draw_queue(labels: dict[str, str]) -> None:
    for place, run_id in enumerate(jobs.manager().queued, start=1):
        line, button = st.columns([4, 1], vertical_alignment="center")
        line.caption(f"Queue, place {place}: {plain(labels.get(run_id, run_id))}")
        if button.button("Remove", key=keyed(f"remove:{run_id}"), width="stretch"):
            jobs.manager().stop(run_id)
            st.rerun()


def _draw_run(run_id: str) -> None:
    run = open_run(checkpoints_root() / "runs", run_id)
    status, rows = read_status(run.folder), read_metrics(run.folder)
    _draw_state(run_id, status)
    if baseline := read_baseline(run.folder):
        st.info(plain(baseline.sentence), icon=":material/compare_arrows:")
    measured_on = run.record["config"]["sampling"]["focus"]["measured_on"]
    if run.record["config"]["sampling"]["mode"] == "adaptive" and measured_on == "test":
        st.warning("Tuned on test: its focus is chosen by test scores, so its test score proves nothing.")
    curves, focus, points, log = st.tabs(["Curves", "Focus", "Checkpoints", "Log"])
    with curves:
        _draw_curves(rows)
    with focus:
        _draw_focus(rows)
    with points:
        _draw_checkpoints(run_id, run.checkpoints, rows, status)
    with log:
        st.code("\n".join(read_log(run.folder)[-LOG_LINES:]) or "Nothing yet.", language=None, height=320)
    with st.expander("Repeat this run from a terminal", icon=":material/terminal:"):
        st.code(run.record["command"], language="bash", wrap_lines=True)


def _draw_state(run_id: str, status: Status) -> None:
    state, progress, best = status["state"], status.get("progress") or {}, status.get("best") or {}
    speed, left = progress.get("images_per_s"), progress.get("eta_s")
    with st.container(horizontal=True, gap="medium"):
        st.metric("State", state, width="content")
        score = percent(best["score"]) if best else "not yet"
        st.metric("Best on validation", score, help=best.get("select"), width="content")
        if speed:
            st.metric("Speed", f"{count(round(speed))} images/s", width="content")
    if status.get("error"):
        st.error(plain(status["error"]), icon=":material/error:")
    if state in ("running", "paused") and progress:
        epochs, batches = max(progress["epochs"], 1), max(progress["batches"], 1)
        to_go = f", {duration(left)} left" if left else ""
        st.progress(min(progress["epoch"] / epochs, 1.0), text=f"Epoch {progress['epoch'] + 1} of {epochs}{to_go}")
        note = PHASES.get(progress["phase"], f"batch {progress['batch']} of {batches}")
        st.progress(min(progress["batch"] / batches, 1.0), text=note)
    _draw_controls(run_id, state)
    if best and state not in ("running", "paused"):
        _draw_what_next(run_id)


def _draw_what_next(run_id: str) -> None:
    """What people do with a model that has been trained."""
    row = st.container(horizontal=True, vertical_alignment="center")  # goes on below where there is no room
    reference = run_reference(run_id)
    if shared.model_reference() == reference:
        row.success("In use on every page.", icon=":material/check:", width=230)
    elif row.button(
        "Use this model",
        icon=":material/check:",
        key=keyed(f"use:{run_id}"),
        help="Predict, Video and Live take its best epoch, until another model is chosen.",
    ):
        shared.use_model(reference)
    row.page_link(shared.page_path("predict"), label="Try it on a photo", icon=":material/face:")
    row.page_link(
        shared.page_path("experiments"),
        label="Compare with others",
        icon=":material/compare_arrows:",
        query_params={"experiments-runs": run_id},
    )


def _draw_controls(run_id: str, state: str) -> None:
    manager = jobs.manager()
    if manager.current == run_id:
        hold, stop, _ = st.columns([1, 1, 3])
        asked = st.session_state.get(keyed("asked"))
        if state == "paused":
            if hold.button("Resume", icon=":material/play_arrow:", width="stretch"):
                manager.unpause(run_id)
                asked = (run_id, state, "Resuming ...")
        elif hold.button("Pause", icon=":material/pause:", width="stretch"):
            manager.pause(run_id)
            asked = (run_id, state, "Pausing after this batch ...")
        if stop.button("Stop", icon=":material/stop:", width="stretch", help="Saves a checkpoint; can be resumed."):
            manager.stop(run_id)
            asked = (run_id, state, "Stopping after this batch; a checkpoint is written first ...")
        st.session_state[keyed("asked")] = asked
        # What was asked for is said at once, and until the run's state has changed.
        if asked and asked[:2] == (run_id, state):
            st.caption(asked[2])
    elif state in ("running", "paused"):
        st.caption("This run is at work in another process, such as a terminal; it can be steered there.")
    elif state in UNFINISHED and st.button("Resume", icon=":material/play_arrow:", key=keyed(f"again:{run_id}")):
        manager.resume(run_id)
        st.rerun()


def _draw_curves(rows: list[dict[str, Any]]) -> None:
    if not rows:
        st.caption("Curves appear after the first epoch.")
        return
    left, right = st.columns(2)
    charts.draw(plots.loss_curves(rows), key=keyed("loss"), at=left)
    charts.draw(plots.accuracy_curves(rows), key=keyed("accuracy"), at=right)


def _draw_focus(rows: list[dict[str, Any]]) -> None:
    if not rows:
        st.caption("The emotions' F1 appears after the first epoch.")
        return
    charts.draw(plots.focus_map(rows), key=keyed("focus"))
    if any(row.get("weights") for row in rows):
        charts.draw(plots.sampling_weights(rows), key=keyed("weights"))


def _draw_checkpoints(run_id: str, folder: Path, rows: list[dict[str, Any]], status: Status) -> None:
    """Each checkpoint with when it was written and what its epoch scored, and a way to continue from there."""
    files = list_checkpoints(folder)
    if not files:
        st.caption("No checkpoint yet; one is written after every epoch, and within it.")
    for path in reversed(files):
        if not path.is_file():
            continue  # the run at work thinned it out just now
        line, button = st.columns([2, 1], vertical_alignment="center")
        line.markdown(_about_checkpoint(path, rows, status.get("best") or {}))
        if button.button("Continue from here", key=keyed(f"continue:{path.stem}"), width="stretch"):
            st.session_state[keyed("continue_from")] = f"{run_id}@{path.stem}"
            st.rerun()


def _about_checkpoint(path: Path, rows: list[dict[str, Any]], best: dict[str, Any]) -> str:
    written = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    said = f"`{path.stem}` · {written:%d %b %H:%M}"
    row = next((row for row in rows if path.name == checkpoint_name(epoch=row["epoch"] + 1, batch=0)), None)
    if row is None:
        return said
    mark = " · :green-badge[best]" if row["epoch"] == best.get("epoch") else ""
    return f"{said} · {percent(row['validation']['accuracy'])} of validation{mark}"
