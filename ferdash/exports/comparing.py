"""Two analyses beside each other: which person of each, aligned where."""

import json
from typing import Any

from ferdash.dynamics.comparison import Comparison, compare
from ferdash.dynamics.summary import TrackSummary
from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.exports.files import AnalysisResults


def compare_analyses(
    first: AnalysisResults,
    second: AnalysisResults,
    *,
    people: tuple[int | None, int | None] = (None, None),
    marker: str = "",
) -> Comparison:
    """The second analysis's person against the first's.

    people: their numbers; None takes whoever was classified longest. marker: name of a marker in both, where they are
    laid over each other; empty: at the first result of each.

    Raises AnalysisError for a person or marker that is not there, SeriesError when they have no moment in common.
    """
    tracks = [_person(one, number) for one, number in zip((first, second), people, strict=True)]
    aligned = None
    if marker:
        aligned = (_moment(first, marker), _moment(second, marker))
    names = (first.analysis.name, second.analysis.name)
    if names[0] == names[1]:
        names = (f"{names[0]} (first)", f"{names[1]} (second)")
    one, other = tracks
    segments = (one.segments, other.segments)
    return compare(one.series, other.series, names=names, aligned_s=aligned, segments=segments)


def shared_markers(first: AnalysisResults, second: AnalysisResults) -> list[str]:
    """Names of markers that both analyses have."""
    others = {mark["name"] for mark in second.analysis.marks()}
    return list(dict.fromkeys(mark["name"] for mark in first.analysis.marks() if mark["name"] in others))


def comparison_document(compared: Comparison) -> dict[str, Any]:
    """The comparison without its moments, ready for JSON."""
    intervals = [[one.low, one.high] for one in compared.intervals or ()]
    return {
        "names": list(compared.names),
        "finding": compared.sentence,
        "common_moments": compared.common,
        "mean_difference": dict(zip(EMOTIONS, compared.mean.tolist(), strict=True)),
        "intervals": dict(zip(EMOTIONS, intervals, strict=True)) if intervals else None,
        "beyond_chance": compared.differing,
        # By way of JSON, in which a missing figure is null.
        "groups": json.loads(compared.group.to_json(orient="records")),
    }


def _person(results: AnalysisResults, number: int | None) -> TrackSummary:
    tracks = results.summary.tracks
    if not tracks:
        raise AnalysisError(f"{results.analysis.name} shows no person, so there is nothing to compare.")
    if number is None:
        return max(tracks.values(), key=lambda track: len(track.series))
    if number not in tracks:
        raise AnalysisError(f"{results.analysis.name} has no person {number}; it has {', '.join(map(str, tracks))}.")
    return tracks[number]


def _moment(results: AnalysisResults, marker: str) -> float:
    for mark in results.analysis.marks():
        if mark["name"] == marker:
            return float(mark["timestamp_s"])
    raise AnalysisError(f"{results.analysis.name} has no marker called “{marker}”.")
