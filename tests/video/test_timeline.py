"""Times and lengths of files whose clocks are not what one expects, each made anew by PyAV from the same frames."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ferdash.video.decoding import VideoInfo, frame_at, probe, read_frames

FRAMES = 50
TIMES_S = [0.04 * number for number in range(FRAMES)]
CLOCK = 90_000


def shaded(number: int) -> np.ndarray:
    """A grey picture that says its number by its brightness."""
    return np.full((64, 96, 3), 20 + 4 * number, np.uint8)


def number_of(image: np.ndarray | None) -> int:
    assert image is not None
    return round((float(image.mean()) - 20) / 4)


def write(path: Path, *, frames: int = FRAMES, shift_s: float = 0.0, rate: int = 25, audio_s: float = 0.0, **options):
    """H.264 with B-frames, its clock starting at shift_s; with so many seconds of silence, from 0 on."""
    with av.open(str(path), "w", options=options) as container:
        codec = "mpeg2video" if path.suffix == ".mpg" else "libx264"
        stream = container.add_stream(codec, rate=rate, options={"crf": "12", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.gop_size = 96, 64, "yuv420p", 12
        stream.codec_context.bit_rate = 2_000_000
        tick = Fraction(1, rate)
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono") if audio_s else None
        packets = []
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(shaded(number), format="rgb24")
            frame.pts, frame.time_base = number, tick
            packets += stream.encode(frame)
        for packet in packets + stream.encode():
            packet.pts = round((packet.pts * packet.time_base + Fraction(shift_s)) * CLOCK)
            packet.dts = round((packet.dts * packet.time_base + Fraction(shift_s)) * CLOCK)
            packet.duration = CLOCK // rate
            packet.time_base = Fraction(1, CLOCK)
            container.mux(packet)
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, round(8000 * audio_s)), np.int16), format="s16", layout="mono"
            )
            silence.rate = 8000
            container.mux([*sound.encode(silence), *sound.encode()])
    return path


def check(path: Path, *, times_s: list[float] = TIMES_S, numbers: list[int] | None = None) -> VideoInfo:
    """The file has these frames at these times, from the start, from anywhere, and alone; what it is."""
    numbers = list(range(len(times_s))) if numbers is None else numbers
    read = list(read_frames(path))
    assert [number_of(frame.image_rgb) for frame in read] == numbers
    assert [frame.timestamp_s for frame in read] == pytest.approx(times_s, abs=1e-3)
    assert [frame.index for frame in read] == list(range(len(times_s)))
    part = [frame.index for frame in read_frames(path, start_s=0.5, end_s=1.2)]
    assert part == [index for index, time_s in enumerate(times_s) if 0.4995 <= time_s <= 1.2005]
    for index in (0, 1, 13, len(times_s) - 1):
        assert number_of(frame_at(path, index)) == numbers[index]
    info = probe(path)
    assert info.frames == len(times_s)
    assert info.duration_s == pytest.approx(times_s[-1] + 1 / info.fps, abs=2e-3)
    return info


@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mpg"])
@pytest.mark.parametrize("shift_s", [0.0, 1.4, 100.0])
def test_a_file_starts_at_zero_whatever_its_clock_says(tmp_path, suffix, shift_s):
    info = check(write(tmp_path / f"late{suffix}", shift_s=shift_s))
    assert (info.fps, info.notes) == (25.0, ())


def test_fragments_of_a_longer_film_start_at_zero(tmp_path):
    check(write(tmp_path / "piece.mp4", shift_s=60, movflags="empty_moov+frag_keyframe+default_base_moof"))


def test_an_edit_list_that_shows_nothing_at_first_is_part_of_the_film(tmp_path):
    check(write(tmp_path / "pause.mp4", shift_s=0.4), times_s=[0.4 + time_s for time_s in TIMES_S])


@pytest.mark.parametrize("before_s", [0.1, 1.0, 1.97, 30.0])
def test_a_clock_that_wraps_keeps_all_frames(tmp_path, before_s):
    # The muxer begins 1.4 s late; the clock of MPEG-TS has 33 bits.
    check(write(tmp_path / "wrap.ts", shift_s=2**33 / CLOCK - 1.4 - before_s))


@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mpg"])
@pytest.mark.parametrize(("first_s", "second_s"), [(0, 0), (100, 0), (0, 0.5)])
def test_joined_files_go_on_where_the_clock_starts_anew(tmp_path, suffix, first_s, second_s):
    parts = [write(tmp_path / f"{n}{suffix}", shift_s=one) for n, one in enumerate((first_s, second_s))]
    path = tmp_path / f"joined{suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    times_s = [0.04 * number for number in range(2 * FRAMES)]
    info = check(path, times_s=times_s, numbers=[*range(FRAMES), *range(FRAMES)])
    assert "starts anew at 2.00 s" in info.notes[0]


def test_a_clock_that_leaps_in_a_broadcast_goes_on(tmp_path):
    parts = [write(tmp_path / f"{n}.ts", shift_s=one) for n, one in enumerate((0, 3600))]
    (tmp_path / "leap.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    times_s = [0.04 * number for number in range(2 * FRAMES)]
    check(tmp_path / "leap.ts", times_s=times_s, numbers=[*range(FRAMES), *range(FRAMES)])


@pytest.mark.parametrize("suffix", [".h264", ".264"])
def test_a_stream_without_times_says_that_its_rate_is_a_guess(tmp_path, suffix):
    path = write(tmp_path / "raw.h264", rate=30)
    path = path.rename(path.with_suffix(suffix))
    guessed = check(path, times_s=[number / 30 for number in range(FRAMES)])
    assert guessed.fps == 30
    assert guessed.notes[0].startswith("The file holds no times: 30 frames a second is a guess")
    given = probe(path, fps=12.5)
    assert (given.fps, given.duration_s, given.notes) == (12.5, 4.0, ())
    times_s = [frame.timestamp_s for frame in read_frames(path, fps=12.5, start_s=1.0)]
    assert times_s == pytest.approx([0.08 * number for number in range(13, FRAMES)])


def test_a_given_rate_does_not_bend_true_times(tmp_path):
    path = write(tmp_path / "true.mp4")
    info = probe(path, fps=10)
    assert (info.fps, info.duration_s) == (25.0, 2.0)
    assert "so the given rate of 10 frames a second is not used" in info.notes[0]
    assert [frame.timestamp_s for frame in read_frames(path, fps=10)] == pytest.approx(TIMES_S)


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".avi"])
def test_longer_sound_is_no_cut(tmp_path, suffix):
    info = check(write(tmp_path / f"sound{suffix}", audio_s=8))
    assert (info.notes, info.duration_s) == ((), pytest.approx(2.0, abs=0.002))


@pytest.mark.parametrize("cut_s", [0.4, 1.2])
def test_frames_before_an_edit_list_are_not_missing(tmp_path, cut_s):
    path = write(tmp_path / "trimmed.mp4", shift_s=-cut_s)
    left = range(round(cut_s * 25), FRAMES)
    info = check(path, times_s=TIMES_S[: len(left)], numbers=list(left))
    assert info.notes == ()


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_recorder_that_wrote_no_length(tmp_path, suffix):
    options = {".mkv": {"live": "1"}, ".mp4": {"movflags": "empty_moov+frag_keyframe"}}[suffix]
    path = write(tmp_path / f"recorder{suffix}", **options)
    assert check(path).notes == ()


@pytest.mark.parametrize("suffix", [".mkv", ".avi"])
def test_a_true_cut_is_said(tmp_path, suffix):
    path = write(tmp_path / f"cut{suffix}")
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    path.write_bytes(path.read_bytes()[: places[20]])
    info = probe(path)
    assert 15 < info.frames <= 20
    assert info.notes == (f"The video should have 50 frames and ends after {info.frames}: it seems to be cut short.",)


def test_avi_knows_no_time_of_its_own_for_b_frames(tmp_path):
    check(write(tmp_path / "old.avi"))


def test_an_animated_gif_keeps_its_own_pace(tmp_path):
    from PIL import Image

    pictures = [Image.fromarray(shaded(number)) for number in (0, 10, 20)]
    path = tmp_path / "moving.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[100, 300, 200], loop=0)
    read = list(read_frames(path))
    assert [number_of(frame.image_rgb) for frame in read] == [0, 10, 20]
    assert [frame.timestamp_s for frame in read] == pytest.approx([0.0, 0.1, 0.4])
    assert probe(path).duration_s == pytest.approx(0.6)


@pytest.mark.parametrize(("transfer", "name"), [("smpte2084", "PQ"), ("arib-std-b67", "HLG")])
def test_high_dynamic_range_is_said(tmp_path, film, transfer, name):
    path: Path = tmp_path / "hdr.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"x264-params": f"transfer={transfer}"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(shaded(3), format="rgb24")
        frame.color_trc = {"PQ": 16, "HLG": 18}[name]
        container.mux([*stream.encode(frame), *stream.encode()])
    assert f"high dynamic range ({name})" in probe(path).notes[0]
