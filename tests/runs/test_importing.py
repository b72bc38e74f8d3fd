import sqlite3
from pathlib import Path

import pytest

from ferdash.errors import RunError
from ferdash.runs import compare, export, store
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
        ("run,epoch,accuracy\na,0,65.1\n", "accuracy is 65.1 in epoch 0; write it as a share from 0 to 1"),
    ],
)
def test_what_makes_no_sense_is_named_and_nothing_imported(
    root: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(RunError, match=sentence):
        import_runs(write(tmp_path, text), root)
    assert list_runs(root) == []


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
    row = nest(
        {"validation": 0.5, "epoch": 3.0, "loss": 0.1, "loss/train": 0.2, "happy": 1.0, "log_loss": float("inf")}
    )
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
