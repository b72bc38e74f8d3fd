"""The app. Streamlit's server imports this file once, for `app`, and runs it as a script for every look at a page.

As a script it is the frame: navigation, the dataset and model chosen for all pages, the job at work, and calm errors.
"""

import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import streamlit as st


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
    from pages.parts.common import job_line as jobs
    from pages.parts.common import shared

    shared.warm_up()
    with st.sidebar, shared.calm_errors():
        shared.pick_dataset()
        shared.pick_model()
        jobs.draw_job_line()
    shared.draw_announcement()
    with shared.calm_errors():
        page.run()


@asynccontextmanager
async def open_browser(_: st.App) -> AsyncIterator[None]:
    """Streamlit does so for a plain script, but not for an app that has middleware of its own."""
    if not st.get_option("server.headless"):
        scheme = "https" if st.get_option("server.sslCertFile") else "http"
        place = f"{st.get_option('browser.serverAddress')}:{st.get_option('server.port')}"
        webbrowser.open(f"{scheme}://{place}/{st.get_option('server.baseUrlPath')}")
    yield


if __name__ == "__main__":
    draw()
else:
    from starlette.middleware import Middleware

    from ferdash.serving import Guard

    guard = Middleware(
        Guard,
        hosts=partial(st.get_option, "server.allowedHosts"),
        origins=partial(st.get_option, "server.corsAllowedOrigins"),
    )
    app = st.App(__file__, middleware=[guard], lifespan=open_browser)
