"""The report's results beside ours: published, not run here, and what recalculating them shows."""

import pandas as pd
import streamlit as st

from pages.parts.common.keys import keys_of
from pages.parts.experiments.table import ITALIC

from ferdash.emotions import EMOTIONS
from ferdash.published.check import check
from ferdash.published.field import read_field
from ferdash.published.reader import Experiment, read_report
from ferdash.runs.index import PUBLISHED
from ferdash.wording import REPORT, count, counted, percent

keyed = keys_of("experiments")


def draw() -> None:
    """The whole tab."""
    report = read_report()
    rows = pd.DataFrame([_row(experiment) for experiment in report.experiments])
    st.markdown(f"**Results of {REPORT}**: {PUBLISHED}, and measured on other images than any run above.")
    st.dataframe(rows.style.map(lambda _: ITALIC), hide_index=True, height="content")
    st.caption(
        "Accuracies of different numbers of images in this table are not comparable with each other either. "
        "Best and last are the same where the report has one epoch only."
    )
    findings = check(report)
    with st.expander(
        f"What recalculating its figures shows: {counted(len(findings), 'finding')}", icon=":material/rule:"
    ):
        st.markdown("\n".join(f"- {finding.sentence}" for finding in findings))
    _draw_field()
    names = [experiment.name for experiment in report.experiments]
    name = st.selectbox("Experiment", names, key=keyed("published"), bind="query-params")
    _draw_experiment(report.experiment(name))


def _draw_field() -> None:
    with st.expander("What others report of FER2013, and what it was chosen on", icon=":material/public:"):
        rows = [
            {
                "Who": score.who,
                "Network": score.network,
                "Accuracy": f"{100 * score.accuracy:.4g}%",
                "Measured on": score.measured_on,
                "Chosen on": score.chosen_on,
                "An answer is the mean of": score.looks,
                "Source": score.address,
            }
            for score in read_field()
        ]
        columns = {"Source": st.column_config.LinkColumn(), "Chosen on": st.column_config.TextColumn(width="large")}
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", column_config=columns)
        st.caption(
            "None of it was measured here. Runs above are chosen and measured on validation (PublicTest), so no row of "
            "this table stands beside them as an equal; docs/protocol.md says what differs."
        )


def _row(experiment: Experiment) -> dict[str, object]:
    table = experiment.table
    worst = min(range(len(EMOTIONS)), key=lambda place: table.f1[place])
    return {
        "Experiment": experiment.name,
        "Mark": PUBLISHED,
        "Accuracy": percent(experiment.accuracy),
        "Macro F1": f"{table.macro()[2]:.3f}",
        "Worst F1": f"{table.f1[worst]:.3f}",
        "Worst emotion": EMOTIONS[worst],
        "Test images": count(experiment.images),
        "Epochs": experiment.epochs,
        "Batch": "-" if experiment.batch_size is None else str(experiment.batch_size),
        "Date": experiment.date.isoformat(),
        "Section": experiment.section,
    }


def _draw_experiment(experiment: Experiment) -> None:
    left, right = st.columns(2)
    table = experiment.table
    figures = {"precision": table.precision, "recall": table.recall, "F1": table.f1}
    scores = pd.DataFrame({name: map(percent, values) for name, values in figures.items()}, index=list(EMOTIONS))
    left.dataframe(scores.assign(support=table.support).style.map(lambda _: ITALIC), height="content")
    if experiment.progress:
        rows = [
            {
                "Epoch": row.epoch,
                "Training loss": row.train_loss,
                "Training accuracy": percent(row.train_accuracy),
                f"Accuracy on {experiment.measured_on}": percent(row.accuracy),
                "Focus": ", ".join(row.focus),
            }
            for row in experiment.progress
        ]
        right.dataframe(rows, hide_index=True, height="content")
