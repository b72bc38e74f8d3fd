"""The app. Streamlit's server imports this file once, for `app`, and runs it as a script for every look at a page.

As a script it is the frame: navigation, the dataset and model chosen for all pages, the job at work, and calm errors.
"""

import asyncio
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import streamlit as st

from ferdash.memory import give_back, keep_together


def draw() -> None:
    """The frame with the page in it."""
    from pages import PAGES

    icon = Path(__file__).parent / "pages" / "icon.svg"
    st.set_page_config(page_title="ferdash", page_icon=icon, layout="wide")
    page = st.navigation(
        [
            st.Page(f"pages/{name}.py", title=title, icon=icon, default=name == "overview")
            for name, (title, icon) in PAGES.items()
        ]
    )

    # Only now: on the first visit these take a second to import, and the navigation should not wait for them.
    from pages.parts.common import compat, look, shared
    from pages.parts.common import job_line as jobs

    look.draw()
    shared.warm_up()
    with st.sidebar, shared.calm_errors():
        shared.pick_dataset()
        shared.pick_model()
        jobs.draw_job_line()
    shared.draw_announcement()
    with shared.calm_errors():
        page.run()
    compat.let_go_of_gone_controls()


@asynccontextmanager
async def at_work(_: st.App) -> AsyncIterator[None]:
    """From the start of the server to its end."""
    keep_together()
    open_browser()
    keeping = asyncio.create_task(let_go_of_closed_tabs())
    yield
    keeping.cancel()


def open_browser() -> None:
    """Streamlit does so for a plain script, but not for an app that has middleware of its own."""
    if not st.get_option("server.headless"):
        scheme = "https" if st.get_option("server.sslCertFile") else "http"
        place = f"{st.get_option('browser.serverAddress')}:{st.get_option('server.port')}"
        webbrowser.open(f"{scheme}://{place}/{st.get_option('server.baseUrlPath')}")


async def let_go_of_closed_tabs() -> None:
    """Every few seconds: what tabs that are closed held leaves memory."""
    while True:
        await asyncio.sleep(10)
        # The first visit imports it. An import from here would come before, and pages/__init__.py would not notice the
        # visitor who follows a link to a page.
        compat = sys.modules.get("pages.parts.common.compat")
        if compat is not None and compat.let_go_of_closed_tabs():
            give_back()


if __name__ == "__main__":
    draw()
else:
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import FileResponse, PlainTextResponse, Response
    from starlette.routing import Route

    from ferdash.serving import Guard

    def picture(request: Request) -> Response:
        """A frame or the film of an analysis, for the player of the Video page, which steps without asking a script."""
        from ferdash.errors import FerdashError
        from ferdash.exports.frame_pictures import film_of, frame_jpeg
        from ferdash.paths import analyses_root

        analysis_id, asked = request.path_params["analysis"], request.query_params
        try:
            if request.path_params["name"] == "film.mp4":
                return FileResponse(film_of(analyses_root(), analysis_id), media_type="video/mp4")
            frame, person = int(request.path_params["name"].removesuffix(".jpg")), asked.get("person", "")
            content = frame_jpeg(
                analyses_root(),
                analysis_id,
                frame,
                person=int(person) if person.isdecimal() else None,
                face="face" in asked,
            )
        except (FerdashError, ValueError) as error:
            return PlainTextResponse(str(error), status_code=404)
        # The address has a stamp of the analysis in it, so that what it shows stays the same.
        return Response(content, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})

    guard = Middleware(
        Guard,
        hosts=partial(st.get_option, "server.allowedHosts"),
        origins=partial(st.get_option, "server.corsAllowedOrigins"),
    )
    # Below whatever path the app is served at (server.baseUrlPath), which is not known yet.
    pictures = Route("/{base:path}frames/{analysis}/{name}", picture)
    app = st.App(__file__, routes=[pictures], middleware=[guard], lifespan=at_work)
