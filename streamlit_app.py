"""The app's frame: navigation, the dataset and model chosen for all pages, the job at work, and calm errors."""

from pathlib import Path

import streamlit as st

from pages import jobs, shared

st.set_page_config(page_title="ferdash", page_icon=Path(__file__).parent / "pages" / "icon.svg", layout="wide")

shared.warm_up()
page = st.navigation(
    [
        st.Page(shared.page_path(name), title=title, icon=icon, default=name == "overview")
        for name, (title, icon) in shared.PAGES.items()
    ]
)
with st.sidebar, shared.calm_errors():
    shared.pick_dataset()
    shared.pick_model()
    jobs.draw_job_line()
with shared.calm_errors():
    page.run()
