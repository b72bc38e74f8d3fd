"""Writing an analysis over time as it is made: one writer a folder, and what it wrote is there whatever ends it."""

import threading
from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np
import pandas as pd

from ferdash.analyses.pieces import count_frames, write_part
from ferdash.analyses.store import ANALYSES, Analysis, State, read_status, write_status
from ferdash.errors import AnalysisError
from ferdash.files import reason_of, write_atomic

THUMBNAIL_SIDE = 160


class AnalysisWriter:
    """Appends to an analysis; the only one to do so while its state is running.

    Opening it takes the analysis over, until `finish`: raises AnalysisError while another process or thread is at work
    on it.
    """

    def __init__(self, analysis: Analysis) -> None:
        status = read_status(analysis.folder)
        if status["state"] == "running":
            raise AnalysisError(f"{analysis.name} is being analysed already; stop that first.")
        self.analysis = analysis
        self._hold = ANALYSES.lock(analysis.folder)
        self._status: dict[str, Any] = {k: v for k, v in status.items() if k not in ("error", "finished_at")}
        parts = analysis.parts()
        self._part = len(parts)
        self._sides: dict[int, float] = {}
        self._frames = sum(count_frames(part) for part in parts)  # a kill may have left status.json behind
        self._lock = threading.Lock()
        self._set(state="running")

    def append(
        self,
        table: pd.DataFrame,
        *,
        tracker: dict[str, Any] | None = None,
        progress: dict[str, Any] | None = None,
    ) -> None:
        """Add rows of whole frames, and with them what the tracker knows after them. Raises AnalysisError when the disk
        does not take them."""
        folder = self.analysis.folder
        try:
            if len(table):
                write_part(folder / "frames" / f"part-{self._part:05d}.parquet", table, tracker)
                self._part += 1
                self._frames += int(table["frame"].nunique())
        except OSError as error:
            raise AnalysisError(f"{self.analysis.name} cannot be written to {folder} ({reason_of(error)}).") from error
        self.beat(progress)

    def beat(self, progress: dict[str, Any] | None = None) -> None:
        """Say that work is under way, and how far it is."""
        self._set(**({} if progress is None else {"progress": progress}))

    def thumbnail(self, track: int, image_rgb: np.ndarray, box_xyxy: tuple[float, float, float, float]) -> None:
        """Keep a picture of the person: the first, or a clearly larger one than before."""
        side = max(box_xyxy[2] - box_xyxy[0], box_xyxy[3] - box_xyxy[1])
        if side < 1.3 * self._sides.get(track, 0.0):
            return
        path = self.analysis.folder / "thumbs" / f"track-{track}.jpg"
        if track not in self._sides and path.is_file():  # from before a resume
            self._sides[track] = side
            return
        self._sides[track] = side
        data = cv2.imencode(".jpg", cv2.cvtColor(_portrait(image_rgb, box_xyxy), cv2.COLOR_RGB2BGR))[1].tobytes()
        write_atomic(path, lambda file: file.write(data))

    def finish(self, state: State = "done", *, error: str = "", **facts: Any) -> None:
        """End with a state: done, stopped or failed with the sentence `error`. `facts` (timings, note) are kept."""
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            self._set(**facts, state=state, finished_at=finished, **({"error": error} if error else {}))
        finally:
            self._hold.release()

    def _set(self, **facts: Any) -> None:
        # A heartbeat may come from another thread, but never after the end.
        with self._lock:
            if "state" not in facts and self._status["state"] != "running":
                return
            self._status.update(facts, frames=self._frames)
            write_status(self.analysis.folder, **self._status)


def _portrait(image_rgb: np.ndarray, box_xyxy: tuple[float, float, float, float]) -> np.ndarray:
    """The face with some surroundings, at most THUMBNAIL_SIDE on its longer side."""
    height, width = image_rgb.shape[:2]
    reach = 0.25 * (box_xyxy[2] - box_xyxy[0])
    x0, y0 = (int(np.clip(value - reach, 0, limit - 1)) for value, limit in zip(box_xyxy[:2], (width, height)))  # noqa: B905
    x1, y1 = int(np.clip(box_xyxy[2] + reach, x0 + 1, width)), int(np.clip(box_xyxy[3] + reach, y0 + 1, height))
    face = image_rgb[y0:y1, x0:x1]
    scale = min(1.0, THUMBNAIL_SIDE / max(face.shape[:2]))
    size = (max(1, round(face.shape[1] * scale)), max(1, round(face.shape[0] * scale)))
    return cv2.resize(face, size, interpolation=cv2.INTER_AREA)
