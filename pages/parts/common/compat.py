"""What the app uses of Streamlit that is not in its documentation, all of it; a test finds other places.

Whoever updates Streamlit looks here first.
"""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def take_no_file_for_a_page() -> None:
    """Have the script run again, through the frame, where Streamlit took a file of pages/ for a page of its own, as it
    does until st.navigation has been called once."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
