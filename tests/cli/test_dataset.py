"""`ferdash dataset ...` as a person or a script calls it."""

import json
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from ferdash.cli.main import app
from ferdash.data.dataset import open_dataset
from ferdash.errors import DatasetError


@pytest.fixture
def run(monkeypatch):
    """Run a command with its datasets under `data`; what it wrote is in .stdout and .stderr."""

    def call(data, *arguments, **options):
        monkeypatch.setenv("FERDASH_DATA", str(data))
        return CliRunner().invoke(app, ["dataset", *arguments], **options)

    return call


def parsed(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_import_list_and_delete(run, tmp_path):
    made = parsed(run(tmp_path, "import", "demo", "--name", "faces", "--json"))
    assert made["images"] == 1400
    assert sum(made["splits"].values()) == 1400
    assert made["hash"] == open_dataset(tmp_path, "faces").hash
    assert [entry["name"] for entry in parsed(run(tmp_path, "list", "--json"))] == ["faces"]
    assert "faces" in run(tmp_path, "list").stdout
    assert parsed(run(tmp_path, "delete", "faces", "--yes", "--json")) == {"deleted": "faces"}
    assert parsed(run(tmp_path, "list", "--json")) == []
    assert "ferdash dataset import demo" in run(tmp_path, "list").stderr


def test_import_a_folder_and_see_its_notes(run, tmp_path):
    for emotion in ("happy", "sad"):
        (tmp_path / "mine" / emotion).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "mine" / emotion / "1.png"), np.full((60, 60), len(emotion), np.uint8))
    result = run(tmp_path / "data", "import", str(tmp_path / "mine"))
    assert result.exit_code == 0
    assert "2 pictures were resized" in result.stderr
    assert "Imported 2 images as mine" in result.stderr
    assert "happy" in result.stdout


def test_import_answers_what_the_names_leave_open(run, tmp_path):
    for number, folder in enumerate(("A/happy", "A/contempt", "B/happy")):
        (tmp_path / "mine" / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "mine" / folder / "1.png"), np.full((48, 48), number, np.uint8))
    with pytest.raises(DatasetError, match="contempt"):
        run(tmp_path / "data", "import", str(tmp_path / "mine"), catch_exceptions=False)
    answers = ["--leave-out", "contempt", "--split", "A=validation", "--split", "B=test"]
    made = parsed(run(tmp_path / "data", "import", str(tmp_path / "mine"), *answers, "--json"))
    assert made["splits"] == {"train": 0, "validation": 1, "test": 1}


def test_delete_asks_first(run, demo_root):
    result = run(demo_root, "delete", "demo", input="n\n")
    assert result.exit_code == 1
    assert open_dataset(demo_root, "demo")


def test_what_cannot_be_deleted_is_not_asked_about(run, tmp_path):
    run(tmp_path, "import", "demo", "--name", "faces")
    (tmp_path / "faces" / "notes").mkdir()
    for name, sentence in (("nope", "There is no dataset called “nope”"), ("faces", "holds more than a dataset")):
        result = run(tmp_path, "delete", name, input="y\n")
        assert isinstance(result.exception, DatasetError)
        assert sentence in str(result.exception)
        assert "for good?" not in result.output


def test_stats(run, demo_root):
    stats = parsed(run(demo_root, "stats", "demo", "--json"))
    assert sum(split["train"] for split in stats["counts"].values()) == stats["splits"]["train"]
    assert stats["report"]["total"]["report_train"] == 28709
    assert 0 < stats["quality"]["intensity"]["mean"] < 255
    text = run(demo_root, "stats", "demo").stdout
    assert "Imbalance" in text
    assert "7,178" in text


def test_audit(run, demo_root):
    audit = parsed(run(demo_root, "audit", "demo", "--json"))
    by_kind = {finding["kind"]: finding for finding in audit["findings"]}
    assert by_kind["leaks"]["count"] == len(by_kind["leaks"]["rows"]) > 0
    assert "Held-out images identical" in " ".join(
        run(demo_root, "audit", "demo", env={"COLUMNS": "200"}).stdout.split()
    )


def test_the_audit_fits_a_terminal_of_80_columns(run, demo_root):
    lines = run(demo_root, "audit", "demo", env={"COLUMNS": "80"}).stdout.splitlines()
    assert {len(line) for line in lines} == {80}
    last = [line.split("│")[-2].strip() for line in lines if line.startswith("│")]
    assert "pixel for pixel in the training set, so a score on them partly measures memory." in " ".join(last)


def test_the_list_shows_the_whole_name_of_a_long_source_in_80_columns(run, tmp_path):
    source = tmp_path / "faces_of_the_second_pilot_study_in_autumn"
    (source / "happy").mkdir(parents=True)
    cv2.imwrite(str(source / "happy" / "1.png"), np.full((48, 48), 7, np.uint8))
    run(tmp_path / "data", "import", str(source), "--name", "pilot")
    lines = run(tmp_path / "data", "list", env={"COLUMNS": "80"}).stdout.splitlines()
    assert "".join(line.split("│")[-2].strip() for line in lines if line.startswith("│")) == source.name


def test_a_damaged_dataset_is_listed_as_such(run, tmp_path):
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "meta.json").write_text("{")
    assert "damaged" in parsed(run(tmp_path, "list", "--json"))[0]["error"]
    assert "damaged; delete it" in " ".join(run(tmp_path, "list").stdout.split())


def test_what_a_person_can_fix_is_raised_as_a_sentence(run, tmp_path):
    result = run(tmp_path, "stats", "gone")
    assert isinstance(result.exception, DatasetError)
    result = run(tmp_path, "import", str(tmp_path / "no such.zip"))
    assert isinstance(result.exception, DatasetError)
    assert "There is no file or folder" in str(result.exception)


def test_torch_is_not_loaded():
    modules = "ferdash.cli.main, ferdash.data.audit, ferdash.data.demo, ferdash.data.download, ferdash.data.sources"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_findings_are_left_out_of_scores_and_taken_in_again(run, demo_root, tmp_path):
    shutil.copytree(demo_root / "demo", tmp_path / "demo")
    assert parsed(run(tmp_path, "audit", "demo", "--json"))["excluded"] == []
    left_out = run(tmp_path, "audit", "demo", "--exclude", "leaks", "--exclude", "blank", "--json")
    assert parsed(left_out)["excluded"] == ["leaks", "blank"]
    assert parsed(run(tmp_path, "audit", "demo", "--include", "leaks", "--json"))["excluded"] == ["blank"]
    text = " ".join(run(tmp_path, "audit", "demo", env={"COLUMNS": "250"}).stdout.split())
    assert "left out" in text
    assert "points of accuracy" in text
