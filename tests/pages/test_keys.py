"""Names of what is kept: each begins with its part of the app, so that no two pages take one for different things."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.parts.common.keys import SHARED, keys_of

PROJECT = Path(__file__).parents[2]
MODULES = sorted(PROJECT.glob("pages/**/*.py"))
KEPT = ("session_state", "query_params")
METHODS = ("get", "get_all", "pop", "setdefault")
NAMED_FIRST = ("form", "webrtc_streamer")
"""Calls whose first argument is the name."""


def is_kept(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in KEPT


def names(tree: ast.AST) -> Iterator[ast.expr]:
    """Every expression of a module that names something kept, by a widget, in session state or in the address."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (given.value for given in node.keywords if given.arg == "key" and not is_function(given.value))
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in NAMED_FIRST or (called in METHODS and is_kept(node.func.value)):
                yield node.args[0]
        elif isinstance(node, ast.Subscript) and is_kept(node.value):
            yield node.slice
        elif isinstance(node, ast.Compare) and is_kept(node.comparators[0]):
            yield node.left


def is_function(node: ast.expr) -> bool:
    """What sorted() and the like take by that name."""
    return isinstance(node, ast.Lambda) or (isinstance(node, ast.Name) and node.id.startswith("_"))


def begins_with_its_part(name: ast.expr, assigned: dict[str, list[ast.expr]]) -> bool:
    """Made by what keys_of returned, or made of a name that is; a name that comes from elsewhere was one there."""
    if isinstance(name, ast.Constant):
        return name.value in SHARED
    if isinstance(name, ast.Call):
        return ast.unparse(name.func).split(".")[-1] == "keyed" or ast.unparse(name.func).startswith("keys_of(")
    if isinstance(name, ast.JoinedStr):
        first = name.values[0]
        return isinstance(first, ast.FormattedValue) and begins_with_its_part(first.value, assigned)
    if isinstance(name, ast.Name):
        return all(begins_with_its_part(value, assigned) for value in assigned.get(name.id, []))
    return isinstance(name, ast.Attribute)


def assignments(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """What each variable of a module is ever set to."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=True))
                for variable, value in pairs:
                    if isinstance(variable, ast.Name):
                        found.setdefault(variable.id, []).append(value)
    return found


def loose(source: str) -> list[str]:
    tree = ast.parse(source)
    assigned = assignments(tree)
    return [ast.unparse(name) for name in names(tree) if not begins_with_its_part(name, assigned)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(PROJECT).as_posix())
def test_every_name_begins_with_its_part_of_the_app(module: Path) -> None:
    assert not loose(module.read_text(encoding="utf-8")), "make these with keyed(), see pages/parts/common/keys.py"


@pytest.mark.parametrize(
    "source",
    [
        'st.slider("x", key="compare")',
        'st.slider("x", key=f"compare-{run}")',
        'KEY = "compare"\nst.slider("x", key=KEY)',
        'KEY, OTHER = "compare", keyed("other")\nst.session_state[KEY]',
        'st.session_state["compare"] = 1',
        'st.session_state.get("compare")',
        '"compare" in st.session_state',
        'st.query_params.get_all("compare")',
        'with st.form("compare"): pass',
    ],
)
def test_a_bare_name_is_seen_wherever_it_is_used(source: str) -> None:
    assert loose(source)


def test_names_of_two_parts_are_never_the_same() -> None:
    assert keys_of("predict")("compare") == "predict-compare"
    owners: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "keyed":
                (part,) = node.value.args
                folder = module.parent.name
                owner = module.stem if folder in ("pages", "common") else folder
                owners.setdefault(part.value, set()).add(owner)
    assert {part: found for part, found in owners.items() if len(found) > 1} == {}
    assert not [(one, other) for one in owners for other in owners if other.startswith(f"{one}-")]
