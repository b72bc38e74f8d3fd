"""Models of the Hugging Face Hub: found in the local cache, or downloaded when the network is there."""

import re
from pathlib import Path

from ferdash.errors import ModelError

REPORT_MODEL = "dima806/facial_emotions_image_detection"
"""The ViT-base at 224 px that the report fine-tunes and measures."""

# Weights as safetensors only, at the top of the repository: no pickles, no training leftovers in sub-folders.
_FILES = [
    "config.json",
    "preprocessor_config.json",
    "README.md",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*.safetensors",
]


def is_hub_id(reference: str) -> bool:
    """Whether a reference has the form owner/name."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", reference) is not None


def is_cached(model_id: str) -> bool:
    """Whether a model of the Hub has been downloaded before."""
    from huggingface_hub import try_to_load_from_cache

    return all(
        any(isinstance(try_to_load_from_cache(model_id, name), str) for name in names)
        for names in (("config.json",), ("model.safetensors", "model.safetensors.index.json"))
    )


def to_download(reference: str) -> list[str]:
    """Ids of the models of the Hub that a model reference needs and that are not on this computer yet.

    >>> to_download("fernet+owner/name@size=112")
    ['owner/name']
    """
    if Path(reference).expanduser().is_dir():
        return []
    parts = [re.sub(r"@size=\d+$", "", part.strip()) for part in reference.split("+")]
    ids = [part for part in parts if is_hub_id(part) and not Path(part).expanduser().is_dir()]
    return [each for each in dict.fromkeys(ids) if not is_cached(each)]


def hub_folder(model_id: str) -> Path:
    """The local folder of a model of the Hub, downloaded on first use.

    Raises ModelError when the Hub cannot be reached, or does not have it.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    if is_cached(model_id):
        return Path(snapshot_download(model_id, allow_patterns=_FILES, local_files_only=True))
    try:
        return Path(snapshot_download(model_id, allow_patterns=_FILES, etag_timeout=5))
    except GatedRepoError as error:
        raise ModelError(
            f"{model_id} asks for its terms to be accepted: do so on its page at huggingface.co, then `hf auth login`."
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelError(f"The Hugging Face Hub has no model {model_id}, or it is private; check the name.") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ModelError(
            f"{model_id} is not on this computer and the Hugging Face Hub cannot be reached. On one with network, "
            f"run `hf download {model_id} --local-dir DIR`, bring DIR here, and give that folder as the model."
        ) from error
