"""Give ferdash hostile files and count what does not end well.

    python scripts/attack.py FOLDER                                    the inputs in a folder, and pipes, devices, bombs
    python scripts/attack.py --fresh 5000 --seed 1 --keep build/found  so many that nobody has seen yet

Each entry of FOLDER is one damaged input, whose name begins with its kind (`run-`, `model-`, `csv-` ...). Fresh are
valid documents of every kind, damaged at random (`attack_documents.py`, `attack_mutations.py`), and command lines with
odd values. Whatever commands a person would give for an input, three of them for a fresh one, are carried out in a
process of its own, which may take 10 s a command and 2 GB of memory. A command ends well with a result or a sentence;
a traceback, more time or memory, and a score or probability that is no number are counted, with a line each.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from attack_documents import make_documents, odd_command
from attack_mutations import fresh
from PIL import Image
from typer.testing import CliRunner

from ferdash.cli.main import app
from ferdash.data.demo import make_demo
from ferdash.errors import FerdashError
from ferdash.files import trouble_of
from ferdash.paths import checkout
from ferdash.training.config import override
from ferdash.training.recipes import get_recipe
from ferdash.training.start import create, execute
from ferdash.video.sample import write_sample

SLOWEST_S, MOST_BYTES = 10.0, 2 * 2**30
TOTAL_S = 300.0
ID = "20260101-000000-attacked-0001"

Commands = list[list[str]]
PREDICT: Commands = [["predict", "PHOTO", "--model", "IT"], ["predict", "PHOTO", "--model", "IT", "--json"]]
EVALUATE = ["evaluate", "IT", "--dataset", "demo", "--split", "validation", "--per-class", "2"]
VIDEO: Commands = [["video", "IT", "--out", "out", "--only", "frames.csv", "--only", "report.html"]]
RUNS: Commands = [
    ["runs", "list", "--json"],
    ["runs", "show", ID],
    ["runs", "show", ID, "--json"],
    ["runs", "compare", ID, "small"],
    *(["runs", "export", ID, "small", "--to", to, "--out", f"out.{to}"] for to in ("csv", "json", "html")),
    ["predict", "PHOTO", "--model", f"run:{ID}", "--json"],
    ["train", "--resume", ID, "--set", "epochs=4"],
]
IMPORT_RUNS: Commands = [["runs", "import", "IT"], ["runs", "list"], ["runs", "export", "--all", "--out", "out.csv"]]
ANALYSES: Commands = [
    ["analyses", "list"],
    ["analyses", "show", ID],
    ["analyses", "show", ID, "--json"],
    [
        "analyses",
        "export",
        ID,
        "--out",
        "out",
        "--only",
        "report.html",
        "--only",
        "summary.json",
        "--only",
        "deltas.csv",
    ],
    ["analyses", "continue", ID],
]
DATASET: Commands = [
    ["dataset", "list"],
    ["dataset", "stats", "attacked"],
    ["dataset", "audit", "attacked"],
    ["evaluate", "fernet", "--dataset", "attacked", "--per-class", "2"],
]
CORRECTIONS: Commands = [["corrections", "list"], ["corrections", "list", "--json"], ["corrections", "export", "x"]]
STUDY = ["sweep", "--show", "--storage", "sqlite:///IT", "--study", "s"]
IMPORT: Commands = [["dataset", "import", "IT", "--name", "attacked"], *DATASET[1:]]

KINDS: dict[str, tuple[str, Commands]] = {
    "run": ("checkpoints/runs/" + ID, RUNS),
    "ckpt": ("checkpoints/runs/" + ID, RUNS),
    "session": ("data/analyses/" + ID, ANALYSES),
    "dataset": ("data/attacked", DATASET),
    "corrections": ("data/corrections", CORRECTIONS),
    "runs-csv": ("it.csv", IMPORT_RUNS),
    "mlflow": ("it.db", IMPORT_RUNS),
    "lab": ("it.db", IMPORT_RUNS),
    "csv": ("it.csv", IMPORT),
    "emotion": ("it.csv", IMPORT),
    "faces": ("it.zip", IMPORT),
    "photo": ("", [["predict", "IT", "--json"]]),
    "float": ("", [["predict", "IT", "--json"]]),
    "npy": ("it.npy", [["train", "--recipe", "fernet_quick", "--dataset", "demo", "--set", "loss.teachers=IT"]]),
    "model": ("it", [*PREDICT, EVALUATE]),
    "nan": ("it", [*PREDICT, EVALUATE]),
    "evil": ("it", [*PREDICT, EVALUATE]),
    "small": ("", VIDEO),
    "unknown": ("", VIDEO),
    "video": ("", VIDEO),
    "study": ("it.db", [["sweep", "--show", "--storage", "sqlite:///IT"], STUDY, [*STUDY, "--json"]]),
    "coding": (
        "",
        [["analyses", "import", "IT"], ["analyses", "import", "IT", "--into", "film"], ["analyses", "list"]],
    ),
    "settings": ("it.json", []),
}
"""Beginning of a name, the longest that fits: where the input belongs in a person's folder (itself where it is), and
what is done with it; IT is its path, PHOTO a photo. Settings are a file of the commands themselves."""


def kind_of(name: str) -> str:
    """
    >>> kind_of("runs-csv-291047ba.csv"), kind_of("run-config.json-c861e77d")
    ('runs-csv', 'run')
    """
    return max((kind for kind in KINDS if re.match(rf"{kind}\b|{kind}_", name)), key=len)


def make_world(folder: Path) -> None:
    """A person's folder: the demo dataset, a small run, a photo, and the models that are shipped."""
    make_demo(folder / "data", images=210)
    project = checkout()
    assert project is not None
    (folder / "checkpoints").mkdir()
    for part in ("models", "detectors"):
        # Copied: through a link, `promote` with an odd name would write into this checkout.
        shutil.copytree(project / "checkpoints" / part, folder / "checkpoints" / part)
    values = ["dataset=demo", "epochs=3", "network.width=8", "network.depths=1,1,1,1"]
    config = override(get_recipe("fernet_quick").config(), values)
    run = create(config, data=folder / "data", checkpoints=folder / "checkpoints", name="small")
    execute(run, data=folder / "data", checkpoints=folder / "checkpoints")
    shutil.copytree(run.checkpoints, folder / "whole")
    from skimage.data import astronaut

    Image.fromarray(astronaut()).save(folder / "photo.png")


def make_more(folder: Path) -> None:
    """The inputs that cannot be sent around."""
    os.mkfifo(folder / "csv-fifo.csv")
    os.mkfifo(folder / "npy-fifo.npy")
    os.mkfifo(folder / "photo-fifo.jpg")
    (folder / "csv-zero.csv").symlink_to("/dev/zero")
    (folder / "photo-zero.png").symlink_to("/dev/zero")
    (folder / "run-loop").symlink_to("run-loop")
    with zipfile.ZipFile(folder / "faces-bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(3):
            archive.writestr(f"train/happy/{number}.png", bytes(300 * 2**20))
    shutil.copy(folder / "faces-bomb.zip", folder / "photo-bomb.zip")
    Image.new("L", (7000, 7000)).save(folder / "large.png")
    with zipfile.ZipFile(folder / "faces-large.zip", "w") as archive:
        for number in range(200):
            archive.write(folder / "large.png", f"train/happy/{number}.png")
    (folder / "large.png").unlink()
    (folder / "faces-entries.zip").write_bytes(_many_entries())
    with (folder / "runs-csv-50mb.csv").open("w") as file:
        file.write("run,epoch,val_accuracy\n")
        file.writelines(f"a,{number},0.5\n" for number in range(4_000_000))
    write_sample(folder / "video-cut.mp4", seconds=1.0)
    whole = (folder / "video-cut.mp4").read_bytes()
    (folder / "video-cut.mp4").write_bytes(whole[: len(whole) // 2])


def _many_entries() -> bytes:
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w") as archive:
            for number in range(200_000):
                archive.writestr(f"{number}", b"")
        file.seek(0)
        return file.read()


def attack(entry: Path, world: Path, report: Path) -> None:
    """In a process of its own: put the input in its place and carry out the commands; a JSON line for each."""
    place, commands = KINDS[kind_of(entry.name)]
    it = (world / place if place else world / entry.name).absolute()
    it.parent.mkdir(parents=True, exist_ok=True)
    if entry.is_dir():
        shutil.copytree(entry, it, symlinks=True)
    else:
        it.symlink_to(entry.absolute())
    if place.startswith("checkpoints/runs") and it.is_dir():
        (it / "checkpoints").mkdir(exist_ok=True)
        for file in (world / "whole").iterdir():
            if not (it / "checkpoints" / file.name).exists():
                shutil.copy(file, it / "checkpoints" / file.name)
    if not commands:
        commands = json.loads(entry.read_text())
    elif "-fresh" in entry.name:
        commands = _some(commands, random.Random(entry.name))
    os.chdir(world)
    os.environ |= {"FERDASH_DATA": str(world / "data"), "FERDASH_CHECKPOINTS": str(world / "checkpoints")}
    os.environ["HOME"] = str(world)
    small = next((world / "checkpoints" / "runs").glob("*-fernet-quick-*"))
    places: dict[str, object] = {
        "IT": it,
        "SMALL": f"run:{small.name}@best",
        "PHOTO": world / "photo.png",
        "FILM": world / "film.mp4",
        "ZIP": world / "faces.zip",
    }
    before = entry.read_bytes() if entry.suffix == ".db" and entry.is_file() else b""
    for command in commands:
        words = [
            re.sub(r"(^|=|/)(IT|SMALL|PHOTO|FILM|ZIP)$", lambda m: m[1] + str(places[m[2]]), word) for word in command
        ]
        began = time.process_time()
        with report.open("a") as file:
            file.write(json.dumps({"begun": " ".join(command)}) + "\n")
        result = CliRunner().invoke(app, words, input="y\n")
        said = {"done": " ".join(command), "seconds": time.process_time() - began, "what": _what(result, command)}
        with report.open("a") as file:
            file.write(json.dumps(said) + "\n")
    if before and entry.read_bytes() != before:
        with report.open("a") as file:
            file.write(json.dumps({"done": "import", "seconds": 0, "what": "changed the input"}) + "\n")


def _some(commands: Commands, rng: random.Random) -> Commands:
    """Three of them in their order; an import stays, as the others look at what it brought."""
    first = commands[:1] if "import" in commands[0] else []
    rest = commands[len(first) :]
    return first + [rest[at] for at in sorted(rng.sample(range(len(rest)), min(3 - len(first), len(rest))))]


def _what(result: object, command: list[str]) -> str:
    """How a command ended: accepted, sentence, or what was wrong."""
    error = result.exception  # type: ignore[attr-defined]
    if error is None:
        output = result.stdout  # type: ignore[attr-defined]
        in_json = "--json" in command
        return "no number" if re.search(r"[:\[,]\s*NaN" if in_json else r"\bnan\b", output) else "accepted"
    if isinstance(error, FerdashError | SystemExit | KeyboardInterrupt):
        return "sentence"
    if isinstance(error, OSError) and trouble_of(error):
        return "sentence"  # the command line's frame says it
    last = traceback.extract_tb(error.__traceback__)
    where = next((f"{Path(f.filename).name}:{f.lineno}" for f in last[::-1] if "ferdash" in f.filename), "?")
    return f"traceback: {type(error).__name__} at {where}: {str(error)[:150]}"


def watched(entry: Path, template: Path) -> Iterator[tuple[str, str]]:
    """Carry out an attack beside this process; what went wrong, by kind, with a line."""
    with tempfile.TemporaryDirectory(prefix="ferdash-attack-") as folder:
        # So deep that a way up and out of it ends in the same folder.
        world, report = Path(folder) / "a" / "b" / "c" / "world", Path(folder) / "report"
        shutil.copytree(template, world, symlinks=True)
        pid = os.fork()
        if pid == 0:
            with suppress(BaseException), Path(folder, "said").open("w") as sink:
                os.dup2(sink.fileno(), 1)
                os.dup2(sink.fileno(), 2)
                attack(entry, world, report)
            os._exit(0)
        most, killed = _wait(pid)
        lines = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
        done = [line for line in lines if "done" in line]
        if killed or 2 * len(done) < len(lines):
            yield killed or "died", lines[-1].get("begun", "") if lines else "before the first command"
        if not lines:
            yield "died", "before the first command"
        if most > MOST_BYTES and killed != "memory":
            yield "memory", f"{most / 2**30:.1f} GB"
        for line in done:
            if line["seconds"] > SLOWEST_S:
                yield "hang", f"{line['done']}: {line['seconds']:.0f} s"
            if line["what"] not in ("accepted", "sentence"):
                yield line["what"].partition(":")[0], f"{line['done']}: {line['what']}"
        yield "commands", str(len(done))


def _wait(pid: int) -> tuple[int, str]:
    """The most memory that a process had of its own, in bytes, and why it was killed, if it was."""
    most, began = 0, time.monotonic()
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        with suppress(psutil.Error):
            most = max(most, psutil.Process(pid).memory_full_info().uss)
        reason = "memory" if most > MOST_BYTES else "hang" if time.monotonic() - began > TOTAL_S else ""
        if reason:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return most, reason
        time.sleep(0.05)
    return most, ""


def entries_of(arguments: argparse.Namespace, template: Path, place: Path) -> Iterator[Path]:
    """What is given and what cannot be sent around; or so many fresh ones, one after the other."""
    more, documents = place / "more", place / "documents"
    more.mkdir()
    documents.mkdir()

    def make() -> None:
        make_world(template)
        if arguments.fresh:
            make_documents(template, documents)
            shutil.copy(documents / "faces-1.zip", template / "faces.zip")
        else:
            make_more(more)

    # In a process of its own: threads that this one has begun would be missing in those that it forks.
    if (pid := os.fork()) == 0:
        try:
            make()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        sys.exit("The documents could not be made.")
    if not arguments.fresh:
        given = [*arguments.folder.iterdir()] if arguments.folder else []
        entries = [one for one in sorted(given) + sorted(more.iterdir()) if arguments.only in one.name]
        yield from (one for one in entries if one.name != "README.txt" and not one.name.endswith("markdown.zip"))
        return
    for number in range(arguments.fresh):
        rng = random.Random(f"{arguments.seed}/{number}")
        if rng.random() < 0.12:
            entry = more / f"settings-fresh{number:05d}.json"
            entry.write_text(json.dumps(odd_command(rng)))
        else:
            entry, _ = fresh(documents, more, number, rng)
        if arguments.only in entry.name:
            yield entry
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def main() -> None:
    """Attack with each entry, print what went wrong, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--only", default="", help="a part of the names")
    parser.add_argument("--fresh", type=int, default=0, help="make so many inputs, in place of those of a folder")
    parser.add_argument("--seed", type=int, default=0, help="of the fresh inputs")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no input after so many")
    parser.add_argument("--keep", type=Path, help="a folder for the fresh inputs that did not end well")
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="ferdash-attack-") as place:
        template = Path(place) / "template"
        template.mkdir()
        until = time.monotonic() + 60 * arguments.minutes
        for entry in entries_of(arguments, template, Path(place)):
            if time.monotonic() > until:
                break
            counts["inputs"] += 1
            found = list(watched(entry, template))
            for kind, line in found:
                counts[kind] += int(line) if kind == "commands" else 1
                if kind != "commands":
                    print(f"{entry.name}: {kind}: {line}", flush=True)
            if arguments.keep and found[0][0] != "commands":
                arguments.keep.mkdir(parents=True, exist_ok=True)
                kept = arguments.keep / f"{entry.stem}-{arguments.seed}{entry.suffix}"
                if entry.is_dir() and not entry.is_symlink():
                    shutil.copytree(entry, kept, symlinks=True)
                else:
                    shutil.copy(entry, kept, follow_symlinks=False)
    print(", ".join(f"{number:,} {kind}" for kind, number in counts.items()))
    sys.exit(bool(set(counts) - {"inputs", "commands"}))


if __name__ == "__main__":
    main()
