"""Faces followed through a video, and what changes when."""

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferdash.inference.detector import DEFAULT_DETECTOR
from ferdash.inference.opened import detector_of, model_of
from ferdash.interface import display
from ferdash.leftovers import temporary
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.models.engines import Engine
from ferdash.paths import analyses_root, checkpoints_root

if TYPE_CHECKING:
    import pandas as pd

    from ferdash.analyses.execution import Progress
    from ferdash.dynamics.summary import TrackSummary
    from ferdash.exports.files import AnalysisResults


@dataclass(frozen=True, eq=False)
class VideoAnalysis:
    """An analysed video. results: its folder's content and everything that is said of it (`summary`)."""

    results: "AnalysisResults"

    @property
    def id(self) -> str:
        """Names it on the command line and in the app's library."""
        return self.results.analysis.id

    @property
    def folder(self) -> Path:
        return self.results.analysis.folder

    def to_pandas(self) -> "pd.DataFrame":
        """One row for each face and frame: time, box, probabilities; and one for each frame without a face."""
        return self.results.frames

    def people(self) -> "pd.DataFrame":
        """A row of figures for each person."""
        from ferdash.analyses.tables import measures_table

        return measures_table(self.results.summary)

    def segments(self) -> "pd.DataFrame":
        """Which emotion is dominant from when to when, for each person."""
        from ferdash.analyses.tables import segments_table

        return segments_table(self.results.summary)

    def events(self) -> "pd.DataFrame":
        """The changes of each person that are more than noise."""
        from ferdash.analyses.tables import events_table

        return events_table(self.results.summary)

    def mark(self, markers: Iterable[tuple[float, str]]) -> "VideoAnalysis":
        """The analysis with markers, such as when which stimulus was shown: seconds from the film's first frame, and a
        name. Each goes to the nearest analysed frame, in place of an earlier one on it.

        Raises AnalysisError for an empty name.
        """
        from ferdash.analyses.marks import mark

        frames = self.results.frames.drop_duplicates("frame")
        for time_s, name in markers:
            nearest = frames.loc[(frames["timestamp_s"] - time_s).abs().idxmin()]
            frame, at_s = int(nearest["frame"]), float(nearest["timestamp_s"])
            mark(self.folder.parent, self.id, frame=frame, timestamp_s=at_s, name=name)
        return self._read_again()

    def set_neutral(self, person: int, start_s: float, end_s: float) -> "VideoAnalysis":
        """The analysis with a neutral baseline of this person: everything between two times, ends included.

        Raises SeriesError where the person has no result there; what was set before stays then.
        """
        from ferdash.analyses.marks import set_neutral
        from ferdash.dynamics.baseline import baseline

        series = self._track(person).series
        frames = series.frames[(series.timestamps_s >= start_s) & (series.timestamps_s <= end_s)].tolist()
        baseline(series, frames)
        set_neutral(self.folder.parent, self.id, person, frames)
        return self._read_again()

    def relative(self, person: int) -> "pd.DataFrame":
        """A person's probabilities minus those of their neutral baseline: a row a result, with frame and timestamp_s.

        Raises SeriesError where no baseline is set.
        """
        import pandas as pd

        from ferdash.emotions import EMOTIONS
        from ferdash.errors import SeriesError

        track = self._track(person)
        if track.relative is None:
            raise SeriesError(f"Person {person} has no neutral baseline. Set one with set_neutral.")
        times = {"frame": track.series.frames, "timestamp_s": track.series.timestamps_s}
        return pd.DataFrame(times | dict(zip(EMOTIONS, track.relative.difference.T, strict=True)))

    def export(self, folder: str | os.PathLike[str], names: Iterable[str] | None = None) -> list[Path]:
        """Write exports, all without names, as `ferdash video --out` does; the files. Raises ConfigError for a name
        that is none, AnalysisError where something cannot be written."""
        from ferdash.exports.files import EXPORTS, write_exports

        return write_exports(self.results, Path(folder), tuple(EXPORTS) if names is None else tuple(names)).files

    def _track(self, person: int) -> "TrackSummary":
        from ferdash.errors import SeriesError

        tracks = self.results.summary.tracks
        if person not in tracks:
            there = ", ".join(map(str, tracks)) or "nobody"
            raise SeriesError(f"There is no person {person} in {self.results.analysis.name}; there is {there}.")
        return tracks[person]

    def _read_again(self) -> "VideoAnalysis":
        from ferdash.exports.files import read_results

        return VideoAnalysis(read_results(self.results.analysis))

    def __repr__(self) -> str:
        return f"VideoAnalysis({self.results.analysis.name!r}: {self.results.summary.sentence})"

    def _repr_html_(self) -> str:
        from ferdash.plots import still
        from ferdash.plots.canvas import to_png

        summary = self.results.summary
        sentences = [summary.sentence, *(track.sentence for track in summary.tracks.values())]
        pictures = [
            display.png(to_png(still.timeline(track, self.results.analysis.marks())), alt=track.sentence)
            for track in summary.tracks.values()
            if len(track.series)
        ]
        return "".join(pictures) + display.table(self.people(), sentences)


def analyse_video(
    video: str | os.PathLike[str],
    *,
    model: str = DEFAULT_MODEL,
    engine: Engine = "auto",
    tta: str = "plain",
    detector: str = DEFAULT_DETECTOR,
    stride: int = 1,
    detect_every: int = 3,
    start_s: float = 0.0,
    end_s: float | None = None,
    keep: bool = True,
    on_progress: "Callable[[Progress], object]" = lambda progress: None,
) -> VideoAnalysis:
    """Follow the faces of a video from frame to frame and classify them.

    stride: analyse every n-th frame. detect_every: look for faces in each n-th of these and follow them between.
    keep: whether the analysis is kept beside the datasets, where the app's Video page opens it; without it, it goes
    with the computer's other temporary files.

    Raises VideoError for what cannot be read and a part without a frame, ConfigError for settings that make no sense.
    """
    from ferdash.analyses.execution import execute
    from ferdash.analyses.jobs import create_video_analysis
    from ferdash.exports.files import read_results
    from ferdash.video.analysis import AnalysisSettings

    classifier, finder = model_of(model, checkpoints_root(), engine, tta), detector_of(detector, checkpoints_root())
    analysis = create_video_analysis(
        analyses_root() if keep else Path(tempfile.mkdtemp(prefix=temporary())),
        Path(video).expanduser(),
        AnalysisSettings(stride=stride, detect_every=detect_every, start_s=start_s, end_s=end_s),
        model=model,
        model_title=classifier.title,
        detector=detector,
    )
    return VideoAnalysis(read_results(execute(analysis, classifier, finder, on_progress=on_progress)))
