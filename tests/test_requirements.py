"""What is imported is declared, so that an installation does not hang on what another package brings along."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
OURS = {"ferdash", "pages", "tests"}
DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "google": "protobuf",
    "markdown_it": "markdown-it-py",
    "mlflow": "mlflow-skinny",
    "pympi": "pympi-ling",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Packages that are installed under another name than they are imported by."""

FILES = {
    "requirements.txt": ["ferdash/**/*.py", "pages/**/*.py", "streamlit_app.py"],
    "requirements-dev.txt": ["tests/**/*.py", "benchmarks/*.py", "scripts/*.py"],
}


def name_of(requirement: str) -> str:
    """
    >>> name_of("huggingface_hub~=1.0")
    'huggingface-hub'
    """
    return re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")


def declared(file: str) -> set[str]:
    lines = (PROJECT / file).read_text(encoding="utf-8").splitlines()
    return {name_of(line) for line in lines if line.strip() and not line.startswith(("#", "-r"))}


def extras() -> dict[str, list[str]]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["optional-dependencies"]


def imported(patterns: list[str]) -> dict[str, str]:
    """Top-level package -> a file that imports it, anywhere in it."""
    files = [path for pattern in patterns for path in sorted(PROJECT.glob(pattern))]
    beside = {path.stem for path in files}
    found: dict[str, str] = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for top in {name.partition(".")[0] for name in names}:
                if top and top not in sys.stdlib_module_names and top not in OURS | beside:
                    found.setdefault(top, str(path.relative_to(PROJECT)))
    return found


@pytest.mark.parametrize("file", FILES)
def test_every_import_is_declared(file: str) -> None:
    known = declared("requirements.txt") | {name_of(one) for group in extras().values() for one in group}
    known |= declared(file)
    missing = {
        package: where
        for package, where in imported(FILES[file]).items()
        if DISTRIBUTIONS.get(package, name_of(package)) not in known
    }
    assert not missing, f"declare in {file}, or in an extra: {missing}"


def test_what_the_tests_need_of_the_extras_is_in_the_developers_file() -> None:
    wanted = {name_of(one) for group in extras().values() for one in group}
    assert wanted <= declared("requirements-dev.txt") | declared("requirements.txt")
