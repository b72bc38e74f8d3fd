"""Reading videos: every frame with its own index and time, against videos written frame by frame."""

import av
import numpy as np
import pytest

from ferdash.errors import VideoError
from ferdash.video.decoding import VideoInfo, frame_at, probe, read_frames, require_frames


def striped(number: int, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """A picture that says its number in eight wide stripes, white for 1, and is red at the top."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    for bit in range(8):
        picture[height // 2 :, bit * width // 8 : (bit + 1) * width // 8] = 255 * (number >> bit & 1)
    picture[: height // 8] = (255, 0, 0)
    return picture


def number_of(picture: np.ndarray) -> int:
    height, width = picture.shape[:2]
    return sum((int(picture[height * 3 // 4, (2 * bit + 1) * width // 16, 0]) > 127) << bit for bit in range(8))


@pytest.fixture
def numbered(tmp_path, film):
    def make(frames=60, name="numbered.mp4", size=(320, 240), **options):
        return film.write(tmp_path / name, [striped(number, size) for number in range(frames)], **options)

    return make


def test_every_frame_has_its_index_time_and_picture(numbered):
    read = list(read_frames(numbered()))
    assert [frame.index for frame in read] == list(range(60))
    assert [frame.timestamp_s for frame in read] == pytest.approx([0.04 * number for number in range(60)])
    assert [number_of(frame.image_rgb) for frame in read] == list(range(60))
    assert read[0].image_rgb.shape == (240, 320, 3)
    assert read[0].image_rgb.dtype == np.uint8


def test_times_of_a_variable_rate_are_kept(numbered):
    steps = np.random.default_rng(1).integers(15, 120, 59)
    times_ms = [0, *np.cumsum(steps).tolist()]
    read = list(read_frames(numbered(name="variable.mkv", times_ms=times_ms)))
    assert [round(frame.timestamp_s * 1000) for frame in read] == times_ms
    assert [number_of(frame.image_rgb) for frame in read] == list(range(60))


@pytest.mark.parametrize("index", [0, 1, 11, 12, 13, 37, 59])
def test_one_frame_alone_is_that_frame(numbered, index):
    times_ms = [0, *np.cumsum(np.random.default_rng(2).integers(15, 120, 59)).tolist()]
    assert number_of(frame_at(numbered(times_ms=times_ms), index)) == index


def test_a_part_with_a_stride_keeps_the_indices_of_the_whole(numbered):
    path = numbered()
    part = list(read_frames(path, stride=7, start_s=0.9, end_s=1.8))
    assert [frame.index for frame in part] == [28, 35, 42]
    assert [number_of(frame.image_rgb) for frame in part] == [28, 35, 42]
    assert [frame.index for frame in read_frames(path, start_s=0.04, end_s=0.12)] == [1, 2, 3]
    assert [frame.index for frame in read_frames(path, first=57)] == [57, 58, 59]
    assert list(read_frames(path, start_s=99)) == []


@pytest.mark.parametrize(
    ("stride", "start_s", "end_s", "sentence"),
    [
        (1, 5.0, None, r"^numbered\.mp4 ends at 2\.4 s, before the start at 5 s\. Choose an earlier start\.$"),
        (1, 2.4, 9.0, r"ends at 2\.4 s, before the start at 2\.4 s"),
        (1, 2.38, None, r"has no frame to analyse from 2\.38 s to its end with a stride of 1\. Choose a longer part"),
        (7, 2.25, None, "to its end with a stride of 7"),
        (1, 1.01, 1.02, r"from 1\.01 s to 1\.02 s with a stride of 1"),
    ],
)
def test_a_part_without_a_frame_is_refused_by_its_times(numbered, stride, start_s, end_s, sentence):
    path = numbered()
    assert list(read_frames(path, stride=stride, start_s=start_s, end_s=end_s)) == []
    with pytest.raises(VideoError, match=sentence):
        require_frames(path, stride=stride, start_s=start_s, end_s=end_s)


@pytest.mark.parametrize(("stride", "start_s", "end_s"), [(1, 0.0, None), (1, 2.36, None), (7, 2.24, 2.24), (99, 0, 0)])
def test_a_part_of_one_frame_is_enough(numbered, stride, start_s, end_s):
    path = numbered()
    require_frames(path, stride=stride, start_s=start_s, end_s=end_s)
    assert list(read_frames(path, stride=stride, start_s=start_s, end_s=end_s))


def test_what_a_video_is(numbered):
    assert probe(numbered(name="it.mp4")) == VideoInfo("it.mp4", 320, 240, 25.0, 60, 2.4, 0, "h264")


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_a_rotated_video_stands_upright(numbered, rotation):
    path = numbered(frames=3, rotation=rotation)
    info = probe(path)
    turned = np.rot90(striped(2), rotation // 90)
    assert (info.width, info.height) == (turned.shape[1], turned.shape[0])
    assert info.rotation == rotation % 360
    for image in (list(read_frames(path))[2].image_rgb, frame_at(path, 2)):
        assert image.shape == turned.shape
        assert np.abs(image.astype(int) - turned).mean() < 8


def test_one_frame(numbered):
    path = numbered(frames=1)
    assert probe(path).frames == 1
    assert [frame.index for frame in read_frames(path)] == [0]


def test_four_k(tmp_path, film):
    path = film.write(tmp_path / "large.mp4", [striped(number, (3840, 2160)) for number in range(2)])
    assert (probe(path).width, probe(path).height) == (3840, 2160)
    assert [number_of(frame.image_rgb) for frame in read_frames(path)] == [0, 1]


def test_oblong_pixels_are_made_square(tmp_path):
    with av.open(str(tmp_path / "oblong.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 240, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        container.mux(stream.encode(av.VideoFrame.from_ndarray(striped(5, (160, 240)), format="rgb24")))
        container.mux(stream.encode())
    assert probe(tmp_path / "oblong.mp4").width == 320
    assert frame_at(tmp_path / "oblong.mp4", 0).shape == (240, 320, 3)


def test_damaged_packets_leave_their_place_and_the_rest_is_read(numbered, film):
    path = film.damage(numbered(frames=80), [5, 33])
    read = list(read_frames(path))
    assert [frame.index for frame in read] == list(range(80))
    assert [frame.timestamp_s for frame in read] == pytest.approx([0.04 * number for number in range(80)])
    broken = [frame.index for frame in read if frame.image_rgb is None]
    assert broken
    assert len(broken) < 30
    assert [number_of(frame.image_rgb) for frame in read[-20:]] == list(range(60, 80))
    with pytest.raises(VideoError, match=rf"Frame {broken[0]} of numbered\.mp4 is damaged"):
        frame_at(path, broken[0])


def test_a_video_cut_short_is_read_as_far_as_it_goes(numbered):
    path = numbered(options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    read = list(read_frames(path))
    assert 10 < len(read) < 60
    assert [frame.index for frame in read] == list(range(len(read)))
    info = probe(path)
    assert info.frames == len(read)
    assert info.notes == (f"The video should have 60 frames and ends after {len(read)}: it seems to be cut short.",)


def test_a_frame_that_is_not_there(numbered):
    with pytest.raises(VideoError, match=r"numbered\.mp4 has no frame 60; its last is 59"):
        frame_at(numbered(), 60)
    with pytest.raises(VideoError, match="has no frame -1"):
        frame_at(numbered(), -1)


def test_a_file_put_in_the_place_of_another_is_read_anew(numbered):
    assert number_of(frame_at(numbered(frames=60), 50)) == 50
    with pytest.raises(VideoError, match="its last is 29"):
        frame_at(numbered(frames=30), 50)


def test_a_video_that_was_cut_off_before_its_table_of_contents(numbered):
    path = numbered()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VideoError, match=r"numbered\.mp4 is not a video that can be read.* cut short"):
        probe(path)


def test_sound_only(tmp_path):
    with av.open(str(tmp_path / "song.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.int16), format="s16", layout="mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(VideoError, match=r"song\.mp4 holds sound only"):
        probe(tmp_path / "song.mp4")


def test_no_frame_at_all(numbered):
    path = numbered(frames=10, name="hollow.mkv")
    with av.open(str(path)) as container:
        first = next(packet.pos for packet in container.demux(video=0))
    path.write_bytes(path.read_bytes()[:first])
    with pytest.raises(VideoError, match=r"hollow\.mkv holds no frame that can be decoded"):
        probe(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"odd\.mp4 is empty"),
        (b"This is only text.\n" * 200, r"odd\.mp4 is not a video that can be read"),
        (b"ffconcat version 1.0\nfile 'other.mp4'\n", r"odd\.mp4 is not a kind of video that ferdash reads"),
        (
            b"#EXTM3U\n#EXTINF:9,\nhttp://example.org/a.ts\n#EXT-X-ENDLIST\n",
            r"odd\.mp4 is not a",
        ),
    ],
)
def test_what_is_no_video(tmp_path, content, sentence):
    (tmp_path / "odd.mp4").write_bytes(content)
    with pytest.raises(VideoError, match=sentence):
        probe(tmp_path / "odd.mp4")
    with pytest.raises(VideoError, match=sentence):
        list(read_frames(tmp_path / "odd.mp4"))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(VideoError, match=r"There is no file .*gone\.mp4"):
        probe(tmp_path / "gone.mp4")


def test_a_folder_of_the_name(tmp_path):
    with pytest.raises(VideoError, match="There is no file"):
        probe(tmp_path)


def test_pictures_too_large_are_refused(numbered, monkeypatch):
    monkeypatch.setattr("ferdash.video.decoding.MAX_SIDE", 200)
    with pytest.raises(VideoError, match="320 x 240 pixels; ferdash reads up to 200 a side"):
        probe(numbered(frames=1))
