"""Every importer against damaged files: each ends in a result that makes sense or in one sentence, and soon.

A few files an importer are tried with all the tests; `make fuzz` tries 200 each (FERDASH_FUZZ=200), over 2,000 in all.
Bytes are flipped, cut, dropped, doubled and put in; JSON gets values of other kinds anywhere; tables get odd cells.
"""

import json
import os
import resource
import shutil
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferdash.analyses.store import create_analysis, find_analysis, list_analyses, write_status
from ferdash.data.corrections import list_corrections
from ferdash.data.dataset import open_dataset, save_dataset
from ferdash.data.sources import import_dataset
from ferdash.data.statistics import summarise
from ferdash.emotions import EMOTIONS
from ferdash.errors import FerdashError, ImageError
from ferdash.exports.facts import facts_of
from ferdash.inference.images import read_images
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.weights import pack_network, read_network
from ferdash.runs import export, store
from ferdash.runs.importing import import_runs
from ferdash.runs.index import list_runs, sound
from ferdash.training.config import TrainConfig, from_dict, to_dict
from ferdash.training.distillation import _read_table
from ferdash.video.decoding import probe, read_frames
from ferdash.video.sample import write_sample

EACH = int(os.environ.get("FERDASH_FUZZ", "2"))
SLOWEST_S = 10.0
MOST_BYTES = 2**30
"""What reading may take beyond what the process ever took before: other tests have been at work in it."""
FACES = np.random.default_rng(0).integers(0, 256, (14, 48, 48), dtype=np.uint8)


@dataclass(frozen=True)
class Importer:
    """make: writes whole files into a folder. files: those that are damaged, as patterns. use: reads them, and raises
    AssertionError for a result that makes no sense."""

    make: Callable[[Path], None]
    files: tuple[str, ...]
    use: Callable[[Path], object]


def png(face: np.ndarray) -> bytes:
    return cv2.imencode(".png", face)[1].tobytes()


def make_zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "faces.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, face in enumerate(FACES):
            split = "train" if number < 7 else "val"
            archive.writestr(f"{split}/{EMOTIONS[number % 7]}/{number}.png", png(face))


def make_table(folder: Path) -> None:
    rows = [
        f"{n % 7},{' '.join(map(str, face.ravel()))},{'Training' if n < 7 else 'PublicTest'}"
        for n, face in enumerate(FACES)
    ]
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    head = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    votes = [f"Training,fer{n:07d}.png,1,9,0,0,0,0,0,0,0,0" for n in range(len(FACES))]
    (folder / "fer2013new.csv").write_text("\n".join([head, *votes]))


def imports(name: str) -> Callable[[Path], object]:
    def use(folder: Path) -> object:
        dataset = import_dataset(folder / name, folder / "data")
        assert len(dataset) <= len(FACES)
        assert set(dataset.labels) <= set(range(7))
        return summarise(dataset)

    return use


def make_photos(folder: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    for suffix in (".png", ".jpg", ".tiff", ".webp", ".bmp"):
        (folder / f"photo{suffix}").write_bytes(cv2.imencode(suffix, picture)[1].tobytes())
    (folder / "deep.png").write_bytes(png(picture[..., 0].astype(np.uint16) * 16))


def use_photos(folder: Path) -> None:
    for _, read in read_images([folder]):
        assert isinstance(read, ImageError) or (read.pixels.dtype == np.uint8 and read.pixels.ndim == 3)


def make_runs_table(folder: Path) -> None:
    lines = [f"{run},{epoch},0.5,0.6,1.5,0.001,0.25" for run in "ab" for epoch in range(3)]
    (folder / "old.csv").write_text("\n".join(["run,epoch,accuracy,val_accuracy,val_loss,lr,f1_fear", *lines]))


def use_runs_table(folder: Path) -> None:
    ids, _ = import_runs(folder / "old.csv", folder / "runs")
    assert {summary.id for summary in sound(list_runs(folder / "runs"))} == set(ids)
    use_runs(folder)


def make_model(folder: Path) -> None:
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(folder)
    processor_of(Preprocess()).save_pretrained(folder)


def use_model(folder: Path) -> None:
    given = load_model(str(folder), folder, device="cpu").probabilities(FACES[:2])
    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-4)


def make_checkpoint(folder: Path) -> None:
    torch.manual_seed(0)
    network = FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1)))
    torch.save({"network": pack_network(network, Preprocess().to_dict()), "averaged": None}, folder / "best.pt")


def use_checkpoint(folder: Path) -> None:
    network, fields = read_network(folder / "best.pt")
    logits = network(Preprocess.from_dict(fields)(FACES[:2])).logits
    assert bool(torch.isfinite(logits).all())


def make_run(folder: Path) -> None:
    record = {"config": to_dict(TrainConfig()), "dataset": {"name": "a", "hash": "b"}, "code": "", "command": ""}
    run = store.create_run(folder / "runs", "20250101-000000-a-0001", record, name="mine")
    for epoch in range(3):
        scores = {"accuracy": 0.5, "macro_f1": 0.4, "log_loss": 1.0, "f1": [0.4] * 7, "support": [2] * 7, "images": 14}
        store.append_metrics(run.folder, {"epoch": epoch, "train_loss": 1.0, "seconds": 2.0, "validation": scores})
    best = {"score": 0.5, "epoch": 1, "select": "accuracy"}
    store.write_status(run.folder, state="finished", best=best)


def use_runs(folder: Path) -> None:
    summaries = sound(list_runs(folder / "runs"))
    export.to_markdown(summaries)
    runs = [store.open_run(folder / "runs", summary.id) for summary in summaries]
    export.to_csv(runs)
    for run in runs:
        export.document(run)


def make_analysis(folder: Path) -> None:
    video = {"width": 64, "height": 48, "fps": 25.0, "duration_s": 2.0, "frames": 50}
    made = create_analysis(folder / "analyses", kind="video", name="walk", video=video, settings={"stride": 2})
    write_status(made.folder, state="done", frames=50)
    mark = {"frame": 3, "timestamp_s": 0.1, "name": "here"}
    (made.folder / "marks.json").write_text(json.dumps({"marks": [mark, mark]}))
    (made.folder / "baseline.json").write_text(json.dumps({"tracks": {"1": [1, 2, 3]}}))


def use_analysis(folder: Path) -> None:
    for analysis in list_analyses(folder / "analyses"):
        if analysis.state == "damaged":
            continue
        found = find_analysis(folder / "analyses", analysis.id)
        facts_of(found)
        assert all(mark["frame"] + mark["timestamp_s"] < 1e16 for mark in found.marks())
        assert all(isinstance(frame, int) for frames in found.neutral().values() for frame in frames)
        found.frames()


def make_corrections(folder: Path) -> None:
    one = dict.fromkeys(("id", "made_at", "face", "source", "model", "old_label", "new_label"), "x")
    line = {"correction": {**one, "timestamp_s": 1.0, "track": 1, "probabilities": [0.1] * 7, "consent": ""}}
    (folder / "corrections").mkdir()
    lines = [json.dumps(line), json.dumps({"removed": "y", "replaces": ["z"]}), json.dumps({"restored": "y"})]
    (folder / "corrections" / "journal.jsonl").write_text("\n".join(lines))


def use_corrections(folder: Path) -> None:
    assert all(len(one.probabilities) == 7 and one.where for one in list_corrections(folder))


def make_dataset(folder: Path) -> None:
    splits = ["train"] * 7 + ["validation"] * 7
    save_dataset(
        folder,
        "faces",
        images=FACES,
        labels=np.arange(14) % 7,
        splits=splits,
        sources=[*map(str, range(14))],
        origin="here",
    )


def use_dataset(folder: Path) -> None:
    dataset = open_dataset(folder, "faces")
    dataset.counts()
    dataset.duplicates_training()
    summarise(dataset)


def make_teacher(folder: Path) -> None:
    np.save(folder / "teacher.npy", np.full((14, 7), 1 / 7, dtype=np.float32))


def use_teacher(folder: Path) -> None:
    table = _read_table(folder / "teacher.npy", 14)
    np.testing.assert_allclose(np.asarray(table).sum(axis=1), 1, atol=1e-2)


def make_config(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(to_dict(TrainConfig())))


def use_config(folder: Path) -> None:
    try:
        values = json.loads((folder / "config.json").read_bytes())
    except (ValueError, RecursionError):
        return
    from_dict(values)


def make_video(folder: Path) -> None:
    write_sample(folder / "video.mp4", seconds=0.4)


def use_video(folder: Path) -> None:
    probe(folder / "video.mp4")
    for frame in read_frames(folder / "video.mp4"):
        assert np.isfinite(frame.timestamp_s)


IMPORTERS: dict[str, Importer] = {
    "zip of faces": Importer(make_zip, ("faces.zip",), imports("faces.zip")),
    "fer2013.csv": Importer(make_table, ("fer2013.csv", "fer2013new.csv"), imports("fer2013.csv")),
    "photos": Importer(make_photos, ("photo.*", "deep.png"), use_photos),
    "table of runs": Importer(make_runs_table, ("old.csv",), use_runs_table),
    "model": Importer(make_model, ("*.json", "*.safetensors"), use_model),
    "checkpoint": Importer(make_checkpoint, ("best.pt",), use_checkpoint),
    "run": Importer(make_run, ("runs/*/*.json", "runs/*/*.jsonl"), use_runs),
    "analysis": Importer(make_analysis, ("analyses/*/*.json",), use_analysis),
    "corrections": Importer(make_corrections, ("corrections/journal.jsonl",), use_corrections),
    "dataset": Importer(make_dataset, ("faces/*",), use_dataset),
    "teacher's table": Importer(make_teacher, ("teacher.npy",), use_teacher),
    "configuration": Importer(make_config, ("config.json",), use_config),
    "video": Importer(make_video, ("video.mp4",), use_video),
}

ODD = st.sampled_from(
    [
        *(None, True, -1, 0, 0.5, 1e308, -1e308, 10**30, float("nan"), float("inf"), "", "x", "\x00", "<script>"),
        *("=1+1", "a" * 10_000, [], {}, [[]], {"a": None}, [1, "x", None], "2020-01-01", "../../x", "\ud800"),
    ]
)


def damage_bytes(data: bytes, draw: Callable[[Any], Any]) -> bytes:
    """A few changes at random places."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        place = int(draw(st.floats(0, 1)) * max(len(changed) - 1, 0))
        kind = draw(st.sampled_from(["flip", "cut", "drop", "double", "insert"]))
        if kind == "cut":
            del changed[place:]
        elif kind == "drop":
            del changed[place : place + draw(st.integers(1, 40))]
        elif kind == "double":
            changed[place:place] = changed[place : place + draw(st.integers(1, 400))]
        elif kind == "insert":
            changed[place:place] = draw(st.binary(min_size=1, max_size=8))
        elif changed:
            changed[place] ^= 1 << draw(st.integers(0, 7))
    return bytes(changed)


def damage_json(value: Any, draw: Callable[[Any], Any]) -> Any:
    """The document with one value in it replaced, or a field gone."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(sorted(value)))
        if not draw(st.integers(0, 9)):
            return {key: item for key, item in value.items() if key != name}
        return {**value, name: damage_json(value[name], draw)}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], damage_json(value[place], draw), *value[place + 1 :]]
    return draw(ODD)


def damage(path: Path, draw: Callable[[Any], Any]) -> None:
    """One file, by its content or byte by byte."""
    data = path.read_bytes()
    if path.suffix in (".json", ".jsonl") and draw(st.booleans()):
        lines = data.decode().splitlines() if path.suffix == ".jsonl" else [data.decode()]
        place = draw(st.integers(0, len(lines) - 1))
        lines[place] = json.dumps(damage_json(json.loads(lines[place]), draw))
        path.write_text("\n".join(lines) + "\n")
    elif path.suffix == ".csv" and draw(st.booleans()):
        rows = [line.split(",") for line in data.decode().splitlines()]
        row = draw(st.integers(0, len(rows) - 1))
        rows[row][draw(st.integers(0, len(rows[row]) - 1))] = str(draw(ODD)).replace("\ud800", "?")
        path.write_text("\n".join(map(",".join, rows)))
    else:
        path.write_bytes(damage_bytes(data, draw))


@pytest.mark.parametrize("name", IMPORTERS)
def test_a_damaged_file_is_read_or_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    importer, whole, tried, peak = IMPORTERS[name], tmp_path / "whole", tmp_path / "tried", peak_bytes()
    whole.mkdir()
    importer.make(whole)

    @settings(
        max_examples=EACH,
        deadline=None,
        derandomize=EACH < 10,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def attempt(data: st.DataObject) -> None:
        shutil.rmtree(tried, ignore_errors=True)
        shutil.copytree(whole, tried)
        files = sorted({file for pattern in importer.files for file in tried.glob(pattern) if file.is_file()})
        damage(data.draw(st.sampled_from(files)), data.draw)
        began = time.process_time()
        with suppress(FerdashError):  # a sentence; anything else is a defect and ends the test
            importer.use(tried)
        assert time.process_time() - began < SLOWEST_S

    shutil.copytree(whole, tried)
    importer.use(tried)  # what is whole is read
    attempt()
    assert peak_bytes() - peak < MOST_BYTES


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
