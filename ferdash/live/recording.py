"""A camera kept as an analysis: its pictures as a video, its results as the frames table, both written as they come.

The video is made of fragments, each complete by itself, so that a recording which was cut off still plays; frame i of
the table is frame i of the video, with the same time.
"""

from dataclasses import asdict
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from ferdash.analyses.execution import Progress
from ferdash.analyses.marks import mark_times, set_neutral
from ferdash.analyses.store import ANALYSES, create_analysis, open_analysis
from ferdash.analyses.writer import AnalysisWriter
from ferdash.errors import AnalysisError, FerdashError
from ferdash.live.view import LiveFace, LiveSettings, RecordingState
from ferdash.video.decoding import VideoInfo, probe
from ferdash.video.frame_table import empty_row, face_row, frames_table

CLOCK = 90_000
"""Ticks a second, as everywhere in video."""

PIECE_S = 2.0
"""Results are written, and the analysis says that it lives, every so many seconds."""

VIDEO = "source.mp4"
_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}


class LiveRecording:
    """Writes one analysis; for one thread. size: (width, height) of the pictures to keep.

    Raises AnalysisError when the folder cannot be written.
    """

    def __init__(
        self,
        root: Path,
        *,
        size: tuple[int, int],
        fps: float,
        settings: LiveSettings,
        model: str,
        model_title: str,
        detector: str,
        name: str = "",
    ) -> None:
        # H.264 halves the colours' resolution, so both sides are even.
        self._size = (size[0] - size[0] % 2, size[1] - size[1] % 2)
        info = VideoInfo(VIDEO, *self._size, fps=fps or 30.0, frames=0, duration_s=0.0, rotation=0, codec="h264")
        self._folder_of = root
        analysis = create_analysis(
            root,
            kind="live",
            name=name or f"Live, {datetime.now():%d %B %Y %H:%M}",
            video=info.to_dict(),
            settings=asdict(settings),
            model=model,
            model_title=model_title,
            detector=detector,
        )
        self.analysis = analysis.id
        self._writer = AnalysisWriter(analysis)
        self._rows: list[dict[str, Any]] = []
        self._neutral: dict[int, list[int]] = {}
        self._times_s: list[float] = []
        self._marks: list[tuple[float, str]] = []
        self._frames, self._ticks, self._began_s, self._written_s = 0, 0, 0.0, 0.0
        try:
            self._container = av.open(str(analysis.folder / VIDEO), "w", options=_FRAGMENTS)
            self._stream = self._container.add_stream("libx264", rate=30)
            self._stream.width, self._stream.height = self._size
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.time_base = Fraction(1, CLOCK)
            self._stream.codec_context.gop_size = 30
            self._stream.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "21"}
            self._stream.codec_context.thread_count = 1
        except (OSError, av.FFmpegError) as error:
            trouble = self._trouble(error)
            self._writer.finish("failed", error=str(trouble))
            raise trouble from error

    def add(self, image_rgb: np.ndarray, time_s: float, faces: tuple[LiveFace, ...], *, neutral: bool) -> None:
        """Keep a frame, uint8 RGB, with its faces. Raises AnalysisError when the disk does not take it."""
        if self._frames == 0:
            self._began_s = self._written_s = time_s
        # Every frame needs a time of its own, even when two arrive at once.
        self._ticks = max(round((time_s - self._began_s) * CLOCK), self._ticks + (self._frames > 0))
        seconds = self._ticks / CLOCK
        across, down = self._size[0] / image_rgb.shape[1], self._size[1] / image_rgb.shape[0]
        self._rows += [self._row(face, seconds, across, down) for face in faces]
        if not faces:
            self._rows.append(empty_row(self._frames, seconds, "no_face"))
        try:
            if (image_rgb.shape[1], image_rgb.shape[0]) != self._size:
                image_rgb = cv2.resize(image_rgb, self._size, interpolation=cv2.INTER_AREA)
            self._encode(image_rgb)
            for face in faces:
                self._writer.thumbnail(face.tracked.track, image_rgb, _scaled(face.tracked.box_xyxy, across, down))
                if neutral:
                    self._neutral.setdefault(face.tracked.track, []).append(self._frames)
            self._frames += 1
            self._times_s.append(seconds)
            if time_s - self._written_s >= PIECE_S:
                self._flush()
                self._written_s = time_s
        except (OSError, av.FFmpegError) as error:
            raise self._trouble(error) from error

    def mark(self, time_s: float, name: str) -> None:
        """Keep a marker of that time, by the clock of `add`; what was before the first frame is none of this one's."""
        if self._frames and time_s >= self._began_s and name.strip():
            self._marks.append((time_s - self._began_s, name.strip()))

    def state(self) -> RecordingState:
        """How far it is."""
        return RecordingState(self.analysis, self._ticks / CLOCK, self._frames)

    def close(self, problem: str | None = None) -> None:
        """Finish video, table and analysis; problem: why it ended early, which is kept with it.

        Raises AnalysisError when the disk does not take the rest; what was written before stays.
        """
        try:
            for packet in self._stream.encode(None):
                self._container.mux(packet)
            self._container.close()
            self._flush()
            self._tell_length()
            for track, frames in self._neutral.items():
                set_neutral(self._folder_of, self.analysis, track, frames)
        except (OSError, av.FFmpegError, FerdashError) as error:
            trouble = error if isinstance(error, FerdashError) else self._trouble(error)
            self._writer.finish("failed", error=problem or str(trouble))
            raise trouble from error
        if problem:
            self._writer.finish("failed", error=problem)
        else:
            self._writer.finish("done", progress=self._progress())

    def _row(self, face: LiveFace, seconds: float, across: float, down: float) -> dict[str, Any]:
        tracked = face.tracked
        return face_row(
            self._frames,
            seconds,
            tracked.track,
            _scaled(tracked.box_xyxy, across, down),
            detected=tracked.detected,
            confidence=tracked.confidence,
            facts=face.classified.facts,
            probabilities=face.raw,
        )

    def _encode(self, image_rgb: np.ndarray) -> None:
        frame = av.VideoFrame.from_ndarray(image_rgb, format="rgb24")
        frame.pts, frame.time_base = self._ticks, Fraction(1, CLOCK)
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def _flush(self) -> None:
        self._writer.append(frames_table(self._rows), progress=self._progress())
        self._rows = []
        if self._marks:
            mark_times(self._folder_of, self.analysis, self._times_s, self._marks)
            self._marks = []

    def _progress(self) -> dict[str, Any]:
        return Progress(self._frames, total=0, timestamp_s=self._ticks / CLOCK, speed=1.0, eta_s=None).to_dict()

    def _tell_length(self) -> None:
        """Put the finished video's own facts in place of what was expected of it."""
        analysis = open_analysis(self._folder_of, self.analysis)
        if self._frames:
            info = probe(analysis.folder / VIDEO)
            ANALYSES.write_record(analysis.folder, {**analysis.record, "video": info.to_dict()})

    def _trouble(self, error: Exception) -> AnalysisError:
        return AnalysisError(
            f"The recording {self.analysis} cannot be written ({error}); what was written before is kept."
        )


def _scaled(box: tuple[float, float, float, float], across: float, down: float) -> tuple[float, float, float, float]:
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down
