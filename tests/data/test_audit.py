"""A dataset with one fault of each kind, and what the audit says of it."""

import json

import numpy as np
import pytest

from ferdash.data import audit
from ferdash.data.audit import audit_dataset, read_audit
from ferdash.data.dataset import save_dataset
from ferdash.data.demo import draw_face
from ferdash.data.votes import VOTE_CLASSES
from ferdash.emotions import EMOTIONS

ANGRY, FEAR, HAPPY, SAD = (EMOTIONS.index(name) for name in ("angry", "fear", "happy", "sad"))
NOT_A_FACE = VOTE_CLASSES.index("not_a_face")


def lighter(face: np.ndarray) -> np.ndarray:
    return np.clip(face * 0.9 + 20, 0, 255).astype(np.uint8)


@pytest.fixture
def faulty(tmp_path):
    rng = np.random.default_rng(11)
    a, b, c, d = (draw_face(emotion, rng) for emotion in ("angry", "fear", "happy", "sad"))
    rows = [
        (a, ANGRY, "train"),  # 0
        (a, ANGRY, "validation"),  # 1 leaks
        (b, FEAR, "train"),  # 2
        (b, SAD, "train"),  # 3 duplicates 2 with another label
        (c, HAPPY, "train"),  # 4
        (lighter(c), HAPPY, "train"),  # 5 nearly duplicates 4
        (lighter(lighter(c)), SAD, "test"),  # 6 nearly leaks, with another label
        (d, SAD, "validation"),  # 7
        (d, SAD, "test"),  # 8 identical to 7
        (np.full((48, 48), 7, np.uint8), SAD, "test"),  # 9 empty
    ]
    images, labels, splits = zip(*rows, strict=True)
    votes = np.zeros((10, 10), dtype=np.uint8)
    votes[1, [ANGRY, NOT_A_FACE]] = 1, 9  # no face, to nine of ten
    votes[2, [ANGRY, FEAR]] = 5, 5  # half the raters for the label, half against it
    votes[3, [FEAR, SAD]] = 9, 1  # overruled: fear, not sad
    votes[4, [FEAR, HAPPY]] = 4, 6  # the label
    order = [0, 2, 3, 4, 5, 1, 7, 6, 8, 9]  # as the dataset sorts them: by split
    place = {original: row for row, original in enumerate(order)}
    dataset = save_dataset(
        tmp_path,
        "faulty",
        images=np.stack(images),
        labels=np.array(labels),
        splits=list(splits),
        sources=[f"{number:02d}" for number in range(10)],
        origin="a test",
        votes=votes,
    )
    return dataset, place


@pytest.mark.parametrize(
    ("kind", "rows", "groups"),
    [
        ("leaks", [1], [[0, 1]]),
        ("held_out_leaks", [8], [[7, 8]]),
        ("label_conflicts", [2, 3], [[2, 3]]),
        ("duplicates", [2, 3], [[2, 3]]),
        ("near_leaks", [6], [[4, 5, 6]]),
        ("near_conflicts", [4, 5, 6], [[4, 5, 6]]),
        ("near_duplicates", [4, 5], [[4, 5, 6]]),
        ("blank", [9], [[9]]),
        ("raters_overrule", [3], [[3]]),
        ("raters_none", [1], [[1]]),
        ("raters_disagree", [2], [[2]]),
    ],
)
def test_each_fault_is_found_and_nothing_else(faulty, kind, rows, groups):
    dataset, place = faulty
    finding = audit_dataset(dataset).finding(kind)
    assert finding.rows.tolist() == sorted(place[row] for row in rows)
    assert sorted(group.tolist() for group in finding.groups) == [
        sorted(place[row] for row in group) for group in groups
    ]
    assert finding.count == len(rows) == sum(finding.counts.values())


def test_a_leak_is_not_counted_among_the_near_ones_too(tmp_path):
    """The face is in train twice, lighter the second time: its exact copy in validation leaks once, as a copy; so does
    its mirror image, which is as good as a copy; only the third version in test is a near leak."""
    face = draw_face("happy", np.random.default_rng(4))
    images = [face, lighter(face), face, face[:, ::-1], lighter(lighter(face))]
    dataset = save_dataset(
        tmp_path,
        "leaky",
        images=np.stack(images),
        labels=np.full(5, HAPPY),
        splits=["train", "train", "validation", "validation", "test"],
        sources=list("abcde"),
        origin="a test",
    )
    report = audit_dataset(dataset)
    leaked = {kind: report.finding(kind).rows.tolist() for kind in ("leaks", "mirrored_leaks", "near_leaks")}
    assert leaked == {"leaks": [2], "mirrored_leaks": [3], "near_leaks": [4]}


def test_counts_say_in_which_split(faulty):
    report = audit_dataset(faulty[0])
    assert report.finding("near_conflicts").counts == {"train": 2, "test": 1}
    with pytest.raises(KeyError):
        report.finding("nonsense")


def test_the_audit_is_kept_and_read(faulty, monkeypatch):
    dataset, _ = faulty
    assert read_audit(dataset) is None
    first = audit_dataset(dataset)
    monkeypatch.setattr(audit, "near_duplicate_pairs", lambda *_: pytest.fail("compared again"))
    second = audit_dataset(dataset)
    assert [finding.as_dict() for finding in second.findings] == [finding.as_dict() for finding in first.findings]
    assert json.dumps(second.findings[0].as_dict())


def test_an_altered_copy_is_told_and_the_sentence_kept(faulty, monkeypatch):
    monkeypatch.setattr(audit, "alteration", lambda *_: "This is an altered copy.")
    assert audit_dataset(faulty[0]).altered == "This is an altered copy."
    assert read_audit(faulty[0]).altered == "This is an altered copy."


@pytest.mark.parametrize("change", [{"hash": "other"}, {"format": 0}, {"findings": [{}]}])
def test_an_audit_of_something_else_is_not_read(faulty, change):
    dataset, _ = faulty
    audit_dataset(dataset)
    file = dataset.folder / audit.FILE_NAME
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert read_audit(dataset) is None
    assert audit_dataset(dataset).finding("leaks").count == 1


def test_a_torn_audit_is_made_again(faulty):
    dataset, _ = faulty
    audit_dataset(dataset)
    (dataset.folder / audit.FILE_NAME).write_text('{"format": 1, ')
    assert audit_dataset(dataset).finding("leaks").count == 1
    assert read_audit(dataset) is not None


def test_leaks_agree_with_the_dataset_and_the_demo_has_every_planted_fault(demo_dataset):
    report = audit_dataset(demo_dataset)
    assert report.finding("leaks").rows.tolist() == np.flatnonzero(demo_dataset.duplicates_training()).tolist()
    for kind in ("leaks", "label_conflicts", "near_leaks", "blank", "raters_disagree"):
        assert report.finding(kind).count > 0, kind


def test_a_notice_in_place_of_a_photograph_is_found_and_a_face_before_white_is_not(tmp_path):
    notice, face = np.full((48, 48), 255, np.uint8), np.full((48, 48), 255, np.uint8)
    notice[5:20, ::2] = 0  # 360 of 2,304 pixels, 84% remain
    face[:, 8:40] = draw_face("sad", np.random.default_rng(0))[:, 8:40]
    dataset = save_dataset(
        tmp_path,
        "notices",
        images=np.stack([face, notice]),
        labels=np.array([SAD, SAD]),
        splits=["train"] * 2,
        sources=["a", "b"],
        origin="a test",
    )
    assert audit_dataset(dataset).finding("placeholders").rows.tolist() == [1]
    assert audit_dataset(dataset).finding("blank").count == 0


def test_a_mirrored_leak_is_found_beside_the_images_it_mirrors(tmp_path, noise_faces):
    images = noise_faces(5)
    images[3], images[1] = images[0][:, ::-1], images[0]
    dataset = save_dataset(
        tmp_path,
        "mirrored",
        images=images,
        labels=np.zeros(5),
        splits=["train"] * 3 + ["test"] * 2,
        sources=list("abcde"),
        origin="a test",
    )
    report = audit_dataset(dataset)
    finding = report.finding("mirrored_leaks")
    assert finding.rows.tolist() == [3]
    assert [group.tolist() for group in finding.groups] == [[0, 1, 3]]
    assert report.finding("leaks").count == 0
    assert report.altered == ""


def test_without_votes_the_raters_are_not_asked(tmp_path, noise_faces):
    dataset = save_dataset(
        tmp_path,
        "plain",
        images=noise_faces(3),
        labels=np.zeros(3),
        splits=["train"] * 3,
        sources=["a", "b", "c"],
        origin="a test",
    )
    findings = audit_dataset(dataset).findings
    assert "raters_disagree" not in {finding.kind for finding in findings}
    assert [finding.count for finding in findings] == [0] * len(findings)
