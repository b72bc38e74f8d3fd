import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferdash.data import corrections
from ferdash.data.corrections import (
    Correction,
    correct,
    draw_sides,
    erase_removed,
    export_corrections,
    face_of,
    find_correction,
    list_corrections,
    remove_correction,
    restore_correction,
    statistics,
)
from ferdash.data.dataset import list_datasets
from ferdash.emotions import EMOTIONS
from ferdash.errors import DatasetError, LabelError

SURE_OF_HAPPY = [0.02, 0.01, 0.03, 0.8, 0.1, 0.02, 0.02]
JOURNAL = Path("corrections") / "journal.jsonl"


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)


def made(root: Path, seed: int = 0, label: str = "sad", **where) -> Correction:
    facts = {"source": "party.jpg", "model": "fernet", "probabilities": SURE_OF_HAPPY} | where
    return correct(root, noise(seed), new_label=label, **facts)


def test_a_correction_is_kept_with_all_that_is_known_of_it(tmp_path):
    one = made(tmp_path, label="Sadness", source="walk.mp4", timestamp_s=np.float32(12.5), track=2, consent=" my own ")
    (kept,) = list_corrections(tmp_path)
    assert kept == one
    assert (kept.old_label, kept.new_label, kept.consent) == ("happy", "sad", "my own")
    assert kept.where == "walk.mp4, 12.50 s, person 2"
    assert kept.probabilities == tuple(SURE_OF_HAPPY)
    np.testing.assert_array_equal(face_of(tmp_path, kept), noise(0))
    assert find_correction(tmp_path, noise(0), source="walk.mp4", timestamp_s=12.5, track=2) == kept
    assert find_correction(tmp_path, noise(0), source="walk.mp4") is None


def test_nothing_was_corrected_in_a_new_folder(tmp_path):
    assert list_corrections(tmp_path) == []
    assert statistics(tmp_path).faces == 0
    assert erase_removed(tmp_path) == 0


def test_what_was_shown_may_differ_from_the_most_probable(tmp_path):
    assert made(tmp_path, old_label="neutral").old_label == "neutral"


def test_correcting_a_face_again_replaces_the_first_answer(tmp_path):
    made(tmp_path, label="sad")
    second = made(tmp_path, label="fear")
    other_place = made(tmp_path, label="fear", source="copy.jpg")
    assert list_corrections(tmp_path) == [second, other_place]
    remove_correction(tmp_path, second.id)
    assert list_corrections(tmp_path) == [other_place]


def test_removing_can_be_undone_until_the_faces_are_erased(tmp_path):
    one, two = made(tmp_path, 1), made(tmp_path, 2)
    assert remove_correction(tmp_path, one.id) == one
    assert list_corrections(tmp_path) == [two]
    assert restore_correction(tmp_path, one.id) == one
    assert len(list_corrections(tmp_path)) == 2
    remove_correction(tmp_path, one.id)
    assert statistics(tmp_path).removed == 1
    assert erase_removed(tmp_path) == 1
    assert statistics(tmp_path).removed == 0
    np.testing.assert_array_equal(face_of(tmp_path, two), noise(2))
    with pytest.raises(DatasetError, match=r"was erased; correct it again"):
        restore_correction(tmp_path, one.id)


def test_restoring_takes_the_place_of_what_came_since(tmp_path):
    first = made(tmp_path, label="sad")
    remove_correction(tmp_path, first.id)
    made(tmp_path, label="fear")
    restore_correction(tmp_path, first.id)
    assert list_corrections(tmp_path) == [first]


def test_what_is_not_there_cannot_be_removed_or_restored(tmp_path):
    one = made(tmp_path)
    with pytest.raises(DatasetError, match="There is no correction nobody"):
        remove_correction(tmp_path, "nobody")
    with pytest.raises(DatasetError, match=f"There is no removed correction {one.id}"):
        restore_correction(tmp_path, one.id)


@pytest.mark.parametrize(
    ("crop", "changes", "sentence"),
    [
        (np.zeros((64, 64), np.uint8), {}, r"shape \(64, 64\), but it must be grey, 48 x 48"),
        (np.zeros((48, 48), np.float32), {}, "is float32"),
        (noise(0), {"probabilities": [0.5, 0.5]}, "seven probabilities"),
        (noise(0), {"probabilities": [np.nan] * 7}, "seven probabilities"),
    ],
)
def test_what_could_not_be_trained_with_is_refused(tmp_path, crop, changes, sentence):
    facts = {"source": "a.jpg", "model": "fernet", "probabilities": SURE_OF_HAPPY, "new_label": "sad"} | changes
    with pytest.raises(DatasetError, match=sentence):
        correct(tmp_path, crop, **facts)
    with pytest.raises(LabelError, match="none of the seven"):
        made(tmp_path, label="bored")
    assert list_corrections(tmp_path) == []


@settings(max_examples=20)
@given(cut=st.integers(0, 10_000))
def test_a_journal_cut_anywhere_still_opens_and_takes_more(tmp_path_factory, cut):
    root = tmp_path_factory.mktemp("cut")
    whole = [made(root, seed) for seed in range(3)]
    remove_correction(root, whole[0].id)
    journal = root / JOURNAL
    journal.write_bytes(journal.read_bytes()[: cut % (journal.stat().st_size + 1)])
    assert set(list_corrections(root)) <= set(whole)
    added = made(root, 9)
    assert list_corrections(root)[-1] == added


def test_lines_are_only_ever_added(tmp_path):
    one = made(tmp_path, source="odd\u2028name.jpg")
    before = (tmp_path / JOURNAL).read_bytes()
    remove_correction(tmp_path, one.id)
    restore_correction(tmp_path, one.id)
    assert (tmp_path / JOURNAL).read_bytes().startswith(before)
    assert [next(iter(json.loads(line))) for line in (tmp_path / JOURNAL).read_text().splitlines()] == [
        "correction",
        "removed",
        "restored",
    ]
    assert list_corrections(tmp_path)[0].source == "odd\u2028name.jpg"


def test_the_export_is_a_dataset_named_after_its_content(tmp_path):
    kept = [made(tmp_path, seed, EMOTIONS[seed % 7], source=f"{seed}.jpg") for seed in range(30)]
    remove_correction(tmp_path, kept.pop().id)
    dataset = export_corrections(tmp_path)
    assert dataset.name.startswith("corrections-")
    assert list_datasets(tmp_path) == [dataset.name]
    assert len(dataset) == 29
    labels = {face: EMOTIONS[label] for face, label in zip(dataset.table["content_hash"], dataset.labels, strict=True)}
    assert labels == {one.face: one.new_label for one in kept}
    assert export_corrections(tmp_path).hash == dataset.hash
    made(tmp_path, 77)
    assert export_corrections(tmp_path).name != dataset.name
    named = export_corrections(tmp_path, "mine")
    assert named.name == "mine"
    with pytest.raises(DatasetError, match="already a dataset called “mine”"):
        export_corrections(tmp_path, "mine")


def test_the_order_of_correcting_changes_nothing(tmp_path):
    for root, seeds in ((tmp_path / "a", range(12)), (tmp_path / "b", reversed(range(12)))):
        for seed in seeds:
            made(root, seed, EMOTIONS[seed % 7])
    one, other = export_corrections(tmp_path / "a"), export_corrections(tmp_path / "b")
    assert (one.name, one.hash) == (other.name, other.hash)


def test_without_corrections_there_is_nothing_to_export(tmp_path):
    with pytest.raises(DatasetError, match="Nothing has been corrected yet"):
        export_corrections(tmp_path)


def test_a_face_that_is_missing_or_another_is_named(tmp_path):
    one = made(tmp_path)
    file = tmp_path / "corrections" / "faces" / f"{one.face}.png"
    for content in (b"", b"not a picture"):
        file.write_bytes(content)
        with pytest.raises(DatasetError, match=r"party.jpg\) is missing or damaged"):
            export_corrections(tmp_path)
    file.unlink()
    with pytest.raises(DatasetError, match="is missing or damaged"):
        face_of(tmp_path, one)


def stand_in(seed: int, source: str, track: int | None) -> tuple[Correction, np.ndarray]:
    face = noise(seed)
    timestamp_s = None if track is None else float(seed)
    hashed = corrections.content_hashes(face[None])[0]
    return Correction(str(seed), "", hashed, source, timestamp_s, track, "m", "sad", "fear", (0.0,) * 7), face


places = st.tuples(st.integers(0, 40), st.sampled_from("abcdefgh"), st.sampled_from([None, 1, 2, 3]))


@settings(max_examples=20)
@given(drawn=st.lists(places, min_size=1, max_size=40, unique=True))
def test_frames_of_one_person_and_identical_faces_share_a_side(drawn):
    made_of, faces = zip(*(stand_in(*place) for place in drawn), strict=True)
    sides = draw_sides(made_of, np.stack(faces))
    for key in (lambda one: one.face, lambda one: (one.source, one.track) if one.track else one.face):
        seen: dict = {}
        for one, side in zip(made_of, sides, strict=True):
            assert seen.setdefault(key(one), side) == side


def test_versions_of_one_picture_share_a_side():
    for seed in range(12):
        smooth = np.kron(np.random.default_rng(seed).integers(40, 200, (6, 6)), np.ones((8, 8))).astype(np.uint8)
        one, _ = stand_in(seed, "a.jpg", None)
        other, _ = stand_in(seed + 1000, "b.jpg", None)
        assert len(set(draw_sides([one, other], np.stack([smooth, smooth + 5])))) == 1


def test_about_a_tenth_is_held_out_and_no_face_changes_sides_later():
    made_of, faces = zip(*(stand_in(seed, f"{seed}.jpg", None) for seed in range(300)), strict=True)
    sides = draw_sides(made_of, np.stack(faces))
    assert 15 <= sides.count("validation") <= 45
    assert draw_sides(made_of[:50], np.stack(faces[:50])) == sides[:50]


def test_statistics_count_what_was_corrected_into_what(tmp_path):
    made(tmp_path, 0, "sad", consent="asked her")
    made(tmp_path, 1, "sad", source="other.jpg")
    made(tmp_path, 2, "fear")
    found = statistics(tmp_path)
    assert (found.faces, found.sources, found.without_consent) == (3, 2, 2)
    assert found.changes == {("happy", "sad"): 2, ("happy", "fear"): 1}
