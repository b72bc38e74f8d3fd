"""One table of what the benchmarks say: the figure of each, what is wanted, and the command that measures it.

    python benchmarks/all.py                                            reads the results kept beside the scripts
    python benchmarks/all.py --run [NAME ...] [--clip CLIP] [--fer-python PATH]      measures first, and keeps them

Names are those of the scripts, such as `video_speed`; without any, all are run, one after another, those that need a
clip or another Python only where one is given. A result whose figure cannot be found is an error, not a gap. With
--markdown the table is one for the README.
"""

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Claim:
    """One figure of a script's output. pattern: finds it, as its only group. bar: what is wanted of it, None where
    nothing is; at_most: whether it must stay below the bar. show: how it is written."""

    script: str
    question: str
    pattern: str
    bar: float | None = None
    at_most: bool = False
    show: str = "{:,.1f}x"


CLIP, FER_PYTHON = "CLIP", "FER_PYTHON"
ARGUMENTS: dict[str, list[str]] = {
    "fernet_vs_vit": ["--fernet", "fernet"],
    "against_trainer": [],
    "training_overhead": [],
    "against_fer": [CLIP, "--fer-python", FER_PYTHON],
    "video_speed": [CLIP],
    "video_memory": [CLIP],
    "live_rate": [CLIP, "--minutes", "10"],
    "dataset_opening": [],
    "run_listing": [],
    "growth": [CLIP],
}
"""What each script is run with."""

FER = r"fer, {} +[\d.]+ +\d+ +\d+ +(?:[\d.]+x +){{{}}}([\d.]+)x"
"""Of a row of fer's, the ratio in a column: those of PyTorch, ONNX Runtime and 8-bit integers."""

CLAIMS = [
    Claim(
        "fernet_vs_vit",
        "Faces a second, FerNet against ViT-base/224 in transformers' pipeline",
        r"([\d,]+) times the faces a second",
        40,
        show="{:,.0f}x",
    ),
    Claim("fernet_vs_vit", "One face, FerNet in PyTorch", r"one face in ([\d.,]+) ms", 4, True, "{:.2f} ms"),
    Claim(
        "fernet_vs_vit",
        "One face, FerNet in ONNX Runtime",
        r"FerNet, ONNX Runtime +[\d,]+ +[\d,.]+ +([\d.]+) ms",
        4,
        True,
        "{:.2f} ms",
    ),
    Claim(
        "against_trainer",
        "Training images a second against transformers' Trainer at its fastest",
        r"(?m)^ferdash, 48 px +[\d,]+ +([\d.]+)$",
        2,
    ),
    Claim(
        "against_trainer",
        "The same, compiled, against the Trainer at its fastest that is not",
        r"(?m)^ferdash, 48 px, compiled +[\d,]+ +([\d.]+)$",
        1.8,
    ),
    Claim("against_trainer", "The same, against the Trainer as it comes", r"([\d.]+) times the Trainer as it comes", 2),
    Claim(
        "against_trainer",
        "Training's share of the machine's matrix-product rate",
        r"([\d.]+)% of one",
        show="{:.1f}%",
    ),
    Claim(
        "training_overhead",
        "Time beside a bare PyTorch loop",
        r"overhead +(-?[\d.]+)% more",
        5,
        True,
        "{:+.1f}%",
    ),
    *(
        Claim(
            "against_fer", f"Analysing a clip in {ours}, against the fer package {how}", FER.format(theirs, engine), 8
        )
        for how, theirs in (("as its defaults have it", "its defaults"), ("with nothing saved", "results alone"))
        for engine, ours in enumerate(("PyTorch", "ONNX Runtime", "8-bit integers"))
    ),
    Claim("video_speed", "Every frame of a clip, against its length", r"ratio +([\d.,]+) times real time", 10),
    Claim(
        "video_memory",
        "Memory for 10 minutes of video, against 1 minute",
        r"ratio +([\d.]+)",
        1.2,
        True,
        "{:.2f}x",
    ),
    Claim(
        "live_rate", "Analysed camera frames, against 15 a second", r"ratio +([\d.]+) times the bar", 1, show="{:.2f}x"
    ),
    Claim("dataset_opening", "Opening a dataset, against importing it", r"(?m)^ratio +([\d,]+)", show="{:,.0f}x"),
    Claim("run_listing", "Listing 1,000 runs, against parsing every line", r"(?m)^ratio +([\d.]+)"),
    Claim("run_listing", "`ferdash runs list` of 1,000 runs", r"runs list +([\d.]+) s", 1.5, True, "{:.2f} s"),
    Claim("run_listing", "Their page, first render in Chromium", r"first render +([\d.]+) s", 2, True, "{:.2f} s"),
    Claim("run_listing", "Their page, a rerun's script", r"its script +([\d.]+) s", 0.4, True, "{:.2f} s"),
    Claim("run_listing", "Their page, a rerun in Chromium", r"page, rerun +([\d.]+) s", 0.4, True, "{:.2f} s"),
    Claim("growth", "Growth of opening with images", r"open a dataset +\w+ +(-?[\d.]+)", 1, True, "size^{:.2f}"),
    Claim("growth", "Growth of reading JPEGs", r"read as many JPEGs +\w+ +(-?[\d.]+)", show="size^{:.2f}"),
    Claim("growth", "Growth of classifying with faces", r"classify faces +\w+ +(-?[\d.]+)", 1.1, True, "size^{:.2f}"),
    Claim("growth", "Growth of analysis with frames", r"analyse a video +\w+ +(-?[\d.]+)", 1.1, True, "size^{:.2f}"),
    Claim("growth", "Growth of opening a film", r"sum an analysis up +\w+ +(-?[\d.]+)", 1.1, True, "size^{:.2f}"),
    Claim("growth", "Growth of listing with runs", r"list runs.*? runs +(-?[\d.]+)", 1.1, True, "size^{:.2f}"),
]


def figure_of(claim: Claim, text: str) -> float:
    """The claim's figure in a script's output; ends the program with a sentence where it is not there."""
    found = re.search(claim.pattern, text)
    if found is None:
        raise SystemExit(f"{claim.script}.txt has no figure for “{claim.question}”; run {claim.script}.py again.")
    return float(found[1].replace(",", ""))


def cells_of(claim: Claim, text: str | None) -> list[str]:
    """Question, figure, bar with the verdict in words, and the command."""
    command = " ".join(["python", f"benchmarks/{claim.script}.py", *ARGUMENTS[claim.script]])
    wanted = "" if claim.bar is None else f"{'at most' if claim.at_most else 'at least'} {claim.show.format(claim.bar)}"
    if text is None:
        return [claim.question, "not measured", wanted, command]
    figure = figure_of(claim, text)
    if claim.bar is not None:
        met = figure <= claim.bar if claim.at_most else figure >= claim.bar
        wanted += ": met" if met else ": not met"
    return [claim.question, claim.show.format(figure), wanted, command]


def table(*, markdown: bool) -> str:
    kept = {name: HERE / f"{name}.txt" for name in ARGUMENTS}
    texts = {name: path.read_text(encoding="utf-8") if path.is_file() else None for name, path in kept.items()}
    rows = [["", "measured", "wanted", "command"]] + [cells_of(claim, texts[claim.script]) for claim in CLAIMS]
    if markdown:
        lines = ["| " + " | ".join([*row[:3], f"`{row[3]}`" if row[0] else row[3]]) + " |" for row in rows]
        return "\n".join([lines[0], "|---|---:|---|---|", *lines[1:]])
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def measure(name: str, clip: Path | None, fer_python: Path | None) -> None:
    """Run a script and keep what it prints; one that lacks its clip or Python is left out."""
    given = {CLIP: clip, FER_PYTHON: fer_python}
    if any(given.get(word, "") is None for word in ARGUMENTS[name]):
        print(f"{name}: left out, it needs --clip or --fer-python")
        return
    words = [str(given.get(word, word)) for word in ARGUMENTS[name]]
    print(f"{name} ...", flush=True)
    load = os.getloadavg()[0]
    ended = subprocess.run([sys.executable, str(HERE / f"{name}.py"), *words], stdout=subprocess.PIPE, text=True)
    if ended.returncode:
        raise SystemExit(f"{name}.py failed; what it says stands above. Its former result is kept.")
    # Files are named without the folders of this machine.
    shown = [Path(word).name if Path(word).is_absolute() else word for word in words]
    command = " ".join(["$ python", f"benchmarks/{name}.py", *shown])
    (HERE / f"{name}.txt").write_text(f"{command}        (load {load:.1f} before)\n{ended.stdout}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", nargs="*", metavar="NAME", choices=list(ARGUMENTS))
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--fer-python", type=Path)
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    if arguments.run is not None:
        clip = arguments.clip and arguments.clip.resolve()
        for name in arguments.run or ARGUMENTS:
            measure(name, clip, arguments.fer_python and arguments.fer_python.absolute())
    print(table(markdown=arguments.markdown))


if __name__ == "__main__":
    main()
