"""Exports: each file says what the analysis says, and the zip holds them all."""

import io
import json
import zipfile

import cv2
import numpy as np
import pandas as pd
import pytest

from ferdash.analyses.jobs import create_video_analysis
from ferdash.analyses.marks import mark, set_neutral
from ferdash.analyses.store import open_analysis
from ferdash.analyses.writer import AnalysisWriter
from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError, ConfigError
from ferdash.exports.files import (
    EXPORTS,
    annotated_of,
    face_crop,
    read_results,
    text_of,
    words_of,
    write_exports,
    write_zip,
)
from ferdash.video.decoding import probe


def test_all_files_are_written_and_agree_with_each_other(analysed, tmp_path):
    analysis = analysed()
    seen = []
    _, files = write_exports(
        read_results(analysis), tmp_path / "out", on_progress=lambda name, done, total: seen.append(name)
    )
    assert {path.relative_to(tmp_path / "out").parts[0] for path in files} == set(EXPORTS)
    assert set(seen) == set(EXPORTS)
    frames = pd.read_csv(tmp_path / "out" / "frames.csv")
    assert len(frames) == 100
    assert frames["reason"].fillna("").tolist()[3] == "no_face"
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["frames"], summary["frames_with_result"], summary["reasons"]) == (100, 99, {"no_face": 1})
    assert (summary["analysis"]["name"], summary["analysis"]["model"]) == ("clip", "fernet")
    events = pd.read_csv(tmp_path / "out" / "events.csv")
    assert set(events["emotion"]) == {"neutral", "happy"}
    assert events["peak_s"].tolist() == pytest.approx([2.0, 2.0])
    assert len(summary["tracks"][0]["events"]) == 2
    segments = pd.read_csv(tmp_path / "out" / "segments.csv")
    assert segments["emotion"].tolist() == ["neutral", "happy"]
    assert (tmp_path / "out" / "segments.vtt").read_text().startswith("WEBVTT")
    assert "neutral" in (tmp_path / "out" / "segments.srt").read_text()
    assert probe(tmp_path / "out" / "annotated.mp4").frames == 100
    pictures = list((tmp_path / "out" / "figures").glob("person-1-*.png"))
    assert len(pictures) >= 4
    assert all(cv2.imread(str(picture)).std() > 5 for picture in pictures)


def test_no_export_says_how_folders_of_this_machine_are_called(analysed, tmp_path):
    results = read_results(analysed())
    assert str(tmp_path) in results.analysis.info["source"]["path"]
    _, files = write_exports(results, tmp_path / "out", [*EXPORTS, "anonymised.mp4", "lab"])
    assert len(files) > 12
    assert not [path.name for path in files if str(tmp_path).encode() in path.read_bytes()]


def test_deltas_rows_are_frames_with_a_result(analysed):
    table = pd.read_csv(io.StringIO(text_of(read_results(analysed()), "deltas.csv")))
    assert len(table) == 99
    raw = table[list(EMOTIONS)].to_numpy()
    assert table[[f"{name}_delta" for name in EMOTIONS]].to_numpy()[1:3] == pytest.approx(
        np.diff(raw, axis=0)[:2], abs=2e-5
    )


def test_only_what_is_asked_for_is_written(analysed, tmp_path):
    files = write_exports(read_results(analysed()), tmp_path / "out", ["events.csv", "summary.json"]).files
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["events.csv", "summary.json"]
    assert words_of(files) == "events.csv and summary.json"
    with pytest.raises(ConfigError, match=r"There is no export “video”; there are frames\.csv"):
        write_exports(read_results(analysed()), tmp_path / "out", ["video"])


def test_the_zip_holds_the_same(analysed, tmp_path):
    results = read_results(analysed())
    assert write_zip(results, tmp_path / "all.zip") == ""
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = archive.namelist()
        assert archive.read("events.csv").decode() == text_of(results, "events.csv")
    assert {name.split("/")[0] for name in names} == set(EXPORTS)


def test_without_its_video_the_rest_is_packed(analysed, tmp_path):
    analysis = analysed()
    analysis.source().unlink()
    left_out = write_zip(read_results(analysis), tmp_path / "all.zip")
    assert "its video is no longer at" in left_out
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert "annotated.mp4" not in archive.namelist()
        assert "report.html" in archive.namelist()


def test_the_annotated_video_is_kept_until_there_are_more_frames(analysed):
    analysis = analysed()
    first = annotated_of(read_results(analysis))
    made = first.stat().st_mtime_ns
    assert annotated_of(read_results(analysis)).stat().st_mtime_ns == made
    part = next((analysis.folder / "frames").glob("*.parquet"))
    part.touch()
    assert annotated_of(read_results(analysis)).stat().st_mtime_ns > made


def test_markers_and_neutral_frames_are_in_what_is_said(analysed):
    analysis = analysed()
    root = analysis.folder.parent
    mark(root, analysis.id, frame=50, timestamp_s=2.0, name="the joke")
    set_neutral(root, analysis.id, 1, list(range(10, 40)))
    results = read_results(open_analysis(root, analysis.id))
    summary = json.loads(text_of(results, "summary.json"))
    assert summary["marks"] == [{"frame": 50, "timestamp_s": 2.0, "name": "the joke"}]
    assert summary["tracks"][0]["neutral"]["frames"] == 30
    assert "happy_relative" in text_of(results, "deltas.csv").splitlines()[0]


def test_a_analysis_without_a_frame_has_nothing_to_export(analysed, tmp_path):
    analysis = analysed()
    empty = create_video_analysis(tmp_path / "analyses", analysis.source(), _settings(), model="none")
    for write in (write_exports, write_zip):
        with pytest.raises(AnalysisError, match="no analysed frame yet, so there is nothing to export"):
            write(read_results(empty), tmp_path / "out")


def test_a_folder_that_takes_no_file_is_a_sentence(analysed, tmp_path):
    (tmp_path / "out").write_text("a file, not a folder")
    with pytest.raises(AnalysisError, match="The exports cannot be written to"):
        write_exports(read_results(analysed()), tmp_path / "out")
    with pytest.raises(AnalysisError, match="The zip cannot be written to"):
        write_zip(read_results(analysed()), tmp_path / "out" / "all.zip", ["events.csv"])


def test_a_face_is_cut_out_as_the_model_saw_it(analysed):
    analysis = analysed()
    crop = face_crop(analysis.image(0), analysis.frames().iloc[0], analysis)
    assert (crop.shape, crop.dtype) == ((48, 48), np.uint8)
    assert crop.std() > 20


def test_a_analysis_at_work_is_exported_as_far_as_it_is(analysed, tmp_path):
    analysis = analysed(frames=40)
    writer = AnalysisWriter(analysis)
    writer.beat()
    assert json.loads(text_of(read_results(analysis), "summary.json"))["analysis"]["state"] == "running"


def _settings():
    from ferdash.video.analysis import AnalysisSettings

    return AnalysisSettings()


def test_what_is_written_on_request_only(analysed, tmp_path):
    results = read_results(analysed())
    files = write_exports(results, tmp_path / "out", ["anonymised.mp4", "lab"]).files
    names = {path.relative_to(tmp_path / "out").as_posix() for path in files}
    assert {"anonymised.mp4", "lab/segments.eaf", "lab/segments.TextGrid", "lab/openface.csv"} <= names
    plain = annotated_of(results)
    assert probe(tmp_path / "out" / "anonymised.mp4").frames == probe(plain).frames == 100
    shown, covered = (cv2.VideoCapture(str(path)).read()[1] for path in (plain, tmp_path / "out" / "anonymised.mp4"))
    face = (slice(60, 105), slice(135, 190))  # within the box, under its label
    assert cv2.Laplacian(covered[face], cv2.CV_64F).std() < 0.4 * cv2.Laplacian(shown[face], cv2.CV_64F).std()
    write_zip(results, tmp_path / "all.zip", ["lab", "anonymised.mp4"])
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert set(archive.namelist()) == names
