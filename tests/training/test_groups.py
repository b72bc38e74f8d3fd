from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferdash.data.dataset import open_dataset
from ferdash.errors import ConfigError, RunError
from ferdash.runs.predictions import read_predictions
from ferdash.runs.store import Run, open_run, read_status, write_status
from ferdash.training import start
from ferdash.training.config import TrainConfig, from_dict, override
from ferdash.training.groups import create_group, plan, release
from ferdash.training.out_of_fold import members, out_of_fold, out_of_fold_answers, require_teachers, unfinished
from ferdash.training.settings import FoldsConfig

FOLDS = 3


@pytest.fixture(scope="module")
def config() -> TrainConfig:
    settings = ["dataset=squares", "batch_size=32", "network.width=4", "network.depths=1", "compute.threads=1"]
    return override(TrainConfig(), settings)


@pytest.fixture(scope="module")
def validated(squares_root: Path, tmp_path_factory: pytest.TempPathFactory, config: TrainConfig) -> list[Run]:
    """A finished cross-validation."""
    checkpoints = tmp_path_factory.mktemp("validated")
    runs = create_group(plan(config, folds=FOLDS), data=squares_root, checkpoints=checkpoints)
    for run in runs:
        start.execute(run, data=squares_root, checkpoints=checkpoints)
    return runs


def test_seeds_are_counted_up_and_nothing_else_changes(config: TrainConfig) -> None:
    configs = plan(replace(config, seed=7), seeds=3)
    assert [each.seed for each in configs] == [7, 8, 9]
    assert [replace(each, seed=7) for each in configs] == [replace(config, seed=7)] * 3


def test_each_fold_is_validation_once(config: TrainConfig) -> None:
    assert [each.folds for each in plan(config, folds=3)] == [FoldsConfig(3, index) for index in range(3)]
    assert {each.seed for each in plan(config, folds=3)} == {config.seed}


def test_one_seed_is_no_group(squares_root: Path, tmp_path: Path, config: TrainConfig) -> None:
    assert plan(config) == [config]
    (run,) = create_group(plan(config), data=squares_root, checkpoints=tmp_path)
    assert run.record["group"] == ""
    assert members(tmp_path, "") == []


def test_seeds_and_folds_at_once_are_refused(config: TrainConfig) -> None:
    with pytest.raises(ConfigError, match="over several seeds or over folds, not both"):
        plan(config, seeds=2, folds=3)
    with pytest.raises(ConfigError, match=r"folds\.count is 1, but it must be 0"):
        plan(config, folds=1)


def test_members_share_a_name_and_are_found_by_it(squares_root: Path, tmp_path: Path, config: TrainConfig) -> None:
    runs = create_group(plan(config, seeds=3), data=squares_root, checkpoints=tmp_path)
    others = create_group(plan(config, seeds=2), data=squares_root, checkpoints=tmp_path)
    group = runs[0].record["group"]
    assert group.startswith("custom-3-seeds-")
    assert group != others[0].record["group"]
    (tmp_path / "runs" / "damaged").mkdir()
    assert [run.id for run in members(tmp_path, group)] == [run.id for run in runs]
    assert [run.record["config"]["seed"] for run in members(tmp_path, group)] == [0, 1, 2]


def test_what_is_not_finished_is_left_and_what_waits_is_let_go(
    squares_root: Path, tmp_path: Path, config: TrainConfig
) -> None:
    first, second, third = create_group(plan(config, seeds=3), data=squares_root, checkpoints=tmp_path)
    write_status(first.folder, state="finished")
    write_status(second.folder, state="failed", error="a reason")
    assert unfinished([first, second, third]) == [second, third]
    release([first, second, third])
    assert [read_status(run.folder)["state"] for run in (first, second, third)] == ["finished", "failed", "stopped"]


def test_out_of_fold_predictions_cover_each_image_once(validated: list[Run], squares_root: Path) -> None:
    rows, labels, probabilities = out_of_fold(validated)
    dataset = open_dataset(squares_root, "squares")
    np.testing.assert_array_equal(rows, np.sort(np.r_[dataset.rows("train"), dataset.rows("validation")]))
    np.testing.assert_array_equal(labels, dataset.labels[rows])
    for run in validated:
        table = read_predictions(run.folder, "validation")
        here = np.searchsorted(rows, table["row"])
        np.testing.assert_array_equal(probabilities[here], table.iloc[:, 2:].to_numpy(np.float32))
    group = validated[0].record["group"]
    answers = out_of_fold_answers(validated[0].folder.parents[1], group)
    assert (answers.run, answers.dataset, answers.dataset_hash) == (group, "squares", dataset.hash)
    np.testing.assert_array_equal(answers.probabilities, probabilities)
    np.testing.assert_array_equal(answers.rows, rows)


def test_incomplete_cross_validations_are_refused(validated: list[Run], squares_root: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="fold 2 of 3 is missing"):
        out_of_fold([validated[0], validated[2]])
    with pytest.raises(RunError, match="a fold is there twice"):
        out_of_fold([*validated, validated[0]])
    configs = plan(from_dict(validated[0].record["config"]), folds=FOLDS)
    fresh = create_group(configs, data=squares_root, checkpoints=tmp_path)
    with pytest.raises(RunError, match=f"run {fresh[0].id} is not finished"):
        out_of_fold(fresh)
    sampled = [override(each, ["evaluation.per_class=2"]) for each in configs]
    for run in (runs := create_group(sampled, data=squares_root, checkpoints=tmp_path)):
        write_status(run.folder, state="finished")
    with pytest.raises(RunError, match="measured on some of their images only"):
        out_of_fold(runs)


def test_runs_that_are_no_folds_are_refused(squares_root: Path, tmp_path: Path, config: TrainConfig) -> None:
    for runs in ([], create_group(plan(config, seeds=2), data=squares_root, checkpoints=tmp_path)):
        with pytest.raises(RunError, match="not the folds of one dataset"):
            out_of_fold(runs)


def test_the_record_of_a_run_names_its_group_for_good(validated: list[Run]) -> None:
    again = open_run(validated[0].folder.parent, validated[0].id)
    assert again.record["group"] == validated[0].record["group"] != ""


def test_weights_without_their_sampling_are_refused(config: TrainConfig) -> None:
    with pytest.raises(ConfigError, match=r"Set sampling\.mode=static"):
        plan(override(config, ["sampling.weights.fear=2"]))


def test_a_group_that_is_not_there_is_named(validated: list[Run], squares_root: Path) -> None:
    checkpoints, group = validated[0].folder.parents[1], validated[0].record["group"]
    sentence = f"no group of runs called “nogroup” .there are: {group}."
    with pytest.raises(ConfigError, match=sentence):
        require_teachers("nogroup", open_dataset(squares_root, "squares"), checkpoints)
    with pytest.raises(RunError, match=sentence):
        out_of_fold_answers(checkpoints, "nogroup")
