"""The annotated video: H.264 that browsers play, with the source's own times, and boxes where the faces are."""

import av
import numpy as np
import pytest

from ferdash.analyses.annotated_film import LONGEST_SIDE, write_annotated
from ferdash.analyses.jobs import create_sequence_analysis, create_video_analysis
from ferdash.analyses.store import Analysis
from ferdash.analyses.writer import AnalysisWriter
from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.video.analysis import AnalysisSettings
from ferdash.video.decoding import frame_at, read_frames
from ferdash.video.frame_table import empty_row, face_row, frames_table


@pytest.fixture
def analysis_of(tmp_path):
    """An analysis of a video; nothing is analysed, since a test says itself what is found."""

    def make(path, **settings) -> Analysis:
        return create_video_analysis(tmp_path / "analyses", path, AnalysisSettings(**settings), model="none")

    return make


def table(frames, times, *, box=(60.0, 60.0, 200.0, 200.0), emotion="happy", reason=""):
    shares = np.eye(7)[EMOTIONS.index(emotion)] * 0.65 + 0.05
    return frames_table(
        face_row(
            frame,
            time,
            1,
            box,
            detected=True,
            confidence=0.9,
            probabilities=None if reason else shares,
            reason=reason,
        )
        for frame, time in zip(frames, times, strict=True)
    )


def times_of(path):
    return [frame.timestamp_s for frame in read_frames(path)]


def atoms_of(path):
    """Kinds of the boxes at the top of an MP4, in order."""
    content, place, kinds = path.read_bytes(), 0, []
    while place < len(content):
        kinds.append(content[place + 4 : place + 8].decode())
        place += int.from_bytes(content[place : place + 4], "big")
    return kinds


def test_times_of_a_variable_frame_rate_stay(clip, analysis_of, tmp_path):
    times_ms = [0, 40, 120, 130, 400, 1000, 1033, 1500]
    analysis = analysis_of(clip(len(times_ms), times_ms=times_ms))
    path = tmp_path / "out.mp4"
    seen = []
    written = write_annotated(
        analysis,
        table(range(8), np.array(times_ms) / 1000),
        path,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert written == 8
    assert seen[-1] == (8, 8)
    assert times_of(path) == pytest.approx(np.array(times_ms) / 1000, abs=1e-4)


def test_it_is_what_browsers_play(clip, analysis_of, tmp_path):
    path = tmp_path / "out.mp4"
    write_annotated(analysis_of(clip(12)), table(range(12), np.arange(12) / 25), path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.duration * stream.time_base) == pytest.approx(
            12 / 25, abs=0.01
        )  # the last frame lasts, too
    kinds = atoms_of(path)
    assert kinds.index("moov") < kinds.index("mdat")  # the table of contents first, so that playing starts at once
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_the_box_has_the_colour_of_its_emotion(clip, analysis_of, tmp_path):
    path = tmp_path / "out.mp4"
    write_annotated(analysis_of(clip(3)), table(range(3), np.arange(3) / 25, emotion="sad"), path)
    wanted = np.array([int(COLOURS["sad"][place : place + 2], 16) for place in (1, 3, 5)])
    edge = frame_at(path, 2)[100:180, 59:62].reshape(-1, 3).astype(int)
    assert np.abs(edge - wanted).sum(axis=1).min() < 60  # the codec blurs colours a little
    assert np.abs(frame_at(path, 2)[100:180, 150].astype(int) - wanted).sum(axis=1).min() > 60


def test_between_analysed_frames_the_boxes_stay(clip, analysis_of, tmp_path):
    path = tmp_path / "out.mp4"
    source = clip(9)
    written = write_annotated(analysis_of(source, stride=4), table([0, 4, 8], [0, 0.16, 0.32]), path)
    assert written == 9
    changed = [np.abs(frame_at(path, n).astype(int) - frame_at(source, n)).max() for n in range(9)]
    assert min(changed) > 80


def test_only_the_analysed_part_is_written(clip, analysis_of, tmp_path):
    path = tmp_path / "out.mp4"
    assert write_annotated(analysis_of(clip(20)), table(range(5, 10), np.arange(5, 10) / 25), path) == 5
    assert times_of(path)[0] == pytest.approx(0.2, abs=1e-4)


def test_a_damaged_frame_is_left_out(clip, analysis_of, tmp_path, film):
    source = film.damage(clip(24, gop=4), [9])
    rows = frames_table(empty_row(n, n / 25, "no_face") for n in range(24))
    written = write_annotated(analysis_of(source), rows, tmp_path / "out.mp4")
    readable = sum(frame.image_rgb is not None for frame in read_frames(source))
    assert written == readable < 24


def test_odd_sides_and_4k_are_brought_to_what_h264_takes(clip, analysis_of, tmp_path, film):
    big = film.write(tmp_path / "big.mp4", [film.canvas(size=(3840, 2160))] * 2)
    write_annotated(analysis_of(big), table(range(2), [0, 0.04]), tmp_path / "out.mp4")
    image = frame_at(tmp_path / "out.mp4", 0)
    assert image.shape[1] == LONGEST_SIDE
    assert image.shape[0] % 2 == 0


def test_photos_become_a_video_too(tmp_path, film):
    import cv2

    pictures = [film.canvas((film.head(), 160, 120, 150)), film.canvas(size=(200, 301))]
    photos = [(f"{n}.png", cv2.imencode(".png", image)[1].tobytes()) for n, image in enumerate(pictures)]
    analysis = create_sequence_analysis(tmp_path / "analyses", photos, AnalysisSettings(), model="none")
    path = tmp_path / "out.mp4"
    assert write_annotated(analysis, table([0, 1], [0.0, 1.0]), path) == 2
    assert times_of(path) == [0.0, 1.0]
    assert frame_at(path, 1).shape == (240, 320, 3)
    assert frame_at(path, 1)[:, :20].max() < 30  # the second photo is narrower and stands on black


def test_what_cannot_be_written_is_a_sentence(clip, analysis_of, tmp_path):
    source = clip(3)
    analysis = analysis_of(source)
    with pytest.raises(AnalysisError, match="no analysed frame yet"):
        write_annotated(analysis, frames_table([]), tmp_path / "out.mp4")
    with pytest.raises(AnalysisError, match="cannot be written to"):
        write_annotated(analysis, table([0], [0.0]), tmp_path / "no such folder" / "out.mp4")
    source.unlink()
    with pytest.raises(AnalysisError, match="its video is no longer at"):
        write_annotated(analysis, table([0], [0.0]), tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_a_analysis_at_work_can_be_drawn_as_far_as_it_is(clip, analysis_of, tmp_path):
    analysis = analysis_of(clip(10))
    writer = AnalysisWriter(analysis)
    writer.append(table(range(4), np.arange(4) / 25))
    assert write_annotated(analysis, analysis.frames(), tmp_path / "out.mp4") == 4
