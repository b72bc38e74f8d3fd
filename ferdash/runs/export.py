"""Runs for other programs: every figure as CSV or JSON, and a table of runs for a paper in Markdown or LaTeX.

A figure of metrics.jsonl goes by one name everywhere outside, its path with slashes and emotions by name:
`validation/f1/fear`, `drawn/disgust`, `validation/confusion/sad/neutral` (true emotion first).
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from ferdash.emotions import EMOTIONS
from ferdash.runs.index import RunSummary, Score
from ferdash.runs.store import Run, read_meta, read_metrics, read_status
from ferdash.wording import cell, count, duration, percent

HEADS = ("run", "recipe", "measured on", "accuracy", "macro F1", "worst F1", "epoch", "last", "trained", "note")

_LATEX = str.maketrans(
    {sign: f"\\{sign}" for sign in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


def metric_values(row: dict[str, Any]) -> dict[str, float]:
    """Every number of a row of metrics.jsonl but the epoch, by name; without those that are not known (None).

    >>> metric_values({"epoch": 3, "lr": 0.1, "validation": {"f1": [None, 0.5]}})
    {'lr': 0.1, 'validation/f1/disgust': 0.5}
    """
    return dict(_numbers({name: value for name, value in row.items() if name != "epoch"}, ""))


def to_csv(runs: Iterable[Run]) -> str:
    """A line for each epoch of each run: run (its id), name, epoch (from 1, as everywhere that people read it), and
    every figure; empty where a run does not have it."""
    lines: list[dict[str, Any]] = []
    for run in runs:
        name = str(read_meta(run.folder)["name"])
        for row in read_metrics(run.folder):
            focus = {"focus": " ".join(row["focus"])} if row.get("focus") else {}
            lines.append({"run": run.id, "name": name, "epoch": row["epoch"] + 1, **metric_values(row), **focus})
    columns = dict.fromkeys(name for line in lines for name in line) or dict.fromkeys(("run", "name", "epoch"))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writerow({name: cell(name) for name in columns})
    writer.writerows(
        {n: cell(value) if isinstance(value, str) else value for n, value in line.items()} for line in lines
    )
    return text.getvalue()


def to_json(runs: Iterable[Run]) -> str:
    """Everything that is kept of the runs but predictions and checkpoints, as one document."""
    return json.dumps({"format": 1, "runs": [document(run) for run in runs]}, indent=2, ensure_ascii=False) + "\n"


def document(run: Run) -> dict[str, Any]:
    """Everything that is kept of a run but predictions and checkpoints. Raises RunError for a damaged one."""
    return {
        "id": run.id,
        "record": run.record,
        "status": read_status(run.folder),
        "meta": read_meta(run.folder),
        "metrics": read_metrics(run.folder),
    }


def table_row(summary: RunSummary) -> list[str]:
    """A run in the columns of HEADS, in words."""
    best, last = summary.best, summary.last
    images = f"{count(summary.images)} images of " if summary.images else ""
    return [
        summary.title,
        summary.recipe,
        f"{images}{summary.dataset}",
        *score_cells(best),
        "-" if best is None else str(best.epoch + 1),
        "-" if last is None or last.accuracy is None else f"{percent(last.accuracy)} in epoch {last.epoch + 1}",
        duration(summary.seconds),
        summary.mark,
    ]


def score_cells(score: Score | None) -> list[str]:
    """Accuracy, macro F1 and the worst F1 with its emotion; a dash for what is not known."""
    if score is None:
        return ["-", "-", "-"]
    worst = "-" if score.worst_f1 is None else f"{score.worst_f1:.3f} ({score.worst_emotion})"
    return [
        "-" if score.accuracy is None else percent(score.accuracy),
        "-" if score.macro_f1 is None else f"{score.macro_f1:.3f}",
        worst,
    ]


def to_markdown(summaries: Sequence[RunSummary]) -> str:
    """The runs as a Markdown table, best epoch first, then the last."""
    lines = [HEADS, ["---"] * len(HEADS), *([_markdown(cell) for cell in table_row(summary)] for summary in summaries)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def to_latex(summaries: Sequence[RunSummary]) -> str:
    """The runs as a LaTeX tabular that needs no package, to be \\input."""
    lines = [" & ".join(cell.translate(_LATEX) for cell in line) + r" \\" for line in map(table_row, summaries)]
    head = " & ".join(HEADS) + r" \\"
    begin = r"\begin{tabular}{" + "l" * len(HEADS) + "}"
    return "\n".join([begin, r"\hline", head, r"\hline", *lines, r"\hline", r"\end{tabular}"]) + "\n"


def _numbers(value: Any, name: str) -> Iterable[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{name}/{key}" if name else key)
    elif isinstance(value, list) and len(value) <= len(EMOTIONS):
        for emotion, item in zip(EMOTIONS, value, strict=False):
            yield from _numbers(item, f"{name}/{emotion}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value


def _markdown(cell: str) -> str:
    return cell.replace("|", "\\|")
