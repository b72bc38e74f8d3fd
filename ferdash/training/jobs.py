"""Training in the background: one job at a time in a thread, the rest in a queue.

The manager talks to whoever watches through the run folders alone, so every tab, and a command line in another
terminal, sees the same. Which process may train is decided by a lock file, not by the manager: a second manager, made
by another process or by a cleared cache, waits until the first is done.
"""

import logging
import threading
from collections import deque
from pathlib import Path

from filelock import FileLock, Timeout

from ferdash.errors import FerdashError, RunError
from ferdash.references import split_checkpoint
from ferdash.runs.store import LIVE, Run, read_status, write_status
from ferdash.training import start
from ferdash.training.config import TrainConfig
from ferdash.training.continuation import resume
from ferdash.training.control import Control

LOCK_WAIT_S = 0.5
logger = logging.getLogger(__name__)


class JobManager:
    """A queue of runs and the thread that trains them. All methods may be called from any thread."""

    def __init__(self, *, data: Path, checkpoints: Path) -> None:
        self._data, self._checkpoints = data, checkpoints
        self._queue: deque[Run] = deque()
        self._current: Run | None = None
        self._control = Control()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="ferdash-training", daemon=True)
        self._thread.start()

    def submit(self, config: TrainConfig, *, name: str = "", group: str = "") -> str:
        """Queue a new run, one of a group where that is named; returns its id. Raises DatasetError when its dataset is
        missing."""
        return self._enqueue(
            start.create(config, data=self._data, checkpoints=self._checkpoints, name=name, group=group)
        )

    def resume(self, reference: str, settings: list[str] | None = None) -> str:
        """Queue an interrupted, stopped or failed run again, or a child of it (see continuation.resume); returns the
        id. Raises RunError when it is queued or at work already."""
        run = resume(reference, settings or [], data=self._data, checkpoints=self._checkpoints)
        # A child is new and therefore queued; for the run itself, the folder says whether somebody is at it.
        if run.id == split_checkpoint(reference)[0] and read_status(run.folder)["state"] in LIVE:
            raise RunError(f"Run {run.id} is already at work or in the queue.")
        return self._enqueue(run)

    def stop(self, run_id: str) -> None:
        """End the running job with a checkpoint, or take a waiting one from the queue. Raises RunError for others."""
        with self._changed:
            if self._current is not None and self._current.id == run_id:
                self._control.stop.set()
                return
            run = self._waiting(run_id)
            self._queue.remove(run)
        write_status(run.folder, state="stopped")

    def pause(self, run_id: str) -> None:
        """Hold the running job after its present batch. Raises RunError when it is not the one at work."""
        self._require_current(run_id)
        self._control.pause.set()

    def unpause(self, run_id: str) -> None:
        """Resume a paused job. Raises RunError when it is not the one at work."""
        self._require_current(run_id)
        self._control.pause.clear()

    @property
    def current(self) -> str | None:
        """Id of the run at work here, if any."""
        return None if self._current is None else self._current.id

    @property
    def queued(self) -> list[str]:
        """Ids of the waiting runs, next first."""
        with self._changed:
            return [run.id for run in self._queue]

    def wait(self, timeout_s: float) -> bool:
        """Block until nothing is at work or waiting; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._current is None and not self._queue, timeout_s)

    def close(self) -> None:
        """Stop the running job with a checkpoint and end the thread; waiting runs stay in their folders."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._control.stop.set()
            self._changed.notify_all()
        self._thread.join()

    def _enqueue(self, run: Run) -> str:
        write_status(run.folder, state="queued")
        with self._changed:
            self._queue.append(run)
            self._changed.notify_all()
        return run.id

    def _waiting(self, run_id: str) -> Run:
        for run in self._queue:
            if run.id == run_id:
                return run
        raise RunError(f"Run {run_id} is neither at work nor in the queue of this app.")

    def _require_current(self, run_id: str) -> None:
        if self.current != run_id:
            raise RunError(f"Run {run_id} is not at work in this app.")

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._queue)
                if self._closed:
                    return
                self._control = Control()
                self._current = self._queue.popleft()
            try:
                self._train(self._current)
            finally:
                with self._changed:
                    self._current = None
                    self._changed.notify_all()

    def _train(self, run: Run) -> None:
        lock = FileLock(self._checkpoints / "runs" / ".training.lock", thread_local=False)
        while True:
            try:
                with lock.acquire(timeout=LOCK_WAIT_S):
                    start.execute(run, data=self._data, checkpoints=self._checkpoints, control=self._control)
                return
            except Timeout:
                if self._control.stop.is_set():
                    write_status(run.folder, state="stopped")
                    return
            except FerdashError as error:
                # The sentence stands in status.json and the log; the queue continues.
                logger.info("run %s failed: %s", run.id, error)
                return
            except Exception:
                logger.exception("run %s failed", run.id)
                return
