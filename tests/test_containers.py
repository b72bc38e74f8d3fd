"""Dockerfile and compose.yaml, which nobody can run here, against the project that they are for."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from ferdash.cli.main import app

PROJECT = Path(__file__).parents[1]
DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
IGNORED = (PROJECT / ".dockerignore").read_text(encoding="utf-8").split()
WHEEL = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
BUILT_FROM = [
    "pyproject.toml",
    "requirements.txt",
    PYPROJECT["project"]["readme"],
    *PYPROJECT["project"]["license-files"],
    *WHEEL["packages"],
    *WHEEL["force-include"],
]


def test_what_is_copied_exists() -> None:
    copied = re.findall(r"^(?:COPY|ADD) (.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert copied
    for source in " ".join(copied).split():
        assert (PROJECT / source).exists(), source


@pytest.mark.parametrize("path", BUILT_FROM)
def test_what_the_package_is_built_from_is_copied(path: str) -> None:
    assert (PROJECT / path).exists()
    above = [path, *map(str, Path(path).parents)][:-1]
    for pattern in IGNORED:
        assert not any(fnmatch(one, pattern.removeprefix("**/")) for one in above), f".dockerignore leaves {path} out"


def test_python_and_extras_are_those_of_the_project() -> None:
    (version,) = re.findall(r"^FROM python:([\d.]+)-slim$", DOCKERFILE, re.MULTILINE)
    assert f"Programming Language :: Python :: {version}" in PYPROJECT["project"]["classifiers"]
    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", DOCKERFILE)
    assert set(extras.split(",")) <= set(PYPROJECT["project"]["optional-dependencies"])
    assert re.search(r"^torch==", (PROJECT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)


def test_ports_commands_and_volumes_fit_each_other() -> None:
    service = COMPOSE["services"]["app"]
    exposed = re.findall(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE)[0].split()
    assert {port.rpartition(":")[2] for port in service["ports"]} <= set(exposed)
    assert f"app:{exposed[0]}" in COMPOSE["services"]["https"]["command"]
    assert f"localhost:{exposed[0]}/_stcore/health" in DOCKERFILE
    assert {volume.partition(":")[2] for volume in service["volumes"]} == set(
        re.findall(r"^VOLUME (\S+)", DOCKERFILE, re.M)
    )
    (first,) = re.findall(r'^CMD \["ferdash", "(\w+)"', DOCKERFILE, re.MULTILINE)
    assert service["command"].split()[:2] == ["ferdash", first]
    assert first in get_command(app).commands
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]


def test_the_variables_are_those_that_are_read() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT / "ferdash").rglob("*.py"))
    for name in re.findall(r"\b(FERDASH_\w+)", DOCKERFILE + str(COMPOSE["services"]["app"])):
        assert f'"{name}"' in code, name
