"""Where things are kept. Functions elsewhere take these folders as arguments; only the edges (CLI, pages) ask here.

A checkout keeps everything in its own folders. An installed ferdash finds the app and the models that come with it in
the package, which it never writes to, and keeps datasets, models and runs in a folder of the user's.
"""

import os
from pathlib import Path

import platformdirs

from ferdash import former_names

PACKAGE = Path(__file__).parent
SHIPPED = PACKAGE / "_shipped"
"""What a wheel holds of a checkout's checkpoints/: models/ and detectors/. A checkout has no such folder."""


def checkout() -> Path | None:
    """The project's folder when ferdash runs from it; None when it was installed."""
    folder = PACKAGE.parent
    return folder if (folder / "streamlit_app.py").is_file() and (folder / "pyproject.toml").is_file() else None


def app_script() -> Path:
    """The app's file, in the package or, in a checkout, beside it."""
    return (checkout() or PACKAGE / "_app") / "streamlit_app.py"


def data_root() -> Path:
    """The folder of imported datasets: $FERDASH_DATA, else data/ of the checkout or of the user's folder."""
    return _root("FERDASH_DATA", "data")


def checkpoints_root() -> Path:
    """The folder of models/ and runs/: $FERDASH_CHECKPOINTS, else checkpoints/ of the checkout or the user's folder."""
    return _root("FERDASH_CHECKPOINTS", "checkpoints")


def studies_url() -> str:
    """The database of the studies, as SQLAlchemy writes it: $FERDASH_STUDIES, or studies.db beside the runs."""
    return os.environ.get("FERDASH_STUDIES") or f"sqlite:///{checkpoints_root().absolute() / 'studies.db'}"


def analyses_root() -> Path:
    """The folder of analysed videos, image sequences and recordings: analyses/ beside the datasets, or what it was
    called before, where that is in use."""
    root, before = data_root() / "analyses", data_root() / former_names.ANALYSES_FOLDER
    return before if before.is_dir() and not root.is_dir() else root


def model_folders(checkpoints: Path) -> list[Path]:
    """The folders of named models: the user's, whose names come first, then that of an installed ferdash."""
    return [folder / "models" for folder in (checkpoints, SHIPPED) if (folder / "models").is_dir()]


def named_model(name: str, checkpoints: Path) -> Path:
    """The folder of a model of that name, whether there is one or not."""
    found = (folder / name for folder in model_folders(checkpoints) if (folder / name).is_dir())
    return next(found, checkpoints / "models" / name)


def is_shipped(folder: Path) -> bool:
    """Whether a folder is part of an installed ferdash, and so not to be written to."""
    return folder.is_relative_to(SHIPPED)


def _root(variable: str, name: str) -> Path:
    if named := os.environ.get(variable):
        return Path(named).expanduser()
    project = checkout()
    if project is None:
        return platformdirs.user_data_path("ferdash", appauthor=False) / name
    return Path(name) if Path.cwd() == project else project / name
