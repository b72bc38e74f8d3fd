"""Videos, datasets and training from Python: the same results as where the command line gets them."""

import pytest

import ferdash
from ferdash.errors import ConfigError, DatasetError, SeriesError
from ferdash.inference.scoring import score
from ferdash.models.loading import load_model


@pytest.fixture(autouse=True)
def folders(monkeypatch, demo_root, checkpoints):
    monkeypatch.setenv("FERDASH_DATA", str(demo_root))
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(checkpoints))


def test_a_video_that_is_not_kept(clip, tmp_path, demo_root):
    heard = []
    film = ferdash.analyse_video(clip(40), model="small", stride=2, keep=False, on_progress=heard.append)
    table = film.to_pandas()
    assert len(table) == 20
    assert table["track"].dropna().unique().tolist() == [1]
    assert film.results.summary.frames == 20
    assert heard[-1].frames == 20
    assert film.people().shape[0] >= 1
    assert set(film.segments()["track"]) <= {1}
    assert film.events().columns[0] == "track"
    assert [path.name for path in film.export(tmp_path / "out", ["frames.csv"])] == ["frames.csv"]
    assert not (demo_root / "analyses" / film.id).exists()
    shown = film._repr_html_()
    assert "data:image/png;base64," in shown
    assert film.results.summary.sentence in shown


def test_a_video_that_is_kept_is_an_analysis_of_the_library(clip, tmp_path, monkeypatch):
    from ferdash.analyses.store import list_analyses
    from ferdash.paths import analyses_root

    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "own"))
    film = ferdash.analyse_video(clip(20), model="small")
    assert [one.id for one in list_analyses(analyses_root())] == [film.id]
    assert film.folder.is_dir()


def test_markers_and_a_neutral_baseline_are_kept_with_the_analysis(clip):
    film = ferdash.analyse_video(clip(40), model="small", stride=2, keep=False)
    assert [row["frame"] for row in film.mark([(0.49, "joke"), (99, "end")]).results.analysis.marks()] == [12, 38]
    with pytest.raises(SeriesError, match="Person 1 has no neutral baseline"):
        film.relative(1)
    told = film.set_neutral(1, 0.0, 0.4)
    assert told.results.analysis.neutral() == {1: [0, 2, 4, 6, 8, 10]}
    moved = told.relative(1)
    table = film.to_pandas()
    happy = table["happy"].astype(float)
    wanted = happy - happy.head(6).mean()
    assert moved["happy"].to_numpy() == pytest.approx(wanted.to_numpy())
    assert moved["timestamp_s"].tolist() == table["timestamp_s"].tolist()
    with pytest.raises(SeriesError, match="None of the 0 frames"):
        told.set_neutral(1, 50, 60)
    with pytest.raises(SeriesError, match="There is no person 7 in clip; there is 1"):
        told.set_neutral(7, 0, 1)
    assert told.results.analysis.neutral() == {1: [0, 2, 4, 6, 8, 10]}, "what was set stays"


def test_evaluate_gives_the_scores_of_the_command(demo_dataset, checkpoints):
    wanted = score(load_model("small", checkpoints), demo_dataset, "validation")
    found = ferdash.evaluate("small", "demo")
    assert found.accuracy == wanted.metrics.accuracy
    table = found.to_pandas()
    assert table["support"].sum() == wanted.metrics.images
    assert table.loc["happy", "recall"] == pytest.approx(wanted.metrics.recall[3], nan_ok=True)
    interval = found.scores().loc["accuracy"]
    assert (interval["low"], interval["high"]) == (wanted.intervals["accuracy"].low, wanted.intervals["accuracy"].high)
    assert found.to_dict()["model"] == "small"
    assert "support" in found._repr_html_()
    assert repr(found).startswith("Evaluation('small': accuracy 0.")


def test_a_missing_dataset_is_named():
    with pytest.raises(DatasetError, match="nothing"):
        ferdash.open_dataset("nothing")


def test_train_and_list_runs():
    settings = {"network.width": 4, "network.depths": 1, "epochs": 2, "schedule.warmup_epochs": 0, "compute.threads": 1}
    assert len(ferdash.list_runs()) == 0
    heard = []
    run = ferdash.train("fernet_quick", "demo", seed=3, name="first", settings=settings, on_progress=heard.append)
    assert (run.state, run.summary.seed, run.summary.name) == ("finished", 3, "first")
    table = run.to_pandas()
    assert table["epoch"].tolist() == [0, 1]
    assert heard[-1].epochs == 2
    (listed,) = ferdash.list_runs()
    assert listed.id == run.id == ferdash.list_runs()[run.id].id == ferdash.list_runs()[0].id
    assert len(ferdash.list_runs().to_pandas()) == 1
    assert "first" in run._repr_html_()
    assert ferdash.evaluate(run.model, "demo").accuracy == pytest.approx(run.summary.best.accuracy)
    with pytest.raises(KeyError):
        ferdash.list_runs()["nothing"]


def test_a_setting_that_is_none_is_refused_before_anything_is_made():
    with pytest.raises(ConfigError, match="epoch_count"):
        ferdash.train("fernet_quick", "demo", settings={"epoch_count": 2})
    assert len(ferdash.list_runs()) == 0
