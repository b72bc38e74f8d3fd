"""Quality: how light, rich in contrast and sharp the images are, split by split."""

import streamlit as st

from pages.parts.common import charts, shared

from ferdash.data.dataset import FaceDataset
from ferdash.emotions import SPLITS
from ferdash.plots.dataset import quality_histogram

MEASURES = {
    "intensity": ("How light are the images?", "mean grey level (0 black, 255 white)"),
    "contrast": ("How much contrast do they have?", "standard deviation of the grey levels"),
    "sharpness": ("How sharp are they?", "variance of the Laplacian, log scale"),
}


def draw(dataset: FaceDataset) -> None:
    """The whole tab."""
    table = shared.quality(dataset)
    for measure, (title, axis) in MEASURES.items():
        values = {split: table.loc[table["split"] == split, measure].to_numpy() for split in SPLITS}
        figure = quality_histogram(values, title=title, x_title=axis, logarithmic=measure == "sharpness")
        charts.draw(figure, alt=f"{title} One line for each split.", key=measure)
    with st.expander("The figures behind these charts"):
        summary = table.groupby("split", observed=True)[list(MEASURES)].describe(percentiles=[0.05, 0.5, 0.95])
        st.dataframe(summary.T.round(1), alt="mean, spread and percentiles of each measure and split")
    st.caption("If two splits differ here, a score on one says less about the other. Noise also counts as sharpness.")
