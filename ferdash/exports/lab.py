"""What an analysis found, for instruments of other laboratories: ELAN, Praat, BIDS, and tables as OpenFace names them.

Times count from the first frame of the source. A person is a tier, a subject or a face_id, by track number. ELAN and
Praat are written by pympi (Lubbers and Torreira 2013), which the extra ferdash[lab] brings.
"""

import gzip
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from ferdash import __version__
from ferdash.analyses.codings import CodedSegment
from ferdash.dynamics.series import TrackSeries
from ferdash.dynamics.summary import Summary, TrackSummary
from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.video.frame_table import BOX

MISSING = "n/a"
"""As BIDS writes what is not known."""


def lab_files(summary: Summary, frames: pd.DataFrame, name: str) -> dict[str, bytes]:
    """All of them by file name. Raises AnalysisError where nobody has a result, or pympi is not installed."""
    if not any(track.segments for track in summary.tracks.values()):
        raise AnalysisError(f"{name} has nobody with a result, so there is nothing for other instruments.")
    files = {
        "segments.eaf": elan(summary, name),
        "segments.TextGrid": praat(summary),
        "openface.csv": openface(frames).to_csv(index=False).encode(),
    }
    for track in summary.tracks.values():
        if track.segments:
            files |= bids(track, name)
    return files


def elan(summary: Summary, name: str = "") -> bytes:
    """An .eaf with two tiers for each person: the dominant emotion, and the changes that are more than noise."""
    eaf = _pympi().Elan.Eaf(author=f"ferdash {__version__}{', ' if name else ''}{name}")
    eaf.remove_tier("default")
    for track in summary.tracks.values():
        person = f"Person {track.track}"
        eaf.add_tier(person)
        for segment in track.segments:
            start_ms, end_ms = _milliseconds(segment.start_s, segment.end_s)
            eaf.add_annotation(person, start_ms, end_ms, segment.emotion)
        changes = f"{person} changes"
        eaf.add_tier(changes)
        _annotate(eaf, changes, [(event.start_s, event.end_s, event.sentence) for event in track.events])
    return _written(eaf.to_file, ".eaf")


def elan_codings(said: Mapping[str, Sequence[CodedSegment]], name: str) -> bytes:
    """An .eaf with a tier for each coder and person, which says whose it is (ANNOTATOR) and of whom (PARTICIPANT)."""
    eaf = _pympi().Elan.Eaf(author=f"ferdash {__version__}, {name}")
    eaf.remove_tier("default")
    for coder, segments in said.items():
        for track in sorted({segment.track for segment in segments}):
            tier = f"Person {track}, {coder}"
            eaf.add_tier(tier, part=f"Person {track}", ann=coder)
            mine = [one for one in segments if one.track == track]
            _annotate(eaf, tier, [(one.start_s, one.end_s, one.emotion) for one in mine])
    return _written(eaf.to_file, ".eaf")


def _annotate(eaf: Any, tier: str, spans: Sequence[tuple[float, float, str]]) -> None:
    """Add (start, end in seconds, text). Annotations of one tier may not overlap; emotions that change together do, and
    so may codings that were imported: the later one begins where the earlier ends."""
    free_ms = 0
    for start_s, end_s, text in sorted(spans, key=lambda span: span[0]):
        start_ms, end_ms = _milliseconds(start_s, end_s)
        start_ms = max(start_ms, free_ms)
        if start_ms < end_ms:
            eaf.add_annotation(tier, start_ms, end_ms, text)
            free_ms = end_ms


def praat(summary: Summary) -> bytes:
    """A TextGrid with an interval tier for each person: the dominant emotion, blank where there is no result."""
    shown = [track for track in summary.tracks.values() if track.segments]
    grid = _pympi().Praat.TextGrid(xmin=0, xmax=max(track.segments[-1].end_s for track in shown))
    for track in shown:
        tier = grid.add_tier(f"Person {track.track}")
        for segment in track.segments:
            if segment.duration_s > 0:
                tier.add_interval(segment.start_s, segment.end_s, segment.emotion)
    return _written(grid.to_file, ".TextGrid")


def bids(track: TrackSummary, name: str) -> dict[str, bytes]:
    """Events and physiology of one person with their sidecars, named as BIDS 1.10 names them.

    Probabilities are put on even times, as the standard has no column of times; what lies in a gap is n/a.
    """
    stem = f"sub-{track.track:02d}_task-video"
    events = pd.DataFrame(
        [(one.start_s, one.duration_s, one.emotion, one.probability) for one in track.segments],
        columns=["onset", "duration", "trial_type", "probability"],
    )
    rate_hz, rows = _even(track.series)
    described = {
        "onset": {"Description": "Start of the segment, from the first frame of the video", "Units": "s"},
        "duration": {"Description": "Until the next segment, or a gap", "Units": "s"},
        "trial_type": {"LongName": "Dominant emotion", "Levels": {one: f"{one} is dominant" for one in EMOTIONS}},
        "probability": {"Description": "Mean of the dominant emotion's probability in the segment"},
        "GeneratedBy": [{"Name": "ferdash", "Version": __version__, "Description": name}],
    }
    physio = {
        "SamplingFrequency": rate_hz,
        "StartTime": round(float(track.series.timestamps_s[0]), 6),
        "Columns": list(EMOTIONS),
        **{one: {"Description": f"Probability of {one}, as measured", "Units": "1"} for one in EMOTIONS},
    }
    table = pd.DataFrame(rows, columns=list(EMOTIONS))
    text = table.to_csv(sep="\t", header=False, index=False, na_rep=MISSING, float_format="%.6f")
    return {
        f"{stem}_events.tsv": events.to_csv(sep="\t", index=False, na_rep=MISSING, float_format="%.6f").encode(),
        f"{stem}_events.json": _json(described),
        f"{stem}_recording-emotions_physio.tsv.gz": gzip.compress(text.encode(), mtime=0),
        f"{stem}_recording-emotions_physio.json": _json(physio),
    }


def openface(frames: pd.DataFrame) -> pd.DataFrame:
    """One row a face and frame under OpenFace's names (frame from 1, face_id, timestamp, confidence, success), then the
    box and the seven probabilities; a frame without a face has success 0."""
    known = frames["track"].notna()
    table = pd.DataFrame(
        {
            "frame": frames["frame"] + 1,
            "face_id": (frames["track"] - 1).where(known, 0).astype("int64"),
            "timestamp": frames["timestamp_s"].round(6),
            "confidence": frames["confidence"].where(known, 0).fillna(0).round(4),
            "success": (known & frames["happy"].notna()).astype("int64"),
        }
    )
    for column in BOX:
        table[column] = frames[column].round(2)
    for emotion in EMOTIONS:
        table[f"emotion_{emotion}"] = frames[emotion].round(6)
    return table


def _even(series: TrackSeries) -> tuple[float, np.ndarray]:
    """Samples a second, and float64 (T, 7) at even times from the first to the last frame; nan in gaps."""
    times_s, values = np.asarray(series.timestamps_s), np.asarray(series.probabilities, dtype=np.float64)
    if len(times_s) < 2:
        return 1.0, values
    step_s = float(np.median(np.diff(times_s)))
    wanted_s = times_s[0] + step_s * np.arange(round((times_s[-1] - times_s[0]) / step_s) + 1)
    rows = np.column_stack([np.interp(wanted_s, times_s, column) for column in values.T])
    place = np.clip(np.searchsorted(times_s, wanted_s), 1, len(times_s) - 1)
    between = times_s[place] - times_s[place - 1] > 2.5 * step_s
    on_a_frame = np.minimum(wanted_s - times_s[place - 1], times_s[place] - wanted_s) < 0.25 * step_s
    rows[between & ~on_a_frame] = np.nan
    return round(1 / step_s, 6), rows


def _milliseconds(start_s: float, end_s: float) -> tuple[int, int]:
    """As ELAN takes them: whole, and at least one long."""
    start_ms = round(1000 * start_s)
    return start_ms, max(round(1000 * end_s), start_ms + 1)


def _pympi() -> ModuleType:
    try:
        import pympi
    except ImportError as error:
        raise AnalysisError(f"ELAN and Praat files need pympi ({error}): pip install 'ferdash[lab]'.") from error
    module: ModuleType = pympi
    return module


def _written(write: Callable[[str], Any], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{suffix}"
        write(str(path))
        return path.read_bytes()


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2) + "\n").encode()
