"""Who says what of a person in one analysis or several of the same video, and how far they agree."""

from collections.abc import Sequence

import pandas as pd

from ferdash.analyses.codings import SHORTEST_S, CodedSegment, read_codings
from ferdash.analyses.store import Analysis
from ferdash.dynamics.agreement import Agreement, Estimate, Span, agreement
from ferdash.dynamics.dominant import Segment
from ferdash.errors import AnalysisError
from ferdash.exports.results import AnalysisResults


def machine_of(analysis: Analysis) -> str:
    """What the results of an analysis are called among raters: the program they are imported from, or the model."""
    origin = analysis.record.get("origin")
    if origin:
        return f"{origin['tool']} (imported)"
    return str(analysis.record.get("model_title") or analysis.record.get("model") or "model")


def raters_of(results: Sequence[AnalysisResults], person: int) -> dict[str, Sequence[Span]]:
    """By name, the segments of everyone who says anything of a person: the model's dominant emotion, smoothed as it is
    shown, and each coder's. In several analyses a name that stands twice gets the analysis's name added."""
    found: dict[str, Sequence[Span]] = {}
    for one in results:
        here: dict[str, Sequence[Span]] = {}
        if (track := one.summary.tracks.get(person)) and track.segments:
            here[machine_of(one.analysis)] = track.segments
        for coding in read_codings(one.analysis):
            if segments := coding.of(person):
                here[coding.coder] = segments
        for name, said in here.items():
            found[f"{name}, {one.analysis.name}" if name in found else name] = said
    return found


def agreement_of(results: Sequence[AnalysisResults], person: int) -> Agreement:
    """Of everyone in some analyses of one video. Raises SeriesError where there are not two, or they never meet."""
    return agreement(raters_of(results, person))


def coded(segment: Segment) -> CodedSegment:
    """A dominant segment as a coder's."""
    return CodedSegment(
        segment.start_s, max(segment.end_s, segment.start_s + SHORTEST_S), segment.emotion, segment.track
    )


def people_of(results: AnalysisResults) -> list[int]:
    """Everyone who was seen or coded."""
    coded = {segment.track for coding in read_codings(results.analysis) for segment in coding.segments}
    return sorted(coded | set(results.summary.tracks))


def coded_by(results: AnalysisResults) -> dict[str, list[CodedSegment]]:
    """The segments of each coder, by name. Raises AnalysisError where nobody has coded anything."""
    found = {coding.coder: list(coding.segments) for coding in read_codings(results.analysis) if coding.segments}
    if not found:
        raise AnalysisError(f"Nobody has coded {results.analysis.name} yet; the Video page is where to.")
    return found


def codings_table(results: AnalysisResults) -> pd.DataFrame:
    """A row for each coded segment: coder, track, emotion, start_s, end_s, duration_s, blind, imported_from."""
    rows = [
        (
            coding.coder,
            one.track,
            one.emotion,
            one.start_s,
            one.end_s,
            one.end_s - one.start_s,
            coding.blind,
            f"{coding.origin['tool']}: {coding.origin['name']}" if coding.origin else "",
        )
        for coding in read_codings(results.analysis)
        for one in coding.segments
    ]
    columns = ["coder", "track", "emotion", "start_s", "end_s", "duration_s", "blind", "imported_from"]
    return pd.DataFrame(rows, columns=columns)


def agreement_table(found: Agreement) -> pd.DataFrame:
    """A row for each coefficient: measure, first, second (of kappa), emotion (or all), value, low, high, seconds."""
    rows: list[tuple[object, ...]] = []

    def add(measure: str, first: str, second: str, estimates: dict[str, Estimate], seconds: float) -> None:
        for emotion, one in estimates.items():
            low, high = (one.interval.low, one.interval.high) if one.interval else (None, None)
            rows.append((measure, first, second, emotion, one.value, low, high, seconds))

    everyone = ", ".join(found.raters)
    add("krippendorff_alpha", everyone, "", {"all": found.alpha, **found.each}, found.seconds)
    for pair in found.pairs:
        add("cohen_kappa", pair.first, pair.second, {"all": pair.kappa, **pair.each}, pair.seconds)
    columns = ["measure", "first", "second", "emotion", "value", "low", "high", "seconds"]
    table = pd.DataFrame(rows, columns=columns)
    numbers = ["value", "low", "high", "seconds"]
    return table.astype(dict.fromkeys(numbers, "float64"))
