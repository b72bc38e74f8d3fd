"""What a model's card says of it: the front matter of README.md, as the Hugging Face Hub defines it."""

from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCard


def read_card(folder: Path) -> dict[str, Any]:
    """Licence, data sets, tags and scores of the card in a model folder; empty where there is none.

    `scores` is a list of {dataset, split, metric, value}. A card that cannot be read gives only `problem`, a sentence:
    the model works without it.
    """
    path = folder / "README.md"
    if not path.is_file():
        return {}
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
