"""`ferdash runs compare`: what differs between runs, which is better, and whether that could be chance."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.table import Table

from ferdash.cli.output import JsonFlag, console, escape, print_json
from ferdash.emotions import EMOTIONS
from ferdash.errors import RunError
from ferdash.paths import checkpoints_root, data_root
from ferdash.wording import percent

if TYPE_CHECKING:
    from ferdash.exports.verdicts import Verdict
    from ferdash.runs.index import RunSummary
    from ferdash.runs.store import Run

MOST = 10
GROUP_SCORES = {
    "accuracy": "validation accuracy",
    "macro_f1": "validation macro F1",
    "test.accuracy": "test accuracy, by the best epoch",
}
LETTERS = "ABCDEFGHIJ"


ONE_SEED = (
    "This is one run against one: the images could not have done it by chance, but another seed might. For that, train "
    "each with --seeds and compare the groups."
)
"""Below every paired comparison of runs that chance does not explain."""


def register(group: typer.Typer) -> None:
    """Add `ferdash runs compare`."""
    group.command("compare")(compare)


def compare(
    runs: Annotated[
        list[str], typer.Argument(help="Two to ten runs, or groups of runs with several seeds.", show_default=False)
    ],
    baseline: Annotated[str, typer.Option(help="The run to compare the others with; the first if left out.")] = "",
    json_output: JsonFlag = False,
) -> None:
    """Compare runs: settings that differ, scores, F1 of each emotion, and a paired test on the same images. Groups are
    compared by the spread that seeds give."""
    from ferdash.exports.answers import left_out_words
    from ferdash.exports.verdicts import verdicts
    from ferdash.runs.compare import settings_differences
    from ferdash.runs.index import summary_of
    from ferdash.runs.store import find_run_id, open_run
    from ferdash.training.config import TrainConfig, to_dict

    root = checkpoints_root() / "runs"
    if groups := _groups(([baseline] if baseline else []) + runs):
        _compare_groups(groups, json_output)
        return
    wanted = [find_run_id(root, text) for text in ([baseline] if baseline else []) + runs]
    opened = [open_run(root, run_id) for run_id in dict.fromkeys(wanted)]
    if not 2 <= len(opened) <= MOST:
        raise typer.BadParameter(f"Name 2 to {MOST} different runs, not {len(opened)}.")
    summaries = [summary_of(root, run.id) for run in opened]
    settings = settings_differences({run.id: run.record["config"] for run in opened}, to_dict(TrainConfig()))
    f1 = _f1(opened, summaries)
    found = verdicts(opened, dict(zip((run.id for run in opened), LETTERS, strict=False)), data_root())
    if json_output:
        print_json(_document(summaries, settings, f1, found))
        return
    _print_legend(summaries)
    for verdict in found:
        console.print(f"[bold]{escape(verdict.sentence)}[/bold]", highlight=False)
        if verdict.result is not None:
            console.print(f"  {verdict.result.interval_words}", highlight=False, markup=False)
    if any(verdict.result is not None and verdict.result.significant for verdict in found):
        console.print(f"  {ONE_SEED}", highlight=False)
    if note := left_out_words(opened, data_root()):
        console.print(f"  {escape(note)}", highlight=False)
    console.print(_score_table(summaries, f1), highlight=False)
    console.print(_settings_table(summaries, settings), highlight=False)


def _groups(texts: list[str]) -> "dict[str, list[RunSummary]]":
    """The runs of each group where all of the names are groups' names; empty where none is. Raises RunError where some
    are."""
    from ferdash.runs.index import list_runs, sound

    members: dict[str, list[RunSummary]] = {text: [] for text in dict.fromkeys(texts)}
    for summary in sound(list_runs(checkpoints_root() / "runs")):
        if summary.group in members and summary.best is not None:
            members[summary.group].append(summary)
    found = [text for text, group in members.items() if group]
    if not found:
        return {}
    if missing := [text for text in members if text not in found]:
        raise RunError(f"“{found[0]}” is a group of runs and “{missing[0]}” is none; compare groups with groups.")
    if len(members) < 2:
        raise RunError("Name two groups or more.")
    return members


def _compare_groups(groups: "dict[str, list[RunSummary]]", json_output: bool) -> None:
    """The first group against each other one, by the scores of their runs' best epochs."""
    from dataclasses import asdict

    from ferdash.evaluation.seeds import compare_seeds
    from ferdash.runs.groups import why_groups_not_comparable

    first, *others = groups
    apart = {other: why_groups_not_comparable(groups[first], groups[other]) for other in others}
    table = Table("group", "runs", "score", "mean", "std", box=SIMPLE, padding=(0, 2, 0, 0), pad_edge=False)
    comparisons = []
    for name, title in GROUP_SCORES.items():
        scores = {group: _scores_of(runs, name) for group, runs in groups.items()}
        for group, values in scores.items():
            if values:
                table.add_row(escape(group), str(len(values)), title, *_mean_and_spread(name, values))
        for other in others:
            if scores[first] and scores[other] and not apart[other]:
                result = compare_seeds(scores_a=scores[first], scores_b=scores[other], name_a=first, name_b=other)
                sentence = result.f1_sentence if name.endswith("f1") else result.sentence
                comparisons.append({"score": name, "sentence": sentence, **asdict(result)})
    if json_output:
        print_json(
            {
                "groups": {group: [run.id for run in runs] for group, runs in groups.items()},
                "comparisons": comparisons,
                "not_comparable": {other: reason for other, reason in apart.items() if reason},
            }
        )
        return
    for other, reason in apart.items():
        if reason:
            console.print(escape(f"{first} and {other}: {reason}"), highlight=False)
    for comparison in comparisons:
        console.print(escape(f"{GROUP_SCORES[comparison['score']]}: {comparison['sentence']}"), highlight=False)
    console.print(table, highlight=False)


def _scores_of(runs: "list[RunSummary]", name: str) -> list[float]:
    kind, _, score = name.rpartition(".")
    measured = [run.test if kind == "test" else run.best for run in runs]
    return [value for one in measured if one is not None and (value := getattr(one, score)) is not None]


def _mean_and_spread(name: str, values: list[float]) -> tuple[str, str]:
    """As `ferdash train` has them: accuracy in percent, its spread in points; F1 as a number from 0 to 1."""
    from statistics import mean, stdev

    spread = stdev(values) if len(values) > 1 else None
    if name.endswith("f1"):
        return f"{mean(values):.3f}", "-" if spread is None else f"{spread:.3f}"
    return percent(mean(values)), "-" if spread is None else f"{100 * spread:.1f} points"


def _f1(runs: "list[Run]", summaries: "list[RunSummary]") -> dict[str, list[float | None]]:
    """Run id -> F1 of each emotion in its best epoch, None where there is none."""
    import pandas as pd

    from ferdash.runs.compare import f1_table

    table = f1_table(runs, summaries)
    wide = table.pivot(index="run", columns="emotion", values="f1").reindex(
        index=[run.id for run in runs], columns=list(EMOTIONS)
    )
    return {run_id: [None if pd.isna(v) else float(v) for v in row] for run_id, row in wide.iterrows()}


def _print_legend(summaries: "list[RunSummary]") -> None:
    from ferdash.runs.index import TUNED_ON_TEST

    for letter, run in zip(LETTERS, summaries, strict=False):
        name = f" ({run.name})" if run.name else ""
        role = ", the baseline" if letter == LETTERS[0] else ""
        mark = f"  [yellow]{TUNED_ON_TEST}[/yellow]" if run.tuned_on_test else ""
        console.print(f"[bold]{letter}[/bold]  {escape(run.id + name)}{role}{mark}", highlight=False)


def _score_table(summaries: "list[RunSummary]", f1: dict[str, list[float | None]]) -> Table:
    """Scores of each run's best epoch; in brackets, F1 minus that of the baseline, where it is of the same images."""
    from ferdash.runs.compare import comparable_runs

    table = _lettered("best epoch", summaries)
    best = [run.best for run in summaries]
    table.add_row("epoch", *("-" if score is None else str(score.epoch + 1) for score in best))
    table.add_row("accuracy", *("-" if s is None or s.accuracy is None else percent(s.accuracy) for s in best))
    table.add_row("macro F1", *("-" if s is None or s.macro_f1 is None else f"{s.macro_f1:.3f}" for s in best))
    last = [run.last for run in summaries]
    table.add_row("last accuracy", *("-" if s is None or s.accuracy is None else percent(s.accuracy) for s in last))
    if any(run.test for run in summaries):
        tests = [run.test.accuracy if run.test else None for run in summaries]
        table.add_row("test accuracy", *("-" if value is None else percent(value) for value in tests))
    table.add_section()
    baseline = f1[summaries[0].id]
    plain = [run is summaries[0] or not comparable_runs(summaries[0], run) for run in summaries]
    for index, emotion in enumerate(EMOTIONS):
        cells = [
            _with_difference(f1[run.id][index], baseline[index], alone)
            for run, alone in zip(summaries, plain, strict=True)
        ]
        table.add_row(f"F1 {emotion}", *cells)
    return table


def _with_difference(value: float | None, baseline: float | None, alone: bool) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if alone or baseline is None else f"{value:.3f} ({value - baseline:+.3f})"


def _settings_table(summaries: "list[RunSummary]", settings: dict[str, dict[str, Any]]) -> Table:
    table = _lettered("setting", summaries, justify="left")
    for path, values in settings.items():
        table.add_row(path, *(_value(values[run.id]) for run in summaries))
    table.caption = None if settings else "All settings are the same."
    return table


def _lettered(head: str, summaries: "list[RunSummary]", justify: Any = "right") -> Table:
    table = Table(head, box=SIMPLE, padding=(0, 2, 0, 0), pad_edge=False)
    for letter in LETTERS[: len(summaries)]:
        table.add_column(letter, justify=justify, overflow="fold")
    return table


def _value(value: Any) -> str:
    return "-" if value in (None, "") else escape(str(value))


def _document(
    summaries: "list[RunSummary]",
    settings: dict[str, dict[str, Any]],
    f1: dict[str, list[float | None]],
    verdicts: "list[Verdict]",
) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "baseline": summaries[0].id,
        "runs": [{**asdict(run), "started_from": run.started_from} for run in summaries],
        "settings": settings,
        "f1": {run_id: dict(zip(EMOTIONS, values, strict=True)) for run_id, values in f1.items()},
        "comparisons": [
            {"run": verdict.run, "sentence": verdict.sentence, "result": verdict.result and asdict(verdict.result)}
            for verdict in verdicts
        ],
    }
