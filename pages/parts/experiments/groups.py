"""Groups: runs that differ in seed or fold alone, as mean and spread."""

import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of
from pages.parts.common.plain import plain

from ferdash.paths import checkpoints_root
from ferdash.plots.experiments import group_spread
from ferdash.runs.groups import GroupSummary, Spread, group_summary
from ferdash.runs.index import RunSummary
from ferdash.runs.table import measured_alike
from ferdash.wording import percent

keyed = keys_of("experiments")

SCORES = {"Accuracy": "accuracy", "Macro F1": "macro_f1", "Worst emotion's F1": "worst_f1"}
MOST = 12
"""Groups drawn at once; the search above the table narrows them down."""


def draw(found: list[RunSummary]) -> None:
    """The whole tab, of the runs that the table shows."""
    groups = group_summary(found)
    if not groups:
        st.info(
            "No run here belongs to a group. Train with several seeds or folds, on the Train page or with "
            "`ferdash train --seeds 3`, and this shows how far their scores spread.",
            icon=":material/info:",
        )
        return
    st.dataframe([_row(group) for group in groups], hide_index=True, height="content")
    name = st.segmented_control("Score", list(SCORES), default="Accuracy", required=True, key=keyed("group-score"))
    for place, alike in enumerate(measured_alike(found)):
        shown = [group for group in group_summary(alike.runs) if SCORES[name] in group.best][:MOST]
        if shown:
            figure = group_spread(shown, {run.id: run for run in alike.runs}, SCORES[name], name)
            charts.draw(figure, key=keyed(f"groups-{place}"))
            st.caption(f"{plain(alike.described)}.")
            if alike.comparable:
                _draw_verdicts(shown, {run.id: run for run in alike.runs}, SCORES[name])
    st.caption(
        "Points are runs, the line is their mean and one standard deviation. A run stopped early counts as it stands."
    )
    if folds := list(dict.fromkeys(run.group for run in found if run.group and run.fold[0])):
        _draw_label_errors(folds)


def _draw_verdicts(groups: list[GroupSummary], runs: dict[str, RunSummary], score: str) -> None:
    """Each group against the first, beside what seeds do; all of them are of the same images."""
    # Only here: its statistics take a second to import.
    from ferdash.evaluation.seeds import compare_seeds

    first, *others = [
        (group.name, [getattr(runs[run_id].best, score, None) for run_id in group.runs]) for group in groups
    ]
    for other in others:
        result = compare_seeds(
            scores_a=[value for value in first[1] if value is not None],
            scores_b=[value for value in other[1] if value is not None],
            name_a=first[0],
            name_b=other[0],
        )
        sentence = result.f1_sentence if score.endswith("f1") else result.sentence
        st.markdown(f"- {plain(sentence)}")


def _draw_label_errors(folds: list[str]) -> None:
    st.markdown("## Likely label errors, over all folds")
    group = folds[0] if len(folds) == 1 else st.selectbox("Cross-validation", folds, key=keyed("fold-group"))
    if not st.toggle(
        f"Find likely label errors with {plain(group)}",
        key=keyed("groups-label-errors"),
        help="Each image of training and validation is classified by the one network that was not trained on it "
        "(confident learning). A candidate is not an error: look at the face.",
    ):
        return
    shared.await_torch()
    # Only here, as these take a second to import.
    from pages.parts.dataset.doubted import draw_candidates
    from pages.parts.experiments.faces import dataset_of

    from ferdash.training.out_of_fold import out_of_fold_answers

    answers = out_of_fold_answers(checkpoints_root(), group)
    draw_candidates(answers, dataset_of(answers), "out-of-fold", key=keyed("groups-label-errors-faces"))


def _row(group: GroupSummary) -> dict[str, str]:
    row = {"Group": group.name, "Over": group.over}
    for title, score in SCORES.items():
        row[f"{title}, best"] = _text(group.best.get(score), score)
        row[f"{title}, last"] = _text(group.last.get(score), score)
    return row


def _text(spread: Spread | None, score: str) -> str:
    if spread is None:
        return "-"
    if score == "accuracy":
        return percent(spread.mean) + ("" if spread.std is None else f" ± {100 * spread.std:.1f}")
    return f"{spread.mean:.3f}" + ("" if spread.std is None else f" ± {spread.std:.3f}")
