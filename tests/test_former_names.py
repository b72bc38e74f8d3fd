"""What earlier versions wrote and what people typed then still works."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ferdash import former_names
from ferdash.analyses import marks, store
from ferdash.models.calibration import Calibration, fitted_against, read_calibration, write_calibration
from ferdash.paths import analyses_root
from ferdash.training.config import TrainConfig, from_dict, override
from ferdash.training.distillation import made_table
from ferdash.training.recipes import RECIPES, get_recipe
from ferdash.training.start import command_of


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("evaluate fernet --views ten-crop", "evaluate fernet --tta ten-crop"),
        ("evaluate fernet --views=flip --json", "evaluate fernet --tta=flip --json"),
        ("sessions list --json", "analyses list --json"),
        ("predict sessions", "predict sessions"),
        ("evaluate fernet --tta", "evaluate fernet --tta flip"),
        ("evaluate fernet --tta --json", "evaluate fernet --tta flip --json"),
        ("evaluate fernet --tta ten-crop", "evaluate fernet --tta ten-crop"),
    ],
)
def test_a_command_line_of_before(before: str, now: str) -> None:
    assert former_names.command_line(before.split()) == now.split()
    assert former_names.command_line(now.split()) == now.split()


def test_a_recipe_of_before() -> None:
    assert get_recipe("fernet_taught") is RECIPES["fernet_distilled"]
    config = from_dict({"recipe": "fernet_taught"})
    assert config.recipe == "fernet_distilled"
    assert command_of(config).startswith("ferdash train --recipe fernet_distilled")


@pytest.mark.parametrize(
    ("stored", "tta"),
    [
        ({"views": "ten-crop"}, "ten-crop"),
        ({"tta": True}, "flip"),
        ({"tta": False}, "plain"),
        ({"tta": "flip"}, "flip"),
    ],
)
def test_a_stored_protocol(stored: dict[str, object], tta: str) -> None:
    assert former_names.protocol({"split": "test", **stored}) == {"split": "test", "tta": tta}


def test_a_stored_protocol_that_does_not_say() -> None:
    assert former_names.protocol({"split": "test"}) == {"split": "test"}


def test_settings_of_before() -> None:
    assert from_dict({"evaluation": {"before": True}}).evaluation.baseline
    assert override(TrainConfig(), ["evaluation.before=true"]).evaluation.baseline


def test_a_table_of_teacher_probabilities_of_before(tmp_path: Path) -> None:
    assert made_table(tmp_path) is None
    (tmp_path / "taught.npy").touch()
    assert made_table(tmp_path) == tmp_path / "taught.npy"
    (tmp_path / "teacher_probs.npy").touch()
    assert made_table(tmp_path) == tmp_path / "teacher_probs.npy"


def test_an_analysis_of_before(tmp_path: Path) -> None:
    photos = [("a.png", b""), ("b.png", b"")]
    made = store.create_analysis(tmp_path, kind="sequence", name="Talk", photos=photos)
    record = json.loads((made.folder / "analysis.json").read_text())
    (made.folder / "analysis.json").unlink()
    (made.folder / "session.json").write_text(json.dumps(record | {"kind": "stills"}))
    (made.folder / "calibration.json").write_text('{"tracks": {"1": [3, 4]}}')
    (found,) = store.list_analyses(tmp_path)
    assert (found.name, found.kind, found.info["kind"], found.neutral()) == (
        "Talk",
        "sequence",
        "sequence",
        {1: [3, 4]},
    )
    marks.set_neutral(tmp_path, found.id, 2, [9])
    assert store.rename(tmp_path, found.id, "Walk").neutral() == {1: [3, 4], 2: [9]}
    assert store.open_analysis(tmp_path, found.id).name == "Walk"
    store.write_status(found.folder, state="done")
    store.delete(tmp_path, found.id)
    assert store.list_analyses(tmp_path) == []


def test_the_folder_of_analyses_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path))
    assert analyses_root() == tmp_path / "analyses"
    (tmp_path / "sessions").mkdir()
    assert analyses_root() == tmp_path / "sessions"
    (tmp_path / "analyses").mkdir()
    assert analyses_root() == tmp_path / "analyses"


def test_a_temperature_of_before(tmp_path: Path) -> None:
    fitted = Calibration(0.7, "faces", "aa", "validation", 350, 0.1, 0.02, 0.03, "bb", against="majority")
    write_calibration(tmp_path, fitted)
    (tmp_path / "temperature.json").rename(tmp_path / "calibration.json")
    assert (read_calibration(tmp_path, "bb"), fitted_against(tmp_path)) == (fitted, "majority")
    write_calibration(tmp_path, replace(fitted, temperature=0.9))
    assert read_calibration(tmp_path, "bb") == replace(fitted, temperature=0.9)
