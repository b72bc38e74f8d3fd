"""Segments for BORIS (Friard and Gamba 2016): aggregated events as TSV, and a project that BORIS opens.

A rater is an observation, the model as well as each coder; a person is a subject; an emotion is a state event.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ferdash.analyses.codings import CodedSegment
from ferdash.analyses.store import Analysis
from ferdash.emotions import COLOURS, EMOTIONS

FORMAT = "7.0"
"""Of BORIS's projects."""

COLUMNS = (
    "Observation id",
    "Observation date",
    "Description",
    "Media file",
    "Total length",
    "FPS",
    "Subject",
    "Behavior",
    "Behavioral category",
    "Modifiers",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
    "Comment start",
    "Comment stop",
)

Observations = Mapping[str, Sequence[CodedSegment]]
"""Segments by the name of whoever says so."""


def boris_files(analysis: Analysis, observations: Observations, stem: str, description: str) -> dict[str, bytes]:
    """Both of the files below, by name."""
    return {
        f"{stem}_boris.tsv": aggregated(analysis, observations, description),
        f"{stem}.boris": project(analysis, observations, description),
    }


def aggregated(analysis: Analysis, observations: Observations, description: str) -> bytes:
    """The TSV of BORIS's “aggregated events”: a row for each segment, times in seconds with three digits."""
    media, length_s, fps = _media(analysis)
    rows = [
        {
            **dict.fromkeys(COLUMNS, ""),
            "Observation id": name,
            "Observation date": _date(analysis),
            "Description": description,
            "Media file": media,
            "Total length": f"{length_s:.3f}",
            "FPS": f"{fps:.3f}",
            "Subject": f"Person {segment.track}",
            "Behavior": segment.emotion,
            "Behavioral category": "emotion",
            "Behavior type": "STATE",
            "Start (s)": f"{segment.start_s:.3f}",
            "Stop (s)": f"{segment.end_s:.3f}",
            "Duration (s)": f"{segment.end_s - segment.start_s:.3f}",
        }
        for name, segments in observations.items()
        for segment in sorted(segments)
    ]
    return str(pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(sep="\t", index=False)).encode()


def project(analysis: Analysis, observations: Observations, description: str) -> bytes:
    """A .boris project: the seven emotions on the keys 1 to 7, a subject for each person, all segments as events."""
    people = sorted({segment.track for segments in observations.values() for segment in segments})
    document = {
        "time_format": "seconds",
        "project_date": _date(analysis),
        "project_name": analysis.name,
        "project_description": description,
        "project_format_version": FORMAT,
        "subjects_conf": {
            str(place): {"key": "", "name": f"Person {track}", "description": ""} for place, track in enumerate(people)
        },
        "behaviors_conf": {str(place): _behaviour(place, emotion) for place, emotion in enumerate(EMOTIONS)},
        "observations": {name: _observation(analysis, segments) for name, segments in observations.items()},
        "behavioral_categories": ["emotion"],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _behaviour(place: int, emotion: str) -> dict[str, Any]:
    others = ",".join(one for one in EMOTIONS if one != emotion)
    return {
        "type": "State event",
        "key": str(place + 1),
        "code": emotion,
        "description": "",
        "category": "emotion",
        "modifiers": {},
        "excluded": others,
        "coding map": "",
        "color": COLOURS[emotion],
    }


def _observation(analysis: Analysis, segments: Sequence[CodedSegment]) -> dict[str, Any]:
    # By its name alone, which BORIS looks for beside the project; the folders of whoever exports are nobody's business.
    media, length_s, fps = _media(analysis)
    events = []
    for segment in segments:
        subject = f"Person {segment.track}"
        # A stop comes before a start of the same time, as BORIS reads them in turn.
        events.append((round(segment.end_s, 3), 0, subject, segment.emotion))
        events.append((round(segment.start_s, 3), 1, subject, segment.emotion))
    return {
        "file": {"1": [media]},
        "type": "MEDIA",
        "date": _date(analysis),
        "description": "",
        "time offset": 0.0,
        "events": [[time_s, subject, emotion, "", ""] for time_s, _, subject, emotion in sorted(events)],
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {media: length_s},
            "fps": {media: fps},
            "hasVideo": {media: True},
            "hasAudio": {media: False},
            "offset": {"1": 0.0},
        },
    }


def _media(analysis: Analysis) -> tuple[str, float, float]:
    """Name, seconds and frames a second of the video."""
    video = analysis.record.get("video") or {}
    name = str((analysis.record.get("source") or {}).get("name") or analysis.name)
    return name, float(video.get("duration_s") or 0.0), float(video.get("fps") or 25.0)


def _date(analysis: Analysis) -> str:
    return str(analysis.record.get("created_at", ""))[:19]
