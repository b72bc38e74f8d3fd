"""Model references are taken apart in one place."""

from pathlib import Path

import pytest

from ferdash.errors import ModelError
from ferdash.references import Reference, members_of, parse, run_reference, split_checkpoint

PROJECT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("fernet", Reference("fernet", "", "", None)),
        (" fernet@size=64 ", Reference("fernet", "", "", 64)),
        ("owner/name@main", Reference("owner/name@main", "", "", None)),
        ("./a folder", Reference("./a folder", "", "", None)),
        ("run:r1", Reference("run:r1", "r1", "", None)),
        ("run:r1@epoch-3@size=96", Reference("run:r1@epoch-3", "r1", "epoch-3", 96)),
        ("", Reference("", "", "", None)),
    ],
)
def test_a_reference_has_four_parts(text: str, parts: Reference) -> None:
    assert parse(text) == parts
    assert parse(text).of_run is text.startswith("run:")


def test_a_run_without_a_name_is_still_one() -> None:
    assert parse("run:").of_run
    assert parse("run:").run == ""


def test_no_picture_has_no_pixels() -> None:
    with pytest.raises(ModelError, match="“fernet@size=0” asks for pictures of 0 pixels"):
        parse("fernet@size=0")


@pytest.mark.parametrize("checkpoint", ["", "best", "epoch-3"])
def test_what_is_put_together_comes_apart(checkpoint: str) -> None:
    written = run_reference("r1", checkpoint)
    assert (parse(written).run, parse(written).checkpoint) == ("r1", checkpoint)
    assert split_checkpoint(written.removeprefix("run:")) == ("r1", checkpoint)


def test_an_ensemble_is_joined_by_plus(tmp_path: Path) -> None:
    assert members_of("fernet + run:r1@best") == ["fernet", "run:r1@best"]
    (tmp_path / "a+b").mkdir()
    assert members_of(f"{tmp_path}/a+b") == [f"{tmp_path}/a+b"]


def test_no_other_module_takes_a_reference_apart() -> None:
    """By its prefix or its @; what only names a key of a graph (`run:...` in a docstring) is free to."""
    tell_tales = ('startswith("run:', 'removeprefix("run:', 'partition("@', 'split("@', 'f"run:{')
    for path in [*PROJECT.glob("ferdash/**/*.py"), *PROJECT.glob("pages/**/*.py")]:
        if path.name != "references.py":
            found = [tale for tale in tell_tales if tale in path.read_text(encoding="utf-8")]
            assert not found, f"{path.relative_to(PROJECT)} has {found}; ferdash/references.py does that"
