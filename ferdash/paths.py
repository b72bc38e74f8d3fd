"""Where things are kept. Functions elsewhere take these folders as arguments; only the edges (CLI, pages) ask here."""

import os
from pathlib import Path


def data_root() -> Path:
    """The folder of imported datasets: $FERDASH_DATA, or ./data."""
    return Path(os.environ.get("FERDASH_DATA", "data")).expanduser()


def checkpoints_root() -> Path:
    """The folder of models/ and runs/: $FERDASH_CHECKPOINTS, or ./checkpoints."""
    return Path(os.environ.get("FERDASH_CHECKPOINTS", "checkpoints")).expanduser()


def studies_url() -> str:
    """The database of the studies, as SQLAlchemy writes it: $FERDASH_STUDIES, or studies.db beside the runs."""
    return os.environ.get("FERDASH_STUDIES") or f"sqlite:///{checkpoints_root().absolute() / 'studies.db'}"


def sessions_root() -> Path:
    """The folder of analysed videos, stills and recordings: sessions/ beside the datasets."""
    return data_root() / "sessions"
