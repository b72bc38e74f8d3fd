"""An analysis with what is said of it, read once and handed to whatever shows or writes it."""

from dataclasses import dataclass

import pandas as pd

from ferdash.analyses.store import Analysis
from ferdash.dynamics.summary import Summary, SummarySettings, summarise


@dataclass(frozen=True, eq=False)
class AnalysisResults:
    """An analysis with its frames table and what is said of it."""

    analysis: Analysis
    frames: pd.DataFrame
    summary: Summary


def read_results(analysis: Analysis, settings: SummarySettings | None = None) -> AnalysisResults:
    """The analysis's results as they stand now. Raises AnalysisError when they cannot be read."""
    frames = analysis.frames()
    return AnalysisResults(analysis, frames, summarise(frames, settings, neutral=analysis.neutral()))
