import re
import runpy
from pathlib import Path

import numpy as np

from ferdash.evaluation.corruptions import CORRUPTIONS

PROJECT = Path(__file__).parents[2]


def test_the_picture_has_a_row_for_each_kind_that_begins_with_the_same_face() -> None:
    script = runpy.run_path(str(PROJECT / "scripts" / "picture_corruptions.py"))
    image = np.asarray(script["picture"]())
    side, step = 48 * script["SCALE"], 48 * script["SCALE"] + script["GAP"]
    assert image.shape == (script["HEAD"] + step * len(CORRUPTIONS), script["LABEL"] + step * 6)
    tops = [script["HEAD"] + step * row for row in range(len(CORRUPTIONS))]
    given = [image[top : top + side, script["LABEL"] : script["LABEL"] + side] for top in tops]
    assert all((face == given[0]).all() for face in given)
    worst = [image[top : top + side, script["LABEL"] + 5 * step :][:, :side] for top in tops]
    assert all(np.abs(face.astype(int) - given[0]).mean() > 4 for face in worst)


def test_the_document_says_the_strengths_that_are_measured() -> None:
    text = (PROJECT / "docs" / "robustness.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([^|]+?) \|[^|]+\| ([^|]+?) \|$", text, re.MULTILINE)[1:])
    assert told == {one.title: ", ".join(f"{level:g}" for level in one.levels) for one in CORRUPTIONS.values()}
    assert (PROJECT / "docs" / "images" / "corruptions.png").stat().st_size < 150_000
