"""What a model has learned from, as far as this machine knows, and what that makes of a score of it."""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from ferdash.errors import ModelError, RunError
from ferdash.evaluation.protocol import Protocol
from ferdash.models.card import EVALUATION_FILE
from ferdash.models.emotion_model import EmotionModel
from ferdash.models.reference import files_behind
from ferdash.paths import named_model
from ferdash.references import members_of, parse, run_reference
from ferdash.runs.store import open_run

Source = Literal["training images", "same source", "other source", "unknown"]


def source_of(reference: str, protocol: Protocol, checkpoints: Path) -> Source:
    """How the images of a protocol relate to those a model was trained on.

    `training images`: they are some of them. `same source`: another split of a dataset it was trained on, with the
    same kind of pictures and raters. A dataset is the same by its name or by its content. Of several models together,
    the nearest counts. `unknown`: where a model comes from is not recorded here.
    """
    datasets = [trained_on(part, checkpoints) for part in members_of(reference)]
    if any(known & {protocol.dataset, protocol.dataset_hash} for known in datasets):
        return "training images" if protocol.split == "train" else "same source"
    return "other source" if all(datasets) else "unknown"


def weights_of(reference: str, checkpoints: Path) -> str:
    """A hash of the files that decide what a model answers; empty for a model of the Hub, or one that is gone."""
    try:
        files = files_behind(reference, checkpoints)
    except ModelError:
        return ""
    digest = hashlib.blake2b(digest_size=16)
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest() if files else ""


def record_of(model: EmotionModel, document: dict[str, Any], checkpoints: Path) -> dict[str, Any]:
    """What was measured of a model, `document` as its result gives it, as `ferdash.runs.evaluations` keeps it."""
    protocol = Protocol.from_dict(document["protocol"])
    return {
        "model": model.reference,
        "title": model.title,
        "engine": model.engine,
        "source": source_of(model.reference, protocol, checkpoints),
        "weights": weights_of(model.reference, checkpoints),
        **document,
    }


def trained_on(reference: str, checkpoints: Path) -> set[str]:
    """Names and hashes of the datasets behind a model, those of the model it began from included."""
    asked = parse(reference)
    bare = asked.bare
    if not asked.of_run:
        return _of_card(named_model(bare, checkpoints) if "/" not in bare else Path(bare).expanduser())
    try:
        record = open_run(checkpoints / "runs", asked.run).record
    except RunError:
        return set()
    known = {part[key] for part in (record["dataset"], record.get("extra")) if part for key in ("name", "hash")}
    parent = (record.get("parent") or {}).get("run", "")
    # A run cannot have begun from itself, so this ends.
    earlier = filter(None, (record["config"].get("start_from", ""), parent and run_reference(parent)))
    return known.union(*(trained_on(one, checkpoints) for one in earlier))


def _of_card(folder: Path) -> set[str]:
    """What a promoted model's card says that it was trained on; cards of an earlier version say only on which dataset
    it was measured, which is the last of them."""
    try:
        card = json.loads((folder / EVALUATION_FILE).read_text(encoding="utf-8"))
        protocol = card["evaluations"][0]["protocol"]
        return {protocol["dataset"], protocol["dataset_hash"], *card.get("trained_on", [])}
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return set()
