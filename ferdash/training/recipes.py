"""Recipes: named configurations, as data. Each is a difference from the defaults of TrainConfig."""

from dataclasses import dataclass
from typing import Any

from ferdash.errors import ConfigError
from ferdash.training.config import TrainConfig, from_dict


@dataclass(frozen=True)
class Recipe:
    """summary: one line on what it is for. settings: nested fields that differ from the defaults."""

    name: str
    summary: str
    settings: dict[str, Any]

    def config(self) -> TrainConfig:
        """The full configuration of this recipe."""
        return from_dict({"recipe": self.name, **self.settings})


_FERNET: dict[str, Any] = {
    "epochs": 60,
    "batch_size": 128,
    "ema": 0.999,
    "optimizer": {"lr": 2e-3, "weight_decay": 0.05, "clip": 1.0},
    "schedule": {"name": "cosine", "warmup_epochs": 2, "floor": 0.01},
    "loss": {"label_smoothing": 0.1},
    "augment": {
        "flip": 0.5,
        "rotation": 12.0,
        "scale": 0.12,
        "shift": 0.08,
        "brightness": 0.3,
        "contrast": 0.3,
        "erasing": 0.3,
        "small_size": 36,
        "small_epochs": 36,
    },
}

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (Recipe("fernet", "Train FerNet from scratch; made the shipped model.", _FERNET),)
}


def get_recipe(name: str) -> Recipe:
    """The recipe of that name. Raises ConfigError listing those there are."""
    if name not in RECIPES:
        raise ConfigError(f"There is no recipe called “{name}”; there are: {', '.join(RECIPES)}.")
    return RECIPES[name]
