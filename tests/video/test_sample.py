"""The drawn sample: what happens in it is what an analysis finds."""

import numpy as np
import pytest

from ferdash.errors import VideoError
from ferdash.tracking.association import Tracker
from ferdash.video.decoding import probe, read_frames
from ferdash.video.sample import FPS, HEIGHT, STORY, WIDTH, write_sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("sample") / "sample.mp4", seconds=5.6)


def test_it_is_a_video_of_the_size_that_was_said(sample):
    info = probe(sample)
    assert (info.width, info.height, info.fps, info.frames) == (WIDTH, HEIGHT, FPS, round(5.6 * FPS))


def test_its_people_are_found_and_told_apart(sample, detector):
    tracker = Tracker(detector, every=5)
    seen = {frame.timestamp_s: tracker.update(frame.image_rgb, frame.timestamp_s) for frame in read_frames(sample)}
    assert all(1 in {face.track for face in faces} for faces in seen.values())
    guests = [time_s for time_s, faces in seen.items() if 2 in {face.track for face in faces}]
    assert min(guests) >= 4  # that is when the second one comes in
    assert {face.track for faces in seen.values() for face in faces} == {1, 2}


def test_faces_change_when_the_story_says(sample):
    happy = next(act for act in STORY if act.emotion == "happy")
    pictures = {round(frame.timestamp_s, 2): frame.image_rgb for frame in read_frames(sample)}
    mouth = {at_s: image[190:220, 165:215].astype(float) for at_s, image in pictures.items()}

    def change(first, then):
        return np.abs(mouth[then] - mouth[first]).mean()

    still = change(0.4, 0.8)
    assert change(round(happy.start_s - 0.3, 2), round(happy.start_s + 0.3, 2)) > 3 * still


def test_a_full_disk_is_a_sentence(tmp_path):
    with pytest.raises(VideoError, match="The sample cannot be written"):
        write_sample(tmp_path / "no such folder" / "sample.mp4")
