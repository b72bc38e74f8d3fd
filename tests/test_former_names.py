"""What earlier versions wrote and what people typed then still works."""

from pathlib import Path

import pytest

from ferdash import former_names
from ferdash.training.config import TrainConfig, from_dict, override
from ferdash.training.distillation import made_table
from ferdash.training.recipes import RECIPES, get_recipe
from ferdash.training.start import command_of


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("evaluate fernet --views ten-crop", "evaluate fernet --tta ten-crop"),
        ("evaluate fernet --views=flip --json", "evaluate fernet --tta=flip --json"),
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
