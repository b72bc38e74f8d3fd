"""Audit: each kind of fault with the faces it concerns, copies beside each other with both labels."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.dataset.faces import draw_faces

from ferdash.data.audit import Finding
from ferdash.data.dataset import FaceDataset
from ferdash.emotions import EMOTIONS, SPLITS
from ferdash.wording import cells, count, counted

keyed = keys_of("dataset")

GROUPS_PER_PAGE = 30
FACES_PER_SPLIT = 3


def draw(dataset: FaceDataset) -> None:
    """The whole tab."""
    report = shared.audit(dataset)
    if report.altered:
        st.warning(report.altered, icon=":material/imagesearch_roller:")
    findings = report.findings
    found = [finding for finding in findings if finding.count]
    st.markdown(f"**{len(found)} of {counted(len(findings), 'check')}** found something.")
    for finding in found:
        panel = st.expander(
            f"**{finding.title}**: {counted(finding.count, 'image')}",
            key=keyed(f"finding-{finding.kind}"),
            on_change="rerun",
            icon=":material/flag:",
        )
        if panel.open:
            with panel:
                _draw_finding(dataset, finding)
    for finding in findings:
        if not finding.count:
            st.markdown(f":material/check: {finding.title}: none.")


def _draw_finding(dataset: FaceDataset, finding: Finding) -> None:
    st.markdown(finding.explanation)
    st.caption(", ".join(f"{count(number)} in {split}" for split, number in finding.counts.items() if number))
    _draw_groups(dataset, finding)
    st.download_button(
        "Download the list (CSV)",
        lambda: cells(listing(dataset, finding)).to_csv(index=False),
        f"{dataset.name}-{finding.kind}.csv",
        "text/csv",
        key=keyed(f"list-{finding.kind}"),
        on_click="ignore",
        icon=":material/download:",
    )


@st.fragment
def _draw_groups(dataset: FaceDataset, finding: Finding) -> None:
    place = st.container()
    pages = -(-len(finding.groups) // GROUPS_PER_PAGE)
    number = st.pagination(pages, key=keyed(f"audit-page-{finding.kind}")) if pages > 1 else 1
    groups = finding.groups[(number - 1) * GROUPS_PER_PAGE : number * GROUPS_PER_PAGE]
    shown = [_examples(dataset, group) for group in groups]
    with place:
        draw_faces(
            dataset, np.concatenate(shown), key=keyed(f"gallery-{finding.kind}"), groups=[len(rows) for rows in shown]
        )
        if any(len(rows) < len(group) for rows, group in zip(shown, groups, strict=True)):
            st.caption(f"Of a larger group, {FACES_PER_SPLIT} of each split are shown.")


def _examples(dataset: FaceDataset, group: np.ndarray) -> np.ndarray:
    """The first rows of each split, train first."""
    splits = dataset.table["split"].cat.codes.to_numpy()[group]
    return np.concatenate([group[splits == code][:FACES_PER_SPLIT] for code in range(len(SPLITS))])


def listing(dataset: FaceDataset, finding: Finding) -> pd.DataFrame:
    """The images of a finding, one row each: number of its group, row, split, emotion and source."""
    rows = np.concatenate(finding.groups)
    table = dataset.table.iloc[rows]
    groups = np.repeat(np.arange(len(finding.groups)), [len(group) for group in finding.groups])
    return pd.DataFrame(
        {
            "group": groups,
            "row": rows,
            "split": table["split"].astype(str).to_numpy(),
            "emotion": [EMOTIONS[label] for label in table["label"]],
            "source": table["source"].to_numpy(),
        }
    )
