import itertools
import sqlite3
from pathlib import Path

import pytest

from ferdash.errors import RunError
from ferdash.runs import compare, export, meta, store
from ferdash.runs.figure_names import our_names
from ferdash.runs.importing import import_runs, nest, preview, read_csv
from ferdash.runs.index import list_runs, sound, summary_of


def write(folder: Path, text: str) -> Path:
    path = folder / "old.csv"
    path.write_text(text)
    return path


def test_older_runs_stand_in_the_same_table(make_run, root: Path, tmp_path: Path) -> None:
    make_run("20250101-000000-a-0001")
    text = "run,epoch,loss,val_acc,F1 fear,note_of_mine\nvit,1,0.9,0.5,0.25,3\nvit,2,0.8,0.625,,\nresnet,1,1.0,0.25,,\n"
    ids, known = import_runs(write(tmp_path, text), root)
    assert (len(ids), known) == (2, 0)
    vit = next(summary for summary in sound(list_runs(root)) if summary.name == "vit")
    assert (vit.kind, vit.recipe, vit.state, vit.epochs_done) == ("imported", "imported", "finished", 2)
    assert (vit.best.epoch, vit.best.accuracy, vit.dataset) == (1, 0.625, "unknown")
    first, second = store.read_metrics(root / vit.id)
    assert (first["train_loss"], first["note_of_mine"], first["validation"]["f1"][2]) == (0.9, 3.0, 0.25)
    assert "f1" not in second["validation"]
    curve = compare.learning_curves([store.open_run(root, vit.id)])
    assert curve["value"].tolist() == [0.5, 0.625]


def test_scores_of_unknown_images_are_comparable_with_none(make_run, root: Path, tmp_path: Path) -> None:
    make_run("20250101-000000-a-0001")
    import_runs(write(tmp_path, "run,epoch,accuracy\na,0,0.5\nb,0,0.5\n"), root)
    assert len({summary.measured_on for summary in sound(list_runs(root))}) == 3


def test_nothing_is_imported_twice(root: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "run,epoch,accuracy\na,0,0.5\n")
    import_runs(path, root)
    path.write_text("run,epoch,accuracy\na,0,0.5\nb,0,0.5\n")
    ids, known = import_runs(path, root)
    assert (len(ids), known) == (1, 1)


def test_a_preview_imports_nothing(root: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "run,epoch,accuracy,loss\na,0,0.5,1\na,1,0.25,1\nb,0,,2\n")
    found = preview(path, root)
    assert [(run.name, run.best_accuracy) for run in found.fresh] == [("a", 0.5), ("b", None)]
    assert (found.known, list_runs(root)) == (0, [])
    import_runs(path, root)
    assert preview(path, root).known == 2
    with pytest.raises(RunError, match=r"There is no .*gone.csv"):
        preview(tmp_path / "gone.csv", root)


def test_our_own_export_comes_back_the_same(make_run, root: Path, tmp_path: Path) -> None:
    run = make_run("a", (0.3, 0.5), first_epoch=1)
    (foreign,) = read_csv(write(tmp_path, export.to_csv([run])))
    expected = [
        {name: value for name, value in row.items() if name != "focus"} for row in store.read_metrics(run.folder)
    ]
    assert foreign.rows == expected
    assert foreign.name == "a"
    meta.rename(root, "a", "First")
    (named,) = read_csv(write(tmp_path, export.to_csv([run])))
    assert (named.name, named.rows) == ("First", expected)
    before = export.to_csv([run]).replace("run,name,epoch", "run,mood,epoch").replace("a,First,2,", "a,1,1,")
    (from_zero,) = read_csv(write(tmp_path, before.replace("a,First,3,", "a,1,2,")))
    assert [row["epoch"] for row in from_zero.rows] == [1, 2]


def test_without_an_epoch_the_lines_of_each_run_count(tmp_path: Path) -> None:
    first, second = read_csv(write(tmp_path, "run,accuracy\na,0.1\nb,0.2\na,0.3\n"))
    assert [row["epoch"] for row in first.rows] == [0, 1]
    assert [row["validation"]["accuracy"] for row in second.rows] == [0.2]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epoch,accuracy\n0,0.5\n", "old.csv has no column “run”"),
        ("", "old.csv cannot be read as CSV"),
        ("run,epoch,accuracy\na,0,0.5\na,1,high\n", "old.csv, line 3: accuracy is “high”, which is no number"),
        ("run,epoch,accuracy\na,,0.5\n", "old.csv, line 2: epoch is empty"),
        ("run,epoch,accuracy\na,0,0.5\n,1,0.5\n", "old.csv, line 3: run is empty"),
        ("run,epoch,accuracy\na,first,0.5\n", "line 2: epoch is “first”, which is no number"),
        ("run,epoch,val_accuracy\nk,0,0.5\nk,0,0.6\n", "line 3: epoch 0 of run “k” is there a second time; keep one"),
        ("run,epoch,val_accuracy\nk,0,inf\n", "line 2: val_accuracy is “inf”, which is no number"),
        ("run,epoch,val_accuracy\nk,-inf,0.5\n", "line 2: epoch is “-inf”, which is no number"),
        ("run,epoch,lr\nk,0,1e300\n", "line 2: lr is “1e\\+300”, which is no number"),
        ("run,epoch,val_accuracy\nk,1.5,0.5\n", "line 2: epoch is 1.5; count epochs from 0 or 1"),
        ("run,epoch,val_accuracy\nk,-1,0.5\n", "line 2: epoch is -1; count epochs from 0 or 1"),
        ("run,epoch,val_acc,val_accuracy\nk,0,0.5,0.6\n", "“val_acc” and “val_accuracy” are both validation/accuracy"),
        ("run,epoch,lr,epoch \na,0,0.1,1\n", "old.csv has the column “epoch” twice; keep one"),
        ("run,epoch,accuracy\na,0,65.1\n", "accuracy is 65.1 in epoch 0; write it as a share from 0 to 1"),
    ],
)
def test_what_makes_no_sense_is_named_and_nothing_imported(
    root: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(RunError, match=sentence):
        import_runs(write(tmp_path, text), root)
    assert list_runs(root) == []


KERAS = {
    "accuracy": (0.5, 0.8, 0.99),
    "loss": (1.5, 0.7, 0.1),
    "val_accuracy": (0.45, 0.55, 0.6),
    "val_loss": (2, 1, 3),
}


@pytest.mark.parametrize("order", itertools.permutations(KERAS), ids=" ".join)
def test_training_and_validation_are_never_mixed_up(root: Path, tmp_path: Path, order: tuple[str, ...]) -> None:
    lines = [",".join(("run", "epoch", *order))]
    lines += [",".join(map(str, ("k", epoch, *(KERAS[name][epoch] for name in order)))) for epoch in range(3)]
    (run_id,), _ = import_runs(write(tmp_path, "\n".join(lines)), root)
    assert summary_of(root, run_id).best.accuracy == 0.6
    rows = store.read_metrics(root / run_id)
    assert [row["train_accuracy"] for row in rows] == [0.5, 0.8, 0.99]
    assert [row["validation"]["log_loss"] for row in rows] == [2, 1, 3]


SHAPES = [
    "validation/confusion/sad/neutral",
    "validation/confusion/sad",
    "validation/f1",
    "validation/f1/Fear",
    "validation/f1/fear/sad",
    "validation/accuracy/x",
    "validation/",
    "validation",
    "drawn/x",
    "drawn",
    "lr/x",
    "test",
    "f1",
    "focus",
    "step",
    "seconds",
]


@pytest.mark.parametrize("pair", itertools.combinations(SHAPES, 2), ids=" ".join)
def test_odd_names_are_taken_for_nothing_that_they_are_not(root: Path, tmp_path: Path, pair: tuple[str, str]) -> None:
    path = write(tmp_path, f"run,epoch,{pair[0]},{pair[1]}\na,0,1,1\na,1,0,1\n")
    (run_id,), _ = import_runs(path, root)
    (summary,) = sound(list_runs(root))
    assert summary.id == run_id
    export.to_csv([store.open_run(root, run_id)])
    export.to_markdown([summary])
    compare.f1_table([store.open_run(root, run_id)], sound(list_runs(root)), run_id)


def test_a_file_far_too_large_is_refused_before_it_is_read(root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("ferdash.runs.importing.MAX_BYTES", 100)
    with pytest.raises(RunError, match="larger than"):
        import_runs(write(tmp_path, "run,epoch,accuracy\n" + "a,0,0.5\n" * 20), root)
    monkeypatch.setattr("ferdash.runs.importing.MAX_BYTES", 10**6)
    monkeypatch.setattr("ferdash.runs.importing.MAX_EPOCHS", 3)
    with pytest.raises(RunError, match="5 epochs of one run; up to 3"):
        import_runs(write(tmp_path, "run,epoch,accuracy\n" + "".join(f"a,{n},0.5\n" for n in range(5))), root)


def test_what_is_neither_a_table_nor_a_store_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"There is no .*nothing.csv to import"):
        import_runs(tmp_path / "nothing.csv", root)
    (tmp_path / "notes.txt").touch()
    (tmp_path / "broken.db").write_text("no database")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE diary (day)")
    before = (tmp_path / "other.db").read_bytes()
    for name in ("notes.txt", "broken.db", "other.db"):
        with pytest.raises(RunError, match="neither a CSV file nor an MLflow store"):
            import_runs(tmp_path / name, root)
    assert (tmp_path / "other.db").read_bytes() == before


def test_names_that_could_be_mistaken_for_ours_do_no_harm() -> None:
    values = {"validation": 0.5, "epoch": 3.0, "loss": 0.1, "loss/train": 0.2, "happy": 1.0, "log_loss": float("inf")}
    row = nest(values, our_names(values, ""))
    assert row == {
        "validation": {},
        "validation (imported)": 0.5,
        "epoch (imported)": 3.0,
        "train_loss": 0.1,
        "loss/train": 0.2,
        "happy": 1.0,
    }


def test_a_run_without_a_figure_is_listed(root: Path, tmp_path: Path) -> None:
    (run_id,), _ = import_runs(write(tmp_path, "run,epoch\na,0\n"), root)
    summary = summary_of(root, run_id)
    assert (summary.epochs_done, summary.best.accuracy) == (1, None)
