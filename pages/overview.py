"""Overview: what this is, what is loaded, where to start, and how far its answers can be trusted."""

from typing import Any

import streamlit as st

from pages.parts.common import shared
from pages.parts.common import uploads as photos
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.models.card import read_card, read_evaluation
from ferdash.paths import checkpoints_root, named_model
from ferdash.runs.store import list_run_ids, open_run, read_status
from ferdash.wording import counted, percent

keyed = keys_of("overview")

MEASURED = """
**How scores are measured here**

- Nothing is tuned on the test images. The best epoch, the moment to stop, thresholds and calibration are all chosen on
  *validation*; *test* is looked at once, at the end.
- Every score says what it was measured on: the dataset, the split, the number of images, and whether test-time
  augmentation was used. Two scores measured on different images are not compared.
- In FER2013, 279 of the 3,578 validation images also stand among the training images. Scores are given with and without
  such duplicates, because a network recognises again what it has seen.
- The seven emotions are far from equally frequent, so accuracy alone flatters. F1 for each emotion stands beside it.
"""

LIMITS = """
**What emotion recognition cannot do**

- It names the *expression* that people would most likely see in a face. It does not know what a person feels: faces are
  posed, controlled, and read differently across cultures and situations.
- People asked to name FER2013's expressions agree with its labels on only about 65 of 100 faces (Goodfellow et al.,
  2013): many faces have no single right answer.
- It is less reliable for children, older people, covered or turned faces, and for groups that are rare in the training
  images.

**Do not use it** to judge people: not for hiring, schooling, policing, health, insurance or credit, nor to watch anyone
without their knowledge and consent. In the European Union, inferring emotions at work and in education is prohibited.
"""


def draw_dataset_card() -> None:
    """The chosen dataset, and the first thing to know about it."""
    st.caption(":material/photo_library: Dataset")
    dataset = shared.dataset()
    if dataset is None:
        st.markdown("#### None yet")
        st.markdown("Import FER2013 or a folder of faces, or let ferdash draw a small demo dataset.")
        st.page_link(shared.page_path("dataset"), label="Get a dataset", icon=":material/arrow_forward:")
        return
    leaks = shared.summary(dataset).leaks
    st.markdown(f"#### {plain(dataset.name)}")
    st.markdown(f"{counted(len(dataset), 'image')} of faces, 48 x 48 pixels.")
    if leaks:
        st.markdown(f":material/warning: {counted(leaks, 'image')} outside train also stand among the training images.")
    else:
        st.markdown("No image outside train also stands among the training images.")
    st.page_link(shared.page_path("dataset"), label="Look at the faces", icon=":material/arrow_forward:")


def draw_model_card() -> None:
    """The chosen model, and how well it did where it was measured."""
    st.caption(":material/neurology: Model")
    reference = shared.model_reference()
    if reference is None:
        return
    st.markdown(f"#### {plain(shared.model_title(reference))}")
    if not shared.model_is_here(reference):
        st.markdown("Not on this computer yet; it is downloaded from the Hugging Face Hub when it is first used.")
    else:
        headline, *others = _scores(reference)
        st.markdown(headline)
        if others:
            with st.expander("More scores"):
                for line in others:
                    st.markdown(line)


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
        f":small[The {raters['images']:,} validation images on which over half of ten people say the same.]"
    )


def _score(evaluation: dict[str, Any]) -> str:
    accuracy, interval = evaluation["metrics"]["accuracy"], evaluation["intervals"]["accuracy"]
    low, high = f"{100 * interval['low']:.1f}", percent(interval["high"])
    return f"**{percent(accuracy)}** accuracy (95% CI {low} to {high})  \n:small[{plain(evaluation['described'])}]"


def draw_run_card() -> None:
    """The newest run and where it stands."""
    st.caption(":material/model_training: Latest training run")
    runs = checkpoints_root() / "runs"
    newest = next(iter(list_run_ids(runs)), None)
    if newest is None:
        st.markdown("#### None yet")
        st.markdown("A run trains a model on a dataset and keeps everything needed to repeat or continue it.")
        st.code("ferdash train --recipe fernet", language="shell")
        st.page_link(shared.page_path("train"), label="Train a model", icon=":material/arrow_forward:")
        return
    run, status = open_run(runs, newest), read_status(runs / newest)
    config = run.record.get("config", {})
    st.markdown(f"#### {status['state'].capitalize()}")
    st.markdown(
        f"`{newest}`: recipe {plain(config.get('recipe', 'unknown'))} on {plain(config.get('dataset', 'unknown'))}."
    )
    if best := status.get("best"):
        st.markdown(f"Best: {percent(best['score'])} {plain(best['select'])} on validation, epoch {best['epoch'] + 1}.")
    if status["state"] in ("stopped", "interrupted"):
        st.code(f"ferdash train --resume {newest}", language="shell")
    st.page_link(shared.page_path("train"), label="Watch or train", icon=":material/arrow_forward:")


st.title("ferdash")
st.markdown(
    "A workbench for facial emotion recognition: check a dataset, train a model on it, see honestly how good it is, "
    "and use it on your photos. **Everything happens on this computer; no picture and no result leaves it.**"
)
dataset_card, model_card, run_card = (column.container(border=True, height="stretch") for column in st.columns(3))
with dataset_card, shared.calm_errors():
    draw_dataset_card()
with model_card, shared.calm_errors():
    draw_model_card()
    device_line = st.empty()  # filled last: asking PyTorch takes seconds on the first visit
    st.page_link(shared.page_path("predict"), label="Try it on a photo", icon=":material/arrow_forward:")
with run_card, shared.calm_errors():
    draw_run_card()

st.subheader("Try a photo now")
if photos.drop_zone("Drop one or more photos of faces here", key=keyed("drop")):
    st.switch_page(shared.page_path("predict"))

measured, limits = st.columns(2, gap="medium")
measured.markdown(MEASURED)
limits.markdown(LIMITS)
device_line.markdown(f"Runs on {shared.device_words()}.")
