"""What the app uses of Streamlit that is not in its documentation, all of it; a test finds other places.

Whoever updates Streamlit looks here first.
"""

from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile


def take_no_file_for_a_page() -> None:
    """Have the script run again, through the frame, where Streamlit took a file of pages/ for a page of its own, as it
    does until st.navigation has been called once."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def contents_of(file: UploadedFile) -> bytes:
    """What a dropped file holds. Streamlit, which would keep it until the tab is closed, lets go of it."""
    content = file.getvalue()
    let_go_of_file(file)
    return content


def let_go_of_file(file: UploadedFile) -> None:
    """Have Streamlit forget a dropped file that is needed no more."""
    if (ctx := get_script_run_ctx()) is not None:
        manager: Any = ctx.uploaded_file_mgr
        manager.remove_file(ctx.session_id, file.file_id)


def let_go_of_gone_controls() -> None:
    """Forget what buttons that are drawn no more would call, photos and analyses among its arguments, which Streamlit
    keeps until the tab is closed. To be called at the end of a whole run of the script."""
    if (ctx := get_script_run_ctx()) is None:
        return
    known, drawn = ctx.session_state._state._new_widget_state.widget_metadata, ctx.shared.widget_ids_this_run.snapshot()
    for name, control in list(known.items()):
        if name not in drawn and control.callback is not None:
            known[name] = replace(control, callback=None, callback_args=None, callback_kwargs=None)


def let_go_of_closed_tabs() -> bool:
    """Forget the visits of tabs that were closed two minutes ago, which Streamlit does only when the next one is
    closed. Whether there were any. To be called in the server's event loop."""
    if not Runtime.exists():
        return False
    server: Any = Runtime.instance()
    return bool(server._session_mgr._session_storage._cache.expire())
