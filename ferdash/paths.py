"""Where things are kept. Functions elsewhere take these folders as arguments; only the edges (CLI, pages) ask here."""

import os
from pathlib import Path


def data_root() -> Path:
    """The folder of imported datasets: $FERDASH_DATA, or ./data."""
    return Path(os.environ.get("FERDASH_DATA", "data")).expanduser()


def checkpoints_root() -> Path:
    """The folder of models/ and runs/: $FERDASH_CHECKPOINTS, or ./checkpoints."""
    return Path(os.environ.get("FERDASH_CHECKPOINTS", "checkpoints")).expanduser()
