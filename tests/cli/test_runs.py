"""`ferdash runs ...` as a person or a script calls it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ferdash.cli.main import app
from ferdash.emotions import EMOTIONS
from ferdash.errors import RunError
from ferdash.evaluation.paired import compare_paired
from ferdash.runs import meta, predictions, store

IMAGES = 140
LABELS = np.arange(IMAGES) % len(EMOTIONS)


def write_run(
    root: Path, run_id: str, right: int, *, record: dict[str, Any] | None = None, name: str = ""
) -> store.Run:
    """A run of two epochs whose best network is right on the first `right` of IMAGES images."""
    config = {
        "recipe": "fernet",
        "dataset": "faces",
        "epochs": 2,
        "seed": 0,
        "optimizer": {"lr": 0.002},
        "sampling": {"mode": "uniform", "focus": {"measured_on": "validation"}},
    }
    facts = {
        "config": config,
        "dataset": {"name": "faces", "hash": "9079d33afbb7c79f"},
        "code": "0f709548b669",
        "versions": {"python": "3.11.7"},
        "command": f"ferdash train --recipe fernet --name {run_id}",
        "parent": None,
    } | (record or {})
    run = store.create_run(root, run_id, facts, name=name)
    predicted = np.where(np.arange(IMAGES) < right, LABELS, (LABELS + 1) % 7)
    f1 = [round(right / IMAGES - 0.01 * index, 4) for index in range(len(EMOTIONS))]
    for epoch, accuracy in enumerate((right / IMAGES, right / IMAGES - 0.05)):
        validation = {"images": IMAGES, "accuracy": accuracy, "macro_f1": float(np.mean(f1)), "log_loss": 1.0, "f1": f1}
        validation["support"] = [20] * 7
        row = {"epoch": epoch, "train_loss": 1.0 - epoch / 4, "seconds": 90.0, "validation": validation}
        store.append_metrics(run.folder, row)
    best = {"score": right / IMAGES, "epoch": 0, "select": "accuracy"}
    store.write_status(run.folder, state="finished", best=best)
    probabilities = np.full((IMAGES, 7), 0.05)
    probabilities[np.arange(IMAGES), predicted] = 0.7
    predictions.write_predictions(
        run.folder, "validation", rows=np.arange(IMAGES) + 500, labels=LABELS, probabilities=probabilities
    )
    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """a: 70 right. b: 98 right, another rate. c: of another dataset, tuned on test. d: archived. torn: damaged."""
    root = tmp_path / "runs"
    write_run(root, "20250101-000000-fernet-000a", 70, name="First [draft]")
    lr = {"config": {"recipe": "fernet", "epochs": 2, "seed": 1, "optimizer": {"lr": 0.1}}}
    write_run(root, "20250102-000000-fernet-000b", 98, record=lr)
    adaptive = {"mode": "adaptive", "focus": {"measured_on": "test"}}
    other = {"config": {"recipe": "fernet", "epochs": 2, "seed": 0, "sampling": adaptive}}
    write_run(root, "20250103-000000-fernet-000c", 84, record=other | {"dataset": {"name": "other", "hash": "77"}})
    write_run(root, "20250104-000000-fernet-000d", 14)
    meta.archive(root, "20250104-000000-fernet-000d")
    meta.tag(root, "20250101-000000-fernet-000a", add=["good"])
    (root / "torn").mkdir()
    (root / "torn" / "config.json").write_text("{")
    return root


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, root: Path):
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(root.parent))
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str, **options: Any):
        return CliRunner().invoke(app, ["runs", *arguments], **options)

    return call


def refused(result) -> str:
    assert isinstance(result.exception, RunError), result.output
    return str(result.exception)


def lines_of(result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [line.rstrip() for line in result.stdout.splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_fits_the_terminal_and_says_what_matters(run, monkeypatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = lines_of(run("list"))
    assert max(map(len, lines)) <= width
    a = next(line for line in lines if "000a" in line)
    assert re.search(r"finished\s+50\.0%\s+1/2\s+0\.470\s+0\.440( surprise)?\s+45\.0%", a)
    assert ("surprise" in a) == ("3 min 0 s" in a) == (width == 120)
    text = "\n".join(lines)
    assert "First [draft]" in text
    assert "000d" not in text
    assert text.index("000c") < text.index("000b") < text.index("000a")


def test_a_run_tuned_on_test_is_marked(run) -> None:
    lines = lines_of(run("list"))
    place = next(number for number, line in enumerate(lines) if "000c" in line)
    assert lines[place + 1].startswith("tuned on test")
    assert "\n".join(lines).count("tuned on test") == 1
    assert "tuned on test" in run("show", "000c").stdout
    assert "tuned on test" not in run("show", "000a").stdout
    assert run("compare", "000a", "000c").stdout.count("tuned on test") == 1


def test_sets_of_images_are_told_apart(run) -> None:
    text = run("list").stdout
    assert "only runs of the same set are comparable" in text
    assert "1: 140 validation images of other (77)" in text
    assert "2: 140 validation images of faces (9079d33a)" in text
    assert "same set" not in run("list", "--tag", "good").stdout


def test_damaged_folders_are_named_beside_the_rest(run) -> None:
    result = run("list")
    assert "1 folder among the runs cannot be read" in result.stderr
    assert "torn: config.json of run torn cannot be read" in result.stderr


def test_the_list_is_filtered_and_sorted(run) -> None:
    def ids(*arguments: str) -> list[str]:
        return [entry["id"][-1] for entry in json.loads(run("list", "--json", *arguments).stdout)["runs"]]

    assert ids() == ["c", "b", "a"]
    assert ids("--all") == ["d", "c", "b", "a"]
    assert ids("--tag", "good") == ["a"]
    # a and b were measured on the same images, so they are ranked together and c comes after.
    assert ids("--sort", "accuracy") == ["b", "a", "c"]
    assert ids("--sort", "name") == ["b", "c", "a"]
    assert run("list", "--sort", "luck").exit_code == 2


def test_the_id_of_a_run_is_never_broken(run, root: Path) -> None:
    long = "20250105-000000-an-experiment-of-a-very-long-name-000e"
    write_run(root, long, 70)
    lines = lines_of(run("list"))
    assert max(map(len, lines)) <= 80
    place = next(number for number, line in enumerate(lines) if "000e" in line)
    assert lines[place] == long
    assert re.match(r" +finished +50\.0%", lines[place + 1])


def test_the_lists_json_is_the_summaries(run) -> None:
    document = json.loads(run("list", "--json").stdout)
    assert document["runs"][1]["best"]["accuracy"] == 0.7
    assert document["runs"][1]["images"] == IMAGES
    assert [entry["id"] for entry in document["damaged"]] == ["torn"]


def test_an_empty_list_says_how_to_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(tmp_path))
    result = CliRunner().invoke(app, ["runs", "list"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No run yet. Start with: ferdash train --recipe fernet" in result.stderr


def test_listing_needs_no_heavy_package(root: Path) -> None:
    script = (
        "import sys; from typer.testing import CliRunner; from ferdash.cli.main import app\n"
        "assert CliRunner().invoke(app, ['runs', 'list']).exit_code == 0\n"
        "print([name for name in ('torch', 'pandas', 'numpy', 'plotly') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"FERDASH_CHECKPOINTS": str(root.parent), "PATH": ""},
        check=True,
    )
    assert result.stdout.strip() == "[]"


def test_a_run_is_shown_with_what_repeats_it(run) -> None:
    text = " ".join(run("show", "First [draft]").stdout.split())
    assert "finished, 2 epochs, 3 min 0 s of training" in text
    assert "140 validation images of faces (9079d33a)" in text
    assert "0f709548b669 (python 3.11.7)" in text
    assert "best, epoch 1 last, epoch 2" in text
    assert "accuracy 50.0% 45.0%" in text
    assert "F1 disgust 0.490 0.490" in text
    assert "ferdash train --recipe fernet --name 20250101-000000-fernet-000a" in text
    document = json.loads(run("show", "000a", "--json").stdout)
    assert document["trace"]["dataset_hash"] == "9079d33afbb7c79f"
    assert len(document["metrics"]) == 2


def test_what_a_run_failed_of_is_shown(run, root: Path) -> None:
    store.write_status(root / "20250101-000000-fernet-000a", state="failed", error="The disk is full.")
    assert "The disk is full." in run("show", "000a").stdout


def test_a_comparison_says_which_is_better_and_whether_that_could_be_chance(run) -> None:
    text = " ".join(run("compare", "000a", "000b").stdout.split())
    labels, right = LABELS, np.arange(IMAGES)
    expected = compare_paired(
        y_true=labels,
        predicted_a=np.where(right < 70, labels, (labels + 1) % 7),
        predicted_b=np.where(right < 98, labels, (labels + 1) % 7),
    )
    assert expected.sentence in text
    assert "; with 140 images that is unlikely to be chance (p < 0.001)." in text
    assert "B minus A: +20.0 points of accuracy, 95% CI" in text
    assert "only A is right on 0 images, only B on 28 images." in text
    assert "F1 angry 0.500 0.700 (+0.200)" in text
    assert "optimizer.lr 0.002 0.1" in text
    assert "seed 0 1" in text
    assert "recipe" not in text.partition("setting A B")[2]


def test_the_baseline_is_first_whatever_the_order(run) -> None:
    document = json.loads(run("compare", "000a", "000b", "--baseline", "000b", "--json").stdout)
    assert document["baseline"].endswith("000b")
    (comparison,) = document["comparisons"]
    assert comparison["sentence"].startswith("A is better than B by 20.0 points")
    assert comparison["result"]["only_a"] == 28
    assert document["f1"][document["baseline"]]["fear"] == 0.68
    assert document["settings"]["optimizer.lr"] == {
        "20250102-000000-fernet-000b": 0.1,
        "20250101-000000-fernet-000a": 0.002,
    }


def test_scores_of_different_images_are_not_compared(run, root: Path) -> None:
    text = " ".join(run("compare", "000a", "000c").stdout.split())
    assert "A and B: Not comparable: measured on faces and other (9079d33a and 77)." in text
    assert "is better" not in text
    (root / "20250102-000000-fernet-000b" / "predictions" / "validation.parquet").unlink()
    (comparison,) = json.loads(run("compare", "000a", "000b", "--json").stdout)["comparisons"]
    assert comparison["result"] is None
    assert "has no predictions for validation" in comparison["sentence"]


@pytest.mark.parametrize("runs", [["000a"], ["000a", "000a"]])
def test_one_run_cannot_be_compared(run, runs: list[str]) -> None:
    result = run("compare", *runs)
    assert result.exit_code == 2
    assert "Name 2 to 10 different runs" in " ".join(result.stderr.replace("│", " ").split())


def test_an_unknown_run_is_named(run) -> None:
    for command in (["show", "zzz"], ["compare", "zzz", "000a"], ["delete", "zzz", "--yes"], ["tag", "zzz", "x"]):
        assert "There is no run zzz" in refused(run(*command))


def test_names_tags_notes_and_the_archive(run, root: Path) -> None:
    folder = root / "20250102-000000-fernet-000b"
    assert "20250102-000000-fernet-000b has no name any more." in run("rename", "000b", " ").stderr
    assert run("rename", "000b", "Second").exit_code == 0
    assert "Tags of 20250102-000000-fernet-000b: x, y." in run("tag", "000b", "x", "y").stderr
    assert "Tags of 20250102-000000-fernet-000b: y." in run("tag", "Second", "x", "--remove").stderr
    assert run("note", "Second", "Higher rate.").exit_code == 0
    assert run("archive", "000b").exit_code == 0
    assert store.read_meta(folder) == {"name": "Second", "tags": ["y"], "notes": "Higher rate.", "archived": True}
    assert "back in the list" in run("archive", "000b", "--undo").stderr
    assert not store.read_meta(folder)["archived"]


def test_what_was_done_to_a_run_is_said_in_json_too(run, tmp_path: Path) -> None:
    name = "20250102-000000-fernet-000b"
    said = [
        run("rename", "000b", "a name", "--json"),
        run("tag", name, "one", "two", "--json"),
        run("note", name, "a note", "--json"),
        run("archive", name, "--json"),
        run("export", name, "--out", str(tmp_path / "runs.csv"), "--json"),
        run("delete", name, "--yes", "--json"),
    ]
    assert [json.loads(one.stdout) for one in said] == [
        {"run": name, "name": "a name"},
        {"run": name, "tags": ["one", "two"]},
        {"run": name, "notes": "a note"},
        {"run": name, "archived": True},
        {"runs": [name], "out": str(tmp_path / "runs.csv")},
        {"deleted": name},
    ]


def test_deleting_asks_first(run, root: Path) -> None:
    child = {"parent": {"run": "20250101-000000-fernet-000a", "checkpoint": "last", "changes": {}}}
    write_run(root, "20250105-000000-fernet-000e", 70, record=child)
    result = run("delete", "000a", input="n\n")
    assert result.exit_code == 1
    assert "1 run continues it and loses that part of its past" in result.stderr
    assert (root / "20250101-000000-fernet-000a").is_dir()
    assert run("delete", "000a", input="y\n").exit_code == 0
    assert run("delete", "000b", "--yes").exit_code == 0
    assert not list(root.glob("*000a")) + list(root.glob("*000b"))
    assert "It continues 20250101-000000-fernet-000a, which was deleted." in " ".join(
        run("show", "000e").stdout.split()
    )


def test_a_run_at_work_is_not_deleted(run, root: Path) -> None:
    store.write_status(root / "20250101-000000-fernet-000a", state="running")
    assert "is running; stop it first" in refused(run("delete", "000a", "--yes"))


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("csv", "20250101-000000-fernet-000a,First [draft],2,"),
        ("json", '"id": "20250101-000000-fernet-000a"'),
        ("markdown", "| First [draft] | fernet | 140 images of faces | 50.0% |"),
        ("latex", r"First [draft] & fernet & 140 images of faces & 50.0\%"),
    ],
)
def test_tables_go_to_stdout_or_a_file(run, tmp_path: Path, to: str, expected: str) -> None:
    text = run("export", "000a", "--to", to).stdout
    assert expected in text
    assert "000b" not in text
    assert run("export", "000a", "--to", to, "--out", str(tmp_path / "out")).exit_code == 0
    assert (tmp_path / "out").read_text() == text


def test_all_runs_are_exported_but_those_in_the_archive(run) -> None:
    ids = [entry["id"][-1] for entry in json.loads(run("export", "--all", "--to", "json").stdout)["runs"]]
    assert ids == ["c", "b", "a"]
    assert run("export").exit_code == 2
    assert run("export", "000a", "--all").exit_code == 2


def test_the_report_is_one_file_that_asks_for_nothing_else(run, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert run("export", "000a", "000b", "000c", "--to", "html", "--out", str(path)).exit_code == 0
    text = path.read_text()
    for title in ("Accuracy", "Macro F1", "Log loss", "Training loss"):
        assert title.lower() in text.lower()
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)
    assert text.count("Plotly.newPlot(") >= 5
    assert "<td>First [draft]</td>" in text
    assert "<td>optimizer.lr</td><td>0.002</td><td>0.1</td>" in text
    assert "tuned on test" in text
    assert "such scores are not comparable" in text


def test_a_report_escapes_what_a_person_wrote(run, root: Path, tmp_path: Path) -> None:
    meta.rename(root, "20250101-000000-fernet-000a", "<script>alert(1)</script>")
    run("export", "000a", "--to", "html", "--out", str(tmp_path / "report.html"))
    assert "<script>alert(1)" not in (tmp_path / "report.html").read_text()


def test_mlflow_and_tensorboard_say_how_to_look_at_them(run, tmp_path: Path) -> None:
    result = run("export", "000a", "--to", "mlflow", "--out", str(tmp_path / "m.db"))
    assert "mlflow ui --backend-store-uri sqlite:///" in result.stderr
    assert (tmp_path / "m.db").is_file()
    result = run("export", "000a", "--to", "tensorboard", "--out", str(tmp_path / "tb"))
    assert "tensorboard --logdir" in result.stderr
    assert list((tmp_path / "tb").glob("*/events.out.tfevents.*"))
    assert run("export", "000a", "--to", "mlflow").exit_code == 2


def test_a_target_that_cannot_be_written_is_named(run, tmp_path: Path) -> None:
    assert "cannot be written" in refused(run("export", "000a", "--out", str(tmp_path / "no" / "x.csv")))


def test_nothing_to_export_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(tmp_path))
    assert "There is no run to export" in refused(CliRunner().invoke(app, ["runs", "export", "--all"]))


def test_imported_runs_are_marked_in_the_list(run, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("run,epoch,accuracy\nvit of 2024,0,0.5\n")
    assert "Imported 1 run." in run("import", str(tmp_path / "old.csv")).stderr
    assert "Imported 0 runs; 1 run was here already." in run("import", str(tmp_path / "old.csv")).stderr
    text = run("list").stdout
    assert "vit of 2024" in text
    assert "imported" in text


def test_groups_are_compared_by_the_spread_of_their_seeds(run, root: Path) -> None:
    for number, right in enumerate((70, 72, 74)):
        write_run(root, f"20260101-00000{number}-a-00a{number}", right, record={"group": "small-3-seeds"})
        write_run(root, f"20260101-00001{number}-b-00b{number}", right + 30, record={"group": "large-3-seeds"})
    text = " ".join(run("compare", "small-3-seeds", "large-3-seeds").stdout.split())
    assert "large-3-seeds minus small-3-seeds: +21.4 points over 3 and 3 seeds" in text
    assert "more than seeds do" in text
    assert "validation macro F1: large-3-seeds minus small-3-seeds: +0.214 over 3 and 3 seeds" in text
    assert "small-3-seeds 3 validation accuracy 51.4% 1.4 points" in text
    assert "small-3-seeds 3 validation macro F1 0.484 0.014" in text
    document = json.loads(run("compare", "small-3-seeds", "large-3-seeds", "--json").stdout)
    assert [one["score"] for one in document["comparisons"]] == ["accuracy", "macro_f1"]
    mixed = run("compare", "small-3-seeds", "nothing")
    assert "“small-3-seeds” is a group of runs and “nothing” is none" in str(mixed.exception)


def test_a_group_is_shown_by_its_runs(run, root: Path) -> None:
    ids = [f"20260101-00000{number}-a-00a{number}" for number in range(3)]
    for number, run_id in enumerate(ids):
        config = {"recipe": "fernet", "epochs": 2, "seed": number}
        write_run(root, run_id, 70 + number, record={"group": "small-3-seeds", "config": config}, name="mine")
    by_group = " ".join(run("show", "small-3-seeds").stdout.split())
    assert "The group small-3-seeds, 3 runs:" in by_group
    assert f"{ids[1]} finished, seed 1, best 50.7%" in by_group
    assert by_group.index(ids[0]) < by_group.index(ids[2])
    assert "Mean and standard deviation over 3 seeds" in by_group
    assert "“mine” is the group small-3-seeds, 3 runs:" in " ".join(run("show", "mine").stdout.split())
    document = json.loads(run("show", "mine", "--json").stdout)
    assert (document["group"], [one["id"] for one in document["runs"]]) == ("small-3-seeds", ids)
    assert document["summary"]["over"] == "3 seeds"
    assert json.loads(run("show", ids[0], "--json").stdout)["summary"]["id"] == ids[0]
    meta.rename(root, "20250102-000000-fernet-000b", "mine")
    assert "“mine” fits 4 runs" in refused(run("show", "mine"))


def test_what_a_run_continues_is_said_in_json(run, root: Path) -> None:
    parent = {"run": "20250101-000000-fernet-000a", "checkpoint": "epoch-002", "changes": {}}
    write_run(root, "20250105-000000-fernet-000e", 70, record={"parent": parent})
    found = json.loads(run("compare", "000a", "000e", "--json").stdout)["runs"]
    assert [one["started_from"] for one in found] == ["a new network", f"epoch-002 of run {parent['run']}"]
