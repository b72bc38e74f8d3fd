"""A model's card: README.md with front matter as the Hugging Face Hub defines it, and evaluation.json beside it.

The card is written by code from a run's facts. evaluation.json holds its figures in full precision, as
`ferdash evaluate --json` prints them, so that anyone can check one against the other to the last digit.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferdash import former_names
from ferdash.emotions import EMOTIONS, SPLITS
from ferdash.errors import ModelError
from ferdash.evaluation import rater_words
from ferdash.files import write_atomic, write_json
from ferdash.models.calibration import CALIBRATION_FILE, Calibration
from ferdash.models.card_text import INTENDED, LIMITS, UNINTENDED
from ferdash.models.registry import names
from ferdash.wording import count, percent

EVALUATION_FILE = "evaluation.json"
CURVE_ROWS = 10

_HEADLINE = (
    ("accuracy", "Accuracy"),
    ("balanced_accuracy", "Balanced accuracy"),
    ("macro_f1", "Macro F1"),
    ("weighted_f1", "Weighted F1"),
    ("top2", "Top-2 accuracy"),
    ("log_loss", "Log loss"),
    ("brier", "Brier score"),
    ("ece", "Calibration error"),
)
_IN_PERCENT = ("accuracy", "balanced_accuracy", "top2", "ece")


@dataclass(frozen=True)
class CardFacts:
    """What a card is written from.

    name: the model's folder. model_type: as transformers names it (`fernet`, `vit`). architecture: a sentence.
    counts: images by split and emotion. provenance: where the data comes from, in Markdown (see card_text).
    run, command, seed, code, versions: what made the model. history: rows of the run's metrics.jsonl. epochs:
    those whose weights were taken, from 0, oldest first; chosen: which and why, as the end of a sentence. origin:
    where it began and its teachers, in Markdown; empty for a network from scratch that had the labels alone.
    evaluations: as `Scored.to_dict()` gives them, the main one first. exported: what there is for ONNX Runtime and what
    it costs, in sentences; empty where nothing is. trained_on: names and hashes of all datasets behind the weights,
    those of the models they began from included.
    """

    name: str
    title: str
    model_type: str
    architecture: str
    parameters: int
    dataset: str
    dataset_hash: str
    counts: dict[str, dict[str, int]]
    provenance: str
    run: str
    command: str
    seed: int
    code: str
    versions: dict[str, str]
    history: list[dict[str, Any]]
    epochs: list[int]
    chosen: str
    evaluations: list[dict[str, Any]]
    origin: str = ""
    exported: str = ""
    licence: str = "mit"
    trained_on: tuple[str, ...] = ()


def write_card(folder: Path, facts: CardFacts) -> None:
    """Write README.md and evaluation.json into a model's folder, each in one step."""
    evaluation = {"format": 1, "model": facts.name, "run": facts.run, "trained_on": list(facts.trained_on)}
    evaluation |= {"evaluations": facts.evaluations}
    write_json(folder / EVALUATION_FILE, evaluation)
    text = render_card(facts)
    write_atomic(folder / "README.md", lambda file: file.write(text.encode()))


def render_card(facts: CardFacts) -> str:
    """The text of README.md: front matter, then the card."""
    sections = (
        ("", _introduction(facts)),
        ("Use", f"{_snippet(facts)}\n\n### What it is for\n\n{INTENDED}\n\n### What it is not for\n\n{UNINTENDED}"),
        ("Scores", _scores(facts)),
        ("Limits", LIMITS),
        ("Data", f"{_counts(facts)}\n\n{facts.provenance}"),
        ("Training", _training(facts)),
        ("Without PyTorch", facts.exported),
    )
    body = "\n\n".join(f"## {title}\n\n{text}" if title else text for title, text in sections if text)
    return f"---\n{_front_matter(facts)}\n---\n\n# {facts.title}\n\n{body}\n"


def read_evaluation(folder: Path) -> list[dict[str, Any]]:
    """The evaluations beside a model's card, the main one first; empty where there are none.

    Raises ModelError when the file cannot be read.
    """
    path = folder / EVALUATION_FILE
    if not path.is_file():
        return []
    try:
        evaluations = list(json.loads(path.read_text(encoding="utf-8"))["evaluations"])
        return [former_names.evaluation(found) for found in evaluations]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{EVALUATION_FILE} of the model “{folder.name}” cannot be read ({error}).") from error


def read_card(folder: Path) -> dict[str, Any]:
    """Licence, data sets, tags and scores of the card in a model folder; empty where there is none.

    `scores` is a list of {dataset, split, metric, value}. A card that cannot be read gives only `problem`, a sentence:
    the model works without it.
    """
    path = folder / "README.md"
    if not path.is_file():
        return {}
    import yaml
    from huggingface_hub import ModelCard

    try:
        data = ModelCard.load(path, ignore_metadata_errors=True).data
    except (ValueError, TypeError, yaml.YAMLError, OSError) as error:
        return {"problem": f"The model card README.md cannot be read ({str(error).splitlines()[0]})."}
    facts = {key: value for key, value in data.to_dict().items() if key not in ("model-index", "model_name")}
    if data.eval_results:
        facts["scores"] = [
            {
                "dataset": result.dataset_name,
                "split": result.dataset_split,
                "metric": result.metric_type,
                "value": result.metric_value,
            }
            for result in data.eval_results
        ]
    return facts


def _front_matter(facts: CardFacts) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="image-classification",
            dataset_type=evaluation["protocol"]["dataset"],
            dataset_name=_dataset_title(evaluation["protocol"]),
            dataset_config=_config(evaluation["protocol"]),  # results of equal config and split would be merged
            dataset_split=evaluation["protocol"]["split"],
            dataset_revision=evaluation["protocol"]["dataset_hash"],
            metric_type=metric,
            metric_value=evaluation["metrics"][field],
        )
        for evaluation in facts.evaluations
        for metric, field in (("accuracy", "accuracy"), ("f1", "macro_f1"))
    ]
    return ModelCardData(
        model_name=facts.name,
        license=facts.licence,
        library_name="transformers",
        pipeline_tag="image-classification",
        tags=["facial-expression-recognition", "emotion", facts.model_type],
        metrics=["accuracy", "f1"],
        eval_results=results,
    ).to_yaml()


def _config(protocol: dict[str, Any]) -> str:
    return str(protocol["rows"] + ("" if protocol["tta"] == "plain" else f"-{protocol['tta']}"))


def _dataset_title(protocol: dict[str, Any]) -> str:
    kept = "" if protocol["duplicates_included"] else " without duplicates of training images"
    augmented = "" if protocol["tta"] == "plain" else f" ({protocol['tta']})"
    return str(protocol["dataset"] + kept + augmented)


def _introduction(facts: CardFacts) -> str:
    main = facts.evaluations[0]
    metrics, protocol = main["metrics"], main["protocol"]
    return (
        f"Classifies a cropped face into seven expressions: {', '.join(EMOTIONS)}. {facts.architecture} It has "
        f"{count(facts.parameters)} parameters and reaches an accuracy of **{percent(metrics['accuracy'])}** on "
        f"{count(protocol['images'])} images of {_dataset_title(protocol)} ({protocol['split']}){_agreement(main)}."
    )


def _agreement(evaluation: dict[str, Any]) -> str:
    raters = evaluation.get("raters")
    if not raters:
        return ""
    return (
        f" against their label, and agrees with what over half of their raters said on "
        f"**{percent(raters['agreement'])}** of {count(raters['images'])}"
    )


def _snippet(facts: CardFacts) -> str:
    module = f"ferdash.models.architectures.{facts.model_type}"
    register = f"import {module}  # makes it known to transformers\n" if facts.model_type in names() else ""
    return f"""\
With ferdash: `ferdash predict PHOTO --model {facts.name}`. With transformers, on a picture of one face:

```python
{register}from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification

folder = "checkpoints/models/{facts.name}"
processor = AutoImageProcessor.from_pretrained(folder)
model = AutoModelForImageClassification.from_pretrained(folder).eval()
inputs = processor(Image.open("face.png"), return_tensors="pt")
probabilities = {_scaled_logits(facts)}.softmax(dim=-1)[0].tolist()
print({{model.config.id2label[index]: probability for index, probability in enumerate(probabilities)}})
```"""


def _scaled_logits(facts: CardFacts) -> str:
    calibration = facts.evaluations[0]["calibration"]
    return f"(model(**inputs).logits / {calibration['temperature']:.6f})" if calibration else "model(**inputs).logits"


def _scores(facts: CardFacts) -> str:
    parts = ["Measured on:"]
    parts.append("\n".join(f"{number}. {e['described']}" for number, e in enumerate(facts.evaluations, 1)))
    parts.append(_headline_table(facts.evaluations))
    if any(evaluation["protocol"]["split"] == "validation" for evaluation in facts.evaluations):
        parts.append(
            "The weights were chosen on the validation split, so scores there are a little higher than they would be "
            "on new images."
        )
    main, protocol = facts.evaluations[0], facts.evaluations[0]["protocol"]
    parts += _raters(facts.evaluations)
    if main["calibration"]:
        parts.append(Calibration(**main["calibration"]).describe() + f" ferdash reads it from `{CALIBRATION_FILE}`.")
    parts.append(f"Per emotion, on {count(protocol['images'])} images (1):")
    parts.append(_emotion_table(main["metrics"]))
    parts.append("Confusion matrix (1), a row for each true emotion and a column for each predicted one:")
    rows = zip(EMOTIONS, main["metrics"]["confusion"], strict=True)
    parts.append(_table(["", *EMOTIONS], ([name, *map(count, row)] for name, row in rows)))
    parts.append(
        f"In brackets: 95% bootstrap CI over images. The same figures in full precision: `{EVALUATION_FILE}`. "
        f"To measure again: `ferdash evaluate {facts.name} --dataset {facts.dataset} --split {protocol['split']}`."
    )
    return "\n\n".join(parts)


def _raters(evaluations: list[dict[str, Any]]) -> list[str]:
    """The comparison with raters, in parts; nothing where no votes are known."""
    known = [(number, e, e["raters"]) for number, e in enumerate(evaluations, 1) if e.get("raters")]
    if not known:
        return []
    heads = [f"({number}) {_seen(evaluation['protocol'])}" for number, evaluation, _ in known]
    columns = [rater_words.cells(raters) for _, _, raters in known]
    rows = [[title, *row] for title, *row in zip(rater_words.TITLES, *columns, strict=True)]
    number, _, main = known[0]
    return [
        f"Against the raters' votes. {rater_words.describe(main)}",
        _table(["", *heads], rows),
        f"Agreement where the majority is for that emotion ({number}):",
        _table(["", "agreement", "images"], (list(row) for row in rater_words.by_emotion(main))),
    ]


def _headline_table(evaluations: list[dict[str, Any]]) -> str:
    rows = []
    for name, title in _HEADLINE:
        cells = []
        for evaluation in evaluations:
            interval = evaluation["intervals"][name]
            numbers = [evaluation["metrics"][name], interval["low"], interval["high"]]
            value, low, high = (percent(n) if name in _IN_PERCENT else f"{n:.3f}" for n in numbers)
            cells.append(f"{value} ({low.removesuffix(' %')} to {high.removesuffix(' %')})")
        rows.append([title, *cells])
    heads = [f"({number}) {_seen(evaluation['protocol'])}" for number, evaluation in enumerate(evaluations, 1)]
    return _table(["", *heads], rows)


def _seen(protocol: dict[str, Any]) -> str:
    return f"{count(protocol['images'])} images" + ("" if protocol["tta"] == "plain" else f", {protocol['tta']}")


def _emotion_table(metrics: dict[str, Any]) -> str:
    rows = []
    for index, name in enumerate(EMOTIONS):
        scores = [metrics[score][index] for score in ("precision", "recall", "f1")]
        rows.append([name, *("-" if s is None else f"{s:.3f}" for s in scores), count(metrics["support"][index])])
    for kind in ("macro", "weighted"):
        averages = [f"{metrics[f'{kind}_{score}']:.3f}" for score in ("precision", "recall", "f1")]
        rows.append([f"{kind} avg", *averages, count(metrics["images"])])
    return _table(["", "precision", "recall", "F1", "support"], rows)


def _counts(facts: CardFacts) -> str:
    splits = [split for split in SPLITS if sum(facts.counts.get(split, {}).values())]
    rows = [[name, *(count(facts.counts[split].get(name, 0)) for split in splits)] for name in EMOTIONS]
    rows.append(["all", *(count(sum(facts.counts[split].values())) for split in splits)])
    intro = (
        f"Dataset `{facts.dataset}`, content hash `{facts.dataset_hash}`; the model learned from its train split alone."
    )
    return f"{intro}\n\n{_table(['', *splits], rows)}"


def _training(facts: CardFacts) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    settings = [
        ["Run", f"`{facts.run}`"],
        ["Command", f"`{facts.command}`"],
        ["Seed", str(facts.seed)],
        ["Code", f"`{facts.code}`"],
        ["Versions", versions],
        ["Chosen", facts.chosen],
    ]
    hours = sum(row.get("seconds", 0.0) for row in facts.history) / 3600
    curve = [
        [
            str(row["epoch"] + 1) + (" (kept)" if row["epoch"] in facts.epochs else ""),
            f"{row['train_loss']:.3f}" if "train_loss" in row else "-",
            f"{row['validation']['log_loss']:.3f}",
            percent(row["validation"]["accuracy"]),
            f"{row['validation']['macro_f1']:.3f}",
        ]
        for row in _some_epochs(facts)
    ]
    heads = ["epoch", "training loss", "validation log loss", "validation accuracy", "validation macro F1"]
    origin = f"{facts.origin}\n\n" if facts.origin else ""
    return f"{origin}{_table(['', ''], settings)}\n\nTraining took {hours:.1f} hours.\n\n{_table(heads, curve)}"


def _some_epochs(facts: CardFacts) -> list[dict[str, Any]]:
    """About CURVE_ROWS epochs, evenly spaced, the last and the newest that was kept among them."""
    step = max(1, len(facts.history) // CURVE_ROWS)
    last = len(facts.history) - 1
    return [
        row
        for number, row in enumerate(facts.history)
        if (last - number) % step == 0 or number == 0 or row["epoch"] == facts.epochs[-1]
    ]


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table whose columns after the first are right-aligned."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
