"""Pages of the site that are made when it is built: every command with its options, and the Python interface."""

from typing import Any

from mkdocs.structure.files import File, Files
from typer.main import get_command

import ferdash
from ferdash.cli.main import app


def on_files(files: Files, config: Any) -> Files:
    """Called by mkdocs; adds cli.md and reference.md."""
    files.append(File.generated(config, "cli.md", content=command_line()))
    files.append(File.generated(config, "reference.md", content=reference()))
    return files


def command_line() -> str:
    """Markdown: what `ferdash COMMAND --help` says, for every command."""
    root = get_command(app)
    parts = ["# Command line", "Every command takes `--help`, and those that answer something `--json`."]
    for name, command in sorted(root.commands.items()):  # type: ignore[attr-defined]
        if command.hidden:
            continue
        parts += _command(command, f"ferdash {name}", 2)
    return "\n\n".join(parts) + "\n"


def _command(command: Any, path: str, level: int) -> list[str]:
    parts = [f"{'#' * level} {path}", _text(command.help)]
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        if not inner.hidden:
            parts += _command(inner, f"{path} {name}", level + 1)
    if hasattr(command, "commands"):
        return parts
    rows = []
    for parameter in command.params:
        if parameter.name == "help" or getattr(parameter, "hidden", False):
            continue
        names = ", ".join(f"`{one}`" for one in (*parameter.opts, *parameter.secondary_opts) if one.startswith("-"))
        shown = names or f"`{(parameter.metavar or parameter.name or '').upper()}`"
        rows.append(f"| {shown} | {_cell(getattr(parameter, 'help', '') or '')} |")
    return [*parts, "\n".join(["| | |", "|---|---|", *rows])] if rows else parts


def reference() -> str:
    """Markdown that mkdocstrings fills."""
    names = "\n\n".join(f"::: ferdash.interface.{name}" for name in ferdash.__all__)
    return f"# Python\n\nEach is a name of `ferdash` itself: `ferdash.predict`.\n\n{names}\n"


def _text(text: str | None) -> str:
    return (text or "").replace("\b", "").strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
