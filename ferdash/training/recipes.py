"""Recipes: named configurations, as data. Each is a difference from the defaults of TrainConfig.

The ten experiments of the report keep its names and what it states of them (epochs, batch size, images per emotion,
weights; AdamW at 2e-5 and cross-entropy are the defaults). Where it states nothing, as for the weights of the two
demos, the summary says that the choice is ours.
"""

from dataclasses import dataclass
from typing import Any

from ferdash import former_names
from ferdash.errors import ConfigError
from ferdash.models.hub import REPORT_MODEL
from ferdash.training.config import TrainConfig, from_dict


@dataclass(frozen=True)
class Recipe:
    """summary: one line on what it is for. settings: nested fields that differ from the defaults. continues: the recipe
    whose latest finished run on the same dataset this one continues, when no model is named."""

    name: str
    summary: str
    settings: dict[str, Any]
    continues: str = ""

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

_FERNET_DISTILLED: dict[str, Any] = {
    **_FERNET,
    "epochs": 40,
    "optimizer": {"lr": 1.2e-3, "weight_decay": 0.05, "clip": 1.0},
    "schedule": {"name": "cosine", "warmup_epochs": 1, "floor": 0.01},
    "loss": {"label_smoothing": 0.1, "teachers": "start", "teacher_share": 0.5},
    "augment": {name: value for name, value in _FERNET["augment"].items() if not name.startswith("small_")},
}

_WORLD: dict[str, Any] = {
    "flip": 0.5,
    "rotation": 20.0,
    "scale": 0.2,
    "shift": 0.12,
    "brightness": 0.3,
    "contrast": 0.3,
    "erasing": 0.4,
}
"""Changes of pictures with which the shipped models were trained, besides how often they are made worse."""

_FERNET_VOTES: dict[str, Any] = {
    **_FERNET,
    "start_from": "fernet",
    "epochs": 22,
    "optimizer": {"lr": 1e-3, "weight_decay": 0.05, "clip": 1.0},
    "schedule": {"name": "cosine", "warmup_epochs": 1, "floor": 0.02},
    "loss": {"soft_votes": True},
    "augment": {**_WORLD, "degrade": 0.1},
    "evaluation": {"select": "majority"},
}

_FERNET_LABELS: dict[str, Any] = {
    **_FERNET_VOTES,
    "start_from": "fernet-plus",
    "epochs": 40,
    "schedule": {"name": "cosine", "warmup_epochs": 1, "floor": 0.01},
    "loss": {"teachers": "votes:start", "teacher_share": 0.6},
    "augment": {**_WORLD, "degrade": 0.07},
    "evaluation": {},
}

_CORRECTIONS: dict[str, Any] = {
    **_FERNET_DISTILLED,
    "start_from": "fernet",
    "epochs": 3,
    "ema": 0.99,
    "optimizer": {"lr": 1e-4, "weight_decay": 0.05, "clip": 1.0},
    "schedule": {"name": "cosine", "warmup_epochs": 0.2, "floor": 0.01},
    "loss": {"label_smoothing": 0.1},
    # A few corrections among 28,709 images would go unnoticed; ten times each, under other augmentation, they do not.
    "sampling": {"extra": "corrections", "extra_repeat": 10},
    "evaluation": {"baseline": True},
}

_FERNET_QUICK: dict[str, Any] = {
    **_FERNET,
    "epochs": 10,
    "schedule": {"name": "cosine", "warmup_epochs": 1, "floor": 0.01},
    "loss": {"label_smoothing": 0.05},
    "augment": {
        "flip": 0.5,
        "rotation": 10.0,
        "scale": 0.1,
        "shift": 0.08,
        "brightness": 0.2,
        "contrast": 0.2,
        "small_size": 36,
        "small_epochs": 7,
    },
}


def _limited(weights: dict[str, float] | None = None, batch_size: int = 32) -> dict[str, Any]:
    """One epoch on 100 images of each emotion, measured on as many."""
    sampling: dict[str, Any] = {"per_class": 100}
    if weights:
        sampling |= {"mode": "static", "weights": weights}
    return {
        "start_from": REPORT_MODEL,
        "epochs": 1,
        "batch_size": batch_size,
        "sampling": sampling,
        "evaluation": {"per_class": 100, "test": True},
    }


def _full(epochs: int, per_class: int = 100, **settings: Any) -> dict[str, Any]:
    """The whole training split at batch 16; measured on `per_class` images of each emotion, 0 for all."""
    return {
        "start_from": REPORT_MODEL,
        "epochs": epochs,
        "batch_size": 16,
        "evaluation": {"per_class": per_class, "test": True},
        # Any of its epochs can be gone on from, with its optimizer.
        "checkpoint": {"keep_last": max(1, epochs)},
        **settings,
    }


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("fernet", "Train FerNet from scratch.", _FERNET),
        Recipe(
            "fernet_distilled",
            "Continues the fernet recipe, with its result as the teacher.",
            _FERNET_DISTILLED,
            continues="fernet",
        ),
        Recipe(
            "fernet_votes",
            "Learns what ten raters saw instead of the label, from faces made worse in many ways; needs FER+'s votes.",
            _FERNET_VOTES,
        ),
        Recipe(
            "fernet_labels",
            "Learns the label, and what it usually is given the raters' votes and the face; needs FER+'s votes.",
            _FERNET_LABELS,
        ),
        Recipe(
            "corrections",
            "Continues a model with the faces you corrected, mixed into the dataset so that it keeps the rest.",
            _CORRECTIONS,
        ),
        Recipe("fernet_quick", "FerNet from scratch in 10 epochs, to try things out.", _FERNET_QUICK),
        Recipe(
            "demo_disgust_surprise_focus",
            "The project report's first weighting demo: disgust and surprise twice as often (the factor is ours).",
            _limited({"disgust": 2.0, "surprise": 2.0}),
        ),
        Recipe(
            "demo_fear_focus",
            "Continues the disgust and surprise demo, drawing fear twice as often (the factor is ours).",
            _limited({"fear": 2.0}),
            continues="demo_disgust_surprise_focus",
        ),
        Recipe("baseline_limited", "A quick baseline: 100 images of each emotion, one epoch.", _limited()),
        Recipe("full_dataset_test", "One epoch on every training image, measured on 100 of each emotion.", _full(1)),
        Recipe("full_dataset_multi_epoch", "Five epochs on every training image.", _full(5)),
        Recipe(
            "weighted_disgust_fear",
            "100 images of each emotion, drawing disgust three times and fear twice as often.",
            _limited({"disgust": 3.0, "fear": 2.0}),
        ),
        Recipe(
            "positive_emotions_focus",
            "100 images of each emotion, drawing happy twice and surprise one and a half times as often.",
            _limited({"happy": 2.0, "surprise": 1.5}),
        ),
        Recipe("baseline_evaluation", "No training: measures the model as it is, on every image.", _full(0, 0)),
        Recipe(
            "full_dataset_single_epoch",
            "One epoch on every training image, measured on every test image.",
            _full(1, 0),
        ),
        Recipe(
            "adaptive_training",
            "Ten epochs; after each, the two emotions with the lowest F1 are drawn 3 to 5 times as often.",
            _full(10, 0, sampling={"mode": "adaptive"}),
        ),
    )
}


def get_recipe(name: str) -> Recipe:
    """The recipe of that name. Raises ConfigError listing those there are."""
    name = former_names.RECIPES.get(name, name)
    if name not in RECIPES:
        raise ConfigError(f"There is no recipe called “{name}”; there are: {', '.join(RECIPES)}.")
    return RECIPES[name]


def require_used(config: TrainConfig) -> None:
    """Raise ConfigError for a sampling weight, other than its recipe's, that no image is drawn by, as sampling.mode is
    not `static`."""
    sampling, recipe = config.sampling, RECIPES.get(config.recipe)
    usual = recipe.config().sampling.weights if recipe is not None else {}
    changed = [name for name, weight in sampling.weights.items() if weight != usual.get(name, 1.0)]
    if changed and sampling.mode != "static":
        raise ConfigError(
            f"sampling.weights.{changed[0]} is {sampling.weights[changed[0]]:g}, but weights count only while "
            f"sampling.mode is static, and it is {sampling.mode}. Set sampling.mode=static, or leave the weights out."
        )
