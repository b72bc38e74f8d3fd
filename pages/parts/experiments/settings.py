"""Settings: only what is not the same in all chosen runs."""

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.common import shared
from pages.parts.experiments.chosen import Chosen

from ferdash.records import flatten
from ferdash.runs.compare import settings_differences


def draw(chosen: Chosen) -> None:
    """The whole tab."""
    shared.await_torch()
    from ferdash.training.config import TrainConfig, to_dict

    configs = {run.id: run.record["config"] for run in chosen.runs}
    if len(configs) == 1:
        (config,) = configs.values()
        st.dataframe(_table({path: {"value": value} for path, value in flatten(config).items()}), height="auto")
        return
    differences = settings_differences(configs, to_dict(TrainConfig()))
    if not differences:
        st.info("Every setting is the same.", icon=":material/info:")
    else:
        st.dataframe(_table(differences).rename(columns=chosen.titles), height="content")
    same = len(flatten(to_dict(TrainConfig()))) - len(differences)
    st.caption(f"{same} other settings are the same in all of them.")


def _table(values: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """As text: one column holds numbers, words and lists."""
    return pd.DataFrame({path: {run: _text(value) for run, value in row.items()} for path, row in values.items()}).T


def _text(value: Any) -> str:
    if value in (None, ""):
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
