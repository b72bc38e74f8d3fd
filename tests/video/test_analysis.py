"""From video to frames table: every frame accounted for, whatever happens to it."""

import threading

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from ferdash.errors import ConfigError, VideoError
from ferdash.tracking.track import TrackedFace
from ferdash.video import analysis
from ferdash.video.ahead import Ahead
from ferdash.video.analysis import AnalysisSettings, analyse, analyse_frames, cut_out, left_out
from ferdash.video.decoding import VideoFrame, VideoInfo
from ferdash.video.frame_table import COLUMNS, probabilities_of


def whole(*arguments, **options) -> pd.DataFrame:
    return pd.concat([chunk.table for chunk in analyse(*arguments, **options)], ignore_index=True)


def test_every_frame_has_a_row_and_the_models_probabilities(clip, small_model, detector):
    table = whole(clip(50), small_model, detector, AnalysisSettings(batch=16))
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == COLUMNS
    assert table["frame"].tolist() == list(range(50))
    assert table["timestamp_s"].tolist() == pytest.approx([0.04 * number for number in range(50)])
    assert table["track"].tolist() == [1] * 50
    assert (table["reason"] == "").all()
    np.testing.assert_allclose(probabilities_of(table).sum(axis=1), 1, atol=1e-5)
    assert table["detected"].tolist() == [number % 5 == 0 for number in range(50)]


def test_the_probabilities_are_those_of_the_face_cut_out_by_itself(clip, small_model, detector, film):
    settings = AnalysisSettings(detect_every=1, batch=8)
    table = whole(clip(3), small_model, detector, settings)
    from ferdash.video.decoding import frame_at

    picture = frame_at(clip(3), 0)
    (face,) = settings.tracker(detector).update(picture, 0.0)
    assert table.iloc[0][["x0", "y0", "x1", "y1"]].to_numpy(float) == pytest.approx(np.array(face.box_xyxy))
    crop, facts = cut_out(picture, face)
    assert left_out(face, facts, settings) == ""
    np.testing.assert_allclose(probabilities_of(table)[0], small_model.probabilities(crop[None])[0], atol=1e-5)


def test_chunks_divide_the_frames_and_carry_the_trackers_state(clip, small_model, detector, monkeypatch):
    monkeypatch.setattr(analysis, "PIECE_S", 1e6)  # no smaller pieces, however slow this machine is
    chunks = list(analyse(clip(50), small_model, detector, AnalysisSettings(batch=16)))
    assert [chunk.frames for chunk in chunks] == [16, 16, 16, 2]
    assert [chunk.index for chunk in chunks] == [15, 31, 47, 49]
    assert all(chunk.tracker["next_id"] == 2 for chunk in chunks)
    assert chunks[0].faces[0][0] == 1
    _, image, (x0, y0, x1, y1) = chunks[0].faces[0]
    assert 0 <= x0 < x1 <= image.shape[1]
    assert 0 <= y0 < y1 <= image.shape[0]


def test_a_slow_model_gets_smaller_pieces(clip, small_model, detector, monkeypatch):
    monkeypatch.setattr(analysis, "PIECE_S", 0.0)
    chunks = list(analyse(clip(60), small_model, detector, AnalysisSettings(batch=16)))
    assert chunks[0].frames == 16
    assert chunks[-2].frames == 4
    assert sum(chunk.frames for chunk in chunks) == 60


def test_a_core_is_left_to_the_other_stages(clip, small_model, detector):
    threads = []

    class Counting:
        engine = "torch"

        def probabilities(self, faces):
            threads.append(torch.get_num_threads())
            return small_model.probabilities(faces)

    before = torch.get_num_threads()
    for _ in analyse(clip(4), Counting(), detector, AnalysisSettings()):
        assert torch.get_num_threads() == before
    assert threads == [max(1, before - 1)]


def test_a_part_with_a_stride(clip, small_model, detector):
    settings = AnalysisSettings(stride=5, start_s=0.5, end_s=1.4)
    assert whole(clip(50), small_model, detector, settings)["frame"].tolist() == [15, 20, 25, 30, 35]


def test_it_goes_on_after_a_frame_with_the_same_people(clip, small_model, detector):
    path = clip(50)
    first = next(iter(analyse(path, small_model, detector, AnalysisSettings(batch=16))))
    rest = whole(path, small_model, detector, AnalysisSettings(), after=first.index, tracker=first.tracker)
    assert rest["frame"].tolist() == list(range(16, 50))
    assert set(rest["track"]) == {1}


def test_frames_without_a_result_say_why(small_model, detector, film):
    head = film.head()
    sharp = film.canvas((head, 160, 120, 150))
    pictures = [
        film.canvas(),
        sharp,
        None,
        cv2.GaussianBlur(sharp, (0, 0), 4.5),
    ]
    # Four still frames of each kind, as if from four videos.
    found = {}
    for number, picture in enumerate(pictures):
        frames = [VideoFrame(t, t / 25, picture) for t in range(4)]
        settings = AnalysisSettings()
        chunks = list(analyse_frames(frames, small_model, settings.tracker(detector), settings))
        table = pd.concat([chunk.table for chunk in chunks])
        assert table["frame"].tolist() == [0, 1, 2, 3]
        found[number] = set(table["reason"])
    assert found == {0: {"no_face"}, 1: {""}, 2: {"unreadable"}, 3: {"blurred"}}


@pytest.mark.parametrize(
    ("face", "reason"),
    [
        (TrackedFace(1, (120.0, 80.0, 195.0, 155.0), True, 0.9), ""),
        (TrackedFace(1, (120.0, 80.0, 140.0, 100.0), True, 0.9), "too_small"),
        (TrackedFace(1, (120.0, 80.0, 195.0, 155.0), True, 0.3), "low_confidence"),
        (TrackedFace(1, (120.0, 80.0, 195.0, 155.0), False, 0.9, missed=2), ""),
        (TrackedFace(1, (120.0, 80.0, 195.0, 155.0), False, 0.9, missed=3), "low_confidence"),
        (TrackedFace(1, (2.0, 2.0, 60.0, 60.0), True, 0.9), "blurred"),
    ],
)
def test_reasons(film, face, reason):
    crop, facts = cut_out(film.canvas((film.head(), 160, 120, 150)), face)
    assert left_out(face, facts, AnalysisSettings()) == reason
    assert crop.shape == (48, 48)


def test_damaged_frames_do_not_end_it(clip, small_model, detector, film):
    path = film.damage(clip(60), [4, 30])
    table = whole(path, small_model, detector, AnalysisSettings())
    assert table["frame"].tolist() == list(range(60))
    assert 0 < (table["reason"] == "unreadable").sum() < 40
    assert set(table["track"].dropna()) == {1}
    assert table["reason"].iloc[-1] == ""


def test_what_cannot_be_read_reaches_the_reader(tmp_path, small_model, detector):
    (tmp_path / "text.mp4").write_text("nothing")
    with pytest.raises(VideoError, match="is not a video"):
        list(analyse(tmp_path / "text.mp4", small_model, detector, AnalysisSettings()))


def test_leaving_early_ends_the_threads(clip, small_model, detector):
    before = set(threading.enumerate())
    chunks = analyse(clip(90), small_model, detector, AnalysisSettings(batch=4))
    next(chunks)
    chunks.close()
    assert set(threading.enumerate()) <= before


def test_the_time_of_each_stage_is_told(clip, small_model, detector):
    seconds: dict[str, float] = {}
    list(analyse(clip(20), small_model, detector, AnalysisSettings(), seconds=seconds))
    assert set(seconds) == set(analysis.STAGES)
    assert all(seconds[stage] > 0 for stage in seconds if stage != "write")


def test_ahead_gives_all_in_order_and_its_errors():
    def numbers():
        yield from range(5)
        raise VideoError("torn")

    numbered = Ahead(numbers(), 2)
    assert [next(numbered) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(VideoError, match="torn"):
        next(numbered)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"stride": 0}, "stride is 0; it must be 1 or more"),
        ({"detect_side": 10}, "detect_side is 10; faces need at least 64"),
        ({"start_s": -1.0}, "start_s is -1; it cannot be negative"),
        ({"start_s": 5.0, "end_s": 2.0}, "ends at 2 s, before it starts at 5 s"),
        ({"fps": 0.0}, "fps is 0; it must be more than 0"),
        ({"min_confidence": 2.0}, "min_confidence is 2; it must lie between 0 and 1"),
    ],
)
def test_settings_that_make_no_sense(values, sentence):
    with pytest.raises(ConfigError, match=sentence):
        AnalysisSettings(**values)


def test_settings_survive_json_and_unknown_ones_are_refused():
    settings = AnalysisSettings(stride=2, end_s=9.5)
    assert AnalysisSettings.from_dict(settings.to_dict()) == settings
    with pytest.raises(ConfigError, match="no setting “strid” of an analysis; there are batch, "):
        AnalysisSettings.from_dict({"strid": 2})


def test_how_many_frames_will_be_analysed():
    video = VideoInfo("it.mp4", 320, 240, 25.0, 100, 4.0, 0, "h264")
    assert AnalysisSettings().frames_in(video) == 100
    assert AnalysisSettings(stride=4, start_s=1.0, end_s=3.0).frames_in(video) == 12
    assert AnalysisSettings(end_s=60.0).frames_in(video) == 100
    with pytest.raises(VideoError, match=r"it\.mp4 ends at 4\.0 s, before the start at 4\.5 s"):
        AnalysisSettings(start_s=4.5).frames_in(video)
