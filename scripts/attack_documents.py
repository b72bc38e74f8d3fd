"""Valid documents of every kind that ferdash reads, for `attack.py` to damage; and command lines with odd values.

The name of each begins with the kind that `attack.py` knows it by.
"""

import json
import os
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from attack_mutations import ODD
from PIL import Image
from typer.testing import CliRunner

from ferdash.cli.main import app
from ferdash.data.dataset import open_dataset
from ferdash.data.demo import draw_photo
from ferdash.emotions import EMOTIONS
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.training.config import TrainConfig, to_dict
from ferdash.video.sample import write_sample

FACES = 28
"""In a dataset of a document: enough for each emotion in each split."""


def do(*words: str) -> None:
    """A command of ours, which has to go well."""
    result = CliRunner().invoke(app, list(words))
    if result.exception:
        raise RuntimeError(f"{words}: {result.output}") from result.exception


def make_documents(world: Path, folder: Path) -> None:
    """Everything that is read, whole, made from a person's folder, in which the commands are carried out."""
    os.environ |= {"FERDASH_DATA": str(world / "data"), "FERDASH_CHECKPOINTS": str(world / "checkpoints")}
    _runs(world, folder)
    _datasets(world, folder)
    _analyses(world, folder)
    _media(folder)
    for number, model_type in enumerate(("fernet", "vit")):
        _model(folder / f"model-{number}", model_type)


def _runs(world: Path, folder: Path) -> None:
    run = next((world / "checkpoints" / "runs").glob("*-fernet-quick-*"))
    do("evaluate", f"run:{run.name}@best", "--dataset", "demo", "--split", "validation")
    do("runs", "export", "small", "--to", "csv", "--out", str(folder / "runs-csv-ours.csv"))
    do("runs", "export", "small", "--to", "mlflow", "--out", str(folder / "mlflow-ours.db"))
    whole = shutil.ignore_patterns(".lock", "checkpoints")
    for name in ("run-1", "run-2", "run-3"):  # so many files, and so often broken by hand, that they count thrice
        shutil.copytree(run, folder / name, ignore=whole)
    (folder / "ckpt-1" / "checkpoints").mkdir(parents=True)
    for name in ("config.json", "status.json", "metrics.jsonl"):
        shutil.copy(run / name, folder / "ckpt-1")
    for name in ("best.pt", "epoch-003.pt"):
        shutil.copy(run / "checkpoints" / name, folder / "ckpt-1" / "checkpoints")
    lines = [f"{one},{epoch},0.5,0.6,1.5,0.001,0.25,12" for one in "ab" for epoch in range(3)]
    head = "run,epoch,accuracy,val_accuracy,val_loss,lr,f1_fear,seconds"
    (folder / "runs-csv-theirs.csv").write_text("\n".join([head, *lines]))
    storage = f"sqlite:///{folder / 'study-1.db'}"
    small = ["--set", "network.width=8", "--set", "network.depths=1,1,1,1", "--epochs", "1", "--trials", "2"]
    do("sweep", "--study", "s", "--recipe", "fernet_quick", "--dataset", "demo", "--storage", storage, *small)


def _datasets(world: Path, folder: Path) -> None:
    do("dataset", "audit", "demo")
    shutil.copytree(world / "data" / "demo", folder / "dataset-1")
    demo = open_dataset(world / "data", "demo")
    faces, labels = np.asarray(demo.images[:FACES]), np.arange(FACES) % 7
    usage = ["Training" if number < 14 else "PublicTest" for number in range(FACES)]
    rows = [f"{a},{' '.join(map(str, face.ravel()))},{b}" for a, face, b in zip(labels, faces, usage, strict=True)]
    (folder / "csv-1.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    with zipfile.ZipFile(folder / "faces-1.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (face, label) in enumerate(zip(faces, labels, strict=True)):
            name = f"{'train' if number < 14 else 'val'}/{EMOTIONS[label]}/{number}.png"
            archive.writestr(name, cv2.imencode(".png", face)[1].tobytes())
    one: dict[str, Any] = dict.fromkeys(("id", "made_at", "face", "source", "model"), "x")
    one |= {"old_label": "sad", "new_label": "happy", "timestamp_s": 1.0, "track": 1, "probabilities": [0.1] * 7}
    lines = [{"correction": {**one, "consent": ""}}, {"removed": "y", "replaces": ["z"]}, {"restored": "y"}]
    (folder / "corrections-1").mkdir()
    (folder / "corrections-1" / "journal.jsonl").write_text("\n".join(map(json.dumps, lines)))
    np.save(folder / "npy-1.npy", np.full((len(demo), 7), 1 / 7, dtype=np.float32))


def _analyses(world: Path, folder: Path) -> None:
    film = write_sample(world / "film.mp4", seconds=1.5)
    do("video", str(film), "--out", str(world / "exported"), "--stride", "2", "--only", "lab", "--only", "frames.csv")
    analysis = next((world / "data" / "analyses").glob("*-film-*"))
    mark = {"frame": 4, "timestamp_s": 0.16, "name": "here"}
    (analysis / "marks.json").write_text(json.dumps({"marks": [mark, {**mark, "frame": 8}]}))
    (analysis / "baseline.json").write_text(json.dumps({"tracks": {"1": [0, 2, 4]}}))
    written = [path for path in (world / "exported").rglob("*") if path.is_file()]
    (eaf,) = (path for path in written if path.suffix == ".eaf")
    shutil.copy(eaf, folder / "coding-elan.eaf")
    do("analyses", "import", str(eaf), "--into", analysis.name)
    for name in ("session-1", "session-2", "session-3"):
        shutil.copytree(analysis, folder / name, ignore=shutil.ignore_patterns(".lock", "source.*"))
    openface = next(path for path in written if "openface" in path.name.lower())
    shutil.copy(openface, folder / "coding-openface.csv")
    events = [[1.0, "P2", "happy", "", ""], [2.0, "P2", "happy", "", ""], [2.5, "", "surprise", "", ""]]
    codes = {str(n): {"type": "State event", "code": emotion} for n, emotion in enumerate(EMOTIONS)}
    boris = {"project_format_version": "7.0", "behaviors_conf": codes, "observations": {"B": {"events": events}}}
    (folder / "coding-boris.boris").write_text(json.dumps(boris))
    shutil.rmtree(world / "exported")


def _media(folder: Path) -> None:
    drawn = Image.fromarray(draw_photo(["happy", "sad"], np.random.default_rng(3)))
    for suffix in ("png", "jpg", "tiff", "webp", "gif", "bmp", "tga", "pgm", "avif", "jp2"):
        (drawn.convert("L") if suffix == "pgm" else drawn).save(folder / f"photo-{suffix}.{suffix}")
    Image.fromarray(np.asarray(drawn.convert("L")).astype(np.uint16) * 16).save(folder / "photo-deep.png")
    with zipfile.ZipFile(folder / "photo-1.zip", "w") as archive:
        for suffix in ("png", "jpg"):
            archive.write(folder / f"photo-{suffix}.{suffix}", f"a/{suffix}.{suffix}")
    for suffix in ("mp4", "mkv", "ts", "avi", "mov"):
        write_sample(folder / f"video-{suffix}.{suffix}", seconds=0.6)


def _model(folder: Path, model_type: str) -> None:
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(0)
    if model_type == "fernet":
        FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(folder)
        processor_of(Preprocess()).save_pretrained(folder)
    else:
        small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        names = {"id2label": dict(enumerate(EMOTIONS)), "label2id": {one: n for n, one in enumerate(EMOTIONS)}}
        config = ViTConfig(**small, **names, image_size=32, patch_size=8)
        ViTForImageClassification(config).save_pretrained(folder)
        ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    (folder / "temperature.json").write_text(json.dumps({"format": 1, "temperature": 1.3, "dataset": "demo"}))


TRAIN = ["train", "--recipe", "fernet_quick", "--dataset", "demo", "--set", "epochs=1", "--set", "network.width=8"]
ASKED: list[tuple[list[str], tuple[str, ...]]] = [
    (["predict", "PHOTO", "--json"], ("--model", "--tta", "--engine", "--detector", "--threshold")),
    (["video", "FILM", "--out", "out", "--only", "frames.csv"], ("--stride", "--detect-every", "--start", "--end")),
    (["video", "FILM", "--only", "summary.json"], ("--out", "--fps", "--only", "--tta", "--detector")),
    (["evaluate", "SMALL", "--dataset", "demo"], ("--split", "--per-class", "--seed", "--tta", "--against")),
    (["evaluate", "SMALL"], ("--dataset", "--truth", "--corruptions", "--save-predictions")),
    (TRAIN, ("--seed", "--name", "--model", "--dataset", "--recipe")),
    (["train"], ("--resume", "--recipe", "--dataset", "--folds")),
    (["sweep", "--recipe", "fernet_quick", "--show"], ("--study", "--storage")),
    (["sweep", "--recipe", "fernet_quick", "--trials", "1"], ("--vary", "--space", "--sampler", "--dataset")),
    (["promote", "small", "kept"], ("--average",)),
    (["dataset", "import", "ZIP"], ("--name", "--leave-out", "--split")),
    (["dataset", "audit", "demo"], ("--exclude", "--include")),
    (["runs", "list"], ("--tag", "--sort")),
    (["runs", "export", "small"], ("--to", "--out")),
    (["runs", "compare", "small", "small"], ("--baseline",)),
    (["calibrate", "SMALL", "--dataset", "demo"], ("--against", "--dataset")),
    (["corrections", "export"], ("--name",)),
]
"""Commands that go well, and options of each that may be given an odd value."""
PLACES = (
    *(["promote", "small", "X"], ["runs", "show", "X"], ["runs", "rename", "small", "X"]),
    ["runs", "tag", "small", "X"],
    *(["runs", "note", "small", "X"], ["runs", "archive", "X"], ["runs", "delete", "X", "--yes"], ["recipes", "X"]),
    *(["dataset", "stats", "X"], ["dataset", "delete", "X", "--yes"], ["dataset", "import", "X"], ["predict", "X"]),
    *(["analyses", "show", "X"], ["analyses", "continue", "X"], ["analyses", "delete", "X", "--yes"]),
    ["evaluate", "X"],
    *(["corrections", "remove", "X"], ["analyses", "import", "X"], ["sequence", "X", "--out", "out"]),
    *(["analyses", "export", "X", "--out", "out"], ["runs", "import", "X"], ["export-onnx", "X"]),
)
"""Commands with an odd value in the place of X."""


def odd_command(rng: random.Random) -> list[list[str]]:
    """A command line with one odd value, and what a person would look at next."""
    # What the system does not let anybody give to a program is left out.
    odd = str(rng.choice([one for one in ODD if one not in ("\x00", "\ud800")]))
    if rng.random() < 0.35:
        given = [odd if word == "X" else word for word in rng.choice(PLACES)]
    elif rng.random() < 0.45:
        given = [*TRAIN, "--set", f"{rng.choice(_settings(to_dict(TrainConfig())))}={odd}"]
    else:
        command, options = rng.choice(ASKED)
        given = [*command, rng.choice(options), odd]
    return [given, ["runs", "list", "--json"], ["dataset", "list", "--json"]]


def _settings(fields: dict[str, Any], before: str = "") -> list[str]:
    """Paths of all settings of a training, but how long it takes."""
    found = []
    for name, value in fields.items():
        found += _settings(value, f"{before}{name}.") if isinstance(value, dict) else [before + name]
    return [name for name in found if name not in ("epochs", "format")]
