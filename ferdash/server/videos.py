"""Videos in, analyses out: queued, followed, read, deleted. The app's Video page shows the same analyses."""

import re
import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile

from ferdash.analyses.execution import progress_of
from ferdash.analyses.store import AT_WORK, Analysis, delete, list_analyses, open_analysis
from ferdash.errors import AnalysisError
from ferdash.exports.files import TEXTS, document, read_results, text_of
from ferdash.leftovers import temporary
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.server.documents import AnalysisDocument, AnalysisLine, DetectorName, ProgressDocument
from ferdash.server.problems import ProblemError, responses
from ferdash.server.workshop import Workshop, workshop_of
from ferdash.video.analysis import AnalysisSettings

router = APIRouter()
Shop = Annotated[Workshop, Depends(workshop_of)]
TableName = StrEnum("TableName", {name: name for name in TEXTS})  # type: ignore[misc]
MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json", ".html": "text/html", ".vtt": "text/vtt"}
TABLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {kind: {} for kind in (*MEDIA_TYPES.values(), "text/plain")}}
}


@router.post("/videos", status_code=202, responses=responses(400, 404, 413, 422))
def submit(
    video: Annotated[UploadFile, File(description="MP4, WebM, MOV and others.")],
    workshop: Shop,
    response: Response,
    stride: Annotated[int, Form(ge=1, le=1000, description="Analyse every n-th frame.")] = 1,
    detect_every: Annotated[int, Form(ge=1, le=1000, description="Look for faces in each n-th of these.")] = 3,
    start_s: Annotated[float, Form(ge=0)] = 0.0,
    end_s: Annotated[float | None, Form(gt=0)] = None,
    model: Annotated[str, Form(description="One of /v1/models.")] = DEFAULT_MODEL,
    detector: Annotated[DetectorName, Form()] = "centerface",
) -> AnalysisDocument:
    """Queue a video. The answer's Location says where to follow it; a copy is kept until the analysis is deleted."""
    limit = workshop.settings.video_mb
    if (video.size or 0) > 1_000_000 * limit:
        raise ProblemError(413, f"{video.filename} is larger than {limit} MB; send a shorter part.")
    title = workshop.model(model, "auto", "plain").title
    settings = AnalysisSettings(stride=stride, detect_every=detect_every, start_s=start_s, end_s=end_s)
    with tempfile.TemporaryDirectory(prefix=temporary()) as folder:
        path = Path(folder) / safe_name(video.filename or "")
        with path.open("wb") as file:
            shutil.copyfileobj(video.file, file)
        analysis_id = workshop.jobs.submit(
            path, settings, model=model, model_title=title, detector=detector, keep_copy=True
        )
    response.headers["location"] = f"/v1/analyses/{analysis_id}"
    return _document(_find(analysis_id, workshop))


@router.get("/analyses", responses=responses())
def analyses(workshop: Shop) -> list[AnalysisLine]:
    """All analyses, the newest first: videos, image sequences and recordings of the camera."""
    return [_line(one) for one in list_analyses(workshop.analyses)]


@router.get("/analyses/{analysis_id}", responses=responses(404))
def analysis(analysis_id: str, workshop: Shop) -> AnalysisDocument:
    """How far an analysis is, and what it found so far."""
    return _document(_find(analysis_id, workshop))


@router.get("/analyses/{analysis_id}/tables/{table}", responses=responses(404, 409) | TABLE, response_class=Response)
def table(analysis_id: str, table: TableName, workshop: Shop) -> Response:
    """A table, subtitles or report of an analysis, as `ferdash video --out` writes it."""
    results = read_results(_find(analysis_id, workshop))
    if results.frames.empty:
        raise ProblemError(409, f"{results.analysis.name} has no analysed frame yet; ask again when it has.")
    return Response(text_of(results, table), media_type=MEDIA_TYPES.get(Path(table).suffix, "text/plain"))


@router.post("/analyses/{analysis_id}/cancel", status_code=202, responses=responses(404, 409))
def cancel(analysis_id: str, workshop: Shop) -> AnalysisDocument:
    """Stop an analysis that waits or is at work here; what it has stays."""
    found = _find(analysis_id, workshop)
    try:
        workshop.jobs.cancel(found.id)
    except AnalysisError as error:
        raise ProblemError(409, str(error)) from error
    return _document(found)


@router.delete("/analyses/{analysis_id}", status_code=204, responses=responses(404, 409))
def remove(analysis_id: str, workshop: Shop) -> None:
    """Delete an analysis with its copy of the video, for good."""
    found = _find(analysis_id, workshop)
    try:
        delete(workshop.analyses, found.id)
    except AnalysisError as error:
        raise ProblemError(409, str(error)) from error


def safe_name(name: str) -> str:
    """What is left of a caller's name for a file once it can lead nowhere.

    >>> safe_name("../../My film.mp4"), safe_name(".."), safe_name("")
    ('My_film.mp4', 'video', 'video')
    """
    return re.sub(r"[^\w.-]+", "_", name.replace("\\", "/").rpartition("/")[2])[-100:].lstrip(".") or "video"


def _find(analysis_id: str, workshop: Workshop) -> Analysis:
    try:
        return open_analysis(workshop.analyses, analysis_id)
    except AnalysisError as error:
        raise ProblemError(404, str(error)) from error


def _line(one: Analysis) -> AnalysisLine:
    info = one.info
    return AnalysisLine(
        id=one.id, name=one.name, kind=one.kind, state=str(info["state"]), created_at=str(info.get("created_at", ""))
    )


def _document(one: Analysis) -> AnalysisDocument:
    info, progress = one.info, progress_of(one)
    # While it is at work, somebody asks every second; what it found is read when it is there.
    results = None if info["state"] in AT_WORK or not one.parts() else read_results(one)
    return AnalysisDocument(
        **_line(one).model_dump(),
        error=info.get("error"),
        progress=None if progress is None else ProgressDocument(**progress.to_dict()),
        tables=[] if results is None else list(TEXTS),
        summary=None if results is None else document(results),
    )
