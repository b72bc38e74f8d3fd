"""One file for each architecture, which names itself by its file: see `ferdash.models.registry`."""
