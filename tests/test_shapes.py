import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferdash.shapes import Needed, Row, Sound, fitting, read_journal, read_json

SHAPE = {
    "frame": Needed(int),
    "seconds": float,
    "name": (str, None),
    "rows": [int],
    "tracks": {str: [int]},
    "source": {"path": (str, None), "bytes": int},
    "anything": Any,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*SHAPE, "other"]), inner, max_size=4),
    max_leaves=20,
)


def test_what_fits_stays_and_the_rest_is_left_out() -> None:
    good = {
        "frame": 1,
        "seconds": 2,
        "name": None,
        "rows": [1],
        "tracks": {"1": [2]},
        "source": {"path": "a"},
        "new": {},
    }
    assert fitting(good, SHAPE) == good
    odd = {"frame": 1, "seconds": "x", "name": 3, "rows": [1, "x", 2.5, True], "tracks": {"1": [2, []], "2": 5}}
    assert fitting(odd, SHAPE) == {"frame": 1, "rows": [1], "tracks": {"1": [2]}}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 10**40, True, "1", None, [1]])
def test_numbers_that_are_none(value: Any) -> None:
    assert fitting({"frame": 1, "seconds": value}, SHAPE) == {"frame": 1}
    assert fitting({"frame": value}, SHAPE) is None


@given(JSON)
def test_whatever_comes_has_the_shape_afterwards(value: Any) -> None:
    found = fitting(value, SHAPE)
    if found is None:
        return
    assert isinstance(found["frame"], int)
    assert all(isinstance(row, int) for row in found.get("rows", []))
    assert all(isinstance(frame, int) for frames in found.get("tracks", {}).values() for frame in frames)
    assert isinstance(found.get("source", {}).get("bytes", 0), int)
    assert fitting(found, SHAPE) == found or "nan" in json.dumps(found).lower()


def test_a_journal_skips_what_is_not_ours(tmp_path) -> None:
    path = tmp_path / "journal.jsonl"
    deep = "[" * 100_000
    lines = ['{"frame": 1}', "[1]", '{"frame": "x"}', "torn {", deep, "\xff", '{"frame": 2, "seconds": []}', "5"]
    path.write_bytes("\n".join(lines).encode("latin-1"))
    assert list(read_journal(path, SHAPE)) == [{"frame": 1}, {"frame": 2}]
    assert list(read_journal(tmp_path / "none", SHAPE)) == []
    assert list(read_journal(tmp_path, SHAPE)) == []


def test_json_that_is_none_is_a_value_error(tmp_path) -> None:
    for content in (b"[" * 100_000, b"{", b"\xff"):
        (tmp_path / "a.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"."):
            read_json(tmp_path / "a.json")
    with pytest.raises(ValueError, match="directory"):
        read_json(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "b.json")


def test_a_field_that_may_be_missing_but_not_odd() -> None:
    shape = {"epoch": int, "validation": Sound({"f1": Row((float, None), 2)})}
    assert fitting({"epoch": 1}, shape) == {"epoch": 1}
    assert fitting({"epoch": 1, "validation": 5}, shape) is None
    assert fitting({"validation": {"f1": [0.5, None]}}, shape) == {"validation": {"f1": [0.5, None]}}
    assert fitting({"validation": {"f1": [0.5]}}, shape) == fitting({"validation": {"f1": [0.5, "x"]}}, shape)
