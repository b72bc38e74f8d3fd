"""The API put together: gate, guard, operations, problems."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from ferdash import __version__
from ferdash.server import camera, facts, pictures, problems, videos
from ferdash.server.gate import Gate
from ferdash.server.overview import page
from ferdash.server.settings import ServeSettings
from ferdash.server.workshop import Workshop
from ferdash.serving import Guard

DESCRIPTION = (
    "Facial emotion recognition on your own machine. The seven words are what raters would choose for a picture; they "
    "are not what somebody feels. In the European Union, inferring emotions of pupils and of people at work is "
    "prohibited (Regulation 2024/1689, article 5), medical and safety reasons aside."
)
REFUSED = "ferdash does not answer under this name. If it is meant to: ferdash serve --allowed-host {name}"


def create_app(settings: ServeSettings) -> FastAPI:
    """An ASGI application; `ferdash serve` runs it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.workshop = Workshop(settings)
        yield
        app.state.workshop.close()

    app = FastAPI(
        title="ferdash",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    for module in (facts, pictures, videos, camera):
        app.include_router(module.router, prefix="/v1")
    problems.install(app)
    app.add_api_route("/docs", lambda: HTMLResponse(page(app.openapi())), include_in_schema=False)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    # The last one stands before all others.
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(Guard, hosts=lambda: settings.allowed_hosts, refused=REFUSED, body=partial(problems.body, 403))
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's, with the problem documents in place of its own errors, and the token."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = schema["components"]
        components["schemas"]["ProblemDocument"] = problems.ProblemDocument.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(name, None)
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"] |= {str(k): v for k, v in problems.responses(422).items()}
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{}, {"token": []}]
        app.openapi_schema = schema
    return app.openapi_schema
