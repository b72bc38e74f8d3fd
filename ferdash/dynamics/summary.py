"""Everything that pages, commands and exports say of an analysis, computed once from its frames table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ferdash.dynamics.baseline import Baseline, Relative, baseline, relative
from ferdash.dynamics.change_points import ChangeEvent, EventSettings, find_events
from ferdash.dynamics.deltas import deltas
from ferdash.dynamics.dominant import DominantSettings, Segment, dominant_at, dominant_segments, dwell_times
from ferdash.dynamics.measures import Measures, emotion_dynamics, measure
from ferdash.dynamics.moments import Moment, moments
from ferdash.dynamics.noise import too_short_to_tell
from ferdash.dynamics.series import TrackSeries, track_series, tracks
from ferdash.dynamics.smoothing import SmoothingSettings, smooth
from ferdash.dynamics.transitions import (
    Forecast,
    TransitionMatrix,
    forecast_next,
    frame_transitions,
    segment_transitions,
)
from ferdash.emotions import EMOTIONS
from ferdash.errors import ConfigError, SeriesError
from ferdash.wording import count, counted, duration, percent


@dataclass(frozen=True)
class SummarySettings:
    """How an analysis is read. max_gap_s: see TrackSeries. horizon_s: how far ahead the next emotion is predicted."""

    smoothing: SmoothingSettings = field(default_factory=SmoothingSettings)
    events: EventSettings = field(default_factory=EventSettings)
    dominant: DominantSettings = field(default_factory=DominantSettings)
    max_gap_s: float | None = None
    horizon_s: float = 1.0

    def __post_init__(self) -> None:
        if self.max_gap_s is not None and self.max_gap_s <= 0:
            raise ConfigError(f"The longest gap (max_gap_s) is {self.max_gap_s:g} s; choose more than 0, or none.")
        if self.horizon_s <= 0:
            raise ConfigError(f"The forecast looks {self.horizon_s:g} s ahead (horizon_s); choose more than 0.")


@dataclass(frozen=True)
class TrackSummary:
    """One person. series: as measured; smoothed: the same frames, smoothed. deltas: of the measured, float64 (T, 7).
    events: of the measured; moments: these as a person sees them. segments, transitions and forecast: of the
    smoothed. baseline, relative: of the measured, None where no frame is marked as neutral; neutral_problem says why
    marks gave none."""

    track: int
    series: TrackSeries
    smoothed: TrackSeries
    deltas: np.ndarray
    events: list[ChangeEvent]
    moments: list[Moment]
    segments: list[Segment]
    dwell: pd.DataFrame
    transitions: TransitionMatrix
    frame_transitions: TransitionMatrix
    forecast: Forecast | None
    measures: Measures
    dynamics: pd.DataFrame
    baseline: Baseline | None = None
    relative: Relative | None = None
    neutral_problem: str = ""

    @property
    def dominant(self) -> str | None:
        """The emotion dominant for the longest time; None without a result."""
        frames = dict.fromkeys(EMOTIONS, 0)
        for segment in self.segments:
            frames[segment.emotion] += segment.frames
        # A single frame lasts no time, but shows something all the same.
        longest = max(EMOTIONS, key=lambda emotion: (float(self.dwell.loc[emotion, "total_s"]), frames[emotion]))
        return longest if self.segments else None

    @property
    def sentence(self) -> str:
        """The person in plain words."""
        who = f"Person {self.track}"
        if not len(self.series):
            return f"{who} has no frame with a result."
        seconds = self.measures.seconds
        lasted = f"for {duration(seconds)}" if seconds >= 1 else f"in {counted(len(self.series), 'frame')}"
        share = self.dwell.loc[self.dominant, "share"]
        dominant = f"{self.dominant} is dominant" + (f" for {percent(float(share))} of it" if share > 0 else "")
        if too_short_to_tell(self.series):
            return f"{who} is classified {lasted}; {dominant}; too few frames to tell changes from noise."
        changes = counted(len(self.moments), "change") if self.moments else "no change"
        return f"{who} is classified {lasted}; {dominant}, with {changes} beyond noise."


@dataclass(frozen=True)
class Summary:
    """An analysis. frames: that were looked at; with_result: of these, with at least one classified face. reasons: rows
    without a result, by reason. tracks: by id."""

    settings: SummarySettings
    frames: int
    with_result: int
    reasons: dict[str, int]
    tracks: dict[int, TrackSummary]

    @property
    def sentence(self) -> str:
        """The analysis in plain words."""
        if not self.frames:
            return "No frame was looked at."
        people = counted(len(self.tracks), "person", "people")
        return f"Classified a face in {count(self.with_result)} of {counted(self.frames, 'frame')}; {people} seen."


def summarise(
    frames: pd.DataFrame,
    settings: SummarySettings | None = None,
    *,
    neutral: Mapping[int, Iterable[int]] | None = None,
) -> Summary:
    """Everything about each track of a frames table (see ferdash.video.frame_table), which may be that of an analysis
    still under way. neutral: by track, the frames marked as neutral."""
    settings = settings or SummarySettings()
    has_result = frames[EMOTIONS[0]].notna()
    reasons = frames.loc[~has_result, "reason"].value_counts()
    return Summary(
        settings=settings,
        frames=int(frames["frame"].nunique()),
        with_result=int(frames.loc[has_result, "frame"].nunique()),
        reasons={str(reason): int(number) for reason, number in reasons.items()},
        tracks={
            track: _summarise_track(frames, track, settings, (neutral or {}).get(track)) for track in tracks(frames)
        },
    )


def _summarise_track(
    frames: pd.DataFrame, track: int, settings: SummarySettings, neutral: Iterable[int] | None
) -> TrackSummary:
    series = track_series(frames, track, max_gap_s=settings.max_gap_s)
    smoothed = smooth(series, settings.smoothing)
    events = find_events(series, settings.events)
    together = moments(events)
    segments = dominant_segments(smoothed, settings.dominant)
    dominant = dominant_at(smoothed, segments)
    baseline, problem = _baseline(series, neutral)
    return TrackSummary(
        track=track,
        series=series,
        smoothed=smoothed,
        deltas=deltas(series),
        events=events,
        moments=together,
        segments=segments,
        dwell=dwell_times(segments),
        transitions=segment_transitions(segments),
        frame_transitions=frame_transitions(smoothed, dominant),
        forecast=forecast_next(smoothed, dominant, horizon_s=settings.horizon_s),
        measures=measure(series, segments, together),
        dynamics=emotion_dynamics(series),
        baseline=baseline,
        relative=relative(series, baseline) if baseline else None,
        neutral_problem=problem,
    )


def _baseline(series: TrackSeries, neutral: Iterable[int] | None) -> tuple[Baseline | None, str]:
    marked = list(neutral or ())
    if not marked:
        return None, ""
    try:
        return baseline(series, marked), ""
    except SeriesError as problem:
        return None, str(problem)
