"""`ferdash doctor`: everything good here, and exit status 1 where something is not."""

import json
from pathlib import Path

from typer.testing import CliRunner

from ferdash.cli.main import app

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


def test_a_working_installation(monkeypatch, tmp_path):
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(CHECKPOINTS))
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "data"))
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["works"] is True
    areas = list(dict.fromkeys(check["area"] for check in document["checks"]))
    assert areas == ["Versions", "Folders", "Network", "Camera", "Devices", "Models"]
    assert document["checks"][0].keys() == {"area", "name", "state", "found", "advice"}
    assert not (tmp_path / "data").exists()


def test_one_that_does_not_work(monkeypatch, tmp_path):
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(tmp_path / "empty"))
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "data"))
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 1
    assert "2 checks failed: fernet-plus, fernet." in done.stdout
