"""Dataset: what is in it, how it looks, and what is wrong with it."""

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.dataset import audit, corrections, distribution, faces, importing, quality

from ferdash.data.corrections import list_corrections
from ferdash.data.dataset import FaceDataset
from ferdash.emotions import SPLITS
from ferdash.errors import DatasetError
from ferdash.paths import data_root
from ferdash.wording import count

keyed = keys_of("dataset")

TABS = {
    "Distribution": distribution.draw,
    "Faces": faces.draw,
    "Audit": audit.draw,
    "Quality": quality.draw,
    "Corrections": corrections.draw,
    "Import": importing.draw,
}


# On a phone seven figures take rows, which stand closer than columns do; two small ones leave room for what follows.
STYLE = """<style>
.st-key-dataset-figures { row-gap: .3rem; }
@media (max-width: 640px) {
  .st-key-dataset-figures { column-gap: 1rem; }
  .st-key-dataset-figures :is([data-testid="stMetricValue"], [data-testid="stMetricValue"] *) { font-size: 1.15rem; }
}
</style>"""


def draw_empty() -> None:
    """What the page will show, and the ways to a first dataset."""
    st.title("Dataset")
    st.markdown(
        "Once a dataset is imported, this page shows how many faces of each emotion it has, the faces themselves, and "
        "what an audit finds: duplicates, contradicting labels, empty pictures."
    )
    importing.draw(None)
    if list_corrections(data_root()):
        st.header("Corrections")
        corrections.draw(None)


def draw_figures(dataset: FaceDataset) -> None:
    """The row of figures above the tabs."""
    summary = shared.summary(dataset)
    figures: dict[str, tuple[str, str | None]] = {"Images": (count(summary.images), None)}
    for split in SPLITS:
        if number := summary.images_per_split[split]:
            figures[split.capitalize()] = (count(number), None)
    figures["Imbalance"] = (
        f"{summary.imbalance_ratio:.1f} : 1",
        f"{summary.most_frequent.capitalize()} is the most frequent emotion in train, {summary.rarest} the rarest.",
    )
    figures["Also in train"] = (
        count(summary.leaks),
        "Images of validation or test that are pixel-identical to a training image.",
    )
    if summary.mirrored_leaks:
        figures["Mirrored in train"] = (
            count(summary.mirrored_leaks),
            "Images of validation or test that are the mirror image of a training image.",
        )
    figures["Label conflicts"] = (
        count(summary.label_conflicts),
        "Images that are pixel-identical to another one with a different label.",
    )
    st.html(STYLE)
    with st.container(horizontal=True, gap="large", key=keyed("figures")):
        for label, (value, explanation) in figures.items():
            st.metric(label, value, help=explanation, width="content")


def draw_page(dataset: FaceDataset) -> None:
    """Figures and tabs; only the open tab is computed."""
    st.title(plain(dataset.name))
    imported = str(dataset.meta["imported_at"])[:10]
    st.caption(f"Origin: {plain(dataset.meta['origin'])}, imported on {imported}. Content hash {dataset.hash}.")
    draw_figures(dataset)
    for tab, draw in zip(st.tabs(list(TABS), key=keyed("tab"), bind="query-params"), TABS.values(), strict=True):
        if tab.open:
            with tab, shared.calm_errors():
                draw(dataset)


def draw_damaged(name: str, error: DatasetError) -> None:
    """A dataset that cannot be opened: what is wrong, and the way to remove it."""
    st.title(plain(name))
    st.error(plain(error), icon=":material/error:")
    importing.draw_delete(name, None)


try:
    chosen = shared.dataset()
except DatasetError as error:
    draw_damaged(shared.dataset_name() or "", error)
else:
    if chosen is None:
        draw_empty()
    else:
        draw_page(chosen)
