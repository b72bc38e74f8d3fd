"""Smoother probabilities, beside the raw ones and never across a gap.

Both ways are weighted sums with weights that add up to 1, so rows stay distributions and a constant stays itself.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.signal import savgol_filter

from ferdash.dynamics.series import TrackSeries, segments_of_continuity
from ferdash.errors import ConfigError

Method = Literal["none", "exponential", "savgol"]
METHODS: dict[str, str] = {
    "none": "as measured",
    "exponential": "exponential: looks back only, as live",
    "savgol": "Savitzky-Golay: keeps the height of short peaks",
}

REGULAR = 1e-6
"""Steps count as equal when they differ by less than this share of the usual one."""


@dataclass(frozen=True)
class SmoothingSettings:
    """How a series is smoothed. tau_s: time after which a past frame's weight has fallen to 37% (exponential).
    window_s, order: width of the window, and the degree of the polynomial fitted in it (Savitzky-Golay)."""

    method: Method = "savgol"
    tau_s: float = 0.2
    window_s: float = 0.4
    order: int = 2

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"There is no smoothing “{self.method}”; there are {', '.join(METHODS)}.")
        if not (self.tau_s > 0 and self.window_s > 0):
            raise ConfigError(
                f"Smoothing needs a time above 0 s; tau_s is {self.tau_s:g}, window_s {self.window_s:g}. "
                "Choose the method “none” to smooth nothing."
            )
        if not 0 <= self.order <= 5:
            raise ConfigError(f"The degree of the fitted polynomial (order) is {self.order}; it goes from 0 to 5.")


def smooth(series: TrackSeries, settings: SmoothingSettings) -> TrackSeries:
    """The series with smoothed probabilities, same frames; the one given stays as it is."""
    if settings.method == "exponential":
        return exponential(series, settings.tau_s)
    if settings.method == "savgol":
        return savitzky_golay(series, settings.window_s, settings.order)
    return series


class ExponentialSmoother:
    """Exponential smoothing of one face as its results arrive, aware of the time between them.

    After dt seconds the weight of the past is exp(-dt / tau_s), so the result does not depend on the frame rate. A
    pause longer than max_gap_s starts anew.
    """

    def __init__(self, tau_s: float = 0.2, max_gap_s: float | None = 1.0) -> None:
        self.tau_s = tau_s
        self.max_gap_s = max_gap_s
        self._time_s = 0.0
        self._value: np.ndarray | None = None

    def update(self, timestamp_s: float, probabilities: np.ndarray) -> np.ndarray:
        """Take in the seven probabilities of a frame, float (7,), and return the smoothed ones, float64 (7,)."""
        new = np.asarray(probabilities, dtype=np.float64)
        passed = timestamp_s - self._time_s
        if self._value is not None and (self.max_gap_s is None or passed <= self.max_gap_s):
            past = np.exp(-max(passed, 0.0) / self.tau_s)
            new = past * self._value + (1 - past) * new
        self._time_s, self._value = timestamp_s, new
        return new


def exponential(series: TrackSeries, tau_s: float) -> TrackSeries:
    """Each frame mixed with the past, whose weight falls with time as exp(-dt / tau_s)."""
    smoothed = np.empty(series.probabilities.shape)
    for segment in segments_of_continuity(series):
        smoother = ExponentialSmoother(tau_s, max_gap_s=None)
        for row in range(segment.start, segment.stop):
            smoothed[row] = smoother.update(series.timestamps_s[row], series.probabilities[row])
    return replace(series, probabilities=smoothed)


def savitzky_golay(series: TrackSeries, window_s: float, order: int = 2) -> TrackSeries:
    """Each frame replaced by the value there of a polynomial fitted to the frames around it.

    Savitzky and Golay, "Smoothing and Differentiation of Data by Simplified Least Squares Procedures" (1964), by
    scipy where frames are equally far apart; elsewhere the same fit on the true times. The window is the odd number
    of frames nearest to window_s; at the ends of a segment the first and last whole windows serve. A segment of no
    more frames than the polynomial has coefficients stays as it is. The fit can leave the range of a probability, so
    rows are cut at 0 and made to add up to 1 again.
    """
    smoothed = series.probabilities.astype(np.float64, copy=True)
    for segment in segments_of_continuity(series):
        times, values = series.timestamps_s[segment], smoothed[segment]
        window = _window(times, window_s)
        if window > order:
            fitted = _fit(times, values, window, order)
            fitted = np.clip(fitted, 0, None)
            smoothed[segment] = fitted / fitted.sum(axis=1, keepdims=True)
    return replace(series, probabilities=smoothed)


def _window(times: np.ndarray, window_s: float) -> int:
    if len(times) < 3:
        return 1
    frames = window_s / max(float(np.median(np.diff(times))), 1e-9)
    longest = len(times) - 1 + len(times) % 2
    return min(2 * int(frames // 2) + 1, longest)


def _fit(times: np.ndarray, values: np.ndarray, window: int, order: int) -> np.ndarray:
    steps = np.diff(times)
    if np.ptp(steps) <= REGULAR * np.median(steps):
        found: np.ndarray = savgol_filter(values, window, order, axis=0, mode="interp")
        return found
    # Window of each frame, pushed inwards at the ends, as mode="interp" does.
    first = np.clip(np.arange(len(times)) - window // 2, 0, len(times) - window)
    members = first[:, None] + np.arange(window)
    offsets = (times[members] - times[:, None]) / (times[-1] - times[0])
    powers = offsets[:, :, None] ** np.arange(order + 1)
    # The value at the frame itself, offset 0, is the polynomial's constant term.
    weights = np.linalg.pinv(powers)[:, 0, :]
    fitted: np.ndarray = np.einsum("tw,twe->te", weights, values[members])
    return fitted
