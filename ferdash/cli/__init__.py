"""`ferdash ...`: every command of the workbench.

Each command takes `--json`: then stdout is exactly one JSON document, while progress and logs go to stderr. Exit
status: 0 done, 1 could not (one sentence on stderr), 2 wrong usage.
"""

from ferdash.cli.main import main

__all__ = ["main"]
