"""What `ferdash evaluate` has kept, for the tabs that show it: only what still holds for today's weights."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.common import shared

from ferdash.errors import ModelError
from ferdash.paths import checkpoints_root
from ferdash.runs.evaluations import Kind, list_evaluations
from ferdash.wording import counted


def current(kind: Kind) -> list[dict[str, Any]]:
    """The records of one kind of weights that their models have now; how many others there are is said."""
    records = list_evaluations(checkpoints_root(), kind)
    now = {model: _weights_now(model) for model in {record["model"] for record in records if record["weights"]}}
    held = [record for record in records if not record["weights"] or record["weights"] == now[record["model"]]]
    if gone := len(records) - len(held):
        st.caption(f"{counted(gone, 'evaluation')} of weights that have changed since or are gone: measure again.")
    return held


def _weights_now(model: str) -> str:
    try:
        stamp = shared.model_stamp(model)
    except ModelError:  # its run is gone
        return ""
    return _weights(model, checkpoints_root(), stamp)


@st.cache_data(max_entries=64, show_spinner=False)
def _weights(reference: str, checkpoints: Path, stamp: int) -> str:
    from ferdash.inference.provenance import weights_of

    del stamp  # part of the key
    return weights_of(reference, checkpoints)
