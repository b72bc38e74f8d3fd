"""Distribution: how many faces of each emotion each split has, beside the counts of the report."""

import pandas as pd
import streamlit as st

from pages import shared
from pages.keys import keys_of

from ferdash.data import statistics
from ferdash.data.dataset import FaceDataset
from ferdash.emotions import SPLITS
from ferdash.plots.dataset import distribution

keyed = keys_of("dataset")


def draw(dataset: FaceDataset) -> None:
    """The whole tab."""
    unit = st.segmented_control(
        "Show",
        ["Images", "Share of each split"],
        default="Images",
        required=True,
        key=keyed("unit"),
        bind="query-params",
    )
    figure = distribution(dataset.counts(), shares=unit != "Images")
    st.plotly_chart(figure, alt=str(figure.layout.title.text), config=shared.PLOT)
    ours, report = st.columns([2, 3], gap="medium")
    with ours:
        st.markdown("**This dataset**")
        _draw_counts(dataset)
    with report:
        st.markdown("**Beside the report's table**")
        _draw_report(dataset)


def _draw_counts(dataset: FaceDataset) -> None:
    counts, shares = dataset.counts(), statistics.shares(dataset)
    columns: dict[str, pd.Series] = {}
    for split in (split for split in SPLITS if counts[split].sum()):
        columns[split] = counts[split]
        columns[f"{split} %"] = 100 * shares[split]
    table = pd.DataFrame(columns)
    table.loc["total"] = table.sum()
    settings = {
        name: st.column_config.NumberColumn(format="%.1f %%" if name.endswith("%") else "localized")
        for name in table.columns
    }
    st.dataframe(table, column_config=settings, alt="images and shares per emotion and split")


def _draw_report(dataset: FaceDataset) -> None:
    table = statistics.compare_with_report(dataset)
    names = {
        "train": "train",
        "report_train": "report",
        "train_difference": "difference",
        "held_out": "validation + test",
        "report_test": "report's test",
        "held_out_difference": "difference ",
    }
    settings: dict[str, object] = {
        column: st.column_config.NumberColumn(name, format="localized") for column, name in names.items()
    }
    st.dataframe(table, column_config=settings, alt="images per emotion here and in the report")
    st.caption("The report counts both official halves of FER2013's test images as its test set.")
