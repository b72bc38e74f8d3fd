"""An analysis for other programs: tables, one JSON document, and subtitles of who shows what when."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

import pandas as pd

from ferdash.dynamics.change_points import ChangeEvent
from ferdash.dynamics.dominant import Segment
from ferdash.dynamics.summary import Summary, TrackSummary
from ferdash.dynamics.transitions import TransitionMatrix
from ferdash.emotions import EMOTIONS
from ferdash.wording import cells


def events_table(summary: Summary) -> pd.DataFrame:
    """A row for each emotion that changed of each person: the fields of ChangeEvent, by time of the peak, and in
    `moment` the number, from 1 for each person, of the change that it is a part of."""
    events = [
        {**asdict(event), "moment": number}
        for track in summary.tracks.values()
        for number, moment in enumerate(track.moments, start=1)
        for event in moment.events
    ]
    table = pd.DataFrame(events, columns=[*(one.name for one in fields(ChangeEvent)), "moment"])
    return table.sort_values(["peak_s", "track", "emotion"], ignore_index=True)


def segments_table(summary: Summary) -> pd.DataFrame:
    """A row for each segment of each person: the fields of Segment and duration_s, by time."""
    rows = [
        {**asdict(segment), "duration_s": segment.duration_s}
        for track in summary.tracks.values()
        for segment in track.segments
    ]
    table = pd.DataFrame(rows, columns=[*(one.name for one in fields(Segment)), "duration_s"])
    return table.sort_values(["start_s", "track"], ignore_index=True)


def deltas_table(summary: Summary) -> pd.DataFrame:
    """A row for each person and frame with a result: track, frame, timestamp_s, then for each emotion `<emotion>`,
    `<emotion>_smoothed`, `<emotion>_delta` (missing after a gap) and, where frames are marked as neutral,
    `<emotion>_relative`."""
    parts = [_track_rows(track) for track in summary.tracks.values() if len(track.series)]
    if not parts:
        names = [f"{emotion}{suffix}" for suffix in ("", "_smoothed", "_delta") for emotion in EMOTIONS]
        return pd.DataFrame(columns=["track", "frame", "timestamp_s", *names])
    return pd.concat(parts, ignore_index=True)


def _track_rows(track: TrackSummary) -> pd.DataFrame:
    series = track.series
    parts = {"": series.probabilities, "_smoothed": track.smoothed.probabilities, "_delta": track.deltas}
    if track.relative is not None:
        parts["_relative"] = track.relative.difference
    columns: dict[str, Any] = {"track": track.track, "frame": series.frames, "timestamp_s": series.timestamps_s}
    for suffix, values in parts.items():
        columns |= {f"{emotion}{suffix}": values[:, place] for place, emotion in enumerate(EMOTIONS)}
    return pd.DataFrame(columns)


def measures_table(summary: Summary) -> pd.DataFrame:
    """A row for each person: figures of Measures, the emotion dominant for longest, and mean and dwell of each."""
    rows = []
    for track in summary.tracks.values():
        figures = {name: value for name, value in asdict(track.measures).items() if name != "mean"}
        rows.append(
            {
                "track": track.track,
                "dominant": track.dominant,
                **figures,
                "changes": len(track.moments),
                **{f"{emotion}_mean": track.measures.mean[place] for place, emotion in enumerate(EMOTIONS)},
                **{f"{emotion}_dwell": track.dwell.loc[emotion, "share"] for emotion in EMOTIONS},
            }
        )
    return pd.DataFrame(rows)


def to_csv(table: pd.DataFrame) -> str:
    """Any of these tables as text, with times to the microsecond and six digits of everything else."""
    written = table.copy()
    for name in written.columns:
        if name.endswith("_s") and pd.api.types.is_float_dtype(written[name]):
            written[name] = [_seconds(value) for value in written[name]]
    return str(cells(written).to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def _seconds(value: float) -> str:
    """To the microsecond, however large; six digits of an hour would end at the tenth of a second.

    >>> _seconds(3601.04), _seconds(0.0), _seconds(math.nan)
    ('3601.04', '0', '')
    """
    return "" if pd.isna(value) else f"{value:.6f}".rstrip("0").rstrip(".")


def document(summary: Summary) -> dict[str, Any]:
    """Everything of a summary but the values of single frames, ready for JSON; what is not known is None."""
    plain: dict[str, Any] = _plain(
        {
            "format": 1,
            "emotions": list(EMOTIONS),
            "settings": asdict(summary.settings),
            "frames": summary.frames,
            "frames_with_result": summary.with_result,
            "reasons": summary.reasons,
            "finding": summary.sentence,
            "tracks": [_track_document(track) for track in summary.tracks.values()],
        }
    )
    return plain


def _track_document(track: TrackSummary) -> dict[str, Any]:
    forecast = track.forecast
    return {
        "track": track.track,
        "finding": track.sentence,
        "dominant": track.dominant,
        "measures": asdict(track.measures),
        "emotions": track.dynamics.to_dict("index"),
        "dwell": track.dwell.to_dict("index"),
        "segments": [{**asdict(segment), "duration_s": segment.duration_s} for segment in track.segments],
        "events": [asdict(event) for event in track.events],
        "transitions": _matrix_document(track.transitions),
        "frame_transitions": _matrix_document(track.frame_transitions),
        "forecast": asdict(forecast) | {"finding": forecast.sentence} if forecast else None,
        "neutral": asdict(track.baseline) if track.baseline else None,
        "neutral_problem": track.neutral_problem or None,
    }


def _matrix_document(matrix: TransitionMatrix) -> dict[str, Any]:
    return {"from_to": "rows are from, columns to, in the order of emotions", **asdict(matrix)}


def to_json(summary: Summary) -> str:
    """`document` as indented JSON."""
    return json.dumps(document(summary), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_srt(segments: Iterable[Segment], *, name_people: bool | None = None) -> str:
    """SubRip subtitles: what each person shows, one cue a segment; several people make several cues at a time.

    name_people: say whose emotion it is; None: when there is more than one person.
    """
    cues = _cues(segments, name_people)
    blocks = [
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, start=1)
    ]
    return "\n".join(blocks)


def to_vtt(segments: Iterable[Segment], *, name_people: bool | None = None) -> str:
    """The same as WebVTT, which browsers show over a video."""
    cues = _cues(segments, name_people)
    blocks = [f"{_clock(start, '.')} --> {_clock(end, '.')}\n{text}\n" for start, end, text in cues]
    return "\n".join(["WEBVTT\n", *blocks])


def _cues(segments: Iterable[Segment], name_people: bool | None) -> Sequence[tuple[int, int, str]]:
    """(start, end, text) in milliseconds, by time; a cue lasts a millisecond at least, as players ask for."""
    listed = sorted(segments, key=lambda one: (one.start_s, one.track))
    named = len({one.track for one in listed}) > 1 if name_people is None else name_people
    cues = []
    for one in listed:
        start = max(0, round(1000 * one.start_s))
        who = f"Person {one.track}: " if named else ""
        text = f"{who}{one.emotion} ({one.probability:.0%})"
        cues.append((start, max(start + 1, round(1000 * one.end_s)), text))
    return cues


def _clock(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest:03}"
