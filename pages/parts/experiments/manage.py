"""What can be done with the chosen runs: name, tags and notes, promote, export, archive, delete."""

from pathlib import Path

import streamlit as st

from pages.parts.common import shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain
from pages.parts.common.rights import require_deletion
from pages.parts.experiments.chosen import Chosen

from ferdash.paths import checkpoints_root, data_root
from ferdash.runs import export, meta
from ferdash.runs.index import RunSummary
from ferdash.runs.store import Run
from ferdash.wording import counted

keyed = keys_of("experiments")


# On a phone they would be three lines above the table; so they are one, which is swiped.
STYLE = """<style>
@media (max-width: 640px) {
  .st-key-experiments-actions { flex-wrap: nowrap !important; overflow-x: auto; position: relative; padding: 3px; }
  .st-key-experiments-actions:not(:has(button:enabled)) { overflow-x: hidden; }
  .st-key-experiments-actions > * { flex: none !important; }
}
</style>"""

DONE, UNDO = keyed("done"), keyed("undo")
"""What was done last, in a sentence, and the runs that a click takes it back for; None where it cannot be."""


def draw(root: Path, chosen: Chosen | None) -> None:
    """A row of buttons, those that ask something first open a panel; they are for chosen runs of ours, and stay where
    they are without any. What was done is said below them, where the click was."""
    runs = chosen.own if chosen else []
    titles = chosen.titles if chosen else {}
    off = not runs
    st.html(STYLE)
    with st.container(horizontal=True, key=keyed("actions")):
        with st.popover("Name, tags, notes", icon=":material/edit:", disabled=off), shared.calm_errors():
            if runs:
                _draw_names(root, runs, titles)
        scored = [run for run in runs if run.best is not None]
        why = "None of these runs has a best epoch yet." if runs and not scored else None
        # With another number of models it is another menu, so that it closes once there is the new one.
        key = keyed(f"promote-{len(shared.models())}")
        menu = st.popover("Promote", icon=":material/workspace_premium:", disabled=not scored, help=why, key=key)
        with menu, shared.calm_errors():
            if scored:
                _draw_promotion(scored, titles)
        with st.popover("Export", icon=":material/download:", disabled=off):
            if chosen and runs:
                _draw_export(chosen)
        _draw_archive(root, runs)
        with st.popover("Delete", icon=":material/delete:", disabled=off), shared.calm_errors():
            if runs:
                _draw_deletion(root, runs, titles)
    draw_done(root)


def draw_done(root: Path) -> None:
    """What was done last, and the way back."""
    if DONE not in st.session_state:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/check_circle: {plain(st.session_state[DONE])}", width="content")
        undo = st.session_state.get(UNDO)
        if undo and st.button("Undo", icon=":material/undo:", type="tertiary", key=keyed("undo-archive")):
            run_ids, archived = undo
            for run_id in run_ids:
                meta.archive(root, run_id, archived)
            _done("Undone.")
            st.rerun()
        st.button("Dismiss", icon=":material/close:", type="tertiary", key=keyed("dismiss"), on_click=_forget)


def _done(sentence: str, undo: tuple[list[str], bool] | None = None) -> None:
    st.session_state[DONE], st.session_state[UNDO] = sentence, undo


def _forget() -> None:
    st.session_state.pop(DONE, None)
    st.session_state.pop(UNDO, None)


def _pick(runs: list[RunSummary], titles: dict[str, str], key: str) -> RunSummary:
    if len(runs) == 1:
        return runs[0]
    by_id = {run.id: run for run in runs}
    return by_id[st.selectbox("Run", list(by_id), format_func=titles.__getitem__, key=key)]


def _draw_names(root: Path, runs: list[RunSummary], titles: dict[str, str]) -> None:
    run = _pick(runs, titles, keyed("named"))
    with st.form(keyed("names"), border=False):
        name = st.text_input("Name", run.name, key=keyed(f"name-{run.id}"))
        tags = st.text_input("Tags, separated by commas", ", ".join(run.tags), key=keyed(f"tags-{run.id}"))
        notes = st.text_area("Notes", run.notes, key=keyed(f"notes-{run.id}"))
        if st.form_submit_button("Save", type="primary"):
            meta.rename(root, run.id, name)
            meta.set_tags(root, run.id, tags.split(","))
            meta.note(root, run.id, notes)
            _done(f"Saved name, tags and notes of {name or run.id}.")
            st.rerun()


def _draw_promotion(runs: list[RunSummary], titles: dict[str, str]) -> None:
    run = _pick(runs, titles, keyed("promoted"))
    st.markdown("Saves a network of the run as a model that every page offers, scored anew and with a card.")
    if run.tuned_on_test:
        st.warning("This run is tuned on test; a test score of the model would prove nothing.")
    name = st.text_input("Name of the model", key=keyed(f"model-{run.id}"))
    replace = st.checkbox("Replace a model of that name", key=keyed(f"replace-{run.id}"))
    average = st.number_input(
        "Epochs to average",
        min_value=0,
        help="0 takes the best epoch. A mean of the weights after the newest epochs often recognises more; the "
        "run must have kept them (checkpoint.keep_last).",
        key=keyed(f"average-{run.id}"),
    )
    measure = st.checkbox(
        "Measure batch-norm statistics anew",
        help="On the training images as they are, instead of turned and shifted as during training. A mean of epochs "
        "always needs it; for a single one, compare both on validation.",
        value=average > 0,
        disabled=average > 0,
        key=keyed(f"measure-{run.id}-{average > 0}"),
    )
    if st.button("Promote it", type="primary", disabled=not name):
        shared.await_torch()
        from ferdash.promotion import promote

        with st.spinner("Scoring it on validation …"):
            bar = st.progress(0.0)

            def report(step: str, done: int, total: int) -> None:
                bar.progress(done / total, text=f"{step}: {done:,} of {total:,}")

            promote(
                run.id,
                name,
                data=data_root(),
                checkpoints=checkpoints_root(),
                replace=replace,
                average=average,
                measure=measure,
                on_progress=report,
            )
        _done(f"{titles[run.id]} is now the model “{name}”, which every page offers.")
        st.rerun()


def _draw_export(chosen: Chosen) -> None:
    summaries = sorted(chosen.own, key=lambda run: run.id != chosen.baseline)  # the report takes the first for it
    opened = {run.id: run for run in chosen.runs}
    runs = [opened[run.id] for run in summaries]
    kinds = {
        "Report with its charts (HTML)": (lambda: _report(runs, summaries), "runs.html", "text/html"),
        "CSV, every epoch": (lambda: export.to_csv(runs), "runs.csv", "text/csv"),
        "JSON, everything": (lambda: export.to_json(runs), "runs.json", "application/json"),
        "Markdown table": (lambda: export.to_markdown(summaries), "runs.md", "text/markdown"),
        "LaTeX table": (lambda: export.to_latex(summaries), "runs.tex", "text/plain"),
    }
    for label, (content, name, kind) in kinds.items():
        st.download_button(label, content, name, kind, on_click="ignore", width="stretch")
    st.caption("MLflow, TensorBoard: `ferdash runs export RUN --to mlflow` or `tensorboard`.")


def _report(runs: list[Run], summaries: list[RunSummary]) -> str:
    shared.await_torch()
    # Only here: it asks the training for its defaults, and that brings PyTorch.
    from ferdash.exports.runs_report import html_report

    return html_report(runs, summaries, data_root())


def _draw_archive(root: Path, runs: list[RunSummary]) -> None:
    archived = bool(runs) and all(run.archived for run in runs)
    label = "Take out of the archive" if archived else "Archive"
    explanation = "The table leaves archived runs out unless asked."
    if st.button(label, icon=":material/archive:", help=explanation, key=keyed("to-archive"), disabled=not runs):
        for run in runs:
            meta.archive(root, run.id, not archived)
        what = "taken out of the archive" if archived else "archived: the table leaves them out unless asked"
        _done(f"{counted(len(runs), 'run')} {what}.", ([run.id for run in runs], archived))
        st.rerun()


def _draw_deletion(root: Path, runs: list[RunSummary], titles: dict[str, str]) -> None:
    st.markdown("\n".join(f"- **{plain(titles[run.id])}** `{run.id}`" for run in runs))
    st.markdown("Their scores, predictions and checkpoints cannot be brought back. Models made from them stay.")
    if st.button(f"Delete {counted(len(runs), 'run')} for good", type="primary"):
        require_deletion()
        for run in runs:
            meta.delete(root, run.id)
        _done(f"Deleted {', '.join(titles[run.id] for run in runs)}.")
        st.rerun()
