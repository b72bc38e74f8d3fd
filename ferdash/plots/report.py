"""A report of runs as one HTML file that needs nothing else: its charts work without network and without ferdash."""

import html
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go

from ferdash.plots import experiments as plots
from ferdash.records import flatten
from ferdash.runs.compare import f1_table, learning_curves, settings_differences
from ferdash.runs.export import HEADS, table_row
from ferdash.runs.index import RunSummary
from ferdash.runs.lineage import trace
from ferdash.runs.store import Run
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


def html_report(runs: Sequence[Run], summaries: Sequence[RunSummary]) -> str:
    """The report as HTML: table, curves, F1 of each emotion, settings that differ, and how to make each run again.

    runs, summaries: the same runs in the same order.
    """
    names = {run.id: run.title for run in summaries}
    figures = "".join(f"<section>{part}</section>\n" for part in _drawn(_figures(runs, summaries, names)))
    parts = [
        f"<h1>{counted(len(runs), 'run')}</h1>",
        f"<p>Written by ferdash on {datetime.now(UTC):%d %B %Y}. Scores: each run's best epoch on validation.</p>",
        _table(HEADS, map(table_row, summaries)),
        _warning(summaries),
        figures,
        "<h2>Settings that differ</h2>",
        _settings(runs, names),
        "<h2>How to make them again</h2>",
        _table(("run", "data", "code", "commands"), map(_origin, runs)),
    ]
    head = f'<meta charset="utf-8"><title>{counted(len(runs), "run")}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _figures(runs: Sequence[Run], summaries: Sequence[RunSummary], names: dict[str, str]) -> Iterable[go.Figure]:
    for measure, title in CURVES.items():
        table = learning_curves(runs, measure)
        if len(table):
            shown = {run_id: name for run_id, name in names.items() if (table["run"] == run_id).any()}
            yield plots.learning_curves(table, shown, measure=measure, title=title)
    f1 = f1_table(runs, {summary.id: summary.best.epoch for summary in summaries if summary.best})
    if f1["f1"].notna().any():
        yield plots.emotion_bars(f1, {run_id: names[run_id] for run_id in f1["run"].unique()})


def _drawn(figures: Iterable[go.Figure]) -> Iterable[str]:
    # The first figure brings the whole of plotly.js along, the others use it.
    for place, figure in enumerate(figures):
        yield figure.to_html(full_html=False, include_plotlyjs=place == 0, config={"displaylogo": False})


def _warning(summaries: Sequence[RunSummary]) -> str:
    if len({summary.measured_on for summary in summaries if summary.images}) < 2:
        return ""
    return '<p class="mark">These runs were not all measured on the same images; such scores are not comparable.</p>'


def _settings(runs: Sequence[Run], names: dict[str, str]) -> str:
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
