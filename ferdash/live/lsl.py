"""Lab Streaming Layer (Kothe et al. 2024): what is seen as a stream for other programs, and their markers coming in.

One sample a face: track, the seven probabilities as measured, the detector's confidence, and when the picture came.
A sample's own time stamp is LSL's clock at the moment that its picture arrived, so recorders lay it beside EEG and
stimuli by themselves; for a film it is the moment of analysis, and capture_time counts from the film's first frame.
pylsl comes with the extra ferdash[lsl].
"""

import importlib.util
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from ferdash import __version__
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError
from ferdash.video.frame_table import probabilities_of

NAME, TYPE, MARKERS = "ferdash", "Emotions", "Markers"
CHANNELS: tuple[tuple[str, str, str], ...] = (
    ("track", "count", "ID"),
    *((emotion, "probability", "Probability") for emotion in EMOTIONS),
    ("confidence", "probability", "Confidence"),
    ("capture_time", "seconds", "Time"),
)
"""Label, unit and type of each channel, in order."""


def is_installed() -> bool:
    """Whether there is a pylsl to stream with."""
    return importlib.util.find_spec("pylsl") is not None


def lsl_clock() -> Callable[[], float]:
    """LSL's clock, in seconds, the same for all programs of this computer. Raises ConfigError without pylsl."""
    clock: Callable[[], float] = _pylsl().local_clock
    return clock


class EmotionOutlet:
    """A stream of faces. model: what computes the probabilities, as its description says.

    Raises ConfigError without pylsl, or for an empty name.
    """

    def __init__(self, name: str = NAME, *, model: str = "", source_id: str = "") -> None:
        pylsl = _pylsl()
        if not name.strip():
            raise ConfigError("A stream needs a name by which others find it.")
        info = pylsl.StreamInfo(
            name.strip(),
            TYPE,
            len(CHANNELS),
            pylsl.IRREGULAR_RATE,
            pylsl.cf_double64,
            source_id or f"ferdash-{name.strip()}",
        )
        described = info.desc()
        described.append_child_value("manufacturer", "ferdash")
        described.append_child_value("version", __version__)
        described.append_child_value("model", model)
        channels = described.append_child("channels")
        for label, unit, kind in CHANNELS:
            channel = channels.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("unit", unit)
            channel.append_child_value("type", kind)
        self.name = name.strip()
        self._clock: Callable[[], float] = pylsl.local_clock
        self._outlet = pylsl.StreamOutlet(info)

    def push(
        self,
        track: int,
        probabilities: Iterable[float],
        confidence: float,
        capture_time_s: float,
        *,
        timestamp_s: float | None = None,
    ) -> None:
        """Send one face. timestamp_s: by LSL's clock; now, without it."""
        sample = [float(track), *(float(one) for one in probabilities), float(confidence), float(capture_time_s)]
        self._outlet.push_sample(sample, self._clock() if timestamp_s is None else timestamp_s)

    def push_table(self, table: pd.DataFrame) -> None:
        """Send the classified faces of some rows of a frames table, whose times count from the film's first frame."""
        known = table[table["track"].notna() & table[EMOTIONS[0]].notna()]
        for row, shares in zip(known.itertuples(), probabilities_of(known), strict=True):
            self.push(int(row.track), shares, float(row.confidence), float(row.timestamp_s))


class MarkerInlet:
    """Markers of other programs, such as PsychoPy's stimuli: every stream of type Markers, or the one of a name, once
    it is there. For one thread. Raises ConfigError without pylsl."""

    def __init__(self, name: str = "") -> None:
        self._pylsl = _pylsl()
        wanted = ("name", name.strip()) if name.strip() else ("type", MARKERS)
        self._resolver = self._pylsl.ContinuousResolver(*wanted)
        self._inlets: dict[str, Any] = {}

    def pull(self) -> list[tuple[float, str]]:
        """Markers that came since the last call: when, by the clock of this computer, and what. Never waits."""
        for found in self._resolver.results():
            if found.uid() not in self._inlets:
                flags = self._pylsl.proc_clocksync
                self._inlets[found.uid()] = self._pylsl.StreamInlet(found, processing_flags=flags)
        markers = []
        for inlet in self._inlets.values():
            while True:
                sample, time_s = inlet.pull_sample(timeout=0.0)
                if sample is None:
                    break
                markers.append((float(time_s), " ".join(str(value) for value in np.atleast_1d(sample)).strip()))
        return sorted(markers)

    def close(self) -> None:
        """Let go of all streams."""
        for inlet in self._inlets.values():
            inlet.close_stream()
        self._inlets = {}


def _pylsl() -> ModuleType:
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:  # RuntimeError: without the library that it binds
        raise ConfigError(f"The Lab Streaming Layer needs pylsl ({error}): pip install 'ferdash[lsl]'.") from error
    module: ModuleType = pylsl
    return module
