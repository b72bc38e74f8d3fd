"""`ferdash serve`: what ferdash can do, for other programs, over HTTP."""

import os
from typing import Annotated

import typer
from rich.markup import escape

from ferdash.cli.output import say
from ferdash.errors import FerdashError
from ferdash.paths import analyses_root, checkpoints_root, data_root


def register(app: typer.Typer) -> None:
    """Add `ferdash serve`."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for others too.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8600,
    token: Annotated[
        str | None,
        typer.Option(help="What callers have to send; $FERDASH_TOKEN, else one is made where others can call."),
    ] = None,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="A name under which callers may ask, such as lab.example.org; repeat it.")
    ] = None,
    at_once: Annotated[int, typer.Option(min=1, help="Requests that compute at the same time.")] = 2,
    rate: Annotated[int, typer.Option(min=1, help="Requests a minute from one address.")] = 3000,
) -> None:
    """Answer other programs: pictures, videos as jobs, analyses, models, datasets, and a camera over a WebSocket.

    http://localhost:8600/docs lists the operations. Without --host this computer alone is answered.
    """
    try:
        import uvicorn

        from ferdash.server.app import create_app
        from ferdash.server.settings import ServeSettings, token_for
    except ImportError as error:
        raise FerdashError(f"The API needs the extra serve ({error}): pip install 'ferdash[serve]'.") from error
    chosen = token_for(host, token or os.environ.get("FERDASH_TOKEN") or None)
    settings = ServeSettings(
        data=data_root().absolute(),
        analyses=analyses_root().absolute(),
        checkpoints=checkpoints_root().absolute(),
        host=host,
        port=port,
        token=chosen,
        allowed_hosts=tuple(allowed_host or ()),
        at_once=at_once,
        requests_per_minute=rate,
    )
    if chosen is not None:
        say(f"Callers have to send: Authorization: Bearer {escape(chosen)}")
    say(f"ferdash answers at http://{escape(host)}:{port}/docs; Ctrl-C ends it.")
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        access_log=False,  # addresses and names of files are nobody's business
        server_header=False,
        log_level="warning",
        ws_max_size=1_000_000 * settings.picture_mb + 1,
        timeout_keep_alive=15,
    )
