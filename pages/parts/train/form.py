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

_CHOSEN_ELSEWHERE = {"recipe", "dataset", "start_from"}

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


def draw_first(base: TrainConfig, form: str) -> dict[str, Any]:
    """Draw the settings that matter most; what stands in them, by path.

    form: what is edited, a recipe or a checkpoint; each keeps entries of its own, so that another shows its own values,
    and keeps them while other pages are looked at.
    """
    values = flatten(to_dict(base))
    edited: dict[str, Any] = {}
    columns = st.columns(len(FIRST), vertical_alignment="bottom")
    for column, path in zip(columns, FIRST, strict=True):
        with column:
            edited[path] = _widget(form, path, values[path])
    return edited


def draw_more(base: TrainConfig, form: str, first: dict[str, Any]) -> TrainConfig:
    """Draw all other settings, folded; the configuration with these and `first`. Raises ConfigError naming a wrong
    field."""
    values, edited = flatten(to_dict(base)), dict(first)
    with st.expander("More settings", icon=":material/tune:"):
        for group, title in GROUPS.items():
            with st.expander(title):
                _group(base, form, group, values, edited)
    changed = [f"{path}={_text(value)}" for path, value in edited.items() if value != values.get(path)]
    return override(base, changed)


def repeat(config: TrainConfig) -> list[TrainConfig]:
    """Ask for several seeds or folds of the edited configuration; the configurations to train. Raises ConfigError when
    both are asked for."""
    begin("seeds", 1)
    begin("folds", 0)
    left, right = st.columns(2)
    seeds = left.number_input(
        "Number of seeds",
        min_value=1,
        key=keyed("seeds"),
        help="Runs that differ in their seed alone, as one group: their spread is the seed variance.",
    )
    folds = right.number_input(
        "Cross-validation folds",
        min_value=0,
        key=keyed("folds"),
        help="0 uses the dataset's own splits. Otherwise training and validation images together are divided, and "
        "every part is validation once, as one group of runs. The first time, the dataset is audited for duplicates.",
    )
    return plan(config, seeds=seeds, folds=folds)


def _group(base: TrainConfig, form: str, group: str, values: dict[str, Any], edited: dict[str, Any]) -> None:
    paths = [
        path
        for path, _ in _fields(TrainConfig)
        if _group_of(path) == group and path not in FIRST and path not in _CHOSEN_ELSEWHERE
    ]
    columns = st.columns(2)
    place = 0
    for path in paths:
        if path == "sampling.weights":
            _emotion_weights(base, form, edited)
            continue
        with columns[place % 2]:
            edited[path] = _widget(form, path, values[path])
        place += 1


def _emotion_weights(base: TrainConfig, form: str, edited: dict[str, Any]) -> None:
    st.caption("Weights of `static` sampling: how much more often an image of an emotion is drawn")
    columns = st.columns(4)
    for place, emotion in enumerate(EMOTIONS):
        before = base.sampling.weights.get(emotion, 1.0)
        name = f"{form}:sampling.weights.{emotion}"
        begin(name, before)
        weight = columns[place % 4].number_input(emotion, min_value=0.0, step=0.5, key=keyed(name))
        if weight != before:
            edited[f"sampling.weights.{emotion}"] = weight


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


def _widget(form: str, path: str, value: Any) -> Any:
    kind = dict(_fields(TrainConfig))[path]
    label, told, name = LABELS[path], help_of(path) or None, f"{form}:{path}"
    # As text: a number box would round 2e-5 to 0.00.
    shown = f"{value:g}" if kind is float else ", ".join(map(str, value)) if isinstance(value, list) else value
    begin(name, shown)
    if typing.get_origin(kind) is Literal:
        return st.selectbox(label, typing.get_args(kind), key=keyed(name), help=told)
    if path == "network.name":
        return st.selectbox(label, names(), key=keyed(name), help=told)
    if kind is bool:
        return st.checkbox(label, key=keyed(name), help=told)
    if kind is int:
        return st.number_input(label, min_value=0, step=1, key=keyed(name), help=told)
    entered = st.text_input(label, key=keyed(name), help=told)
    if kind is float:
        return _float(entered)
    return value if entered == shown else entered


def _fields(kind: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Dotted path and type of every leaf field."""
    found: list[tuple[str, Any]] = []
    for name, hint in typing.get_type_hints(kind).items():
        found += _fields(hint, f"{prefix}{name}.") if dataclasses.is_dataclass(hint) else [(prefix + name, hint)]
    return found


def _group_of(path: str) -> str:
    return path.split(".")[0] if "." in path else ""


def _float(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text  # override() refuses it by the field's name


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
