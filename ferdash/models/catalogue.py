"""The models to choose from, without loading any."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferdash.models.hub import REPORT_MODEL, is_cached
from ferdash.paths import model_folders
from ferdash.references import run_reference

DEFAULT_MODEL = "fernet-plus"
"""What photos, videos and the camera are looked at with, unless a person chooses."""

SHIPPED: dict[str, tuple[str, str]] = {
    DEFAULT_MODEL: ("FerNet+", "Says what ten people would say of a face: learned from FER+'s votes. 48 x 48, grey."),
    "fernet": ("FerNet", "Says what FER2013's label would be; comparable with published scores. 48 x 48, grey."),
}
"""Title and one line of each model that comes with ferdash, in the order in which they are offered."""


@dataclass(frozen=True)
class ModelEntry:
    """One line of a model picker. available: can be loaded without the network."""

    reference: str
    title: str
    kind: Literal["shipped", "run", "hub"]
    description: str
    available: bool


def list_models(checkpoints: Path) -> list[ModelEntry]:
    """Models of `checkpoints`/models and those of an installed ferdash (those of SHIPPED first), runs with a best
    checkpoint (newest first), the report's model."""
    folders = model_folders(checkpoints)
    names = {entry.parent.name for folder in folders for entry in folder.glob("*/config.json")}
    order = {name: place for place, name in enumerate(SHIPPED)}
    ordered = sorted(names, key=lambda name: (order.get(name, len(order)), name))
    shipped = [ModelEntry(name, *_describe(name), available=True) for name in ordered]
    runs = [
        ModelEntry(run_reference(run_id), f"Run {run_id}", "run", "Best epoch of this run.", available=True)
        for run_id in sorted((path.parts[-3] for path in checkpoints.glob("runs/*/checkpoints/best.pt")), reverse=True)
    ]
    cached = is_cached(REPORT_MODEL)
    note = "downloaded" if cached else "343 MB to download on first use"
    report = ModelEntry(
        REPORT_MODEL, "ViT-base (the report's model)", "hub", f"Vision transformer at 224 px; {note}.", available=cached
    )
    return [*shipped, *runs, report]


def _describe(name: str) -> tuple[str, Literal["shipped"], str]:
    title, description = SHIPPED.get(name, (name, "A model in the models folder."))
    return title, "shipped", description
