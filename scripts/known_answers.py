"""Write what `ferdash doctor` compares with: run it from a checkout whenever a shipped model or the detector changes.

python scripts/known_answers.py
"""

import json
from pathlib import Path

from PIL import Image
from skimage.data import astronaut

from ferdash.diagnosis.answers import ANSWERS, FACE, known_crops, known_face
from ferdash.inference.detector import load_detector
from ferdash.models.catalogue import SHIPPED
from ferdash.models.exported import digest_of
from ferdash.models.loading import load_model
from ferdash.models.reference import source_files

PROJECT = Path(__file__).parents[1]
TARGET = PROJECT / "ferdash" / "diagnosis"


def main() -> None:
    """Computed by PyTorch; the exports are held against it."""
    Image.fromarray(astronaut()[:256, 96:352]).save(TARGET / FACE, optimize=True)
    checkpoints = PROJECT / "checkpoints"
    detector = load_detector("centerface", checkpoints)
    (face,) = detector(known_face())
    models = {}
    for name in SHIPPED:
        probabilities = load_model(name, checkpoints, engine="torch", device="cpu").probabilities(known_crops())
        rounded = [[round(value, 5) for value in row] for row in probabilities.tolist()]
        models[digest_of(source_files(name, checkpoints))] = {"name": name, "probabilities": rounded}
    document = {"detector": {"box_xyxy": [round(value, 3) for value in face.box_xyxy]}, "models": models}
    (TARGET / ANSWERS).write_text(json.dumps(document) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
