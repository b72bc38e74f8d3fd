"""Imports point one way: whoever imports upwards, or streamlit inside ferdash, fails here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

BASE = {
    "comparable",
    "drawing",
    "emotions",
    "errors",
    "files",
    "former_names",
    "geometry",
    "leftovers",
    "paths",
    "pictures",
    "records",
    "references",
    "shapes",
    "wording",
}
ROOMS = {"data", "models", "evaluation", "runs"}
ENGINE = BASE | ROOMS | {"training", "inference"}
SEEING = BASE | {"models", "inference", "tracking"}
OVER_TIME = {"tracking", "video", "dynamics", "analyses", "live"}

ALLOWED: dict[str, set[str]] = {
    "comparable": set(),
    "drawing": set(),
    "emotions": {"errors"},
    "errors": set(),
    "files": {"errors", "leftovers"},
    "former_names": set(),
    "geometry": set(),
    "leftovers": set(),
    "memory": set(),
    "pictures": {"errors", "files"},
    "paths": {"errors", "former_names"},
    "records": {"errors", "files", "leftovers", "shapes"},
    "shapes": set(),
    "references": {"errors"},
    "wording": set(),
    "serving": set(),
    "__init__": {"interface"},
    "server": ENGINE | OVER_TIME | {"memory", "serving", "exports"},
    "interface": ENGINE | OVER_TIME | {"plots", "exports"},
    **dict.fromkeys(ROOMS, BASE),
    "models": BASE | {"evaluation"},
    "training": BASE | ROOMS | {"memory"},
    "inference": BASE | ROOMS,
    "promotion": ENGINE,
    "diagnosis": BASE | {"models", "inference", "live"},
    "published": BASE | {"runs"},
    "tracking": BASE | {"inference"},
    "video": SEEING | {"data"},
    "dynamics": BASE | {"evaluation"},
    "analyses": SEEING | {"video", "dynamics"},
    "live": SEEING | {"video", "dynamics", "analyses"},
    "plots": ENGINE | OVER_TIME | {"published"},
    "exports": ENGINE | OVER_TIME | {"plots"},
    "cli": ENGINE | OVER_TIME | {"diagnosis", "promotion", "published", "plots", "exports", "server"},
    "__main__": {"cli"},
    "pages": ENGINE | OVER_TIME | {"diagnosis", "memory", "serving", "promotion", "published", "plots", "exports"},
}
"""For each part of ferdash, and for pages/, the other parts it may import."""

MODULES = sorted([*PROJECT.glob("ferdash/**/*.py"), *PROJECT.glob("pages/**/*.py"), *PROJECT.glob("streamlit_app.py")])


def part_of(module: Path) -> str:
    """The part of the house that a file belongs to."""
    parts = module.relative_to(PROJECT).with_suffix("").parts
    return parts[1] if parts[0] == "ferdash" else "pages"


def imports(module: Path) -> Iterator[str]:
    """Every module named by an import anywhere in the file, inside functions too."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module.name} line {node.lineno}: write imports in full"
            yield node.module or ""
            # `from ferdash import data` names a part only in what it imports.
            yield from (f"ferdash.{alias.name}" for alias in node.names if node.module == "ferdash")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(PROJECT).as_posix())
def test_imports_point_one_way(module):
    part = part_of(module)
    for name in imports(module):
        top, _, rest = name.partition(".")
        if top == "ferdash" and rest.split(".")[0] not in ("", "__version__", part):
            assert rest.split(".")[0] in ALLOWED.get(part, set()), f"{part} must not import {name}"
        if part != "pages":
            assert top not in ("streamlit", "pages"), f"{name} belongs to the pages"
        if part in ("evaluation", "runs", "data", "published"):
            assert top not in ("torch", "transformers"), f"{part} does without {top}"


def test_the_whole_house_is_looked_at():
    assert {part_of(module) for module in MODULES} >= {"emotions", "data", "models", "training", "cli", "pages"}


LONGEST = 350
"""Lines; past this a file has two jobs."""


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(PROJECT).as_posix())
def test_no_file_is_long(module):
    lines = len(module.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{module.relative_to(PROJECT)} has {lines} lines; split it along its jobs"


COMPAT = {
    "streamlit": "pages/parts/common/compat.py",
    "aiortc": "pages/parts/live/compat.py",
    "streamlit_webrtc": "pages/parts/live/compat.py",
    "torch": "ferdash/training/torch_compat.py",
}
"""Package -> the one file that may use what its documentation does not name."""

DOCUMENTED = {"streamlit.testing.v1", "aiortc", "streamlit_webrtc", "streamlit"}


def undocumented(module: Path) -> Iterator[tuple[str, str]]:
    """Package and expression of every private attribute of somebody else's in a file, and of every import of a module
    that Streamlit, aiortc or streamlit-webrtc do not document."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom | ast.Import):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            for name in modules:
                top = name.partition(".")[0]
                if top in ("streamlit", "aiortc", "streamlit_webrtc") and name not in DOCUMENTED:
                    yield top, name
            private = [alias.name for alias in node.names if alias.name.startswith("_") and alias.name[1] != "_"]
            private += [name for name in modules if "._" in name]
            yield from ((modules[0].partition(".")[0], name) for name in private)
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            owner = ast.unparse(node.value)
            # A class looks into its own and its base; and _repr_html_ is what notebooks call, a name for everybody.
            if owner not in ("self", "cls", "other", "super()") and not node.attr.startswith("_repr_"):
                yield owner.partition(".")[0], f"{owner}.{node.attr}"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(PROJECT).as_posix())
def test_private_names_of_others_are_fenced(module):
    file = module.relative_to(PROJECT).as_posix()
    for package, name in undocumented(module):
        # Of a variable the name alone does not say whose it is.
        fenced = file == COMPAT[package] if package in COMPAT else file in COMPAT.values()
        assert fenced, f"{name} belongs into {COMPAT.get(package, 'a compat file')}"


def test_the_fences_are_needed():
    found = {package for file in COMPAT.values() for package, _ in undocumented(PROJECT / file)}
    assert found >= set(COMPAT)
