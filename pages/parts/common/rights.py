"""What a visitor may do to the computer that runs the app: everything on one's own, less where others can reach it.

Once the app listens to more than this computer, paths are taken only from the folders that FERDASH_FOLDERS names, and
nothing is deleted for good unless FERDASH_MAY_DELETE says yes.
"""

import os
from pathlib import Path

import streamlit as st

from ferdash.errors import ConfigError
from ferdash.serving import LOCAL

FOLDERS, MAY_DELETE = "FERDASH_FOLDERS", "FERDASH_MAY_DELETE"


def is_local() -> bool:
    """Whether the app answers this computer alone."""
    return st.get_option("server.address") in LOCAL


def own_path(text: str) -> Path:
    """A path that a visitor typed. Raises ConfigError where it is none that this one may have read."""
    path = Path(text.strip()).expanduser()
    if is_local():
        return path
    folders = [Path(one).expanduser() for one in os.environ.get(FOLDERS, "").split(os.pathsep) if one]
    if not any(path.resolve().is_relative_to(folder.resolve()) for folder in folders):
        named = f"only from {', '.join(map(str, folders))}" if folders else "not at all"
        raise ConfigError(
            f"This app answers other computers too, so it reads files by their path {named}. Upload the file, or name "
            f"its folder in {FOLDERS} where the app is started."
        )
    return path


def require_deletion() -> None:
    """Raise ConfigError where this visitor may not delete anything for good."""
    if not is_local() and os.environ.get(MAY_DELETE, "").lower() not in ("1", "yes", "true"):
        raise ConfigError(
            "This app answers other computers too, so nothing is deleted here. Delete it on the computer that runs the "
            f"app, with `ferdash`, or start the app with {MAY_DELETE}=yes."
        )
