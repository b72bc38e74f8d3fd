"""The tutorials' code runs as it stands there, in order, and what they say of the outcome is so."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from ferdash.cli.main import app
from ferdash.cli.output import console

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def follow(tmp_path, monkeypatch):
    """Do what a page says, in an empty folder, as an installation without the extra onnx; what each command said, and
    the names that its Python left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setattr(console, "_width", 200)
    monkeypatch.setattr("ferdash.promotion.can_export", lambda: False)
    (tmp_path / "checkpoints" / "models").mkdir(parents=True)
    for name in ("models/fernet", "detectors"):
        (tmp_path / "checkpoints" / name).symlink_to(PROJECT / "checkpoints" / name)

    def run(page: str) -> tuple[dict[str, str], dict]:
        said, names = {}, {}
        text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
        for language, block in re.findall(r"^```(\w+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            if language == "python":
                exec(compile(block, page, "exec"), names)
                continue
            for line in block.splitlines():
                program, *words = shlex.split(line)
                assert program == "ferdash", line
                done = CliRunner().invoke(app, words)
                assert done.exit_code == 0, f"{line}: {done.output}"
                said[line] = done.output
        return said, names

    return run


def test_from_a_dataset_to_a_film(follow):
    said, _ = follow("tutorial-model.md")
    assert re.search(r"Held-out images identical to a [^│]*│ +10 ", said["ferdash dataset audit demo"])
    scores = said["ferdash evaluate fernet drawn --dataset demo --split test"]
    before, after = (float(re.search(rf"│ {name} .*?(\d+\.\d)%", scores)[1]) for name in ("fernet", "drawn"))
    assert before == pytest.approx(62.0, abs=0.6)
    assert after == pytest.approx(87.8, abs=5)
    assert "│    205 │ same source │" in scores
    segments = pd.read_csv("talk/segments.csv")
    (sad,) = segments[segments["emotion"] == "sad"].itertuples()
    assert (sad.start_s, sad.end_s) == (pytest.approx(8.76, abs=0.2), pytest.approx(11, abs=0.2))
    (surprise,) = segments[segments["emotion"] == "surprise"].itertuples()
    assert surprise.duration_s == pytest.approx(0.2, abs=0.1)


def test_a_study_with_baseline_and_markers(follow):
    said, names = follow("tutorial-study.md")
    assert names["films"]["ann"].results.summary.tracks[1].baseline.level[4] == pytest.approx(0.42, abs=0.01)
    happy = names["response"]["happy"]
    assert (happy["ann"], happy["ben"]) == (pytest.approx(57, abs=2), pytest.approx(3, abs=1))
    compared = said["ferdash analyses compare ben ann --marker joke"]
    assert "no emotion differs significantly between ben and ann" in compared
    assert "joke" in Path("ann/report.html").read_text(encoding="utf-8")
