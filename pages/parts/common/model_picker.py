"""The pickers of a model: they show names, the address names references.

Streamlit writes into the address what a picker shows. A link to a run would end with its renaming, so that what stands
there is an entry of its own, which nobody sees.
"""

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.common.keys import keys_of

from ferdash.errors import RunError
from ferdash.models.catalogue import ModelEntry, list_models
from ferdash.paths import checkpoints_root
from ferdash.references import parse, run_reference
from ferdash.runs.store import read_meta

keyed = keys_of("model-picker")

STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-model-picker-in-the-address-"]) { display: none; }
</style>"""


def models() -> list[ModelEntry]:
    """The models to choose from, runs by the name that somebody gave them and their id."""
    runs = checkpoints_root() / "runs"
    return [_by_name(entry, runs) if entry.kind == "run" else entry for entry in list_models(checkpoints_root())]


def pick(label: str, entries: list[ModelEntry], key: str, *, default: str = "", **looks: Any) -> str:
    """Draw a picker; the reference of what is chosen, `default` where nothing is.

    key: its name in the address, in which nothing stands for the default. looks: for st.selectbox.
    """
    titles = {entry.reference: entry.title for entry in entries}
    with st.container(key=keyed(f"in-the-address-{key}")):
        st.html(STYLE)
        named = st.text_input(f"{label}, as the address names it", key=key, bind="query-params")
    # Only an old or a foreign name has all models listed once more.
    chosen = (named if named in titles else reference_of(named)) if named else default
    shown = f"{key}-shown"

    def take() -> None:
        taken = st.session_state[shown] or default
        st.session_state[key] = "" if taken == default else taken

    # Each time: a name that has changed would otherwise be taken for an answer that was typed in.
    st.session_state[shown] = chosen or None
    st.selectbox(
        label,
        list(dict.fromkeys([*titles, *([chosen] if chosen else [])])),
        index=0 if default else None,
        key=shown,
        format_func=lambda reference: titles.get(reference, reference),
        on_change=take,
        **looks,
    )
    return chosen


def reference_of(named: str) -> str:
    """What an address names, which once was the title of a model, or “Run ” and the id.

    >>> reference_of("Run 20250101-120000-fernet-59c6"), reference_of("fernet")
    ('run:20250101-120000-fernet-59c6', 'fernet')
    """
    if old := re.fullmatch(r"Run (\S+)", named):
        return run_reference(old[1])
    return next((entry.reference for entry in list_models(checkpoints_root()) if entry.title == named), named)


def _by_name(entry: ModelEntry, runs: Path) -> ModelEntry:
    run_id = parse(entry.reference).run
    meta = runs / run_id / "meta.json"
    try:
        name = _name_of(runs / run_id, meta.stat().st_mtime_ns if meta.is_file() else 0)
    except (RunError, OSError):
        return entry  # Experiments says what is wrong with it
    return replace(entry, title=f"Run {name} · {run_id}") if name else entry


@lru_cache(maxsize=4096)
def _name_of(folder: Path, stamp: int) -> str:
    del stamp  # part of the key: a run can be renamed
    return str(read_meta(folder)["name"])
