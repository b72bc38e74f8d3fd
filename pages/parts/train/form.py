"""The form of the Train page: every field of TrainConfig as a widget, made from the dataclasses themselves."""

import dataclasses
import typing
from typing import Any, Literal

import streamlit as st

from pages.parts.common.keys import keys_of
from pages.parts.train.labels import LABELS, help_of

from ferdash.emotions import EMOTIONS
from ferdash.models.registry import names
from ferdash.records import flatten
from ferdash.training.config import TrainConfig, override, to_dict
from ferdash.training.groups import plan

keyed = keys_of("train")

FIRST = ("epochs", "batch_size", "optimizer.lr", "seed")
"""The settings that matter most, shown before the folded groups."""

WIDTHS = (4, 4.7, 6, 3.6)
"""Of their entries beside each other, so that each label has one line."""

_CHOSEN_ELSEWHERE = {"recipe", "dataset", "start_from"}
WEIGHTS = "sampling.weights."
WEIGHT_PX = 132
"""Width in which a weight of four digits can be read between its buttons."""

GROUPS = {
    "": "Run",
    "sampling": "Sampling and adaptive focus",
    "optimizer": "Optimizer",
    "schedule": "Learning rate over time",
    "loss": "Loss",
    "augment": "Augmentation",
    "evaluation": "Evaluation and early stopping",
    "checkpoint": "Checkpoints",
    "compute": "Computing",
    "network": "Network (a new one only)",
}


def draw_first(base: TrainConfig, form: str) -> None:
    """Draw the settings that matter most.

    form: what is edited, a recipe or a checkpoint; each keeps entries of its own, so that another shows its own values,
    and keeps them while other pages are looked at.
    """
    values = flatten(to_dict(base))
    for column, path in zip(st.columns(WIDTHS, gap="xsmall", vertical_alignment="bottom"), FIRST, strict=True):
        with column:
            _widget(form, path, values[path])


def draw_more(base: TrainConfig, form: str) -> None:
    """Draw all other settings, folded."""
    with st.expander("More settings", icon=":material/tune:"):
        for group, title in GROUPS.items():
            with st.expander(title):
                _group(base, form, group)


def read(base: TrainConfig, form: str) -> TrainConfig:
    """The configuration as its entries stand: in a callback they are newer than what the page shows. Raises ConfigError
    naming a wrong field."""
    edited = []
    for path, value in flatten(to_dict(base)).items():
        if path in _CHOSEN_ELSEWHERE or path.startswith(WEIGHTS):
            continue
        entered = _entered(form, path, value)
        if entered != value:
            edited.append(f"{path}={_text(entered)}")
    for emotion in EMOTIONS:
        before = base.sampling.weights.get(emotion, 1.0)
        weight = st.session_state.get(keyed(f"{form}:{WEIGHTS}{emotion}"), before)
        if weight != before:
            edited.append(f"{WEIGHTS}{emotion}={_text(weight)}")
    return override(base, edited)


def draw_repeat() -> None:
    """Ask for several seeds or folds."""
    begin("seeds", 1)
    begin("folds", 0)
    left, right = st.columns(2)
    left.number_input(
        "Number of seeds",
        min_value=1,
        key=keyed("seeds"),
        help="Runs that differ in their seed alone, as one group: their spread is the seed variance.",
    )
    right.number_input(
        "Cross-validation folds",
        min_value=0,
        key=keyed("folds"),
        help="0 uses the dataset's own splits. Otherwise training and validation images together are divided, and "
        "every part is validation once, as one group of runs. The first time, the dataset is audited for duplicates.",
    )


def repeated(config: TrainConfig) -> list[TrainConfig]:
    """The configurations to train, with the seeds or folds that were asked for. Raises ConfigError when both were."""
    return plan(config, seeds=st.session_state[keyed("seeds")], folds=st.session_state[keyed("folds")])


def _group(base: TrainConfig, form: str, group: str) -> None:
    values = flatten(to_dict(base))
    paths = [path for path in KINDS if _group_of(path) == group and path not in FIRST and path not in _CHOSEN_ELSEWHERE]
    columns = st.columns(2)
    place = 0
    for path in paths:
        if path == "sampling.weights":
            _emotion_weights(base, form)
            continue
        with columns[place % 2]:
            _widget(form, path, values[path])
        place += 1


def _emotion_weights(base: TrainConfig, form: str) -> None:
    st.caption("Weights of `static` sampling: how much more often an image of an emotion is drawn")
    with st.container(horizontal=True, gap="small"):  # as many beside each other as there is room for
        for emotion in EMOTIONS:
            name = f"{form}:{WEIGHTS}{emotion}"
            begin(name, base.sampling.weights.get(emotion, 1.0))
            st.number_input(emotion, min_value=0.0, step=0.5, key=keyed(name), width=WEIGHT_PX)


def begin(name: str, value: Any) -> None:
    """Let the entry of that name, which is drawn next, begin with a value, or as it was left before other pages were
    looked at.

    Streamlit forgets an entry as soon as a page without it is drawn. A copy under another key survives that.
    """
    key, copy = keyed(name), keyed(f"kept:{name}")
    if key in st.session_state:
        st.session_state[copy] = st.session_state[key]
    else:
        st.session_state[key] = st.session_state.get(copy, value)


def _widget(form: str, path: str, value: Any) -> None:
    kind = KINDS[path]
    label, told, name = LABELS[path], help_of(path) or None, f"{form}:{path}"
    begin(name, _shown(path, value))
    if typing.get_origin(kind) is Literal:
        st.selectbox(label, typing.get_args(kind), key=keyed(name), help=told)
    elif path == "network.name":
        st.selectbox(label, names(), key=keyed(name), help=told)
    elif kind is bool:
        st.checkbox(label, key=keyed(name), help=told)
    elif kind is int:
        st.number_input(label, min_value=0, step=1, key=keyed(name), help=told)
    else:
        st.text_input(label, key=keyed(name), help=told)


def _shown(path: str, value: Any) -> Any:
    """What an entry begins with: numbers as text, for a number box would round 2e-5 to 0.00."""
    if KINDS[path] is float:
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _entered(form: str, path: str, value: Any) -> Any:
    """What stands in an entry; `value` where nobody has changed it."""
    shown = _shown(path, value)
    entered = st.session_state.get(keyed(f"{form}:{path}"), shown)
    if entered == shown:
        return value
    return _float(entered) if KINDS[path] is float else entered


def _fields(kind: Any, prefix: str = "") -> dict[str, Any]:
    """Type of every leaf field by its dotted path."""
    found: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(kind).items():
        found |= _fields(hint, f"{prefix}{name}.") if dataclasses.is_dataclass(hint) else {prefix + name: hint}
    return found


KINDS = _fields(TrainConfig)
"""Worked out once: it takes longer than drawing the form does."""


def _group_of(path: str) -> str:
    return path.split(".")[0] if "." in path else ""


def _float(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text  # override() refuses it by the field's name


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
