"""Audit: each kind of fault with the faces it concerns, copies beside each other with both labels."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.pager import page_number
from pages.parts.dataset import doubted
from pages.parts.dataset.faces import draw_faces

from ferdash.data.audit import Finding
from ferdash.data.dataset import FaceDataset
from ferdash.data.exclusions import exclude, excluded_kinds, is_excluded, weight_of
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
    weights = {finding.kind: weight_of(finding, dataset) for finding in found}
    found.sort(key=lambda finding: -weights[finding.kind].points)
    st.markdown(
        f"**{len(found)} of {counted(len(findings), 'check')}** found something. Those that can move a score furthest "
        "come first."
    )
    _draw_left_out(dataset, [finding for finding in found if finding.kind in excluded_kinds(dataset)])
    for finding in found:
        panel = st.expander(
            f"**{finding.title}**: {counted(finding.count, 'image')} · {weights[finding.kind].words}",
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
    doubted.draw(dataset)


def _draw_finding(dataset: FaceDataset, finding: Finding) -> None:
    st.markdown(finding.explanation)
    st.caption(", ".join(f"{count(number)} in {split}" for split, number in finding.counts.items() if number))
    with st.container(horizontal=True):
        left_out = finding.kind in excluded_kinds(dataset)
        st.button(
            "Take into scores again" if left_out else "Leave out of scores",
            icon=":material/undo:" if left_out else ":material/filter_alt:",
            help="Scores from now on are of the other images, and say so. Training is not touched.",
            disabled=not (left_out or weight_of(finding, dataset).images),
            on_click=_leave_out,
            args=(dataset, finding.kind, not left_out),
            key=keyed(f"leave-out-{finding.kind}"),
        )
        st.button(
            "Open in the gallery",
            icon=":material/grid_view:",
            help="All of them under Faces, at an address of their own. A click on a face there lets you label it anew.",
            on_click=_open_in_gallery,
            args=(finding.title,),
            key=keyed(f"open-{finding.kind}"),
        )
        _draw_download(dataset, finding)
    _draw_groups(dataset, finding)


def _leave_out(dataset: FaceDataset, kind: str, wanted: bool) -> None:
    kinds = set(excluded_kinds(dataset))
    exclude(dataset, kinds | {kind} if wanted else kinds - {kind})


def _open_in_gallery(title: str) -> None:
    st.session_state[keyed("tab")] = "Faces"
    st.session_state[keyed("finding")] = st.query_params[keyed("finding")] = title
    for other in ("emotion", "split"):
        st.session_state.pop(keyed(other), None)


def _draw_left_out(dataset: FaceDataset, findings: list[Finding]) -> None:
    """What of each held-out split is left out of scores now."""
    if not findings:
        st.info("Nothing is left out of scores.", icon=":material/filter_alt_off:")
        return
    mask = is_excluded(dataset)
    parts = [
        f"{count(int(mask[dataset.rows(split)].sum()))} of {counted(len(dataset.rows(split)), f'{split} image')}"
        for split in ("validation", "test")
        if len(dataset.rows(split))
    ]
    st.info(
        f"Left out of scores: {', '.join(parts)} ({'; '.join(finding.title for finding in findings)}). Evaluations "
        "and comparisons say so; scores of all images are not comparable with them.",
        icon=":material/filter_alt:",
    )


def _draw_download(dataset: FaceDataset, finding: Finding) -> None:
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
    number = page_number(-(-len(finding.groups) // GROUPS_PER_PAGE), f"audit-{finding.kind}")
    groups = finding.groups[(number - 1) * GROUPS_PER_PAGE : number * GROUPS_PER_PAGE]
    shown = [examples(dataset, group) for group in groups]
    with place:
        draw_faces(
            dataset, np.concatenate(shown), key=keyed(f"gallery-{finding.kind}"), groups=[len(rows) for rows in shown]
        )
        if any(len(rows) < len(group) for rows, group in zip(shown, groups, strict=True)):
            st.caption(
                f"Of a larger group, {FACES_PER_SPLIT} of each split are shown, or one of each label where it has more."
            )


def examples(dataset: FaceDataset, group: np.ndarray) -> np.ndarray:
    """The first rows of each split, train first, and of each label in it one at least."""
    splits = dataset.table["split"].cat.codes.to_numpy()[group]
    return np.concatenate([_first_of_each(dataset, group[splits == code]) for code in range(len(SPLITS))])


def _first_of_each(dataset: FaceDataset, rows: np.ndarray) -> np.ndarray:
    firsts = np.unique(dataset.labels[rows], return_index=True)[1]
    others = np.setdiff1d(np.arange(len(rows)), firsts)[: max(FACES_PER_SPLIT - len(firsts), 0)]
    shown: np.ndarray = rows[np.sort(np.concatenate([firsts, others]))]
    return shown


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
