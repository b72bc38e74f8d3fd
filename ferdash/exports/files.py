"""The files that an analysis can be handed out as, each under one name, made when it is asked for."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pandas as pd

from ferdash.analyses import tables
from ferdash.analyses.annotated_film import write_annotated
from ferdash.analyses.store import Analysis
from ferdash.errors import AnalysisError, ConfigError, FerdashError, SeriesError
from ferdash.exports.agreeing import (
    agreement_of,
    agreement_table,
    coded,
    coded_by,
    codings_table,
    machine_of,
    people_of,
)
from ferdash.exports.boris import boris_files
from ferdash.exports.facts import imported_from
from ferdash.exports.lab import elan_codings, lab_files
from ferdash.exports.placing import place
from ferdash.exports.report import report_html
from ferdash.exports.results import AnalysisResults as AnalysisResults
from ferdash.exports.results import read_results as read_results
from ferdash.files import reason_of, write_atomic
from ferdash.inference.detector import Face
from ferdash.inference.framing import crop_box, crop_face
from ferdash.leftovers import workspace
from ferdash.plots import still
from ferdash.video.frame_table import BOX
from ferdash.wording import counted

OnProgress = Callable[[str, int, int], object]
"""Called with the file at work, steps done and steps in all."""


class Written(NamedTuple):
    """Where exports went, and the files, in the order of EXPORTS."""

    folder: Path
    files: list[Path]


def document(results: AnalysisResults) -> dict[str, Any]:
    """summary.json: what the analysis is, and everything that is said of it but the values of single frames."""
    info = results.analysis.info
    kept = ("id", "name", "kind", "created_at", "state", "error", "note", "source", "video", "settings")
    facts = {
        name: info[name] for name in (*kept, "model", "model_title", "detector", "versions", "origin") if name in info
    }
    if facts.get("source"):
        # Who is given this file need not learn how the folders of its maker are called.
        facts["source"] = {name: value for name, value in facts["source"].items() if name != "path"}
    return {"analysis": facts, "marks": results.analysis.marks(), **tables.document(results.summary)}


def _segments(results: AnalysisResults) -> list[Any]:
    return [segment for track in results.summary.tracks.values() for segment in track.segments]


def _csv(results: AnalysisResults, table: pd.DataFrame) -> str:
    """A table as text; of what was imported, a last column says where from, as a table is handed on by itself."""
    if origin := imported_from(results.analysis):
        table = table.assign(origin=origin)
    return tables.to_csv(table)


def _vtt(results: AnalysisResults) -> str:
    text = tables.to_vtt(_segments(results))
    origin = imported_from(results.analysis)
    return text.replace("WEBVTT\n", f"WEBVTT\n\nNOTE {origin}\n", 1) if origin else text


def _json(results: AnalysisResults) -> str:
    return json.dumps(document(results), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


TEXTS: dict[str, tuple[str, Callable[[AnalysisResults], str]]] = {
    "frames.csv": ("every face of every frame, as measured", lambda one: _csv(one, one.frames)),
    "deltas.csv": (
        "raw, smoothed and changed probabilities of each frame",
        lambda one: _csv(one, tables.deltas_table(one.summary)),
    ),
    "events.csv": ("changes beyond noise", lambda one: _csv(one, tables.events_table(one.summary))),
    "segments.csv": ("the dominant emotion over time", lambda one: _csv(one, tables.segments_table(one.summary))),
    "people.csv": ("a line of figures for each person", lambda one: _csv(one, tables.measures_table(one.summary))),
    "segments.srt": ("the segments as subtitles for players", lambda one: tables.to_srt(_segments(one))),
    "segments.vtt": ("the segments as subtitles for browsers", _vtt),
    "summary.json": ("settings and findings for other programs", _json),
    "report.html": (
        "everything in one page that opens anywhere",
        lambda one: report_html(one.analysis, one.summary),
    ),
}
FIGURES, VIDEO = "figures", "annotated.mp4"

EXPORTS: dict[str, str] = {
    **{name: words for name, (words, _) in TEXTS.items()},
    FIGURES: "each chart as a PNG picture",
    VIDEO: "the video with boxes and emotions drawn in",
}
"""Name of each export -> what it is; all but the folder `figures` are one file."""

LAB, ANONYMISED, CODINGS = "lab", "anonymised.mp4", "codings"
ON_REQUEST: dict[str, str] = {
    LAB: "for ELAN, Praat and BORIS, as BIDS, and as OpenFace names its columns",
    CODINGS: "what people coded, for ELAN and BORIS too, and how far they agree",
    ANONYMISED: "the annotated video with covered faces",
}
"""Further exports, written when they are asked for by name; `lab` and `codings` are folders."""


def text_of(results: AnalysisResults, name: str) -> str:
    """The content of one of TEXTS."""
    return TEXTS[name][1](results)


def figures_of(results: AnalysisResults) -> dict[str, bytes]:
    """PNG pictures by file name: each chart of each person."""
    made: dict[str, bytes] = {}
    for track in results.summary.tracks.values():
        if len(track.series):
            for name, content in still.figures(track, results.analysis.marks()).items():
                made[f"person-{track.track}-{name}.png"] = content
    return made


def lab_of(results: AnalysisResults) -> dict[str, bytes]:
    """The files for other instruments by name. Raises as `lab_files` does."""
    title = results.analysis.name + _origin(results)
    files = lab_files(results.summary, results.frames, title)
    said = {machine_of(results.analysis): [coded(one) for one in _segments(results)]}
    return files | boris_files(results.analysis, said, "segments", title)


def codings_of(results: AnalysisResults) -> dict[str, bytes]:
    """What people coded, and how far they agree with each other and the model, by file name. Raises AnalysisError where
    nobody coded anything."""
    said, title = coded_by(results), results.analysis.name + _origin(results)
    files = {"codings.csv": _csv(results, codings_table(results)).encode(), "codings.eaf": elan_codings(said, title)}
    for person in people_of(results):
        with suppress(SeriesError):  # one rater alone agrees with nobody
            table = agreement_table(agreement_of([results], person))
            files[f"agreement-person-{person}.csv"] = _csv(results, table).encode()
    return files | boris_files(results.analysis, said, "codings", title)


def _origin(results: AnalysisResults) -> str:
    origin = imported_from(results.analysis)
    return f", {origin}" if origin else ""


def annotated_of(
    results: AnalysisResults,
    *,
    anonymised: bool = False,
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> Path:
    """The annotated video, with covered faces where asked for, kept in the analysis's folder and made again when more
    frames have been analysed.

    Raises as `write_annotated` does.
    """
    made = made_film(results.analysis, anonymised=anonymised)
    if made is None:
        made = results.analysis.folder / (ANONYMISED if anonymised else VIDEO)
        write_annotated(results.analysis, results.frames, made, anonymised=anonymised, on_progress=on_progress)
    return made


def made_film(analysis: Analysis, *, anonymised: bool = False) -> Path | None:
    """The annotated video where it was made before, of all frames that are analysed by now."""
    path = analysis.folder / (ANONYMISED if anonymised else VIDEO)
    if not path.is_file():
        return None
    made_ns = path.stat().st_mtime_ns
    return None if any(part.stat().st_mtime_ns > made_ns for part in analysis.parts()) else path


FOLDERS: dict[str, Callable[[AnalysisResults], dict[str, bytes]]] = {
    FIGURES: figures_of,
    LAB: lab_of,
    CODINGS: codings_of,
}
"""The exports that are several files."""


def face_crop(image_rgb: np.ndarray, row: pd.Series, analysis: Analysis) -> np.ndarray:
    """uint8 grey (48, 48): a face of a frame cut out for the model, upright, from its row of the frames table."""
    x0, y0, x1, y1 = (float(row[name]) for name in BOX)
    roll_deg = 0.0 if pd.isna(row["roll_deg"]) else float(row["roll_deg"])
    detector = str(analysis.record.get("detector") or "haar")
    return crop_face(image_rgb, replace(crop_box(Face((x0, y0, x1, y1), 1.0, detector)), roll_deg=roll_deg))


def check_names(names: Iterable[str]) -> list[str]:
    """The names in the order of EXPORTS and ON_REQUEST. Raises ConfigError for one that is none of them."""
    wanted, known = set(names), {**EXPORTS, **ON_REQUEST}
    if unknown := sorted(wanted - set(known)):
        raise ConfigError(f"There is no export “{unknown[0]}”; there are {', '.join(known)}.")
    return [name for name in known if name in wanted]


def write_exports(
    results: AnalysisResults,
    folder: Path,
    names: Iterable[str] = tuple(EXPORTS),
    *,
    beside: bool = False,
    on_progress: OnProgress = lambda name, done, total: None,
) -> Written:
    """Write exports into a folder, in place of earlier ones of this analysis, all or none.

    Where files of something else are in the way, a folder of the analysis's name is made in it, or with `beside` one
    beside it, so that nothing is overwritten.

    Raises ConfigError for an unknown name, AnalysisError when there is no result yet, the pictures that `annotated.mp4`
    needs are gone, or the disk does not take a file.
    """
    wanted = check_names(names)
    if results.frames.empty:
        raise AnalysisError(f"{results.analysis.name} has no analysed frame yet, so there is nothing to export.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with workspace(folder, "exporting") as made:
            for number, name in enumerate(wanted):
                on_progress(name, number, len(wanted))
                if name in (VIDEO, ANONYMISED):
                    _write_video(results, made / name, on_progress)
                elif name in FOLDERS:
                    _write_folder(FOLDERS[name](results), made / name)
                else:
                    (made / name).write_bytes(text_of(results, name).encode())
            analysis = results.analysis
            went_to, files = place(made, folder, owner=analysis.id, name=analysis.name, beside=beside)
    except OSError as error:
        raise AnalysisError(f"The exports cannot be written to {folder} ({reason_of(error)}).") from error
    return Written(went_to, sorted(files, key=lambda path: wanted.index(path.relative_to(went_to).parts[0])))


def write_zip(results: AnalysisResults, path: Path, names: Iterable[str] = tuple(EXPORTS)) -> str:
    """Exports in one zip at `path`. Where the pictures are gone, the rest is packed without `annotated.mp4`; the
    sentence that says so is returned, else an empty one. Raises as `write_exports` does."""
    wanted = check_names(names)
    if results.frames.empty:
        raise AnalysisError(f"{results.analysis.name} has no analysed frame yet, so there is nothing to export.")
    left_out = ""
    videos = {}
    for name in (VIDEO, ANONYMISED):
        if name in wanted:
            try:
                videos[name] = annotated_of(results, anonymised=name == ANONYMISED)
            except FerdashError as problem:
                left_out = str(problem)

    def pack(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in wanted:
                if name in FOLDERS:
                    for part, content in FOLDERS[name](results).items():
                        archive.writestr(f"{name}/{part}", content)
                elif name in TEXTS:
                    archive.writestr(name, text_of(results, name))
            for name, path_of_video in videos.items():
                archive.write(path_of_video, name, zipfile.ZIP_STORED)

    try:
        write_atomic(path, pack)
    except OSError as error:
        raise AnalysisError(f"The zip cannot be written to {path} ({reason_of(error)}).") from error
    return left_out


def words_of(paths: list[Path]) -> str:
    """
    >>> words_of([Path("a/frames.csv"), Path("a/figures/one.png"), Path("a/figures/two.png")])
    'frames.csv and 2 pictures'
    """
    pictures = sum(path.parent.name == FIGURES for path in paths)
    words = [path.name for path in paths if path.parent.name != FIGURES]
    words += [counted(pictures, "picture")] if pictures else []
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "nothing"


def _write_video(results: AnalysisResults, path: Path, on_progress: OnProgress) -> None:
    made = annotated_of(
        results,
        anonymised=path.name == ANONYMISED,
        on_progress=lambda done, total: on_progress(path.name, done, total),
    )
    shutil.copyfile(made, path)


def _write_folder(files: dict[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
