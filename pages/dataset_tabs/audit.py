"""Audit: each kind of fault with the faces it concerns, copies beside each other with both labels."""

import numpy as np
import pandas as pd
import streamlit as st

from pages import shared
from pages.dataset_tabs.faces import show_face
from pages.gallery import Tile, gallery

from ferdash.data.audit import Finding
from ferdash.data.dataset import FaceDataset
from ferdash.emotions import COLOURS, EMOTIONS, SPLITS
from ferdash.wording import count, counted

GROUPS_PER_PAGE = 30
FACES_PER_GROUP = 6


def draw(dataset: FaceDataset) -> None:
    """The whole tab."""
    findings = shared.audit(dataset).findings
    found = [finding for finding in findings if finding.count]
    st.markdown(f"**{len(found)} of {counted(len(findings), 'check')}** found something.")
    for finding in found:
        panel = st.expander(
            f"**{finding.title}**: {counted(finding.count, 'image')}",
            key=f"finding-{finding.kind}",
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
        lambda: listing(dataset, finding).to_csv(index=False),
        f"{dataset.name}-{finding.kind}.csv",
        "text/csv",
        key=f"list-{finding.kind}",
        on_click="ignore",
        icon=":material/download:",
    )


@st.fragment
def _draw_groups(dataset: FaceDataset, finding: Finding) -> None:
    place = st.container()
    pages = -(-len(finding.groups) // GROUPS_PER_PAGE)
    number = st.pagination(pages, key=f"audit-page-{finding.kind}") if pages > 1 else 1
    groups = finding.groups[(number - 1) * GROUPS_PER_PAGE : number * GROUPS_PER_PAGE]
    order = {split: position for position, split in enumerate(SPLITS)}
    splits = dataset.table["split"].astype(str)
    groups = [sorted(group, key=lambda row: order[splits[row]])[:FACES_PER_GROUP] for group in groups]
    rows = np.concatenate(groups)
    tiles = [
        Tile(
            f"{splits[row]}: {EMOTIONS[dataset.labels[row]]}",
            str(dataset.table["source"].iloc[row]),
            COLOURS[EMOTIONS[dataset.labels[row]]],
        )
        for row in rows
    ]
    with place:
        clicked = gallery(
            dataset.images[rows], tiles, key=f"gallery-{finding.kind}", groups=[len(group) for group in groups]
        )
    if clicked is not None and clicked < len(rows):
        show_face(dataset, int(rows[clicked]))


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
