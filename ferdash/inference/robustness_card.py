"""A report of robustness in a model's own folder: robustness.json, and a section of its card."""

import re
from pathlib import Path

from ferdash.errors import ModelError
from ferdash.evaluation.corruptions import CORRUPTIONS, STRENGTHS
from ferdash.evaluation.robustness import Robustness
from ferdash.files import write_atomic, write_json
from ferdash.runs.evaluations import SHIPPED
from ferdash.wording import percent

HEADING = "## Robustness"
BEFORE = "## Limits"
"""The section that it stands before."""


def add_to_card(folder: Path, report: Robustness) -> None:
    """Write robustness.json into a model's folder, and the section of its README.md, in place of one that is there.

    Raises ModelError when the card cannot be read or has no section to stand before.
    """
    path = folder / "README.md"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ModelError(f"The card of the model “{folder.name}” cannot be read ({error}).") from error
    text = re.sub(rf"^{HEADING}\n.*?(?=^## )", "", text, flags=re.MULTILINE | re.DOTALL)
    before, found, after = text.partition(f"\n{BEFORE}\n")
    if not found:
        raise ModelError(f"The card of the model “{folder.name}” has no section “{BEFORE.removeprefix('## ')}”.")
    text = f"{before}\n{HEADING}\n\n{section(folder.name, report)}\n{found}{after}"
    write_json(folder / SHIPPED["robustness"], {"model": folder.name, **report.to_dict()})
    write_atomic(path, lambda file: file.write(text.encode()))


def section(name: str, report: Robustness) -> str:
    """The report of the model `name` in Markdown."""
    low, high = (f"{100 * end:.1f}" for end in (report.interval.low, report.interval.high))
    protocol = report.protocol
    command = f"ferdash evaluate {name} --dataset {protocol.dataset} --split {protocol.split} --corruptions"
    if report.truth != "label":
        command += f" --truth {report.truth}"
    means = report.of_kinds()
    lines = [
        f"| | {' | '.join(map(str, STRENGTHS))} | mean |",
        f"| --- |{' ---: |' * (len(STRENGTHS) + 1)}",
    ]
    for (kind, corruption), row in zip(CORRUPTIONS.items(), report.accuracy, strict=True):
        cells = " | ".join(f"{100 * value:.1f}" for value in (*row, means[kind]))
        lines.append(f"| {corruption.title} | {cells} |")
    return "\n\n".join(
        [
            f"{report.finding()}. Mean over all {report.accuracy.size} ways: **{percent(report.mean)}** "
            f"(95% CI {low} to {high}). Measured on: {report.describe()}",
            "Accuracy in %, by kind and strength (`docs/robustness.md` says what these are):",
            "\n".join(lines),
            f"The same in full precision: `{SHIPPED['robustness']}`. To measure again: `{command}`.",
        ]
    )
