"""Datasets: every model on every dataset it was measured on."""

from dataclasses import astuple

import pandas as pd
import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of
from pages.parts.experiments import evaluated

from ferdash.errors import EvaluationError
from ferdash.evaluation.cross import SEEN_SOURCES, Cell, absent_sentences, cell_of
from ferdash.plots.robustness import cross_map
from ferdash.wording import percent

keyed = keys_of("experiments")

START = "ferdash evaluate {model} --dataset {dataset} --dataset OTHER"


def draw() -> None:
    """The whole tab."""
    cells: list[Cell] = []
    for record in evaluated.current("scores"):
        try:
            cell = cell_of(record)
        except (EvaluationError, KeyError, TypeError, ValueError) as error:
            st.caption(f"{record['model']}: what is kept of an evaluation cannot be read ({error}).")
            continue
        if cell.protocol.tta == "plain":
            cells.append(cell)
    if not cells:
        st.info("Nothing measured yet. Measure models on one or several datasets:", icon=":material/grid_on:")
        _draw_command()
        return
    charts.draw(cross_map(cells), key=keyed("datasets-map"))
    if any(cell.source in SEEN_SOURCES for cell in cells):
        st.caption(
            "* The model learned from the train split of that dataset, so its score there says less about other "
            "people's pictures."
        )
    st.dataframe(pd.DataFrame(map(_row, cells)), hide_index=True, height="content")
    st.caption("Only scores in the same column of the map are of the same images. One look at each image (no TTA).")
    for sentence in absent_sentences(cells):
        st.caption(sentence)
    _draw_command()


def _row(cell: Cell) -> dict[str, object]:
    accuracy, f1 = astuple(cell.accuracy_interval), astuple(cell.macro_f1_interval)
    return {
        "Model": cell.model,
        "Dataset": cell.protocol.dataset,
        "Split": cell.protocol.split,
        "Images": cell.protocol.images,
        "Accuracy": f"{percent(cell.accuracy)} ({100 * accuracy[0]:.1f} to {100 * accuracy[1]:.1f})",
        "Macro F1": f"{cell.macro_f1:.3f} ({f1[0]:.3f} to {f1[1]:.3f})",
        "Note": cell.notes(),
    }


def _draw_command() -> None:
    command = START.format(model=shared.model_reference() or "fernet", dataset=shared.dataset_name() or "fer2013")
    st.code(command, language="bash")
