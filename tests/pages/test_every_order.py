"""The pages in every order: whatever was looked at before, a page shows what it shows alone, and no alert."""

import shutil
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages import PAGES

Visit = Callable[..., AppTest]
RUNS = ("20250101-000000-custom-0001", "20250102-000000-custom-0002")


def every_order(names: list[str]) -> list[str]:
    """A walk in which each three names follow each other in every order, and each pair there and back again.

    As short as can be: every step is a triple seen for the first time. It is a circle through the pairs of names that
    uses each way from a pair to a next one once (Hierholzer's algorithm).
    """
    ways = {pair: [name for name in names if name != pair[1]] for pair in permutations(names, 2)}
    stack, circle = [(names[0], names[1])], []
    while stack:
        first, second = stack[-1]
        if ways[first, second]:
            stack.append((second, ways[first, second].pop()))
        else:
            circle.append(stack.pop())
    circle.reverse()
    return [circle[0][0], *(second for _, second in circle)]


def test_the_walk_has_every_order_of_three():
    names = list(PAGES)
    walk = every_order(names)
    triples = list(zip(walk, walk[1:], walk[2:], strict=False))
    assert set(permutations(names, 3)) <= set(triples)
    assert {(a, b, a) for a, b in permutations(names, 2)} <= set(triples)
    assert len(triples) == len(set(triples)) == 7 * 6 * 6


@pytest.fixture
def lived_in(make_run, made_analysis, fernet: Path, demo_root: Path, data: Path) -> str:
    """A dataset, two models, two runs and an analysed video, whose id this is."""
    shutil.copytree(demo_root / "demo", data / "demo")
    shutil.copytree(fernet, fernet.with_name("other"))
    make_run(RUNS[0], 20)
    make_run(RUNS[1], 12, last=True)
    return made_analysis(data / "analyses", frames=30).id


def alerts(app: AppTest) -> list[str]:
    return [entry.value for entry in [*app.error, *app.warning, *app.exception]]


def go(app: AppTest, page: str, **address: str) -> None:
    """To a page, by a link with this address."""
    app.switch_page(f"pages/{page}.py")
    app.query_params.clear()
    for name, value in address.items():
        app.query_params[f"{page}-{name}"] = value
    app.run()


@pytest.mark.usefixtures("without_a_server")
def test_no_page_minds_what_was_looked_at_before(visit: Visit, lived_in: str) -> None:
    app = visit("overview")
    # Everything that can be chosen is, once; each page then has to live with the choices of the others.
    go(app, "experiments")
    app.multiselect(key="experiments-runs").set_value(list(RUNS)).run()
    go(app, "predict")
    app.selectbox(key="predict-compare-shown").set_value("other").run()
    assert not alerts(app)
    walk = every_order(list(PAGES))
    for place, page in enumerate(walk):
        # A look at the video every other time, at the library otherwise.
        go(app, page, **({"analysis": lived_in} if page == "video" and place % 2 else {}))
        assert not alerts(app), f"after {', '.join(walk[max(place - 2, 0) : place])}: {page} says {alerts(app)}"
        assert app.title[0].value == title_of(page, place), page
    assert app.session_state["experiments-runs"] == list(RUNS)


def title_of(page: str, place: int) -> str:
    if page == "video":
        return "clip" if place % 2 else "Video"
    return {"overview": "ferdash", "dataset": "demo"}.get(page, PAGES[page][0])
