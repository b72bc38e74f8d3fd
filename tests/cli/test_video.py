"""`ferdash video ...` as a person or a script calls it, on short clips of a real face."""

import json
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
import torch
from skimage.data import astronaut
from typer.testing import CliRunner, Result

from ferdash.analyses import execution
from ferdash.analyses.store import list_analyses
from ferdash.cli.main import app
from ferdash.cli.video import _folders, find_videos
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError, VideoError
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.video.decoding import probe

FRAMES = 30


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoints root whose fernet has learned nothing."""
    root = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(root / "models" / "fernet-plus")
    processor_of(Preprocess()).save_pretrained(root / "models" / "fernet-plus")
    return root


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, checkpoints: Path, tmp_path: Path):
    monkeypatch.setenv("FERDASH_CHECKPOINTS", str(checkpoints))
    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["video", *map(str, arguments)])

    return invoke


@pytest.fixture
def clip(tmp_path: Path):
    """Write a short video of one still face."""

    def make(name: str = "clip.mp4", frames: int = FRAMES) -> Path:
        path = tmp_path / "videos" / name
        path.parent.mkdir(exist_ok=True)
        picture = np.ascontiguousarray(astronaut()[0:240, 64:384])
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
            stream.codec_context.time_base = Fraction(1, 25)
            for _ in range(frames):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        return path

    return make


def parsed(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_one_video_gives_all_exports_and_a_analysis(run, clip, tmp_path):
    document = parsed(run(clip(), "--out", tmp_path / "out", "--json"))
    (video,) = document["videos"]
    assert {key: video[key] for key in ("state", "frames", "frames_with_result", "people", "error")} == {
        "state": "done",
        "frames": FRAMES,
        "frames_with_result": FRAMES,
        "people": 1,
        "error": None,
    }
    assert video["times_real_time"] > 0
    assert all((tmp_path / "out" / name).is_file() for name in video["files"])
    assert {"frames.csv", "deltas.csv", "events.csv", "segments.vtt", "report.html", "annotated.mp4"} <= set(
        video["files"]
    )
    frames = pd.read_csv(tmp_path / "out" / "frames.csv")
    assert frames[list(EMOTIONS)].sum(axis=1).to_numpy() == pytest.approx(np.ones(FRAMES), abs=1e-4)
    assert frames["timestamp_s"].tolist() == pytest.approx([n / 25 for n in range(FRAMES)])
    assert probe(tmp_path / "out" / "annotated.mp4").frames == FRAMES
    (analysis,) = list_analyses(tmp_path / "data" / "analyses")
    assert (analysis.id, analysis.state) == (video["analysis"], "done")


def test_a_person_reads_what_was_found(run, clip, tmp_path):
    result = run(clip(), "--out", tmp_path / "out", "--only", "events.csv", "--only", "segments.srt")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert f"Classified a face in {FRAMES} of {FRAMES} frames; 1 person seen." in result.stderr
    assert "x real time" in result.stderr
    assert "Wrote events.csv and segments.srt to" in result.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["events.csv", "segments.srt"]


def test_stride_and_part(run, clip, tmp_path):
    arguments = ("--stride", 3, "--start", 0.4, "--end", 0.8, "--only", "frames.csv", "--json")
    (video,) = parsed(run(clip(), "--out", tmp_path / "out", *arguments))["videos"]
    assert pd.read_csv(tmp_path / "out" / "frames.csv")["frame"].tolist() == [12, 15, 18]
    assert video["frames"] == 3


def test_a_start_past_the_end_is_refused_and_nothing_is_kept(run, clip, tmp_path):
    result = run(clip(), "--out", tmp_path / "out", "--start", 5)
    assert isinstance(result.exception, VideoError)
    assert str(result.exception).startswith("clip.mp4 ends at ")
    assert "before the start at 5 s. Choose an earlier start." in str(result.exception)
    assert not (tmp_path / "out").exists()
    assert list_analyses(tmp_path / "data" / "analyses") == []


def test_a_folder_of_videos_and_one_that_is_none(run, clip, tmp_path):
    clip("b.mp4", 8)
    clip("a.mp4", 8)
    (tmp_path / "videos" / "notes.txt").write_text("no video")
    (tmp_path / "videos" / "broken.mp4").write_text("a text file")
    result = run(tmp_path / "videos", "--out", tmp_path / "out", "--only", "events.csv", "--json")
    videos = parsed(result)["videos"]
    assert [Path(video["file"]).name for video in videos] == ["a.mp4", "b.mp4", "broken.mp4"]
    assert [video["error"] is None for video in videos] == [True, True, False]
    assert "broken.mp4 is not a video that can be read" in result.stderr
    assert (tmp_path / "out" / "a" / "events.csv").is_file()
    assert (tmp_path / "out" / "b" / "events.csv").is_file()
    said = run(tmp_path / "videos", "--out", tmp_path / "out", "--only", "events.csv").stderr
    assert "2 videos analysed into" in said
    assert "1 video could not be analysed" in said


def test_videos_of_one_name_do_not_overwrite_each_other(run, clip, tmp_path):
    one = clip("clip.mp4", 8)
    other = tmp_path / "videos" / "clip.mov"
    other.write_bytes(one.read_bytes())
    videos = parsed(run(one, other, "--out", tmp_path / "out", "--only", "events.csv", "--json"))["videos"]
    assert [Path(video["out"]).name for video in videos] == ["clip", "clip-2"]


@pytest.mark.parametrize(
    ("names", "folders"),
    [
        (["a/clip.mp4", "b/clip.mp4"], ["clip", "clip-2"]),
        (["a/clip.mp4", "b/clip.mp4", "clip-2.mp4"], ["clip", "clip-3", "clip-2"]),
        (["clip-2.mp4", "a/clip.mp4", "b/clip.mov", "c/clip-2.mp4"], ["clip-2", "clip", "clip-3", "clip-2-2"]),
        (["a/Clip.mp4", "b/clip.mp4"], ["Clip", "clip-2"]),
    ],
)
def test_each_video_gets_a_folder_of_its_own(names, folders):
    assert [folder.name for folder in _folders([Path(name) for name in names], Path("out"))] == folders


def test_a_given_rate_times_a_raw_stream(run, tmp_path):
    path = tmp_path / "raw.h264"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(4):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    arguments = (path, "--out", tmp_path / "out", "--only", "frames.csv", "--json")
    (video,) = parsed(run(*arguments))["videos"]
    assert "30 frames a second is a guess" in video["note"]
    (video,) = parsed(run(*arguments, "--fps", 10))["videos"]
    assert video["note"] is None
    assert video["out"] == str(tmp_path / "out" / "raw")  # beside the first, not in its place
    assert pd.read_csv(tmp_path / "out" / "raw" / "frames.csv")["timestamp_s"].tolist() == [0.0, 0.1, 0.2, 0.3]


def test_augmentations_are_averaged_and_named(run, clip, tmp_path):
    shares = []
    for tta in ("plain", "flip"):
        out = tmp_path / tta
        parsed(run(clip(frames=4), "--out", out, "--tta", tta, "--only", "frames.csv", "--json"))
        shares.append(pd.read_csv(out / "frames.csv")[list(EMOTIONS)].to_numpy())
    assert np.abs(shares[0] - shares[1]).max() > 1e-5  # six digits are written, and an untrained net says little
    titles = {analysis.record["model_title"] for analysis in list_analyses(tmp_path / "data" / "analyses")}
    assert any(title.endswith("flip TTA") for title in titles)


def test_nothing_readable_is_a_failure(run, tmp_path):
    (tmp_path / "text.mp4").write_text("a text file")
    result = run(tmp_path / "text.mp4", "--out", tmp_path / "out", "--json")
    assert isinstance(result.exception, VideoError)
    assert result.stdout == ""
    result = run(tmp_path / "text.mp4", tmp_path / "gone.mp4", "--out", tmp_path / "out")
    assert str(result.exception) == "None of the videos could be analysed."


def test_wrong_usage(run, clip, tmp_path):
    assert run(clip()).exit_code == 2
    assert run("--out", tmp_path).exit_code == 2
    assert isinstance(run(clip(), "--out", tmp_path, "--only", "video").exception, ConfigError)
    assert isinstance(run(clip(), "--out", tmp_path, "--start", 3, "--end", 1).exception, ConfigError)
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match="There is no video in"):
        find_videos([tmp_path / "empty"])


def test_ctrl_c_keeps_what_is_done(run, clip, tmp_path, monkeypatch):
    execute = execution.execute

    def interrupted(analysis, model, detector, **options):
        stop = threading.Event()
        stop.set()
        execute(analysis, model, detector, stop=stop)
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "execute", interrupted)
    result = run(clip(), "--out", tmp_path / "out")
    assert result.exit_code != 0
    assert "Stopped. What is done is kept in analysis" in result.stderr
    assert len(list_analyses(tmp_path / "data" / "analyses")) == 1
