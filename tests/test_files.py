import json

import pytest

from ferdash.files import append_line, write_atomic, write_json


def test_json_round_trip_and_replacement(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})
    write_json(path, {"é": [1.5, None]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"é": [1.5, None]}
    assert "é" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.bin"
    write_atomic(path, lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"half")
        raise RuntimeError("full disk")

    with pytest.raises(RuntimeError, match="full disk"):
        write_atomic(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_nan_is_refused_since_no_other_reader_takes_it(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_others_may_read_what_is_written(tmp_path):
    write_json(tmp_path / "a.json", 1)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o644


def test_a_line_torn_by_a_kill_stays_by_itself(tmp_path):
    path = tmp_path / "journal.jsonl"
    append_line(path, "one")
    path.write_bytes(path.read_bytes() + b"tw")
    append_line(path, "three")
    append_line(path, "fünf")
    assert path.read_text(encoding="utf-8").split("\n") == ["one", "tw", "three", "fünf", ""]
