"""The site builds strictly, and whatever README and docs say of commands, files and addresses is there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from ferdash.cli.main import app

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
DIARY = "training-log.md"
"""Tells what was typed at the time, by the names of the time."""

COMMANDS = sorted(
    {
        match.strip()
        for page in PAGES
        if page.name != DIARY
        for match in re.findall(r"(?m)^    (ferdash [^\n]*?)(?:\s+#.*)?$", page.read_text(encoding="utf-8"))
        + re.findall(r"`(ferdash [a-z][^`\n]*)`", page.read_text(encoding="utf-8"))
    }
)


def test_the_site_builds_strictly(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "site" / "reference" / "index.html").read_text(encoding="utf-8")
    assert "Follow the faces of a video" in reference
    commands = (tmp_path / "site" / "cli" / "index.html").read_text(encoding="utf-8")
    assert "ferdash dataset audit" in commands
    assert "--allowed-host" in commands
    assert "fonts.googleapis.com" not in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_commands_are_found():
    assert len(COMMANDS) > 25


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_and_their_options_exist(line):
    words = [word for word in shlex.split(line.replace("...", "")) if word not in (">", "|")]
    command, rest = get_command(app), words[1:]
    while rest and hasattr(command, "commands"):
        name = rest.pop(0)
        assert name in command.commands, f"there is no command {name} in “{line}”"
        command = command.commands[name]
    if command.name == "app":
        return  # its options are Streamlit's
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    asked = {word.partition("=")[0] for word in rest if re.fullmatch(r"--[a-z-]+(=.*)?", word)} - {"--help"}
    assert asked <= known, f"{asked - known} in “{line}”"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        generated = page.parent.name == "docs" and link in ("cli.md", "reference.md")
        assert link.startswith("https://") or generated or (page.parent / link).exists(), f"{page.name}: {link}"


def test_scripts_and_examples_that_are_named_exist():
    for page in PAGES:
        for name in re.findall(
            r"\b((?:scripts|examples|benchmarks)/[\w/]+\.(?:py|ipynb))", page.read_text(encoding="utf-8")
        ):
            assert (PROJECT / name).is_file(), f"{page.name}: {name}"


def test_the_readme_is_one_screen():
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").splitlines()) <= 50


@pytest.mark.parametrize("name", ["CITATION.cff", "compose.yaml", ".github/ISSUE_TEMPLATE/bug.yml"])
def test_files_for_others_can_be_read_by_them(name):
    content = yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)


def test_the_citation_names_the_version():
    import ferdash

    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == ferdash.__version__
