"""One video of many, analysed and exported by whichever process takes it up, and by one alone.

A folder that all machines see holds analyses, exports and videos under the same paths. What is there already is not
done again: a finished analysis of the same video with the same settings is only exported, an interrupted one resumed.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from ferdash.analyses.execution import execute
from ferdash.analyses.jobs import create_video_analysis
from ferdash.analyses.sources import describe
from ferdash.analyses.store import Analysis, list_analyses
from ferdash.errors import ConfigError, FerdashError
from ferdash.exports.files import read_results, write_exports
from ferdash.inference.detector import Detector, load_detector
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.loading import load_model
from ferdash.models.reference import title_of
from ferdash.models.tta import titled
from ferdash.video.analysis import AnalysisSettings

Engine = Literal["auto", "torch", "onnx", "int8"]
Tta = Literal["plain", "flip", "ten-crop"]
SAME = ("path", "bytes", "sha256")
LOOK_S = 1.0
"""How often it is looked whether there are workers."""
AGAIN = "What is done is kept; start the command again for the rest."


@dataclass(frozen=True)
class VideoTask:
    """Everything that a process needs to know, in plain values. root: of analyses. folder: of the exports, which are
    named in `exports`. settings: as `AnalysisSettings.to_dict`."""

    path: str
    folder: str
    root: str
    checkpoints: str
    settings: dict[str, Any]
    exports: tuple[str, ...]
    model: str
    detector: str
    engine: Engine = "auto"
    tta: Tta = "plain"

    @property
    def key(self) -> str:
        """The same for the same work, so that a scheduler has it once."""
        return f"ferdash-{self.path}-{self.model}-{self.tta}-{self.detector}-{sorted(self.settings.items())}"


def work(task: VideoTask) -> dict[str, Any]:
    """Do what is still to be done for one video: file, analysis, out, files, frames, error (a sentence, or None), and
    done: new, resumed or before, by whether the analysis was there. Another process at work on it is an error."""
    document: dict[str, Any] = {"file": task.path, "analysis": None, "out": task.folder, "error": None}
    try:
        analysis, done = _analysis(task)
        document |= {"analysis": analysis.id, "done": done}
        if done != "before":
            model, detector = _loaded(task.model, task.checkpoints, task.engine, task.tta, task.detector)
            execute(analysis, model, detector)
        results = read_results(analysis)
        folder, files = write_exports(results, Path(task.folder), task.exports, beside=True)
    except FerdashError as error:
        return document | {"error": str(error)}
    names = [str(one.relative_to(folder)) for one in files]
    return document | {"out": str(folder), "files": names, "frames": results.summary.frames}


def _analysis(task: VideoTask) -> tuple[Analysis, str]:
    """The analysis of this very video with these settings, and whether it was made before, or begun."""
    settings = AnalysisSettings.from_dict(task.settings)
    title = titled(title_of(task.model, Path(task.checkpoints)), task.tta)
    source = describe(Path(task.path).absolute(), None) or {}
    for known in list_analyses(Path(task.root)):
        record = known.record
        same = {name: (record.get("source") or {}).get(name) for name in SAME} == {name: source[name] for name in SAME}
        made = (record.get("settings"), record.get("model"), record.get("model_title"), record.get("detector"))
        if same and made == (settings.to_dict(), task.model, title, task.detector):
            if known.state == "done":
                return known, "before"
            if known.state in ("interrupted", "failed", "stopped", "queued", "running"):
                return known, "resumed"
    made_now = create_video_analysis(
        Path(task.root),
        Path(task.path),
        settings,
        model=task.model,
        model_title=title,
        detector=task.detector,
    )
    return made_now, "new"


@lru_cache(maxsize=1)
def _loaded(model: str, checkpoints: str, engine: Engine, tta: Tta, detector: str) -> tuple[EmotionModel, Detector]:
    classifier = load_model(model, Path(checkpoints), engine=engine, tta=tta)
    return replace(classifier, title=titled(classifier.title, tta)), load_detector(detector, Path(checkpoints))


def run_on(
    scheduler: str,
    tasks: list[VideoTask],
    *,
    on_done: Callable[[dict[str, Any], int], object],
    on_wait: Callable[[str], object],
    patience_s: float,
) -> list[dict[str, Any]]:
    """Give the tasks to the workers of a Dask scheduler (Rocklin 2015), and wait; what `work` returns, in the order of
    the tasks. A worker that dies is replaced by another, which resumes its video.

    on_done: called with each as it comes, and the number of workers. on_wait: called with a sentence whenever there is
    no worker. patience_s: for how many seconds in a row there may be none.

    Raises ConfigError where distributed is not installed, nobody answers at the address or does not any more, or no
    worker comes in time.
    """
    try:
        from distributed import CancelledError, Client, wait
    except ImportError as error:
        raise ConfigError(f"Many machines need distributed ({error}): pip install 'ferdash[cluster]'.") from error
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(f"No scheduler answers at {scheduler} ({error}); start one with `dask scheduler`.") from error
    with _said_by_us(), client:
        place_of = {client.submit(work, task, key=task.key, retries=1): place for place, task in enumerate(tasks)}
        done: dict[int, dict[str, Any]] = {}
        workers = _Workers(scheduler, patience_s, on_wait)
        while place_of:
            try:
                finished = wait(list(place_of), timeout=LOOK_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                finished = set()
            except CancelledError as error:
                raise ConfigError(f"The scheduler at {scheduler} is gone. {AGAIN}") from error
            workers.count(len(client.scheduler_info(n_workers=-1)["workers"]))
            for future in finished:
                place = place_of.pop(future)
                done[place] = _outcome(future, tasks[place])
                on_done(done[place], workers.present)
    return [done[place] for place in range(len(tasks))]


@contextmanager
def _said_by_us() -> Iterator[None]:
    """What goes wrong between here and the scheduler becomes a sentence; distributed would print a traceback first."""
    log = logging.getLogger("distributed.client")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _outcome(future: Any, task: VideoTask) -> dict[str, Any]:
    if future.status == "finished":
        found: dict[str, Any] = future.result()
        return found
    why = str(future.exception())[:300]
    return {"file": task.path, "analysis": None, "out": task.folder, "error": why}


class _Workers:
    """How many there are, and for how long there have been none."""

    def __init__(self, scheduler: str, patience_s: float, on_wait: Callable[[str], object]) -> None:
        self.scheduler, self.patience_s, self.on_wait = scheduler, patience_s, on_wait
        self.present = 0
        self.came = False
        self.none_since: float | None = None

    def count(self, present: int) -> None:
        """Say it where the last one has gone. Raises ConfigError where none has come for too long."""
        self.present = present
        if present:
            self.came, self.none_since = True, None
            return
        now = time.monotonic()
        start = f"start one with `dask worker {self.scheduler} --nthreads 1`"
        if self.none_since is None:
            self.none_since = now
            has = "lost its last worker" if self.came else "has no worker yet"
            self.on_wait(f"The scheduler at {self.scheduler} {has}: waiting {self.patience_s:g} s for one; {start}.")
        elif now - self.none_since > self.patience_s:
            waited = f"No worker came to the scheduler at {self.scheduler} within {self.patience_s:g} s"
            raise ConfigError(f"{waited}; {start}, or wait longer (--wait-for-workers). {AGAIN}")
