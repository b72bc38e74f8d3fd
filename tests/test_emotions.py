import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.emotions import (
    COLOURS,
    DASHES,
    EMOTIONS,
    FER2013_CSV_LABELS,
    canonical_columns,
    canonical_emotion,
    emotion_index,
)
from ferdash.errors import LabelError


def test_the_order_is_alphabetical_and_everything_covers_it():
    assert list(EMOTIONS) == sorted(EMOTIONS)
    assert set(COLOURS) == set(DASHES) == set(FER2013_CSV_LABELS) == set(EMOTIONS)


def test_fer2013s_numbers_are_those_of_its_makers():
    # Goodfellow et al., "Challenges in Representation Learning" (2013), and the challenge's data page.
    numbers = {0: "angry", 1: "disgust", 2: "fear", 3: "happy", 4: "sad", 5: "surprise", 6: "neutral"}
    assert dict(enumerate(FER2013_CSV_LABELS)) == numbers


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Angry", "angry"),
        ("anger", "angry"),
        (" disgusted ", "disgust"),
        ("FEARFUL", "fear"),
        ("happiness", "happy"),
        ("sadness", "sad"),
        ("surprised", "surprise"),
        ("Neutral", "neutral"),
    ],
)
def test_synonyms(label, name):
    assert canonical_emotion(label) == name
    assert EMOTIONS[emotion_index(label)] == name


@pytest.mark.parametrize("label", ["contempt", "", "happyy", "3"])
def test_an_unknown_label_is_named(label):
    with pytest.raises(LabelError, match=rf"“{label}” is none of the seven emotions \({', '.join(EMOTIONS)}\)"):
        canonical_emotion(label)


@given(st.permutations(EMOTIONS))
def test_columns_undo_any_order(order):
    columns = canonical_columns(dict(enumerate(order)))
    assert [order[column] for column in columns] == list(EMOTIONS)


def test_columns_of_string_keys():
    assert canonical_columns({str(n): name for n, name in enumerate(reversed(EMOTIONS))}) == [6, 5, 4, 3, 2, 1, 0]


def test_two_outputs_for_one_emotion():
    with pytest.raises(LabelError, match=r"two outputs for happy \(numbers 0 and 1\)"):
        canonical_columns({0: "happy", 1: "joy"})


def test_a_missing_output():
    with pytest.raises(LabelError, match="no output for fear, sad; ferdash needs all seven"):
        canonical_columns(dict(enumerate(name for name in EMOTIONS if name not in ("fear", "sad"))))
