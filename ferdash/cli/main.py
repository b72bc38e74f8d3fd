"""The command line's frame: the commands put together, and errors turned into a sentence and an exit status."""

import importlib
import sys
from typing import Any

import typer
import typer.core

from ferdash.cli.output import escape, say
from ferdash.errors import FerdashError
from ferdash.files import trouble_of
from ferdash.former_names import command_line


class TranslatingGroup(typer.core.TyperGroup):
    """The commands and options, which also answer to the names they had before."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click's, of the same line in today's names."""
        return super().parse_args(ctx, command_line(args))


app = typer.Typer(
    name="ferdash",
    cls=TranslatingGroup,
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
    "sequence",
    "analyses",
    "corrections",
    "published",
    "runs",
    "application",
    "doctor",
    "serve",
):
    importlib.import_module(f"ferdash.cli.{_module}").register(app)


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except FerdashError as error:
        say(f"[red]error:[/red] {escape(str(error))}")
        sys.exit(1)
    except OSError as error:
        if (sentence := trouble_of(error)) is None:
            raise
        say(f"[red]error:[/red] {escape(sentence)}")
        sys.exit(1)
