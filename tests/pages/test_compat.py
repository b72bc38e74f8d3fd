import gc
from types import SimpleNamespace
from weakref import WeakSet

import pytest
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec
from streamlit.testing.v1 import AppTest

from pages.parts.common import compat


class Photo:
    """Something large."""


ALIVE: "WeakSet[Photo]" = WeakSet()


def script() -> None:
    import streamlit as st

    from pages.parts.common import compat

    from tests.pages.test_compat import ALIVE, Photo

    if not st.checkbox("Hide"):
        photo = Photo()
        ALIVE.add(photo)
        st.button("Remove", on_click=lambda given: st.session_state.update(removed=str(given)), args=(photo,))
    compat.let_go_of_gone_controls()


def test_a_button_works_and_holds_on_to_nothing_once_it_is_gone() -> None:
    app = AppTest.from_function(script).run()
    app.button[0].click().run()
    assert "Photo" in app.session_state["removed"]
    app.checkbox[0].check().run()
    gc.collect()
    assert not app.exception
    assert len(ALIVE) == 0


def test_streamlit_lets_go_of_a_file_that_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = MemoryUploadedFileManager("/upload")
    record = UploadedFileRec("file-1", "me.png", "image/png", b"pixels")
    manager.add_file("visit", record)
    monkeypatch.setattr(
        compat, "get_script_run_ctx", lambda: SimpleNamespace(uploaded_file_mgr=manager, session_id="visit")
    )
    assert compat.contents_of(UploadedFile(record, FileURLs())) == b"pixels"
    assert manager.get_files("visit", ["file-1"]) == []


@pytest.mark.parametrize(("seconds", "left"), [(0, False), (60, True)])
def test_visits_of_closed_tabs_go_in_their_time(monkeypatch: pytest.MonkeyPatch, seconds: int, left: bool) -> None:
    storage = MemorySessionStorage(ttl_seconds=seconds)
    visit = SimpleNamespace(session=SimpleNamespace(id="visit"))
    storage.save(visit)
    server = SimpleNamespace(_session_mgr=SimpleNamespace(_session_storage=storage))
    monkeypatch.setattr(compat, "Runtime", SimpleNamespace(exists=lambda: True, instance=lambda: server))
    assert compat.let_go_of_closed_tabs() is not left
    assert bool(storage.list()) is left
