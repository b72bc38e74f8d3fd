"""`ferdash app`: the Streamlit app."""

import subprocess
import sys
from pathlib import Path

import typer

from ferdash.errors import FerdashError


def register(app: typer.Typer) -> None:
    """Add `ferdash app`."""
    app.command("app", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(run_app)


def run_app(context: typer.Context) -> None:
    """Open the app in a browser. Further options go to `streamlit run`."""
    script = Path(__file__).parents[2] / "streamlit_app.py"
    if not script.is_file():
        raise FerdashError("The app is not part of this installation; run it from a clone of the project: make run.")
    command = [sys.executable, "-m", "streamlit", "run", str(script), *context.args]
    raise typer.Exit(subprocess.call(command, cwd=script.parent))
