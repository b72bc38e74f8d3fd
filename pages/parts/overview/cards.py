"""The three cards of the Overview page: dataset, model, latest run, each with its next step."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.errors import DatasetError, RunError
from ferdash.models.card import read_card, read_evaluation
from ferdash.paths import checkpoints_root, named_model
from ferdash.records import Status
from ferdash.runs.store import list_run_ids, open_run, read_meta, read_status
from ferdash.wording import counted, duration, percent

keyed = keys_of("overview")

DATASET, RUN = ":material/photo_library: Dataset", ":material/model_training: Latest training run"
EVERY_S = 2.0
MOVING = ("running", "queued")
RECENT = 20


def draw_dataset() -> None:
    """The chosen dataset, and the first thing to know about it."""
    try:
        dataset = shared.dataset()
    except DatasetError as error:
        _head(DATASET, plain(shared.dataset_name()))
        st.error(plain(error), icon=":material/error:")
        st.page_link(shared.page_path("dataset"), label="Go to Dataset", icon=":material/arrow_forward:")
        return
    if dataset is None:
        _head(DATASET, "None yet")
        st.markdown("Import FER2013 or a folder of faces, or let ferdash draw a small demo dataset.")
        st.page_link(shared.page_path("dataset"), label="Get a dataset", icon=":material/arrow_forward:")
        return
    _head(DATASET, plain(dataset.name))
    leaks = shared.summary(dataset).leaks
    found = (
        f":material/warning: {leaks:,} outside train are in train too" if leaks else "none outside train is in it too"
    )
    st.markdown(f"{counted(len(dataset), 'image')}  \n:small[{found}]")
    st.page_link(shared.page_path("dataset"), label="Look at the faces", icon=":material/arrow_forward:")


def draw_model() -> None:
    """The chosen model, and how well it did where it was measured: one score, the others behind “More”."""
    reference = shared.model_reference()
    if reference is None:
        return
    _head(":material/neurology: Model", plain(shared.model_title(reference)))
    if not shared.model_is_here(reference):
        st.markdown("Not on this computer yet; Predict can download it from the Hugging Face Hub.")
        st.page_link(shared.page_path("predict"), label="Go to Predict", icon=":material/arrow_forward:")
        return
    headline, *others = _scores(reference)
    st.markdown(headline)
    with st.popover("More", type="tertiary", icon=":material/more_horiz:", key=keyed("more-scores")):
        for line in others:
            st.markdown(line)
        st.page_link(shared.page_path("experiments"), label="Compare models", icon=":material/experiment:")


def _scores(reference: str) -> list[str]:
    """What is recorded of a model, the score that matters first: its evaluations with intervals, else the bare scores
    of its card."""
    folder = named_model(reference, checkpoints_root())
    evaluations = read_evaluation(folder)
    lines = [_score(evaluation) for evaluation in evaluations]
    if evaluations and _learned_votes(evaluations[0]):
        lines.insert(0, _agreement(evaluations[0]["raters"]))
    lines = lines or [
        f"{percent(score['value'])} {plain(score['metric'])} on {plain(score['dataset'])}, {plain(score['split'])}."
        for score in read_card(folder).get("scores", [])
        if score["metric"] == "accuracy"
    ]
    return lines or ["No score is recorded for this model."]


def _learned_votes(evaluation: dict[str, Any]) -> bool:
    """Whether the model speaks for the raters rather than for the dataset's label."""
    return bool(evaluation.get("raters")) and (evaluation.get("calibration") or {}).get("against") == "majority"


def _agreement(raters: dict[str, Any]) -> str:
    low, high = f"{100 * raters['interval']['low']:.1f}", percent(raters["interval"]["high"])
    return (
        f"**{percent(raters['agreement'])}** agreement with most raters (95% CI {low} to {high})  \n"
        f":small[{raters['images']:,} validation images on which over half of ten people agree]"
    )


def _score(evaluation: dict[str, Any]) -> str:
    accuracy, interval = evaluation["metrics"]["accuracy"], evaluation["intervals"]["accuracy"]
    low, high = f"{100 * interval['low']:.1f}", percent(interval["high"])
    return f"**{percent(accuracy)}** accuracy (95% CI {low} to {high})  \n:small[{plain(evaluation['described'])}]"


def draw_run() -> None:
    """The newest run, drawn anew every two seconds while it is at work."""
    runs = checkpoints_root() / "runs"
    newest = _at_work_or_newest(runs)
    if newest is None:
        _head(RUN, "None yet")
        st.markdown("A run trains a model on a dataset and keeps everything needed to repeat or continue it.")
        st.page_link(shared.page_path("train"), label="Train a model", icon=":material/arrow_forward:")
        return
    moving = _state(runs / newest) in MOVING
    st.fragment(_draw_run, run_every=EVERY_S if moving else None)(runs, newest, moving)
    if st.button("Watch or train", icon=":material/arrow_forward:", type="tertiary", key=keyed("watch")):
        st.session_state[keys_of("train")("watched")] = newest
        st.switch_page(shared.page_path("train"))


def _at_work_or_newest(runs: Path) -> str | None:
    """One that runs comes before those that wait behind it, which are newer."""
    recent = list_run_ids(runs)[:RECENT]
    return next((run_id for run_id in recent if _state(runs / run_id) == "running"), next(iter(recent), None))


def _state(folder: Path) -> str:
    try:
        return read_status(folder)["state"]
    except RunError:
        return ""  # damaged, which its card says


def _draw_run(runs: Path, run_id: str, moving: bool) -> None:
    with shared.calm_errors():
        try:
            run, status, name = open_run(runs, run_id), read_status(runs / run_id), read_meta(runs / run_id)["name"]
        except RunError:
            _head(RUN, plain(run_id))
            raise
        if moving and status["state"] not in MOVING:
            st.rerun()  # the whole page, which ends looking every two seconds
        config = run.record["config"]
        _head(RUN, plain(name or run_id))
        recipe, dataset = plain(config.get("recipe", "unknown")), plain(config.get("dataset", "unknown"))
        made_of = f":small[{status['state']}: recipe {recipe} on {dataset}]"
        st.markdown(f"{_best(status)}  \n{made_of}")
        progress = status.get("progress")
        if status["state"] in ("running", "paused") and progress:
            done = (progress["epoch"] + progress["batch"] / max(progress["batches"], 1)) / max(progress["epochs"], 1)
            left = f", {duration(progress['eta_s'])} left" if progress.get("eta_s") and moving else ""
            st.progress(min(done, 1.0), text=f"Epoch {progress['epoch'] + 1} of {progress['epochs']}{left}")


def _best(status: Status) -> str:
    best = status.get("best")
    if not best:
        return "No score yet"
    return f"**{percent(best['score'])}** {plain(best['select'])} on validation, epoch {best['epoch'] + 1}"


def _head(what: str, name: str) -> None:
    st.caption(what)
    st.markdown(f"## {name}", width="content")
