"""Experiments: without a run, the table and its search, two runs compared, and what can be done with them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.experiments import views

from ferdash.data.dataset import open_dataset
from ferdash.data.exclusions import exclude
from ferdash.emotions import EMOTIONS
from ferdash.evaluation.metrics import compute_metrics
from ferdash.runs import predictions, store

Visit = Callable[..., AppTest]
MakeRun = Callable[..., store.Run]
A, B, C = (f"2025010{number}-000000-custom-000{number}" for number in (1, 2, 3))
pytestmark = pytest.mark.usefixtures("demo_data")
QUESTIONS = ["Which is better?", "Where?", "Why?", "From what?", "Can it be trusted?"]


@pytest.fixture
def two(make_run: MakeRun) -> None:
    make_run(A, 20, "seed=3", name="first")
    make_run(B, 12, "optimizer.lr=0.001", last=True, name="second")


def open_page(visit: Visit, *runs: str, view: str = "", tables: bool = False, **parameters: str) -> AppTest:
    """The page with these runs chosen, as its address asks for. tables: unfolded."""
    app = visit("overview").switch_page("pages/experiments.py")
    app.query_params["experiments-runs"] = list(runs)
    if tables:
        app.session_state["experiments-tables"] = True
    for question, (name, parts) in views.QUESTIONS.items():
        if view in parts:
            parameters |= {"view": question, name: view}
    for name, value in parameters.items():
        app.query_params[f"experiments-{name}"] = value
    return app.run()


def text(app: AppTest) -> str:
    parts = [app.markdown, app.caption, app.info, app.warning, app.error, app.success, app.title]
    return "\n".join(entry.value for part in parts for entry in part)


def button(app: AppTest, label: str):
    (found,) = [entry for entry in app.button if entry.label == label]
    return found


def tabs(app: AppTest) -> list[str]:
    return [tab.label for tab in app.tabs]


def test_without_a_run_it_leads_to_one(visit: Visit, demo_data: Path, checkpoints: Path) -> None:
    app = visit("experiments")
    assert not app.exception
    assert "Once something has been trained" in text(app)
    assert "published, not run here" in text(app)


def test_runs_stand_with_those_measured_alike(visit: Visit, two: None, make_run: MakeRun) -> None:
    make_run(C, 5, "evaluation.per_class=2")
    app = visit("experiments")
    assert not app.exception
    assert "cannot be compared" in text(app)
    assert tabs(app) == QUESTIONS
    assert [list(frame.value["Run"]) for frame in app.dataframe[:2]] == [["second", "first"], ["custom 0003"]]
    app.text_input(key="experiments-search").set_value("FIRST").run()
    assert list(app.dataframe[0].value["Run"]) == ["first"]
    app.text_input(key="experiments-search").set_value("nothing like it").run()
    assert "No run fits" in text(app)


def test_what_the_dataset_leaves_out_of_scores_is_said_over_the_table(
    visit: Visit, two: None, demo_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "out of scores now" not in text(visit("experiments"))
    shutil.copytree(demo_root, tmp_path / "own")
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "own"))
    exclude(open_dataset(tmp_path / "own", "demo"), ["leaks", "label_conflicts"])
    app = visit("experiments")
    assert not app.exception
    assert "The dataset leaves leaks, label conflicts out of scores now" in text(app)


def test_two_runs_are_compared_by_a_sentence(visit: Visit, two: None) -> None:
    app = visit("experiments")
    app.multiselect(key="experiments-runs").set_value([A, B]).run()
    assert not app.exception
    images = len(predictions.read_predictions(store.open_run(_root(), A).folder, "validation"))
    points = 100 * 8 / images
    assert f"No difference found: second minus first is -{points:.1f} points, 95% CI -" in text(app)
    assert f"second minus first: -{points:.1f} points of accuracy" in text(app)
    assert tabs(app) == QUESTIONS
    assert parse_qs(_query(app))["experiments-runs"] == [A, B]


def test_the_address_alone_brings_the_comparison_back(visit: Visit, two: None) -> None:
    app = open_page(visit, A, B, baseline=B)
    assert app.multiselect(key="experiments-runs").value == [A, B]
    assert app.selectbox(key="experiments-baseline").value == B
    assert "first minus second" in text(app)
    gone = open_page(visit, A, "20240101-000000-gone-0000")
    assert gone.multiselect(key="experiments-runs").value == [A]
    assert "asks for the run `20240101-000000-gone-0000`, which is not on this computer" in text(gone)


@pytest.mark.parametrize(
    ("view", "sign"),
    [
        ("Summary", "95% CI"),
        ("Curves", "Scores are on validation"),
        ("Emotions", "the highest of those measured on the baseline's images in bold"),
        ("Confusions", "Most of its mistakes"),
        ("Faces they disagree on", "Only first is right"),
        ("Errors", "What it confuses most"),
        ("Settings", "other settings are the same"),
        ("Lineage", "chosen runs have a thick border"),
        ("Calibration", "best temperature"),
        ("Calibration", "false alarms (ROC)"),
        ("Seeds and folds", "No run here belongs to a group"),
        ("Trade-offs", "Pareto front"),
        ("Published", "published, not run here"),
        ("Raters", "over half of all votes are for one of the seven emotions"),
        ("Robustness", "Nothing measured yet"),
    ],
)
def test_every_tab_draws(visit: Visit, two: None, view: str, sign: str) -> None:
    app = open_page(visit, A, B, view=view)
    assert not app.exception
    assert not app.error
    assert sign in text(app)


def test_errors_are_told_by_pair_slice_and_likely_label_error(visit: Visit, two: None, checkpoints: Path) -> None:
    app = open_page(visit, A, view="Errors")
    rows = len(predictions.read_predictions(checkpoints / "runs" / A, "validation"))
    assert f"Its {rows - 20} mistakes, the most confident first" in text(app)
    assert app.dataframe[-1].value["mistakes"].is_monotonic_decreasing
    app.toggle(key="experiments-errors-label-errors").set_value(True).run()
    assert not app.exception
    assert "From the given probabilities" in text(app)
    app.toggle(key="experiments-errors-map").set_value(True).run()
    assert any("no checkpoint" in error.value for error in app.error)  # nothing was trained here


def test_only_what_was_set_differently_is_shown(visit: Visit, two: None) -> None:
    app = open_page(visit, A, B, view="Settings")
    table = app.dataframe[-1].value
    assert sorted(table.index) == ["optimizer.lr", "seed"]
    assert list(table.loc["seed"]) == ["3", "0"]


def test_runs_of_other_images_are_said_not_to_be_comparable(visit: Visit, two: None, make_run: MakeRun) -> None:
    run = make_run(C, 5, name="third")
    table = predictions.read_predictions(run.folder, "validation").iloc[:10]
    probabilities = table.iloc[:, 2:].to_numpy()
    predictions.write_predictions(
        run.folder, "validation", rows=table["row"], labels=table["label"], probabilities=probabilities
    )
    assert "third against first: not comparable" in text(open_page(visit, A, C))


def test_tuned_on_test_is_marked_wherever_it_appears(visit: Visit, two: None, make_run: MakeRun) -> None:
    make_run(C, 5, "sampling.mode=adaptive", "sampling.focus.measured_on=test")
    app = open_page(visit, A, C, view="Summary", tables=True)
    assert "tuned on test" in set(app.dataframe[0].value["Mark"])
    assert any("tuned on test" in warning.value for warning in app.warning)
    assert any("tuned on test" in str(frame.value) for frame in app.dataframe[1:])


def test_published_results_stand_apart_and_can_be_chosen(visit: Visit, two: None) -> None:
    published = ("report-adaptive-training", "report-full-dataset-single-epoch")
    app = open_page(visit, A, *published, view="Emotions", tables=True)
    assert not app.exception
    assert "Published, not run here, on 7,178 images" in text(app)
    assert set(app.dataframe[2].value["Mark"]) >= {"published, not run here"}
    assert "Against first: 2 runs not comparable" in text(app)
    assert list(app.dataframe[-1].value.columns) == [
        "first",
        "Report 5.4: Adaptive focus, 10 epochs",
        "Report 5.3.3: All training images, 1 epoch, again",
    ]
    app.checkbox(key="experiments-report").uncheck().run()
    assert "Published, not run here, on" not in text(app)
    summary = open_page(visit, A, *published, view="Summary")
    assert "Report 5.4: Adaptive focus, 10 epochs against first: not comparable" in text(summary)


def test_published_results_alone_have_what_the_report_says(visit: Visit, two: None) -> None:
    for view in ("Summary", "Curves", "Emotions"):
        app = open_page(visit, "report-adaptive-training", "report-full-dataset-single-epoch", view=view)
        assert not app.exception
        assert not app.error
        assert tabs(app) == QUESTIONS
    assert "cannot be tested" in text(app)
    assert not [entry for entry in app.button if "Delete" in entry.label]


def test_seeds_of_a_group_have_mean_and_spread(visit: Visit, make_run: MakeRun) -> None:
    make_run(A, 8, "seed=1", group="pair")
    make_run(B, 12, "seed=2", group="pair")
    app = open_page(visit, view="Seeds and folds")
    row = app.dataframe[-1].value.iloc[0]
    assert (row["Group"], row["Over"]) == ("pair", "2 seeds")
    assert "±" in row["Accuracy, best"]


def test_an_emotion_that_no_image_shows_is_said_to_be_left_out(visit: Visit, make_run: MakeRun) -> None:
    make_run(A, 20, without="fear", name="first")
    left_out = "o image shows fear, so it is left out of macro averages."
    assert left_out in text(app := open_page(visit, A, view="Emotions"))
    assert np.isnan(app.dataframe[-1].value.loc["fear", "first"])
    app = open_page(visit, A, view="Summary")
    assert f"first: n{left_out}" in text(app)
    expected = compute_metrics(**_answers(A)).f1
    (shown,) = [frame.value.loc["Macro F1", "first"] for frame in app.dataframe if "Macro F1" in frame.value.index]
    assert shown.startswith(f"{np.delete(expected, EMOTIONS.index('fear')).mean():.3f} ")
    assert "No curve for fear" in text(open_page(visit, A, view="Calibration"))


def test_likely_label_errors_come_from_all_folds(visit: Visit, make_run: MakeRun) -> None:
    for index, run_id in enumerate((A, B, C)):
        make_run(run_id, 20, "folds.count=3", f"folds.index={index}", group="three folds")
    app = open_page(visit, view="Seeds and folds")
    assert not app.error
    app.toggle(key="experiments-groups-label-errors").set_value(True).run()
    assert not app.exception
    images = sum(len(predictions.read_predictions(_root() / run_id, "validation")) for run_id in (A, B, C))
    assert f"From out-of-fold probabilities of {images} images" in text(app)
    store.write_status(_root() / B, state="failed", error="a reason")
    app.run()
    assert any("The cross-validation is not complete" in error.value for error in app.error)


def test_older_runs_are_looked_at_before_they_are_imported(visit: Visit, two: None) -> None:
    app = visit("experiments", **{"import-runs": "true"})
    app.session_state["experiments-import-runs"] = True
    app.run()
    table = b"run,epoch,accuracy\nvit,1,0.5\nvit,2,0.625\nresnet,1,0.25\n"
    app.file_uploader[0].set_value(("old.csv", table, "text/csv")).run()
    assert not app.exception
    assert list(app.dataframe[-1].value["Best accuracy"]) == ["62.5%", "25.0%"]
    assert len(store.list_run_ids(_root())) == 2
    button(app, "Import 2 runs").click().run()
    assert "Imported 2 runs." in text(app)
    assert len(store.list_run_ids(_root())) == 4
    app.file_uploader[0].set_value(("old.csv", table, "text/csv")).run()
    assert any("no run that is not here: 2 runs were imported before" in error.value for error in app.error)
    app.file_uploader[0].set_value(("old.csv", b"epoch,accuracy\n1,0.5\n", "text/csv")).run()
    assert any("has no column “run”" in error.value for error in app.error)


def test_names_tags_and_notes_are_kept(visit: Visit, two: None) -> None:
    app = open_page(visit, A)
    app.text_input(key=f"experiments-name-{A}").set_value("renamed")
    app.text_input(key=f"experiments-tags-{A}").set_value("good, new")
    app.text_area(key=f"experiments-notes-{A}").set_value("worth a second look")
    button(app, "Save").click().run()
    assert store.read_meta(_root() / A) == {
        "name": "renamed",
        "tags": ["good", "new"],
        "notes": "worth a second look",
        "archived": False,
    }


def test_archived_runs_are_shown_only_when_asked_for(visit: Visit, two: None) -> None:
    app = open_page(visit, A)
    button(app, "Archive").click().run()
    assert list(app.dataframe[0].value["Run"]) == ["second"]
    assert "1 run archived: the table leaves them out unless asked." in text(app)
    button(app, "Undo").click().run()
    assert list(app.dataframe[0].value["Run"]) == ["second", "first"]
    button(app, "Archive").click().run()
    app.checkbox(key="experiments-archive").check().run()
    assert list(app.dataframe[0].value["Run"]) == ["second", "first"]


def test_deleting_names_the_run(visit: Visit, two: None) -> None:
    app = open_page(visit, A)
    assert A in text(app)
    button(app, "Delete 1 run for good").click().run()
    assert store.list_run_ids(_root()) == [B]
    assert not app.exception
    assert "Deleted first." in text(app)


def test_with_the_second_run_the_tables_fold_and_whoever_unfolds_them_keeps_them(
    visit: Visit, two: None, make_run: MakeRun
) -> None:
    make_run(C, 5, name="third")
    app = open_page(visit, A)
    assert app.session_state["experiments-tables"] is True
    app.multiselect(key="experiments-runs").set_value([A, B]).run()
    assert app.session_state["experiments-tables"] is False
    assert app.tabs[0].label == "Which is better?"
    app.session_state["experiments-tables"] = True
    app.multiselect(key="experiments-runs").set_value([A, B, C]).run()
    assert app.session_state["experiments-tables"] is True


def test_a_run_at_work_is_not_deleted(visit: Visit, two: None) -> None:
    store.write_status(_root() / A, state="running")
    app = open_page(visit, A)
    button(app, "Delete 1 run for good").click().run()
    assert "stop it first" in text(app)
    assert (_root() / A).is_dir()


def test_damaged_folders_are_listed_with_the_reason(visit: Visit, two: None) -> None:
    (_root() / "broken").mkdir()
    app = visit("experiments")
    assert any("1 damaged folder" in panel.label for panel in app.expander)
    assert "The folder is empty." in list(app.dataframe[-1].value["What is wrong"])


def test_a_run_without_its_checkpoint_is_not_promoted(visit: Visit, two: None) -> None:
    app = open_page(visit, A)
    app.text_input(key=f"experiments-model-{A}").set_value("mine").run()
    button(app, "Promote it").click().run()
    assert any(A in error.value for error in app.error)
    assert not (_root().parent / "models" / "mine").exists()


def _root() -> Path:
    from ferdash.paths import checkpoints_root

    return checkpoints_root() / "runs"


def _answers(run_id: str) -> dict[str, np.ndarray]:
    table = predictions.read_predictions(_root() / run_id, "validation")
    return {"y_true": table["label"].to_numpy(), "probabilities": table[list(EMOTIONS)].to_numpy()}


def _query(app: AppTest) -> str:
    return "&".join(f"{name}={value}" for name in app.query_params for value in app.query_params[name])


def test_a_run_without_a_score_is_not_offered_for_promotion(visit: Visit, two: None, make_run: MakeRun) -> None:
    store.write_status(_root() / A, state="finished")
    (_root() / A / "metrics.jsonl").unlink()
    labels = [each.label for each in open_page(visit, A).button]
    assert "Promote it" not in labels
    assert "Promote it" in [each.label for each in open_page(visit, B).button]


def test_a_run_that_continues_another_says_which(visit: Visit, two: None) -> None:
    record = json.loads((_root() / B / "config.json").read_text())
    record["parent"] = {"run": A, "checkpoint": "epoch-002", "changes": {}}
    (_root() / B / "config.json").write_text(json.dumps(record))
    table = open_page(visit, A, B, tables=True).dataframe
    started = [list(each.value.loc["Started from"]) for each in table if "Started from" in each.value.index]
    assert started == [["a new network", f"epoch-002 of run {A}"]]
