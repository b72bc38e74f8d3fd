"""Distribution: how many faces of each emotion each split has, beside the counts of the report."""

import pandas as pd
import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of

from ferdash.data import statistics
from ferdash.data.dataset import FaceDataset
from ferdash.data.votes import agreement_counts, majority
from ferdash.emotions import SPLITS
from ferdash.plots.dataset import distribution
from ferdash.plots.votes import agreement_bars
from ferdash.wording import REPORT, count, percent

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
    charts.draw(_bars(dataset, unit != "Images"))
    if (raters := _raters(dataset)) is not None:
        chart, sentence = raters
        charts.draw(chart, key=keyed("raters"))
        if sentence:
            st.caption(sentence)
    ours, report = st.columns([2, 3], gap="medium")
    with ours:
        st.markdown("**This dataset**")
        _draw_counts(dataset)
    with report:
        st.markdown(f"**Beside table 3.2 of {REPORT}**")
        _draw_report(dataset)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=shared.BY_CONTENT)
def _bars(dataset: FaceDataset, shares: bool) -> charts.Chart:
    return charts.ready(distribution(dataset.counts(), shares=shares))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=shared.BY_CONTENT)
def _raters(dataset: FaceDataset) -> tuple[charts.Chart, str] | None:
    """How far FER+'s raters agree with one another, and with the label; None without votes."""
    votes = dataset.votes
    if votes is None or not votes.any():
        return None
    chart = charts.ready(agreement_bars(agreement_counts(votes, dataset.labels)))
    chosen, rated = majority(votes), int(votes.any(axis=1).sum())
    agreed = chosen >= 0
    if not agreed.any():
        return chart, ""
    same = (chosen == dataset.labels)[agreed].mean()
    return chart, (
        f"On {percent(agreed.sum() / rated)} of the {count(rated)} images with votes, over half of all raters agree "
        f"on one of the seven emotions; the label says the same on {percent(same)} of these."
    )


def _draw_counts(dataset: FaceDataset) -> None:
    counts, shares = dataset.counts(), statistics.shares(dataset)
    columns: dict[str, pd.Series] = {}
    for split in (split for split in SPLITS if counts[split].sum()):
        columns[split] = counts[split]
        columns[f"{split}%"] = 100 * shares[split]
    table = pd.DataFrame(columns)
    table.loc["total"] = table.sum()
    settings = {
        name: st.column_config.NumberColumn(format="%.1f%%" if name.endswith("%") else "localized")
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
    settings = {column: st.column_config.NumberColumn(name, format="localized") for column, name in names.items()}
    st.dataframe(table, column_config=settings, alt="images per emotion here and in the report")
    st.caption("The report counts both official halves of FER2013's test images as its test set.")
