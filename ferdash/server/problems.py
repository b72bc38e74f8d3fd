"""What goes wrong, as problem documents (RFC 9457): `detail` is a sentence for the person who reads it."""

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from ferdash.errors import FerdashError

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class ProblemDocument(BaseModel):
    """RFC 9457. type: about:blank, as the status says which kind it is. detail: what was wrong and what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def document(status: int, detail: str) -> dict[str, Any]:
    """The problem as plain data."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def body(status: int, detail: str) -> tuple[bytes, bytes]:
    """Media type and content, for what stands before FastAPI."""
    return MEDIA_TYPE.encode(), json.dumps(document(status, detail.strip())).encode()


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the problems of an operation, besides those that every one has."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    every = (401, 403, 429)
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in (*every, *statuses)}


def install(app: FastAPI) -> None:
    """Have everything that goes wrong in `app` answered by a problem document."""

    @app.exception_handler(ProblemError)
    async def ours(request: Request, problem: ProblemError) -> JSONResponse:
        return _response(problem.status, problem.detail, problem.headers)

    @app.exception_handler(FerdashError)
    async def fixable(request: Request, error: FerdashError) -> JSONResponse:
        return _response(422, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return _response(422, " ".join(_sentence(one) for one in error.errors()))

    @app.exception_handler(HTTPException)
    async def of_starlette(request: Request, error: HTTPException) -> JSONResponse:
        detail = {
            404: f"There is nothing at {request.url.path}; /docs lists what there is.",
            405: f"{request.url.path} does not take {request.method}; /docs lists what there is.",
        }.get(error.status_code, str(error.detail))
        return _response(error.status_code, detail, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def of_ours(request: Request, error: Exception) -> JSONResponse:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return _response(500, "Something went wrong inside ferdash; what exactly stands in the server's log.")


def _response(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(document(status, detail), status, headers, MEDIA_TYPE)


def _sentence(error: dict[str, Any]) -> str:
    """One of pydantic's errors: where, and what is wanted."""
    kind, *path = error["loc"]
    place = ".".join(str(part) for part in path) or str(kind)
    return f"{place} ({kind}): {error['msg'].removeprefix('Value error, ')}."
