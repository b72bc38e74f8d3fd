"""Names that earlier versions used, on the command line and in stored files, and what they are called now.

The command line's work for one release and show in no help. Stored files are read under both names and written under
the new one.
"""

from collections.abc import Sequence
from typing import Any

COMMANDS = {"sessions": "analyses"}
OPTIONS = {"--views": "--tta"}
RECIPES = {"fernet_taught": "fernet_distilled"}
CONFIG = {"evaluation.before": "baseline"}
"""Dotted path of a setting before -> its name within the same group now."""

TEACHER_PROBS = "taught.npy"
BASELINE_SCORE = "before.json"
ANALYSES_FOLDER = "sessions"
ANALYSIS = "session.json"
BASELINE = "calibration.json"
TRACKER = "tracker.json"
TEMPERATURE = "calibration.json"
KINDS = {"stills": "sequence"}
"""Of analyses."""


def command_line(arguments: Sequence[str]) -> list[str]:
    """The arguments of `ferdash` in today's names.

    >>> command_line(["evaluate", "fernet", "--views=flip"])
    ['evaluate', 'fernet', '--tta=flip']
    >>> command_line(["evaluate", "--tta", "fernet"])  # was short for --views flip
    ['evaluate', '--tta', 'flip', 'fernet']
    """
    new: list[str] = []
    for number, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if number == 0:
            name = COMMANDS.get(name, name)
        new.append(OPTIONS.get(name, name) + equals + value)
        if argument == "--tta" and (*arguments, "")[number + 1] not in ("plain", "flip", "ten-crop"):
            new.append("flip")
    return new


def config(stored: dict[str, Any], group: str = "") -> dict[str, Any]:
    """A run's configuration, or a group of its settings, in today's names.

    >>> config({"recipe": "fernet_taught", "epochs": 40})
    {'recipe': 'fernet_distilled', 'epochs': 40}
    """
    new: dict[str, Any] = {}
    for name, value in stored.items():
        path = group + name
        if path == "recipe" and isinstance(value, str):
            value = RECIPES.get(value, value)
        new[CONFIG.get(path, name)] = config(value, f"{path}.") if isinstance(value, dict) else value
    return new


def evaluation(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored evaluation, its protocol in today's names."""
    return stored | {"protocol": protocol(stored["protocol"])} if "protocol" in stored else stored


def protocol(stored: dict[str, Any]) -> dict[str, Any]:
    """What a score was measured on: `tta` was once true for `flip`, and then called `views`.

    >>> protocol({"split": "test", "views": "flip"})
    {'split': 'test', 'tta': 'flip'}
    """
    tta = stored.get("views", stored.get("tta"))
    if isinstance(tta, bool):
        tta = "flip" if tta else "plain"
    rest = {name: value for name, value in stored.items() if name not in ("views", "tta")}
    return rest if tta is None else rest | {"tta": tta}
