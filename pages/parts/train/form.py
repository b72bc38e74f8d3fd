"""The form of the Train page: every field of TrainConfig as a widget, made from the dataclasses themselves."""

import dataclasses
import typing
from typing import Any, Literal

import streamlit as st

from pages.parts.common.keys import keys_of
from pages.parts.train.labels import LABELS

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


def edit(base: TrainConfig, form: str) -> TrainConfig:
    """Draw the form around `base` and return the configuration as edited. Raises ConfigError naming a wrong field.

    form: what is edited, a recipe or a checkpoint; each keeps entries of its own, so that another shows its own values.
    """
    values = flatten(to_dict(base))
    edited: dict[str, Any] = {}
    columns = st.columns(len(FIRST))
    for column, path in zip(columns, FIRST, strict=True):
        with column:
            edited[path] = _widget(form, path, values[path])
    with st.expander("More settings", icon=":material/tune:"):
        for group, title in GROUPS.items():
            _group(base, form, group, title, values, edited)
    changed = [f"{path}={_text(value)}" for path, value in edited.items() if value != values.get(path)]
    return override(base, changed)


def repeat(config: TrainConfig) -> list[TrainConfig]:
    """Ask for several seeds or folds of the edited configuration; the configurations to train. Raises ConfigError when
    both are asked for."""
    left, right = st.columns(2)
    seeds = left.number_input(
        "Number of seeds",
        min_value=1,
        value=1,
        key=keyed("seeds"),
        help="Runs that differ in their seed alone, as one group: their spread is the seed variance.",
    )
    folds = right.number_input(
        "Cross-validation folds",
        min_value=0,
        value=0,
        key=keyed("folds"),
        help="0 uses the dataset's own splits. Otherwise training and validation images together are divided, and "
        "every part is validation once, as one group of runs. The first time, the dataset is audited for duplicates.",
    )
    return plan(config, seeds=seeds, folds=folds)


def _group(
    base: TrainConfig, form: str, group: str, title: str, values: dict[str, Any], edited: dict[str, Any]
) -> None:
    paths = [
        path
        for path, _ in _fields(TrainConfig)
        if _group_of(path) == group and path not in FIRST and path not in _CHOSEN_ELSEWHERE
    ]
    if not paths:
        return
    st.markdown(f"**{title}**", help=_help(base, group))
    columns = st.columns(3)
    place = 0
    for path in paths:
        if path == "sampling.weights":
            _emotion_weights(base, form, edited)
            continue
        with columns[place % 3]:
            edited[path] = _widget(form, path, values[path])
        place += 1


def _emotion_weights(base: TrainConfig, form: str, edited: dict[str, Any]) -> None:
    st.caption("Weights of `static` sampling: how much more often an image of an emotion is drawn")
    for column, emotion in zip(st.columns(len(EMOTIONS)), EMOTIONS, strict=True):
        before = base.sampling.weights.get(emotion, 1.0)
        key = keyed(f"{form}:sampling.weights.{emotion}")
        weight = column.number_input(emotion, value=before, min_value=0.0, step=0.5, key=key)
        if weight != before:
            edited[f"sampling.weights.{emotion}"] = weight


def _widget(form: str, path: str, value: Any) -> Any:
    kind = dict(_fields(TrainConfig))[path]
    label, key = LABELS[path], keyed(f"{form}:{path}")
    if typing.get_origin(kind) is Literal:
        choices = list(typing.get_args(kind))
        return st.selectbox(label, choices, index=choices.index(value), key=key)
    if path == "network.name":
        return st.selectbox(label, names(), index=names().index(value), key=key)
    if kind is bool:
        return st.checkbox(label, value=value, key=key)
    if kind is int:
        return st.number_input(label, value=value, min_value=0, step=1, key=key)
    if kind is float:
        # As text: a number box would round 2e-5 to 0.00.
        return _float(st.text_input(label, value=f"{value:g}", key=key))
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    entered = st.text_input(label, value=text, key=key)
    return value if entered == text else entered


def _fields(kind: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Dotted path and type of every leaf field."""
    found: list[tuple[str, Any]] = []
    for name, hint in typing.get_type_hints(kind).items():
        found += _fields(hint, f"{prefix}{name}.") if dataclasses.is_dataclass(hint) else [(prefix + name, hint)]
    return found


def _group_of(path: str) -> str:
    return path.split(".")[0] if "." in path else ""


def _help(base: TrainConfig, group: str) -> str:
    return (type(getattr(base, group)) if group else TrainConfig).__doc__ or ""


def _float(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text  # override() refuses it by the field's name


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
