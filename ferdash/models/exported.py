"""A network exported for ONNX Runtime, and what is recorded of it.

An export is a folder `onnx` in the model's own: model.onnx in float32, model_int8.onnx in 8-bit integers where it was
quantised, and export.json. The record holds all that is needed to answer without PyTorch, and a digest of the files
that the model was opened from, so that an export of other weights is never used.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from ferdash.errors import ModelError
from ferdash.files import write_json
from ferdash.models.preprocess import Preprocess
from ferdash.models.runtime import GraphRuntime, open_graph
from ferdash.wording import count, percent

RECORD_FILE = "export.json"
FORMAT = 2
FILES: dict[str, str] = {"onnx": "model.onnx", "int8": "model_int8.onnx"}


@dataclass(frozen=True)
class Export:
    """What is recorded of an export.

    source: digest of the files that the model is opened from (see `digest_of`). weights: fingerprint of the network.
    columns, parameters, multi_label: as EmotionModel has them; preprocess: fields of a Preprocess. difference: largest
    difference between a probability of model.onnx and of PyTorch, over `faces` faces. megabytes: of model.onnx; shares:
    the file in the model's folder that it takes its weights from, None where it holds them itself. int8: what
    quantising changed (see ferdash.inference.compression), None without it.
    """

    model: str
    source: str
    weights: str
    columns: list[int]
    parameters: int
    preprocess: dict[str, Any]
    opset: int
    difference: float
    faces: int
    megabytes: float
    shares: str | None
    versions: dict[str, str]
    int8: dict[str, Any] | None = None
    multi_label: bool = False

    def describe(self) -> str:
        """What the export is and costs, in sentences for a person."""
        held = f", beside the weights in {self.shares}" if self.shares else ""
        sentences = [
            f"{FILES['onnx']}: {self.megabytes:.1f} MB{held}; probabilities of {count(self.faces)} faces differ from "
            f"PyTorch's by at most {self.difference:.1g}."
        ]
        if self.int8 is not None:
            small = self.int8
            sentences.append(
                f"{FILES['int8']}: {small['megabytes']:.1f} MB; recognises {percent(small['accuracy_int8'])} instead "
                f"of {percent(small['accuracy_float32'])} ({100 * -small['accuracy_cost']:+.1f} points), and gives the "
                f"same answer for {percent(small['same_answer'])} of the images. Measured on: {small['described']} The "
                f"ranges of the integers are from {count(small['calibration_images'])} training images."
            )
        return " ".join(sentences)


def open_export(folder: Path, engine: Literal["onnx", "int8"]) -> GraphRuntime:
    """The exported network in `folder`. Raises ModelError when ONNX Runtime is not installed, or cannot open it."""
    return GraphRuntime(engine, open_graph(folder / FILES[engine], weights_in=folder.parent))


def digest_of(files: Iterable[Path]) -> str:
    """Identifies the content of files, by name and in order of their names."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(files, key=lambda path: path.name):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "blake2b").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()


def write_export(folder: Path, export: Export) -> None:
    """Put the record into the folder of an export, in one step."""
    write_json(folder / RECORD_FILE, {"format": FORMAT} | asdict(export))


def read_export(folder: Path) -> Export | None:
    """The record in the folder of an export; None where there is none, or one from before exports were opened without
    PyTorch. Raises ModelError when it cannot be read."""
    path = folder / RECORD_FILE
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] < FORMAT:
            return None
        values["preprocess"] = Preprocess.from_dict(values["preprocess"]).to_dict()
        values.setdefault("multi_label", False)  # exports from before there were others
        return Export(**{field.name: values[field.name] for field in fields(Export)})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{RECORD_FILE} in {folder} cannot be read ({error}); export the model anew.") from error
