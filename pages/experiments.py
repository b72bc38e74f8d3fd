"""Experiments: every run in one table, and those that are chosen beside each other."""

from pathlib import Path

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.experiments import chosen, importing, manage, table, views

from ferdash.paths import checkpoints_root
from ferdash.published.rows import published_runs
from ferdash.runs.index import DamagedRun, RunSummary, list_runs, sound
from ferdash.wording import counted

keyed = keys_of("experiments")

EMPTY = (
    "Once something has been trained, this page shows every run with its scores on validation, and sets any of them "
    "beside each other: which is better and whether that could be chance, their curves, the faces they disagree on, "
    "what was set differently, and where each comes from."
)

# The bar stays below Streamlit's own header while the page is scrolled, where the screen is large enough.
STYLE = """<style>
@media (min-width: 900px) and (min-height: 700px) {
  div:has(> .st-key-experiments-bar) {
    position: sticky; top: 3.75rem; z-index: 50; background: %s; padding-bottom: .4rem;
  }
}
</style>"""


def draw_empty() -> None:
    """What the page will show, and the way to a first run."""
    st.markdown(EMPTY)
    st.page_link(shared.page_path("train"), label="Train a first run", icon=":material/model_training:")


def draw_page(root: Path, summaries: list[RunSummary]) -> None:
    """What is chosen and what comes of it in a bar that stays; under it the table, which folds, and the questions."""
    known = [*summaries, *published_runs()]
    chosen.read_url([run.id for run in known])
    chosen.draw_gone()
    st.html(STYLE % st.get_option(f"theme.{st.context.theme.type or 'light'}.backgroundColor"))
    with st.container(key=keyed("bar")):
        picked = chosen.draw_pickers(root, known)
        if picked is None:
            st.markdown("## Tick two runs, and this says which is better.")
        else:
            # Only here: what scores and compares takes a second to import, and the table should not wait for it.
            from pages.parts.experiments import comparison

            with shared.calm_errors():
                comparison.draw_headline(picked)
    manage.draw(root, picked)
    panel = st.expander(
        f"All runs: {counted(len(summaries), 'run')}",
        key=chosen.TABLES,
        on_change="rerun",
        icon=":material/table_rows:",
    )
    if panel.open:
        with panel:
            found = table.draw(summaries)
    else:
        found = [run for run in summaries if not run.archived]
    views.draw(views.Page(root, summaries, found, picked))
    chosen.scroll_up()


st.title("Experiments")
runs_root = checkpoints_root() / "runs"
entries = list_runs(runs_root)
if readable := sound(entries):
    draw_page(runs_root, readable)
else:
    manage.draw_done(runs_root)
    draw_empty()
    views.draw_without_runs(runs_root)
importing.draw(runs_root)
table.draw_damaged({entry.id: entry.reason for entry in entries if isinstance(entry, DamagedRun)}, runs_root)
