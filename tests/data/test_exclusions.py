import shutil
from pathlib import Path

import numpy as np
import pytest

from ferdash.data.audit import audit_dataset
from ferdash.data.dataset import FaceDataset, open_dataset
from ferdash.data.exclusions import exclude, excluded_kinds, is_excluded, scored_rows, weight_of
from ferdash.errors import DatasetError


@pytest.fixture
def dataset(demo_root: Path, tmp_path: Path) -> FaceDataset:
    shutil.copytree(demo_root / "demo", tmp_path / "demo")
    return open_dataset(tmp_path, "demo")


def test_what_is_left_out_is_exactly_what_the_audit_found(dataset: FaceDataset) -> None:
    assert excluded_kinds(dataset) == ()
    assert not is_excluded(dataset).any()
    assert exclude(dataset, ["label_conflicts", "leaks"]) == ("leaks", "label_conflicts")  # in the audit's order
    report = audit_dataset(dataset)
    expected = set(report.finding("leaks").rows) | set(report.finding("label_conflicts").rows)
    assert set(np.flatnonzero(is_excluded(dataset))) == expected
    assert exclude(dataset, []) == ()
    assert not is_excluded(dataset).any()


def test_a_choice_belongs_to_its_content(dataset: FaceDataset) -> None:
    exclude(dataset, ["leaks"])
    rows = dataset.rows("validation")
    kept = scored_rows(dataset.folder.parent, "demo", dataset.hash, rows)
    assert 0 < (~kept).sum() == is_excluded(dataset)[rows].sum()
    assert scored_rows(dataset.folder.parent, "demo", "another", rows).all()
    assert scored_rows(dataset.folder.parent, "gone", dataset.hash, rows).all()
    file = dataset.folder / "exclusions.json"
    file.write_text(file.read_text().replace(dataset.hash, "0" * 16))
    assert excluded_kinds(dataset) == ()
    file.write_text("{")
    assert excluded_kinds(dataset) == ()


def test_a_finding_weighs_its_share_of_a_held_out_split(dataset: FaceDataset) -> None:
    report = audit_dataset(dataset)
    leaks = weight_of(report.finding("leaks"), dataset)
    assert leaks.points == pytest.approx(100 * leaks.images / len(dataset.rows(leaks.split)))
    assert leaks.words == f"{leaks.images} of {leaks.split}: up to {leaks.points:.1f} points of accuracy"
    nothing = weight_of(report.finding("label_conflicts"), dataset)
    assert (nothing.points, nothing.words) == (0, "no held-out image: no score changes")


def test_an_unknown_finding_is_refused_by_name(dataset: FaceDataset) -> None:
    with pytest.raises(DatasetError, match="no finding “leak”; there are leaks, "):
        exclude(dataset, ["leak"])
