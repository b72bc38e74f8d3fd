import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, AutoModelForImageClassification

from ferdash.data.dataset import FaceDataset, delete_dataset
from ferdash.errors import DatasetError, ModelError, RunError
from ferdash.inference.scoring import score
from ferdash.models.card import read_evaluation
from ferdash.models.exported import read_export
from ferdash.models.loading import load_model
from ferdash.promotion import promote
from ferdash.runs.history import full_history
from ferdash.runs.store import Run, open_run, read_metrics, write_status
from ferdash.training import start
from ferdash.training.config import TrainConfig, override
from ferdash.training.continuation import resume


@pytest.fixture(scope="module")
def checkpoints(demo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    settings = ["dataset=demo", "epochs=2", "network.width=8", "network.depths=1,1", "compute.threads=1", "ema=0.9"]
    run = start.create(override(TrainConfig(), settings), data=demo_root, checkpoints=root)
    start.execute(run, data=demo_root, checkpoints=root)
    child = resume(run.id, ["epochs=3"], data=demo_root, checkpoints=root)
    start.execute(child, data=demo_root, checkpoints=root)
    return root


@pytest.fixture
def runs(checkpoints: Path) -> tuple[Run, Run]:
    """Parent and child."""
    first, second = (open_run(checkpoints / "runs", path.name) for path in (checkpoints / "runs").iterdir())
    return (second, first) if first.record["parent"] else (first, second)


@pytest.fixture
def without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an installation without the extra onnx: exporting takes longer than all the rest, and one test has it."""
    monkeypatch.setattr("ferdash.promotion.can_export", lambda: False)


def test_a_fold_is_not_promoted(demo_root: Path, tmp_path: Path) -> None:
    config = override(TrainConfig(), ["dataset=demo", "folds.count=3"])
    run = start.create(config, data=demo_root, checkpoints=tmp_path)
    with pytest.raises(RunError, match="is one fold of a cross-validation"):
        promote(run.id, "mine", data=demo_root, checkpoints=tmp_path)


def test_the_card_s_figures_are_those_of_the_saved_model_to_the_digit(
    checkpoints: Path, runs: tuple[Run, Run], demo_root: Path, demo_dataset: FaceDataset
) -> None:
    folder = promote(runs[0].id, "mine", data=demo_root, checkpoints=checkpoints)
    with_duplicates = read_evaluation(folder)[0]
    model = load_model("mine", checkpoints)
    again = score(model, demo_dataset, "validation").to_dict()
    assert json.loads(json.dumps(again)) == with_duplicates
    assert isinstance(AutoModelForImageClassification.from_pretrained(folder), type(model.network))
    assert AutoImageProcessor.from_pretrained(folder) is not None
    card = (folder / "README.md").read_text()
    exported = load_model("mine", checkpoints, engine="auto")
    assert exported.engine == "onnx"
    faces = np.asarray(demo_dataset.images[:9])
    np.testing.assert_allclose(exported.probabilities(faces), model.probabilities(faces), atol=1e-4)
    record = read_export(folder / "onnx")
    assert record is not None
    assert (record.model, record.shares) == ("mine", "model.safetensors")
    assert f"## Without PyTorch\n\n{record.describe()}" in card
    assert load_model("mine", checkpoints, engine="int8").engine == "int8"
    assert runs[0].record["command"] in card
    assert f"{with_duplicates['metrics']['accuracy']:.1%}" in card


@pytest.mark.usefixtures("without_onnx")
def test_a_child_s_card_tells_the_whole_history(checkpoints: Path, runs: tuple[Run, Run], demo_root: Path) -> None:
    parent, child = runs
    assert [row["epoch"] for row in full_history(child)] == [0, 1, 2]
    assert [row["epoch"] for row in read_metrics(child.folder)] == [2]
    folder = promote(child.id, "child", data=demo_root, checkpoints=checkpoints)
    card = (folder / "README.md").read_text()
    assert f"`{parent.record['command']}`, stopped, then `{child.record['command']}`" in card


@pytest.mark.usefixtures("without_onnx")
def test_a_card_says_where_the_model_began_and_its_teachers(
    checkpoints: Path, runs: tuple[Run, Run], demo_root: Path, demo_dataset: FaceDataset, tmp_path: Path
) -> None:
    checkpoints = shutil.copytree(checkpoints, tmp_path / "checkpoints")  # the other tests know of two runs
    raters, first = tmp_path / "raters.npy", f"run:{runs[0].id}"
    np.save(raters, np.full((len(demo_dataset.rows("train")), 7), 1 / 7, dtype=np.float32))
    settings = [f"start_from={first}", f"loss.teachers=start,{raters}", "loss.teacher_share=0.4", "epochs=1"]
    run = start.create(
        override(TrainConfig(), ["dataset=demo", "compute.threads=1", *settings]),
        data=demo_root,
        checkpoints=checkpoints,
    )
    start.execute(run, data=demo_root, checkpoints=checkpoints)
    steps: dict[str, tuple[int, int]] = {}
    folder = promote(
        run.id,
        "distilled",
        data=demo_root,
        checkpoints=checkpoints,
        on_progress=lambda step, done, total: steps.update({step: (done, total)}),
    )
    images = len(demo_dataset.rows("validation"))
    assert steps == dict.fromkeys(("validation", "validation, flip", "validation, ten-crop"), (images, images))
    assert json.loads((folder / "evaluation.json").read_text())["trained_on"] == sorted(["demo", demo_dataset.hash])
    card = (folder / "README.md").read_text()
    assert f"It began at the weights of `{first}`" in card
    assert f"40% of each target comes from `{first}` and `{raters}`, the rest from the label" in card
    assert "a table of probabilities that was made outside ferdash" in card


@pytest.mark.usefixtures("without_onnx")
def test_who_learned_the_votes_is_calibrated_against_them(
    checkpoints: Path, runs: tuple[Run, Run], demo_root: Path, tmp_path: Path
) -> None:
    checkpoints = shutil.copytree(checkpoints, tmp_path / "checkpoints")
    settings = ["dataset=demo", "compute.threads=1", f"start_from=run:{runs[0].id}", "loss.soft_votes=true", "epochs=1"]
    run = start.create(override(TrainConfig(), settings), data=demo_root, checkpoints=checkpoints)
    start.execute(run, data=demo_root, checkpoints=checkpoints)
    folder = promote(run.id, "plus", data=demo_root, checkpoints=checkpoints)
    card = (folder / "README.md").read_text()
    main = read_evaluation(folder)[0]
    assert main["calibration"]["against"] == "majority"
    assert main["raters"]["ece"] == pytest.approx(main["calibration"]["after"], abs=1e-6)
    assert "It learned what ten raters said of each training image" in card
    assert f"agrees with what over half of their raters said on **{100 * main['raters']['agreement']:.1f}%**" in card


@pytest.mark.usefixtures("without_onnx")
def test_a_mean_of_epochs_is_told_by_its_card(checkpoints: Path, runs: tuple[Run, Run], demo_root: Path) -> None:
    parent = runs[0]
    folder = promote(parent.id, "mean", data=demo_root, checkpoints=checkpoints, average=2)
    card = (folder / "README.md").read_text()
    assert "the mean of the weights after epochs 1 to 2; batch-norm statistics measured on the training" in card
    assert "| 1 (kept) |" in card
    assert "| 2 (kept) |" in card
    names = ("mean", *(f"run:{parent.id}@epoch-{epoch}" for epoch in (1, 2)))
    mean, first, second = (load_model(name, checkpoints).network for name in names)
    expected = (first.classifier.weight + second.classifier.weight) / 2
    torch.testing.assert_close(mean.classifier.weight, expected.half().float(), rtol=2**-10, atol=1e-7)
    for network in (first, second):
        assert not torch.equal(mean.stem[1].running_mean, network.stem[1].running_mean)
    with pytest.raises(RunError, match="keeps the weights of 2 epochs, and 9 were to be averaged"):
        promote(parent.id, "too-many", data=demo_root, checkpoints=checkpoints, average=9)


@pytest.mark.usefixtures("without_onnx")
def test_a_best_network_can_have_its_statistics_measured_anew(
    checkpoints: Path, runs: tuple[Run, Run], demo_root: Path
) -> None:
    folder = promote(runs[0].id, "measured", data=demo_root, checkpoints=checkpoints, measure=True)
    assert "on validation; batch-norm statistics measured on the training" in (folder / "README.md").read_text()
    new, old = (load_model(name, checkpoints).network for name in ("measured", f"run:{runs[0].id}@best"))
    assert torch.equal(new.classifier.weight, old.classifier.weight.half().float())
    assert not torch.equal(new.stem[1].running_var, old.stem[1].running_var)


@pytest.mark.usefixtures("without_onnx")
def test_a_model_is_only_replaced_when_asked(checkpoints: Path, runs: tuple[Run, Run], demo_root: Path) -> None:
    promote(runs[0].id, "twice", data=demo_root, checkpoints=checkpoints)
    with pytest.raises(ModelError, match="already a model called “twice”"):
        promote(runs[1].id, "twice", data=demo_root, checkpoints=checkpoints)
    promote(runs[1].id, "twice", data=demo_root, checkpoints=checkpoints, replace=True)
    assert runs[1].id in (checkpoints / "models" / "twice" / "README.md").read_text()
    assert not [path for path in (checkpoints / "models").iterdir() if path.name.startswith(".")]


@pytest.mark.usefixtures("without_onnx")
def test_a_replacement_that_fails_leaves_the_old_model(
    checkpoints: Path, runs: tuple[Run, Run], demo_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(runs[0].id, "kept", data=demo_root, checkpoints=checkpoints)

    def fail(folder: Path, facts: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ferdash.promotion.write_card", fail)
    with pytest.raises(ModelError, match=r"“kept” cannot be written to .*models \(the disk is full"):
        promote(runs[1].id, "kept", data=demo_root, checkpoints=checkpoints, replace=True)
    assert runs[0].id in (checkpoints / "models" / "kept" / "README.md").read_text()


def test_what_is_missing_is_named(checkpoints: Path, runs: tuple[Run, Run], demo_root: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no run nothing"):
        promote("nothing", "x", data=demo_root, checkpoints=checkpoints)
    with pytest.raises(DatasetError, match="no dataset called"):
        promote(runs[0].id, "x", data=tmp_path, checkpoints=checkpoints)
    with pytest.raises(DatasetError, match="cannot be the name"):
        promote(runs[0].id, "../x", data=demo_root, checkpoints=checkpoints)
    assert not (checkpoints / "models" / "x").exists()


def test_another_dataset_of_the_same_name_is_noticed(
    checkpoints: Path, runs: tuple[Run, Run], demo_dataset: FaceDataset, tmp_path: Path
) -> None:
    from ferdash.data.demo import make_demo

    make_demo(tmp_path, name=demo_dataset.name, images=210, seed=99)
    with pytest.raises(RunError, match="is not the one that run"):
        promote(runs[0].id, "x", data=tmp_path, checkpoints=checkpoints)
    delete_dataset(tmp_path, demo_dataset.name)


def test_a_run_without_a_score_is_not_promoted(demo_root: Path, tmp_path: Path) -> None:
    run = start.create(override(TrainConfig(), ["dataset=demo"]), data=demo_root, checkpoints=tmp_path)
    for status in ({}, {"best": {}}):
        write_status(run.folder, state="stopped", **status)
        with pytest.raises(RunError, match=f"Run {run.id} has no best epoch yet, .* --resume {run.id}"):
            promote(run.id, "mine", data=demo_root, checkpoints=tmp_path)


def test_a_wrong_name_is_said_to_be_that_of_a_model(demo_root: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="“bad name/!” cannot be the name of a model: use up to 64"):
        promote("any", "bad name/!", data=demo_root, checkpoints=tmp_path)
