"""The app's frame: navigation, the dataset and model chosen for all pages, the job at work, and calm errors."""

from pathlib import Path

import streamlit as st

from pages import PAGES

st.set_page_config(page_title="ferdash", page_icon=Path(__file__).parent / "pages" / "icon.svg", layout="wide")
page = st.navigation(
    [
        st.Page(f"pages/{name}.py", title=title, icon=icon, default=name == "overview")
        for name, (title, icon) in PAGES.items()
    ]
)

# Only now: on the first visit these take a second to import, and the navigation should not wait for them.
from pages import jobs, shared  # noqa: E402

shared.warm_up()
with st.sidebar, shared.calm_errors():
    shared.pick_dataset()
    shared.pick_model()
    jobs.draw_job_line()
shared.draw_announcement()
with shared.calm_errors():
    page.run()
