"""What `ferdash evaluate` has measured, a file each under `evaluations`, so that the pages can show it.

A record is what was printed as JSON, with `kind` (`scores` or `robustness`), `model` (its reference), `title`,
`source` (what the model has to do with the images), `weights` (a hash of the files behind it) and `measured_at`.
Measuring the same again replaces it. What is shipped in a model's own folder is listed too.
"""

import hashlib
import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ferdash import former_names
from ferdash.errors import EvaluationError
from ferdash.files import write_json
from ferdash.paths import model_folders, named_model

Kind = Literal["scores", "robustness"]

FORMAT = 1
FOLDER = "evaluations"
SHIPPED = {"scores": "evaluation.json", "robustness": "robustness.json"}
"""By kind, what a model's own folder holds of it."""

logger = logging.getLogger(__name__)


def keep_evaluation(checkpoints: Path, kind: Kind, record: dict[str, Any]) -> Path:
    """Write a record, with the time, under `checkpoints`; returns the file.

    record: at least `model` and `protocol`. Raises EvaluationError when it cannot be written.
    """
    path = checkpoints / FOLDER / _file_name(kind, record)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"format": FORMAT, "kind": kind, "measured_at": now} | record)
    except OSError as error:
        raise EvaluationError(f"What was measured cannot be kept in {path.parent} ({error}).") from error
    return path


def list_evaluations(checkpoints: Path, kind: Kind) -> list[dict[str, Any]]:
    """The records of one kind: those kept here, the newest first, then those shipped with models that were not
    measured here on the same images. A file that cannot be read is left out, and logged."""
    kept = [record for path in (checkpoints / FOLDER).glob(f"{kind}-*.json") for record in _read(path)]
    kept.sort(key=lambda record: record["measured_at"], reverse=True)
    shipped = []
    names = {path.parent.name for folder in model_folders(checkpoints) for path in folder.glob(f"*/{SHIPPED[kind]}")}
    for path in (named_model(name, checkpoints) / SHIPPED[kind] for name in sorted(names)):
        for record in _read(path):
            # A list of evaluations, the main one first, is what a card is written from: all of the model's own dataset.
            found = record["evaluations"][0] | {"source": "same source"} if "evaluations" in record else record
            shipped.append({"weights": "", "measured_at": "", "kind": kind} | found | {"model": path.parent.name})
    known = {_identity(kind, record) for record in kept}
    return kept + [record for record in shipped if _identity(kind, record) not in known]


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        first = record["evaluations"][0] if "evaluations" in record else record
        first |= former_names.evaluation(first)
        if {"dataset_hash", "rows", "tta"} <= first["protocol"].keys():
            return [record]
        reason = "it does not say what was measured"
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        reason = str(error) or type(error).__name__
    logger.warning("%s is left out: %s", path, reason)
    return []


def _identity(kind: str, record: dict[str, Any]) -> tuple[str, ...]:
    """What must be equal for one record to replace another."""
    protocol = record["protocol"]
    measured = (str(protocol[name]) for name in ("dataset_hash", "rows", "tta"))
    rounded = ("int8",) if record.get("engine") == "int8" else ()
    return (kind, str(record["model"]), str(record.get("truth", "label")), *measured, *rounded)


def _file_name(kind: str, record: dict[str, Any]) -> str:
    digest = hashlib.blake2b("\n".join(_identity(kind, record)).encode(), digest_size=6).hexdigest()
    model = re.sub(r"[^A-Za-z0-9._-]+", "-", str(record["model"])).strip("-.")[:40]
    return f"{kind}-{model}-{digest}.json"
