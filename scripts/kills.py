"""Kill ferdash at work again and again, and count what it had reported as saved and lost: `python scripts/kills.py`.

Import, training, video, recording, promotion and sweep each run in a process of their own that is killed (SIGKILL) at a
random moment, so often as is asked for; each goes on, or is begun anew, as a person would. After every kill, whatever
the process had reported as saved has to be there and to be whole; in the end so does everything, with the figures of
work that nobody killed, and without files that the kills left.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from ferdash.analyses import execution, jobs
from ferdash.analyses.store import find_analysis
from ferdash.data.dataset import list_datasets, open_dataset
from ferdash.data.demo import make_demo
from ferdash.data.sources import import_dataset
from ferdash.emotions import EMOTIONS
from ferdash.inference.detector import load_detector
from ferdash.leftovers import sweep_all
from ferdash.live.recording import LiveRecording
from ferdash.live.view import LiveSettings
from ferdash.models.loading import load_model
from ferdash.models.weights import read_checkpoint
from ferdash.paths import checkout
from ferdash.promotion import promote
from ferdash.runs.store import Run, open_run, read_metrics, read_status
from ferdash.runs.studies import read_study
from ferdash.training import start, sweep, sweep_plan
from ferdash.training.checkpoints import list_checkpoints
from ferdash.training.config import TrainConfig, override
from ferdash.training.control import Control
from ferdash.training.recipes import get_recipe
from ferdash.video.analysis import AnalysisSettings
from ferdash.video.decoding import read_frames
from ferdash.video.sample import write_sample

Tell = Callable[[Any], None]
"""Called with what is reported as saved, as plain data."""

SETTINGS = ["dataset=demo", "epochs=20", "network.width=8", "network.depths=1,1,1,1", "compute.threads=1"]


@dataclass(frozen=True)
class Work:
    """work: does it, or goes on with it, in a world, and tells what is saved. check: raises AssertionError where
    something of what was told is missing or not whole."""

    work: Callable[[Path, Tell], None]
    check: Callable[[Path, list[Any]], None]


def config_of(extra: list[str] | None = None) -> TrainConfig:
    return override(get_recipe("fernet_quick").config(), [*SETTINGS, *(extra or [])])


def small(world: Path) -> Run:
    return open_run(world / "checkpoints" / "runs", (world / "small").read_text())


def make_world(world: Path) -> None:
    """Demo dataset, a zip of faces, a finished run, a model that was promoted, a film, and a run to train."""
    data, checkpoints = world / "data", world / "checkpoints"
    dataset = make_demo(data, images=210)
    (checkpoints / "models").mkdir(parents=True)
    project = checkout()
    assert project is not None
    (checkpoints / "detectors").symlink_to(project / "checkpoints" / "detectors")
    for number, (face, row) in enumerate(zip(dataset.images, dataset.table.itertuples(), strict=True)):
        folder = world / "faces" / str(row.split) / EMOTIONS[row.label]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), np.asarray(face))
    made = start.create(config_of(["epochs=1"]), data=data, checkpoints=checkpoints)
    start.execute(made, data=data, checkpoints=checkpoints)
    (world / "small").write_text(made.id)
    promote(made.id, "kept", data=data, checkpoints=checkpoints)
    write_sample(world / "film.mp4", seconds=6.0)
    for name in ("whole", "killed"):
        run = start.create(config_of(), data=data, checkpoints=checkpoints, name=name)
        (world / name).write_text(run.id)
        jobs.create_video_analysis(
            data / "analyses", world / "film.mp4", AnalysisSettings(batch=8, stride=2), model="kept", name=name
        )
    start.execute(open_run(checkpoints / "runs", (world / "whole").read_text()), data=data, checkpoints=checkpoints)
    analyse(world, "whole", lambda said: None)


def import_faces(world: Path, tell: Tell) -> None:
    for _ in range(40):
        name = f"faces-{len(list_datasets(world / 'data'))}"
        tell({"name": name, "hash": import_dataset(world / "faces", world / "data", name).hash})


def check_datasets(world: Path, told: list[Any]) -> None:
    hashes = {name: open_dataset(world / "data", name).hash for name in list_datasets(world / "data")}
    assert all(hashes[one["name"]] == one["hash"] for one in told)
    assert len(open_dataset(world / "data", "demo")) == 210


def train(world: Path, tell: Tell) -> None:
    run = open_run(world / "checkpoints" / "runs", (world / "killed").read_text())

    def report(progress: Any) -> None:
        tell({"epochs": progress.epoch, "checkpoints": bool(list_checkpoints(run.checkpoints))})

    start.execute(run, data=world / "data", checkpoints=world / "checkpoints", on_progress=report)


def check_training(world: Path, told: list[Any]) -> None:
    run = open_run(world / "checkpoints" / "runs", (world / "killed").read_text())
    rows = read_metrics(run.folder)
    assert len(rows) >= max((one["epochs"] for one in told), default=0)
    if any(one["checkpoints"] for one in told):
        assert read_checkpoint(list_checkpoints(run.checkpoints)[-1])
    if read_status(run.folder)["state"] == "finished":
        whole = read_metrics(open_run(run.folder.parent, (world / "whole").read_text()).folder)
        assert [row["validation"] for row in rows] == [row["validation"] for row in whole]
        assert [row["train_loss"] for row in rows] == [row["train_loss"] for row in whole]


def analyse(world: Path, name: str, tell: Tell) -> None:
    analysis = find_analysis(world / "data" / "analyses", name)
    model = load_model("kept", world / "checkpoints", device="cpu")
    detector = load_detector("centerface", world / "checkpoints")
    execution.execute(analysis, model, detector, on_progress=lambda progress: tell(progress.frames))


def check_video(world: Path, told: list[Any]) -> None:
    frames = find_analysis(world / "data" / "analyses", "killed").frames()
    whole = find_analysis(world / "data" / "analyses", "whole").frames()
    assert frames["frame"].nunique() >= max(told, default=0)
    pd.testing.assert_frame_equal(frames, whole.iloc[: len(frames)], rtol=1e-4, atol=1e-5)


def record(world: Path, tell: Tell) -> None:
    facts: dict[str, Any] = {"settings": LiveSettings(), "model": "kept", "model_title": "Kept", "detector": "haar"}
    recording = LiveRecording(world / "data" / "analyses", size=(160, 120), fps=20.0, **facts)
    for number in range(600):
        recording.add(np.full((120, 160, 3), number % 256, np.uint8), number / 20, (), neutral=False)
        info = find_analysis(world / "data" / "analyses", recording.analysis).info
        tell({"id": recording.analysis, "frames": info["frames"]})
        time.sleep(0.002)
    recording.close()


def check_recording(world: Path, told: list[Any]) -> None:
    for one in {one["id"]: one for one in told}.values():
        analysis = find_analysis(world / "data" / "analyses", one["id"])
        table = analysis.frames()
        assert table["frame"].nunique() >= one["frames"]
        shown = sum(frame.image_rgb is not None for frame in read_frames(analysis.video_file())) if len(table) else 0
        assert shown >= one["frames"], f"{shown} pictures of {one['frames']} frames"


def promote_again(world: Path, tell: Tell) -> None:
    for _ in range(20):
        promote(small(world).id, "kept", replace=True, data=world / "data", checkpoints=world / "checkpoints")
        tell("promoted")


def check_model(world: Path, told: list[Any]) -> None:
    del told
    model = load_model("kept", world / "checkpoints", device="cpu")
    assert np.isfinite(model.probabilities(np.zeros((2, 48, 48), np.uint8))).all()


def search(world: Path, tell: Tell) -> None:
    plan = sweep_plan.make_plan(config_of(["epochs=1"]), ["optimizer.lr=1e-4..1e-2"], data=world / "data")
    url = f"sqlite:///{world / 'studies.db'}"
    study, plan = sweep_plan.join(url, "killed", plan, data=world / "data")
    sweep.search(
        study,
        plan,
        url=url,
        trials=40,
        data=world / "data",
        checkpoints=world / "checkpoints",
        control=Control(),
        on_end=lambda trial: tell([trial.number, trial.values]),
    )


def check_study(world: Path, told: list[Any]) -> None:
    if told:
        found = read_study(f"sqlite:///{world / 'studies.db'}", "killed").finished
        kept = sorted(trial.accuracy or 0.0 for trial in found)
        assert set(np.round([values[0] for _, values in told if values], 6)) <= set(np.round(kept, 6))
        assert len(kept) >= sum(values is not None for _, values in told)


WORKS: dict[str, Work] = {
    "import": Work(import_faces, check_datasets),
    "training": Work(train, check_training),
    "video": Work(lambda world, tell: analyse(world, "killed", tell), check_video),
    "recording": Work(record, check_recording),
    "promotion": Work(promote_again, check_model),
    "sweep": Work(search, check_study),
}


def in_a_process(act: Callable[[], None], log: Path) -> int:
    """Start it; the number of its process."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            act()
            code = 0
        except BaseException:
            log.write_text(traceback.format_exc())
        finally:
            os._exit(code)
    return pid


def kill_again_and_again(name: str, world: Path, times: int, rng: random.Random) -> tuple[int, int]:
    """Kills at work, and how many reports were checked again after each. Raises AssertionError for what was lost."""
    work, told_file, log = WORKS[name], world / f"{name}.told", world / f"{name}.log"
    kills = 0

    def act() -> None:
        with told_file.open("a") as file:

            def tell(said: Any) -> None:
                file.write(json.dumps(said) + "\n")
                file.flush()

            work.work(world, tell)

    def check() -> None:
        lines = told_file.read_text().splitlines() if told_file.exists() else []
        work.check(world, [json.loads(line) for line in lines])

    while kills < times:
        before = told_file.stat().st_size if told_file.exists() else 0
        pid = in_a_process(act, log)
        # Now before the first report, now well after it.
        first, patience = rng.random() < 0.3, time.monotonic() + 60
        while not first and time.monotonic() < patience and os.waitpid(pid, os.WNOHANG) == (0, 0):
            if told_file.exists() and told_file.stat().st_size > before:
                break
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 1.5))
        try:
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            status = 0
        if log.exists():
            raise AssertionError(log.read_text())
        if not os.WIFSIGNALED(status):
            break  # it came to its end: nothing is left to kill
        kills += 1
        tried = in_a_process(check, log)
        assert os.waitpid(tried, 0)[1] == 0, log.read_text()
    return kills, len(told_file.read_text().splitlines()) if told_file.exists() else 0


def main() -> None:
    """Kill each kind of work and print how often, and what was lost."""
    parser = argparse.ArgumentParser(description="Kill ferdash at work, and count what is lost.")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--only", nargs="*", default=list(WORKS), choices=list(WORKS))
    arguments = parser.parse_args()
    lost, rng = 0, random.Random(0)
    with tempfile.TemporaryDirectory(prefix="ferdash-kills-") as place:
        template = Path(place) / "template"
        template.mkdir()
        # In a process of its own: threads that this one had begun would be missing in those that it forks.
        made = in_a_process(lambda: make_world(template), Path(place) / "log")
        if os.waitpid(made, 0)[1]:
            sys.exit((Path(place) / "log").read_text())
        for name in arguments.only:
            world = Path(place) / name
            shutil.copytree(template, world, symlinks=True)
            try:
                kills, reports = kill_again_and_again(name, world, arguments.kills, rng)
                left = len(sweep_all(world / "data", world / "checkpoints"))
                print(f"{name}: {kills} kills, {reports:,} reports, nothing lost; {left} leftovers swept", flush=True)
            except AssertionError as error:
                lost += 1
                print(f"{name}: LOST\n{error}", flush=True)
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
