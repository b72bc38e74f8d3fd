"""Frames in, one after another; faces, probabilities and track ids out, as they happen. Nothing is kept.

The client sends a picture (JPEG, say) as one binary message and gets one JSON message back; it sends the next picture
when the answer is there, or earlier: they are answered in order. Time is taken when a picture arrives, or, to stand on
a clock of the client's, from a text message {"timestamp_s": 12.34} before it.
"""

import asyncio
import json
import time
from typing import Any

import numpy as np
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from ferdash.emotions import EMOTIONS
from ferdash.errors import FerdashError
from ferdash.inference.framing import crop_box, crop_face
from ferdash.live.engine import warm_up
from ferdash.live.view import LiveSettings
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.models.emotion_model import EmotionModel
from ferdash.pictures import read_image
from ferdash.server.problems import ProblemError
from ferdash.server.workshop import Workshop
from ferdash.tracking.association import Tracker

router = APIRouter()
REFUSED, BUSY, TOO_LARGE = 1008, 1013, 1009
"""Codes of RFC 6455 and the registry under it: policy violation, try again later, message too big."""


@router.websocket("/live")
async def live(socket: WebSocket, model: str = DEFAULT_MODEL) -> None:
    """One camera. Ends with the client, or when nothing came for `idle_s`."""
    workshop: Workshop = socket.app.state.workshop
    await socket.accept()
    if not workshop.cameras.acquire(blocking=False):
        return await socket.close(BUSY, f"{workshop.settings.cameras} cameras are connected already; try again later.")
    try:
        follower = await run_in_threadpool(Follower, workshop, model)
        await _answer(socket, workshop, follower)
    except (ProblemError, FerdashError) as error:
        await socket.close(REFUSED, str(error)[:100])
    except TimeoutError:
        await socket.close(1000, f"Nothing came for {workshop.settings.idle_s:g} s.")
    except WebSocketDisconnect:
        pass
    finally:
        workshop.cameras.release()


async def _answer(socket: WebSocket, workshop: Workshop, follower: "Follower") -> None:
    limit, started, told_s = 1_000_000 * workshop.settings.picture_mb, time.monotonic(), None
    while True:
        message = await asyncio.wait_for(socket.receive(), workshop.settings.idle_s)
        if message["type"] == "websocket.disconnect":
            return
        if message.get("text") is not None:
            told_s = _timestamp_of(message["text"])
            continue
        content = message["bytes"]
        if len(content) > limit:
            raise ProblemError(413, f"The picture is larger than {workshop.settings.picture_mb} MB.")
        timestamp_s = time.monotonic() - started if told_s is None else told_s
        told_s = None
        await socket.send_json(await run_in_threadpool(follower.look, content, timestamp_s))


class Follower:
    """The faces of one camera, from picture to picture. Raises ProblemError for an unknown model."""

    def __init__(self, workshop: Workshop, model: str) -> None:
        settings = LiveSettings()
        self.workshop, self.threshold = workshop, settings.threshold
        self.model: EmotionModel = workshop.model(model, "auto", "plain")
        detector = workshop.detector("centerface")
        self.tracker = Tracker(detector, every=settings.detect_every, detect_side=settings.detection_side)
        self.last_s = float("-inf")
        warm_up(self.model, detector)

    def look(self, content: bytes, timestamp_s: float) -> dict[str, Any]:
        """The answer to a picture; one that cannot be read, or whose time runs backwards, is answered by a problem."""
        if timestamp_s <= self.last_s:
            problem = f"timestamp_s is {timestamp_s:g} after {self.last_s:g}; time has to go forward."
            return {"timestamp_s": timestamp_s, "problem": problem, "faces": []}
        try:
            image = read_image(content, "the frame")
        except FerdashError as error:
            return {"timestamp_s": timestamp_s, "problem": str(error), "faces": []}
        self.last_s = timestamp_s
        with self.workshop.turn():
            faces = self._faces(image, timestamp_s)
        return {"timestamp_s": round(timestamp_s, 6), "problem": None, "faces": faces}

    def _faces(self, image: np.ndarray, timestamp_s: float) -> list[dict[str, Any]]:
        tracked = self.tracker.update(image, timestamp_s)
        if not tracked:
            return []
        boxes = [crop_box(face.as_face()) for face in tracked]
        rows = self.model.probabilities(np.stack([crop_face(image, box) for box in boxes]))
        answers = []
        for face, box, row in zip(tracked, boxes, rows, strict=True):
            top = float(row.max())
            answers.append(
                {
                    "track": face.track,
                    "box_xyxy": [round(value, 1) for value in box.xyxy],
                    "roll_deg": round(box.roll_deg, 1),
                    "emotion": EMOTIONS[int(row.argmax())],
                    "probability": top,
                    "uncertain": top < self.threshold,
                    "probabilities": {name: float(value) for name, value in zip(EMOTIONS, row, strict=True)},
                }
            )
        return answers


def _timestamp_of(text: str) -> float:
    """Raises ProblemError for anything but {"timestamp_s": number}."""
    try:
        value = json.loads(text)["timestamp_s"]
        if isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value):
            return float(value)
    except (ValueError, KeyError, TypeError):
        pass
    raise ProblemError(422, 'A text message says when the next picture was taken: {"timestamp_s": 12.34}.')
