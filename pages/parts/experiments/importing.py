"""Older runs from elsewhere: looked at first, then brought into the table."""

import tempfile
from pathlib import Path

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.rights import own_path

from ferdash.errors import RunError
from ferdash.leftovers import temporary
from ferdash.runs.importing import Preview, import_runs, preview
from ferdash.wording import counted, percent

keyed = keys_of("experiments")
TURN = keyed("import-runs-turn")
"""Counts imports, so that the file of the last one is no longer offered."""


def draw(root: Path) -> None:
    """A panel that reads nothing until it is opened."""
    panel = st.expander("Import older runs", icon=":material/upload:", key=keyed("import-runs"), on_change="rerun")
    if not panel.open:
        return
    with panel, shared.calm_errors():
        left, right = st.columns(2)
        turn = st.session_state.setdefault(TURN, 0)
        dropped = left.file_uploader(
            "A CSV file with a line for each epoch",
            type=["csv"],
            key=keyed(f"import-runs-{turn}"),
            help="The columns run, epoch (from 0 or 1) and any figures by their usual names: accuracy, val_loss, "
            "macro_f1, f1_fear … Accuracies are shares from 0 to 1. A CSV file that this page exported fits too.",
        )
        path = right.text_input(
            "Or a path on the computer that runs ferdash",
            placeholder="a CSV file, or an MLflow store: mlflow.db or mlruns",
            key=keyed(f"import-path-{turn}"),
        )
        if dropped is not None:
            with tempfile.TemporaryDirectory(prefix=temporary()) as folder:
                source = Path(folder) / Path(dropped.name).name
                source.write_bytes(dropped.getbuffer())
                _draw_preview(source, root)
        elif path.strip():
            _draw_preview(own_path(path), root)
        else:
            st.caption(
                "Imported runs are marked as such. Which images their scores are of is not known, so they stand apart "
                "and are compared with no other run."
            )


def _draw_preview(source: Path, root: Path) -> None:
    found = preview(source, root)
    before = _already(found)
    if not found.fresh:
        raise RunError(f"{source.name} has no run that is not here{': ' + before if before else ''}.")
    rows = [
        {
            "Run": run.name,
            "Epochs": len(run.rows),
            "Best accuracy": "-" if run.best_accuracy is None else percent(run.best_accuracy),
            "Started": run.created_at.replace("T", " ")[:16],
        }
        for run in found.fresh
    ]
    st.dataframe(rows, hide_index=True)
    st.caption(f"{counted(len(rows), 'run')} to import{'; ' + before if before else ''}.")
    if st.button(f"Import {counted(len(rows), 'run')}", type="primary"):
        ids, _ = import_runs(source, root)
        st.session_state[TURN] += 1
        shared.announce(f"Imported {counted(len(ids), 'run')}.")
        st.rerun()


def _already(found: Preview) -> str:
    return f"{counted(found.known, 'run was', 'runs were')} imported before" if found.known else ""
