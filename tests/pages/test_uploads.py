"""The photos of a tab: names told apart, same content listed, removed and had back, found again after a reload."""

from collections.abc import Callable

import pytest

from pages.parts.common import uploads


@pytest.fixture(autouse=True)
def tab(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Stands for the state of one visit."""
    state: dict[str, object] = {}
    monkeypatch.setattr(uploads.st, "session_state", state)
    return state


def names() -> list[str]:
    return [file.name for file in uploads.dropped()]


def test_same_names_are_told_apart_and_same_content_is_listed_twice() -> None:
    for name, data in (("me.png", b"one"), ("me.png", b"two"), ("copy.png", b"one"), ("me.png", b"three")):
        uploads.add(name, data)
    assert names() == ["me.png (3)", "copy.png", "me.png (2)", "me.png"]
    assert [uploads.same_as(file) for file in uploads.dropped()] == [[], ["me.png"], [], ["copy.png"]]


def test_the_same_file_again_is_the_newest_and_not_two() -> None:
    for name, data in (("me.png", b"one"), ("me.png", b"two"), ("me.png", b"one"), ("me.png", b"two")):
        uploads.add(name, data)
    assert names() == ["me.png (2)", "me.png"]


def test_what_is_removed_can_be_had_back_in_its_place() -> None:
    one, two, album = (uploads.add(name, name.encode()) for name in ("one.png", "two.png", "album.zip"))
    uploads.remove(two, "two.png")
    assert names() == ["album.zip", "one.png"]
    assert uploads.removed_words() == "two.png was removed."
    uploads.undo()
    assert names() == ["album.zip", "two.png", "one.png"]
    uploads.remove(album, "album.zip/a.png")
    assert [uploads.is_hidden(album, f"album.zip/{photo}.png") for photo in "ab"] == [True, False]
    uploads.undo()
    assert not uploads.is_hidden(album, "album.zip/a.png")
    uploads.clear()
    assert names() == []
    assert uploads.removed_words() == "3 files were removed."
    uploads.undo()
    assert names() == ["album.zip", "two.png", "one.png"]
    assert uploads.removed_words() == ""
    assert one == uploads.dropped()[-1]


def test_removed_photos_leave_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    timers: list[tuple[float, Callable[[], None]]] = []

    class Timer:
        def __init__(self, seconds: float, function: Callable[[], None]) -> None:
            timers.append((seconds, function))

        def start(self) -> None:
            pass

    monkeypatch.setattr(uploads.threading, "Timer", Timer)
    uploads.add("me.png", b"one")
    uploads.clear()
    ((seconds, let_go),) = timers
    assert seconds == uploads.UNDO_S
    let_go()
    assert uploads.removed_words() == ""
    uploads.undo()
    assert names() == []


def test_a_reload_finds_the_photos_of_its_tab(monkeypatch: pytest.MonkeyPatch, tab: dict[str, object]) -> None:
    class RerunError(Exception):
        pass

    def rerun() -> None:
        raise RerunError

    def visit(state: dict[str, object], number: str) -> None:
        """The browser has told the number of the tab."""
        monkeypatch.setattr(uploads.st, "session_state", state)
        monkeypatch.setattr(uploads, "_TAB", lambda **_: type("Told", (), {"tab": number}))
        uploads.keep_over_reloads()

    monkeypatch.setattr(uploads.st, "rerun", rerun)
    visit(tab, "tab one")
    uploads.add("me.png", b"one")
    other: dict[str, object] = {}
    visit(other, "tab two")
    assert names() == [], "another tab sees nothing of it"
    reloaded: dict[str, object] = {}
    monkeypatch.setattr(uploads.st, "session_state", reloaded)
    uploads.add("new.png", b"dropped before the browser told")
    with pytest.raises(RerunError):
        visit(reloaded, "tab one")
    assert names() == ["new.png", "me.png"]
    visit(reloaded, "tab one")
    tab.clear()
    reloaded.clear()
    visit({}, "tab one")
    assert names() == [], "nothing is kept once the visits are gone"
