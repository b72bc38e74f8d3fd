"""`ferdash app`: the Streamlit app."""

import os
import subprocess
import sys
from pathlib import Path

import typer

from ferdash.errors import FerdashError
from ferdash.paths import app_script

FOLDERS = ("FERDASH_DATA", "FERDASH_CHECKPOINTS")


def register(app: typer.Typer) -> None:
    """Add `ferdash app`."""
    app.command("app", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(run_app)


def run_app(context: typer.Context) -> None:
    """Open the app in a browser. Further options go to `streamlit run`."""
    script = app_script()
    if not script.is_file():
        raise FerdashError(f"The app is missing from this installation ({script}); install ferdash again.")
    # Streamlit reads its settings from the folder where it starts, and that is not where the person is.
    folders = {name: str(Path(os.environ[name]).expanduser().absolute()) for name in FOLDERS if os.environ.get(name)}
    command = [sys.executable, "-m", "streamlit", "run", str(script), *context.args]
    if os.name != "posix":
        raise typer.Exit(subprocess.call(command, cwd=script.parent, env=os.environ | folders))
    # In place of this process, so that who stops it stops the app: a child would outlive it.
    os.chdir(script.parent)
    os.execve(sys.executable, command, os.environ | folders)
