"""A drawn video to try things with, so that nobody has to be filmed first; what happens in it is known.

One person stays, another comes in from the side and leaves again. Between their expressions both look neutral.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np

from ferdash.data.demo import draw_person
from ferdash.errors import VideoError

FPS = 25
SECONDS = 12.0
WIDTH, HEIGHT = 640, 360
RISE_S = 0.28
"""How long an expression takes to come or go."""


@dataclass(frozen=True)
class Act:
    """One person's expression from start_s to end_s."""

    person: int
    emotion: str
    start_s: float
    end_s: float


STORY = (
    Act(5, "happy", 1.5, 3.5),
    Act(5, "surprise", 5.5, 7.0),
    Act(5, "sad", 8.8, 11.0),
    Act(11, "happy", 6.0, 8.0),
)
"""What the two people show and when."""


def write_sample(path: Path, seconds: float = SECONDS, story: Sequence[Act] = STORY) -> Path:
    """Write the video as H.264. story: what the two people show; 5 stays, 11 is there from 4 to 10.5 s.

    Raises VideoError when the disk does not take it.
    """
    try:
        with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "20"})
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.codec_context.time_base = Fraction(1, FPS)
            for image in _pictures(seconds, story):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode(None))
    except (OSError, av.error.FFmpegError) as error:
        raise VideoError(f"The sample cannot be written to {path} ({error}).") from error
    return path


def _pictures(seconds: float, story: Sequence[Act]) -> Iterator[np.ndarray]:
    wall = np.repeat(np.linspace((196, 204, 210), (128, 140, 150), HEIGHT)[:, None], WIDTH, axis=1)
    rng = np.random.default_rng(0)
    # A camera's noise; a few pictures of it in turn look as well as new ones and take no time.
    grain = [rng.normal(0, 2.5, wall.shape).astype(np.int16) for _ in range(5)]
    for number in range(round(seconds * FPS)):
        at_s = number / FPS
        canvas = wall.astype(np.uint8)
        sway = np.sin(2 * np.pi * at_s / 5)
        draw_person(canvas, 5, _shares(story, 5, at_s), (190 + 10 * sway, 160 + 4 * np.cos(at_s)), 84, 3 * sway)
        if (place := _place_of_guest(at_s)) is not None:
            draw_person(canvas, 11, _shares(story, 11, at_s), (place, 165), 76, -2 * sway)
        noisy = cv2.add(cv2.GaussianBlur(canvas, (0, 0), 0.8).astype(np.int16), grain[number % len(grain)])
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def _shares(story: Sequence[Act], person: int, at_s: float) -> dict[str, float]:
    """How much of each expression the person shows; it comes and goes smoothly."""
    shares = {}
    for act in story:
        if act.person == person:
            share = float(np.clip(min(at_s - act.start_s, act.end_s - at_s) / RISE_S + 0.5, 0, 1))
            if share > 0:
                shares[act.emotion] = 0.5 - 0.5 * np.cos(np.pi * share)
    return shares


def _place_of_guest(at_s: float) -> float | None:
    """x of the second person, who comes at 4 s and leaves after 9 s; None while away."""
    if not 4 <= at_s <= 10.5:
        return None
    coming, going = np.clip((at_s - 4) / 1.2, 0, 1), np.clip((at_s - 9) / 1.2, 0, 1)
    return float(470 + 260 * (1 - coming) ** 2 + 260 * going**2)
