"""Versions and folders, as they are and as they are not."""

import os
import tomllib
from pathlib import Path

import pytest

import ferdash
from ferdash.diagnosis import machine


def test_versions_name_ferdash_and_what_it_is_built_on():
    found = {check.name: check for check in machine.versions()}
    assert found["ferdash"].found.startswith(ferdash.__version__)
    import numpy
    import torch

    assert found["numpy"].found == numpy.__version__
    assert found["torch"].found == torch.__version__
    assert all(found[name].state == "good" for name in machine.PACKAGES)


def test_a_missing_package_fails_and_an_optional_one_is_noted(monkeypatch):
    monkeypatch.setattr(machine, "PACKAGES", ("no-such-package",))
    monkeypatch.setattr(machine, "OPTIONAL", {"nor-this": "lsl"})
    found = {check.name: check for check in machine.versions()}
    assert (found["no-such-package"].state, found["no-such-package"].found) == ("failed", "missing")
    assert found["nor-this"].state == "note"
    assert found["nor-this"].found == "not installed, optional: pip install 'ferdash[lsl]'"


def test_every_extra_that_is_declared_has_a_line_by_one_of_its_packages():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = project["optional-dependencies"]
    assert sorted(machine.OPTIONAL.values()) == sorted(declared)
    for package, extra in machine.OPTIONAL.items():
        assert any(one.startswith(package) for one in declared[extra]), package


def test_devices_say_what_computes():
    processor, card = machine.devices()
    assert f"{os.cpu_count()} threads" in processor.found
    assert card.state in ("good", "note")


def test_folders_that_can_be_written_are_left_as_they_were(tmp_path):
    data, checkpoints = machine.folders(tmp_path / "new" / "data", tmp_path)
    assert data.state == "good"
    assert data.found.endswith("made when first needed")
    assert checkpoints.found.startswith(f"{tmp_path}, ")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_fails(tmp_path):
    (tmp_path / "data").write_text("")
    data, _ = machine.folders(tmp_path / "data" / "below", tmp_path)
    assert data.state == "failed"
    assert data.found == f"{tmp_path / 'data'} is a file, so {tmp_path / 'data' / 'below'} cannot be a folder"
    assert "FERDASH_DATA" in data.advice


@pytest.mark.skipif(not Path("/proc/sys").is_dir(), reason="needs a folder that nobody may write to")
def test_a_folder_that_cannot_be_written_fails(tmp_path):
    _, checkpoints = machine.folders(tmp_path, Path("/proc/sys/ferdash"))
    assert checkpoints.state == "failed"
    assert checkpoints.found.startswith("/proc/sys/ferdash cannot be written to (")
    assert "FERDASH_CHECKPOINTS" in checkpoints.advice
