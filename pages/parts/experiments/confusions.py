"""Confusions: what is taken for what, and how that differs from the baseline."""

import streamlit as st

from pages.parts.common import charts
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.experiments.chosen import Chosen, scores

from ferdash.evaluation.errors import mutual_confusions
from ferdash.plots.errors import confusion_difference, confusion_matrix
from ferdash.wording import percent

keyed = keys_of("experiments")


def draw(chosen: Chosen) -> None:
    """The whole tab."""
    if not chosen.answers:
        st.info("None of these runs has kept predictions.", icon=":material/info:")
        return
    as_shares = st.toggle("As shares of the true emotion", value=True, key=keyed("shares"), bind="query-params")
    matrices = {run_id: scores(each)[0].confusion for run_id, each in chosen.answers.items()}
    places = [column for _ in range(0, len(matrices), 2) for column in st.columns(2)]
    for column, (run_id, matrix) in zip(places, matrices.items(), strict=False):
        with column:
            st.markdown(f"**{plain(chosen.titles[run_id])}**")
            charts.draw(confusion_matrix(matrix, normalised=as_shares), key=keyed(f"confusion-{run_id}"))
            pairs = mutual_confusions(matrix)[:3]
            words = [f"{pair.first} and {pair.second} {percent(pair.share_of_errors)}" for pair in pairs]
            st.caption(f"Most of its mistakes: {', '.join(words)}." if words else "It makes no mistake.")
    if chosen.baseline in matrices:
        for other in [run_id for run_id in chosen.others if run_id in matrices and run_id in chosen.alike]:
            names = (chosen.titles[chosen.baseline], chosen.titles[other])
            figure = confusion_difference(matrices[chosen.baseline], matrices[other], names=names)
            charts.draw(figure, key=keyed(f"difference-{other}"))
