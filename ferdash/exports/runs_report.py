"""A report of runs as one HTML file that needs nothing else: its charts work without network and without ferdash."""

import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from ferdash.evaluation.intervals import bootstrap_intervals, score_text
from ferdash.evaluation.metrics import TITLES, compute_metrics
from ferdash.exports.answers import left_out_words
from ferdash.exports.verdicts import answers_of, verdicts
from ferdash.plots import experiments as plots
from ferdash.plots.errors import confusion_matrix
from ferdash.records import flatten
from ferdash.runs.compare import Answers, comparable_runs, f1_table, learning_curves, settings_differences
from ferdash.runs.export import HEADS, table_row
from ferdash.runs.index import RunSummary
from ferdash.runs.lineage import trace
from ferdash.runs.store import Run
from ferdash.runs.table import titles
from ferdash.training.config import TrainConfig, to_dict
from ferdash.wording import counted

CURVES = {"accuracy": "Accuracy", "macro_f1": "Macro F1", "log_loss": "Log loss", "train_loss": "Training loss"}

STYLE = """
body { font-family: system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.45;
       color: #1f2430; background: #fff; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #dde1e7; vertical-align: top; }
code { overflow-wrap: anywhere; } .mark { color: #9a5b00; font-weight: 600; }
"""


def html_report(runs: Sequence[Run], summaries: Sequence[RunSummary], data: Path) -> str:
    """The report as HTML: verdict, scores with their intervals, curves, F1 and confusions of each emotion, settings
    that differ, and how to make each run again.

    runs, summaries: the same runs in the same order; the first is the baseline. data: the data root, whose datasets say
    what is left out of scores.
    """
    names = titles(summaries)
    answers = {run.id: found for run in runs if (found := answers_of(run, data)) is not None}
    figures = "".join(f"<section>{part}</section>\n" for part in _drawn(_figures(runs, summaries, names, answers)))
    parts = [
        f"<h1>{counted(len(runs), 'run')}</h1>",
        f"<p>Written by ferdash on {datetime.now(UTC):%d %B %Y}. Scores: each run's best epoch on validation.</p>",
        _verdicts(runs, names, data),
        _warning(summaries),
        _table(HEADS, ([names[run.id], *table_row(run)[1:]] for run in summaries)),
        _scores(names, answers),
        figures,
        "<h2>Settings that differ</h2>",
        _settings(runs, names),
        "<h2>How to make them again</h2>",
        _table(("run", "data", "code", "commands"), map(_origin, runs)),
    ]
    head = f'<meta charset="utf-8"><title>{counted(len(runs), "run")}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _verdicts(runs: Sequence[Run], names: Mapping[str, str], data: Path) -> str:
    """Each run against the first, in a sentence, and what the sentence rests on."""
    lines = []
    for verdict in verdicts(runs, names, data):
        lines.append(f"<p><strong>{html.escape(verdict.sentence)}</strong></p>")
        if verdict.result is not None:
            lines.append(f"<p>{html.escape(verdict.result.interval_words)} (McNemar's exact test.)</p>")
    if note := left_out_words(runs, data):
        lines.append(f"<p>{html.escape(note)}</p>")
    return "\n".join(lines)


def _scores(names: Mapping[str, str], answers: Mapping[str, Answers]) -> str:
    """Every score with its 95% CI, of the runs that have kept their predictions."""
    if not answers:
        return ""
    columns = []
    for each in answers.values():
        metrics = compute_metrics(y_true=each.labels, probabilities=each.probabilities)
        intervals = bootstrap_intervals(y_true=each.labels, probabilities=each.probabilities)
        columns.append({name: score_text(name, getattr(metrics, name), intervals[name]) for name in TITLES})
    rows = ([title, *(column[name] for column in columns)] for name, title in TITLES.items())
    return "<h2>Scores with their 95% CI</h2>" + _table(("", *(names[run_id] for run_id in answers)), rows)


def _figures(
    runs: Sequence[Run], summaries: Sequence[RunSummary], names: Mapping[str, str], answers: Mapping[str, Answers]
) -> Iterable[go.Figure]:
    alike = all(comparable_runs(summaries[0], run) for run in summaries)
    for measure, title in CURVES.items():
        table = learning_curves(runs, measure)
        if len(table):
            shown = {run_id: name for run_id, name in names.items() if (table["run"] == run_id).any()}
            yield plots.learning_curves(table, shown, measure=measure, title=title, alike=alike)
    f1 = f1_table(runs, summaries)
    if f1["f1"].notna().any():
        yield plots.emotion_bars(f1, {run_id: names[run_id] for run_id in f1["run"].unique()})
    for run_id, each in answers.items():
        matrix = compute_metrics(y_true=each.labels, probabilities=each.probabilities).confusion
        figure = confusion_matrix(matrix)
        # Which run it is of stands in the heading of the page, but not in that of a report.
        yield figure.update_layout(title_text=f"{names[run_id]}: {figure.layout.title.text}")


def _drawn(figures: Iterable[go.Figure]) -> Iterable[str]:
    # The first figure brings the whole of plotly.js along, the others use it.
    for place, figure in enumerate(figures):
        yield figure.to_html(full_html=False, include_plotlyjs=place == 0, config={"displaylogo": False})


def _warning(summaries: Sequence[RunSummary]) -> str:
    if all(comparable_runs(summaries[0], run) for run in summaries):
        return ""
    return '<p class="mark">These runs were not all measured on the same images; such scores are not comparable.</p>'


def _settings(runs: Sequence[Run], names: Mapping[str, str]) -> str:
    differing = settings_differences({run.id: run.record["config"] for run in runs}, to_dict(TrainConfig()))
    if len(runs) == 1:
        differing = {path: {runs[0].id: value} for path, value in flatten(runs[0].record["config"]).items()}
    if not differing:
        return "<p>None.</p>"
    rows = ([path, *(_value(values[run_id]) for run_id in names)] for path, values in differing.items())
    return _table(("setting", *names.values()), rows)


def _origin(run: Run) -> list[str]:
    origin = trace(run)
    return [run.id, f"{origin.dataset} {origin.dataset_hash}", origin.code, "\n".join(origin.commands)]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _cell(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _value(value: Any) -> str:
    return "-" if value in (None, "") else str(value)
