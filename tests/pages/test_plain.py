"""Names as they are, wherever somebody gave one: none of them makes the page fetch a picture, or draw anything else."""

import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from pages import PAGES
from pages.parts.common.plain import plain
from pages.parts.experiments.views import QUESTIONS

from ferdash.analyses.marks import mark
from ferdash.analyses.store import rename
from ferdash.data.dataset import open_dataset, save_dataset

Visit = Callable[..., AppTest]
NAME = "![see](http://evil.example/p.png) <img src=http://evil.example/i.png> :red[*x*] [l](http://evil.example) `c`"
# GitHub's Markdown without its raw HTML, which Streamlit does not take either; an independent reader of it.
READER = MarkdownIt("gfm-like", {"html": False, "linkify": False})


def shown(markdown: str) -> list[Any]:
    """What is drawn of one paragraph: the kinds of its parts, and its text."""
    tokens = READER.parse(markdown)
    return [(token.type, token.content) for block in tokens for token in (block.children or [])]


@given(st.text(alphabet="ab1 \\`*_{}[]()<>#+-=.!|~&@:/$\n", max_size=40))
def test_any_name_is_shown_as_it_is(name: str) -> None:
    one_line = " ".join(name.split())
    parts = shown(plain(name))
    assert {kind for kind, _ in parts} <= {"text", "text_special"}
    assert "".join(text for _, text in parts) == one_line


@pytest.mark.parametrize(
    "name", ["IMG_20240101.jpg", "my clip 2.mp4", "owner/name", "a-b (copy).png", "0.002", "Ünïcode"]
)
def test_usual_names_need_nothing(name: str) -> None:
    assert plain(name) == name


@pytest.fixture
def planted(visit: Visit, make_run, made_analysis, fernet: Path, demo_root: Path, data: Path) -> str:
    """Everything that can have a name has that one; the id of the analysed video."""
    demo = open_dataset(demo_root, "demo")
    save_dataset(
        data,
        "demo",
        images=np.asarray(demo.images),
        labels=demo.labels.tolist(),
        splits=demo.table["split"].astype(str).tolist(),
        sources=[NAME] * len(demo),
        origin=NAME,
    )
    shutil.copytree(fernet, fernet.with_name(NAME.replace("/", "∕")))
    for number in (1, 2):
        make_run(f"2025010{number}-000000-custom-000{number}", 10 + number, name=NAME, group=NAME)
    analysis = made_analysis(data / "analyses", frames=30)
    rename(data / "analyses", analysis.id, NAME[:120])
    mark(data / "analyses", analysis.id, frame=3, timestamp_s=0.12, name=NAME[:80])
    return analysis.id


PLAIN_FIELDS = {"options", "default", "value", "raw_value", "raw_values", "placeholder", "spec", "url", "data", "alt"}
PLAIN_FIELDS |= {"name", "id", "form_id", "arrow", "json"}
"""Of Streamlit's messages: what is never read as Markdown."""


def texts(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        if field.name in PLAIN_FIELDS:
            continue
        for each in value if field.is_repeated else [value]:
            if isinstance(each, Message):
                yield from texts(each, f"{path}.{field.name}")
            elif isinstance(each, str):
                yield f"{path}.{field.name}", each


class Tags(HTMLParser):
    """Attributes that a browser acts on, of HTML that is no Markdown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.acted_on: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.acted_on += [value or "" for name, value in attrs if name not in ("alt", "title", "aria-label")]


def loose(app: AppTest) -> list[str]:
    """Where the name stands as something else than text."""
    found = []
    for element in app._tree:
        for path, text in texts(element.proto) if isinstance(getattr(element, "proto", None), Message) else ():
            if element.type == "html":
                found += [f"html: {value}" for value in Tags(text).acted_on if "evil" in value]
            elif "evil.example" in text and re.search(r"(?<!\\)!\[see|(?<!\\)<img|(?<!\\)\[l\]|:red\[", text):
                found.append(f"{element.type}{path}: {text}")
    return found


def test_no_page_reads_a_name_as_anything_but_text(visit: Visit, planted: str, without_a_server: None) -> None:
    seen = 0
    photo = cv2.imencode(".png", np.full((48, 48), 90, np.uint8))[1].tobytes()
    runs = [f"2025010{number}-000000-custom-000{number}" for number in (1, 2)]
    for page in PAGES:
        app = visit(page, model=NAME.replace("/", "∕")) if page == "overview" else visit(page)
        assert not app.exception
        if page == "predict":
            app.file_uploader[0].set_value([(f"{NAME.replace('/', '')}.png", photo, "image/png")]).run()
        seen += "evil" in str(app)
        assert loose(app) == [], page
    app = visit("experiments")
    app.multiselect(key="experiments-runs").set_value(runs).run()
    for question, (name, parts) in QUESTIONS.items():
        for part in parts:
            app.session_state["experiments-view"] = question
            app.session_state[f"experiments-{name}"] = part
            assert loose(app.run()) == [], part
    for tab in ("Faces", "Audit", "Corrections", "Import"):
        app = visit("dataset", tab=tab)
        assert loose(app) == [], tab
    app = visit("video", analysis=planted)
    for tab in ("Changes", "Markers and neutral"):
        app.session_state["video-tab"] = tab
        assert loose(app.run()) == [], tab
    assert seen >= 4
