"""Lineage: from dataset to model, and what it takes to repeat each of the chosen runs."""

import streamlit as st

from pages.parts.common.plain import plain
from pages.parts.experiments.chosen import Chosen

from ferdash.paths import checkpoints_root
from ferdash.plots.lineage import lineage_dot
from ferdash.references import run_reference
from ferdash.runs.lineage import Edge, Lineage, lineage, trace
from ferdash.wording import counted


def draw(chosen: Chosen) -> None:
    """The whole tab."""
    whole = lineage(checkpoints_root())
    keys = [run_reference(run.id) for run in chosen.runs]
    st.graphviz_chart(lineage_dot(_around(whole, keys), marked=keys))
    st.caption("Datasets, runs and models; the chosen runs have a thick border. Hover an arrow for all that changed.")
    for run in chosen.runs:
        found = trace(run)
        with st.expander(
            f"Trace of {plain(chosen.titles[run.id])}", icon=":material/route:", expanded=len(chosen.runs) < 3
        ):
            seed = "" if found.seed is None else f", seed {found.seed}"
            st.markdown(f"Dataset **{plain(found.dataset)}** `{found.dataset_hash}`, code `{found.code}`{seed}")
            st.caption(", ".join(f"{plain(name)} {plain(version)}" for name, version in found.versions.items()))
            st.code("\n".join(found.commands), language="bash", wrap_lines=True)
            if found.missing:
                st.caption(
                    f"{counted(len(found.missing), 'run')} that it continues was deleted: {plain(found.missing[0])}."
                )


def _around(whole: Lineage, keys: list[str]) -> Lineage:
    """What the runs came from and what came of them, together."""
    parts = [whole.around(key) for key in keys]
    nodes = {node.key for part in parts for node in part.nodes}
    edges: set[int] = {id(edge) for part in parts for edge in part.edges}
    kept: list[Edge] = [edge for edge in whole.edges if id(edge) in edges]
    return Lineage(tuple(node for node in whole.nodes if node.key in nodes), tuple(kept))
