"""The command line's frame: the commands put together, and errors turned into a sentence and an exit status."""

import importlib
import sys

import typer
from rich.markup import escape

from ferdash.cli.output import say
from ferdash.errors import FerdashError

app = typer.Typer(
    name="ferdash",
    help="A local workbench for facial emotion recognition.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# Each module adds its commands to `app` in register(); they import torch and friends only inside the command.
for _module in (
    "dataset",
    "recipes",
    "train",
    "sweep",
    "promote",
    "compress",
    "evaluate",
    "predict",
    "video",
    "sessions",
    "corrections",
    "published",
    "runs",
    "application",
    "doctor",
):
    importlib.import_module(f"ferdash.cli.{_module}").register(app)


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except FerdashError as error:
        say(f"[red]error:[/red] {escape(str(error))}")
        sys.exit(1)
