"""The record: teachers out of fold, then both shipped networks, in the minutes that one GPU is at hand for.

    python benchmarks/record.py pack FOLDER [--dataset fer2013] [--every 1]
    python benchmarks/record.py run FOLDER --out OUT [--seconds 540] [--rehearse]

`pack` writes the dataset as one picture and a table, so that it travels; nothing else of the project's data is needed,
and no network. `run` unpacks it, checks its hash, and within `--seconds`:

1. measures training images a second: ferdash and transformers' Trainer on the same network, in turns, and ferdash on
   the processor;
2. stops a run amid an epoch, resumes it, and says how far its weights are from those of one that was not stopped;
3. trains teachers on the folds of train, as many epochs as the speed just measured allows;
4. trains `fernet` on labels and what the teachers see, and from it `fernet-plus` on the raters' votes;
5. writes record.json after every step, and each model as a file.

Nothing is chosen on anything but validation. `--rehearse` does all of it with small networks in two epochs; a dataset
packed with `--every 25` makes that a matter of a minute or two on a processor.
"""

import argparse
import json
import os
import shutil
import tarfile
import tempfile
import time
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
import transformers
from against_trainer import Pictures, new_network, ours_images_per_s, theirs_images_per_s
from PIL import Image

from ferdash.data.dataset import FaceDataset, open_dataset, save_dataset
from ferdash.data.votes import VOTE_CLASSES
from ferdash.models.engines import machine
from ferdash.models.preprocess import Preprocess
from ferdash.models.weights import read_checkpoint
from ferdash.paths import data_root
from ferdash.promotion import promote
from ferdash.references import run_reference
from ferdash.runs.store import Run, create_run, read_metrics, write_status
from ferdash.training import start
from ferdash.training.config import TrainConfig, override
from ferdash.training.control import Control, Progress
from ferdash.training.groups import create_group, plan
from ferdash.training.loop import Trainer
from ferdash.training.out_of_fold import out_of_fold
from ferdash.training.recipes import get_recipe

SIDE = 48
FOLDS = 3
STEPS, TURNS = 20, 3
SHARES = {"teachers": 0.5, "fernet": 0.3, "fernet-plus": 0.2}
"""Of the time that is left after measuring."""

COMMON = [
    "optimizer.lr=2e-3",
    "optimizer.weight_decay=0.05",
    "optimizer.clip=1",
    "schedule.name=cosine",
    "schedule.warmup_epochs=3",
    "schedule.floor=0.005",
    "augment.rotation=20",
    "augment.scale=0.2",
    "augment.shift=0.12",
    "augment.erasing=0.4",
    "augment.mixup=0.2",
    "augment.small_size=0",
    "augment.small_epochs=0",
    "checkpoint.every_batches=0",
    "checkpoint.keep_last=1",
]
FULL = ["batch_size=512", "compute.compile=true"]
TEACHER = ["network.width=128"]
SMALL = ["batch_size=32", "network.width=8"]


@dataclass
class Record:
    """What has come out so far; written to OUT after every step."""

    out: Path
    deadline: float
    facts: dict[str, Any] = field(default_factory=dict)

    def note(self, **facts: Any) -> None:
        self.facts |= facts
        (self.out / "record.json").write_text(json.dumps(self.facts, indent=1, default=str), encoding="utf-8")
        print(json.dumps(facts, default=str), f"({self.left_s:.0f} s left)", flush=True)

    @property
    def left_s(self) -> float:
        return self.deadline - time.perf_counter()


def pack(dataset: FaceDataset, folder: Path, every: int) -> None:
    """Write the images as one picture, row by row, and beside it a table of what else is known of them; of a dataset
    that is to be rehearsed with, every n-th."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.arange(0, len(dataset), every)
    images, across = np.asarray(dataset.images[rows]), int(np.ceil(np.sqrt(len(rows))))
    down = -(-len(images) // across)
    tiles = np.zeros((across * down, SIDE, SIDE), np.uint8)
    tiles[: len(images)] = images
    whole = tiles.reshape(down, across, SIDE, SIDE).transpose(0, 2, 1, 3).reshape(down * SIDE, across * SIDE)
    Image.fromarray(whole).save(folder / "faces.png", optimize=True)
    table = dataset.table.iloc[rows][["label", "split", "source"]].astype({"split": str})
    if dataset.votes is not None:
        votes = dataset.votes[rows]
        table = table.assign(**{name: votes[:, place] for place, name in enumerate(VOTE_CLASSES)})
    table.to_parquet(folder / "faces.parquet", index=False)
    meta = {"name": dataset.name, "hash": dataset.hash if every == 1 else "", "images": len(rows)}
    (folder / "faces.json").write_text(json.dumps(meta), encoding="utf-8")
    print(f"{len(images):,} images: {sum(path.stat().st_size for path in folder.iterdir()) / 2**20:.1f} MiB")


def unpack(folder: Path, root: Path) -> FaceDataset:
    """The dataset of `pack`. Exits where it is not the one that was packed."""
    meta = json.loads((folder / "faces.json").read_text(encoding="utf-8"))
    table = pd.read_parquet(folder / "faces.parquet")
    whole = np.asarray(Image.open(folder / "faces.png"))
    down, across = whole.shape[0] // SIDE, whole.shape[1] // SIDE
    tiles = whole.reshape(down, SIDE, across, SIDE).transpose(0, 2, 1, 3).reshape(-1, SIDE, SIDE)
    dataset = save_dataset(
        root,
        meta["name"],
        images=tiles[: meta["images"]],
        labels=table["label"].to_numpy(),
        splits=table["split"].tolist(),
        sources=table["source"].tolist(),
        origin="packed",
        votes=table[list(VOTE_CLASSES)].to_numpy(np.uint8) if set(VOTE_CLASSES) <= set(table) else None,
    )
    if meta["hash"] and dataset.hash != meta["hash"]:
        raise SystemExit(f"The packed dataset has the hash {dataset.hash}, not {meta['hash']}; pack it again.")
    return dataset


def speeds(dataset: FaceDataset, config: TrainConfig, folder: Path, *, rehearse: bool) -> dict[str, float]:
    """Median images a second: ours and the Trainer's in turns on the device, and ours on the processor."""
    steps, turns = (2, 1) if rehearse else (STEPS, TURNS)
    preprocess = Preprocess()
    here = _trainer(folder, "here", config, dataset)
    on_cpu = replace(config, compute=replace(config.compute, device="cpu", compile=False))
    cpu = _trainer(folder, "cpu", on_cpu if rehearse else override(on_cpu, ["batch_size=128"]), dataset)
    rows = dataset.rows("train")
    pictures = Pictures(dataset.images[rows], dataset.labels[rows], config.augment, preprocess)
    # All processors load pictures for the Trainer, which is what somebody with a GPU would let them do.
    ways = [(workers, True, False) for workers in ((0,) if rehearse else (0, os.cpu_count() or 1))]
    measured: dict[str, list[float]] = {}
    for turn in range(turns):
        found = {"ferdash": ours_images_per_s(here, steps, epoch=0)}
        for way in ways:
            found[f"Trainer, {way[0]} workers"] = theirs_images_per_s(pictures, config, folder, steps, way)
        if turn == 0:
            found["ferdash on the processor"] = ours_images_per_s(cpu, 2, epoch=0)
        for name, speed in found.items():
            measured.setdefault(name, []).append(speed)
    return {name: round(median(values), 1) for name, values in measured.items()}


def images_per_s(dataset: FaceDataset, config: TrainConfig, folder: Path, *, rehearse: bool) -> float:
    """Of one network on the device."""
    return ours_images_per_s(_trainer(folder, "speed", config, dataset), 2 if rehearse else STEPS, epoch=0)


def kill_and_resume(config: TrainConfig, data: Path, checkpoints: Path) -> dict[str, Any]:
    """The largest difference of a weight between a run that was stopped amid its second epoch and one that was not."""
    short = override(config, ["epochs=2", "checkpoint.keep_last=2", "sampling.per_class=24"])
    whole = start.create(short, data=data, checkpoints=checkpoints)
    start.execute(whole, data=data, checkpoints=checkpoints)
    cut, control = start.create(short, data=data, checkpoints=checkpoints), Control()

    def watch(progress: Progress) -> None:
        if progress.epoch == 1 and progress.batch == 1:
            control.stop.set()

    stopped = start.execute(cut, data=data, checkpoints=checkpoints, control=control, on_progress=watch)
    resumed = start.execute(cut, data=data, checkpoints=checkpoints)
    one, two = (read_checkpoint(run.checkpoints / "epoch-002.pt")["network"]["weights"] for run in (whole, cut))
    apart = max(float((one[name].double() - two[name].double()).abs().max()) for name in one)
    return {"stopped": stopped, "resumed": resumed, "largest difference of a weight": apart}


def train(run: Run, data: Path, checkpoints: Path, until: float) -> dict[str, Any]:
    """Train a run, which stops where it stands when its time is over; its best epoch."""
    control = Control()

    def watch(progress: Progress) -> None:
        if time.perf_counter() > until:
            control.stop.set()

    state = start.execute(run, data=data, checkpoints=checkpoints, control=control, on_progress=watch)
    rows = read_metrics(run.folder)
    best = max(rows, key=lambda row: row["validation"]["accuracy"])
    raters = best["validation"].get("raters") or {}
    return {
        "run": run.id,
        "state": state,
        "epochs": len(rows),
        "accuracy": best["validation"]["accuracy"],
        "majority": raters.get("agreement"),
        "images_per_s": round(median(row["images_per_s"] for row in rows), 1),
    }


def teach(record: Record, config: TrainConfig, data: Path, checkpoints: Path, until: float) -> str:
    """Train the folds; the group's name."""
    runs = create_group(plan(config, folds=FOLDS), data=data, checkpoints=checkpoints)
    for place, run in enumerate(runs):
        left = until - time.perf_counter()
        record.note(
            **{f"teacher {place + 1}": train(run, data, checkpoints, time.perf_counter() + left / (FOLDS - place))}
        )
    for run in runs:  # one whose time was over has its best epoch all the same
        write_status(run.folder, state="finished")
    _, labels, probabilities = out_of_fold(runs)
    record.note(
        **{"out of fold": {"accuracy": float((probabilities.argmax(1) == labels).mean()), "images": len(labels)}}
    )
    return str(runs[0].record["group"])


def bring_home(record: Record, run_id: str, name: str, data: Path, checkpoints: Path) -> None:
    """The model as one file, with its card."""
    folder = promote(run_id, name, data=data, checkpoints=checkpoints, measure=True)
    card = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    with tarfile.open(record.out / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(folder, name)
    metrics = card["evaluations"][0]["metrics"]
    facts = {name: round(metrics[name], 4) for name in ("accuracy", "macro_f1", "log_loss", "ece")}
    record.note(**{f"{name}, promoted": facts})


def epochs_for(seconds: float, speed: float, images: int) -> int:
    """So many fit, with a tenth of the time for validation and saving."""
    return max(2, int(0.9 * seconds * speed / images))


def run_all(folder: Path, out: Path, seconds: float, *, rehearse: bool) -> None:
    record = Record(out, time.perf_counter() + seconds)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else machine()
    record.note(device=device, torch=torch.__version__, transformers=transformers.__version__, rehearsal=rehearse)
    with tempfile.TemporaryDirectory() as workspace:
        data, checkpoints = Path(workspace) / "data", Path(workspace) / "checkpoints"
        dataset = unpack(folder, data)
        train_images = len(dataset.rows("train"))
        record.note(dataset=dataset.name, hash=dataset.hash, train=train_images)
        sizes = SMALL if rehearse else FULL
        pupil = override(get_recipe("fernet").config(), [f"dataset={dataset.name}", *COMMON, *sizes])
        teacher = override(pupil, ["folds.within=train", *([] if rehearse else TEACHER)])
        record.note(**{"images a second": speeds(dataset, pupil, checkpoints, rehearse=rehearse)})
        record.note(**{"kill and resume": kill_and_resume(pupil, data, checkpoints)})
        fast = record.facts["images a second"]["ferdash"]
        slow = images_per_s(dataset, teacher, checkpoints, rehearse=rehearse)
        record.note(**{"teacher's images a second": round(slow, 1)})
        began, left = time.perf_counter(), record.left_s - (5 if rehearse else 60)  # for cards and exports
        ends = {name: began + left * sum(list(SHARES.values())[: place + 1]) for place, name in enumerate(SHARES)}
        images_of_a_fold = train_images * (FOLDS - 1) // FOLDS
        epochs = 2 if rehearse else epochs_for(left * SHARES["teachers"] / FOLDS, slow, images_of_a_fold)
        group = teach(record, override(teacher, [f"epochs={epochs}"]), data, checkpoints, ends["teachers"])
        from_folds = [f"loss.teachers=oof:{group}", "loss.teacher_share=0.5", "augment.degrade=0.07"]
        epochs = 2 if rehearse else epochs_for(ends["fernet"] - time.perf_counter(), fast, train_images)
        fernet = start.create(override(pupil, [*from_folds, f"epochs={epochs}"]), data=data, checkpoints=checkpoints)
        record.note(fernet=train(fernet, data, checkpoints, ends["fernet"]))
        bring_home(record, fernet.id, "fernet", data, checkpoints)
        if dataset.votes is not None:
            epochs = 2 if rehearse else epochs_for(ends["fernet-plus"] - time.perf_counter(), fast, train_images)
            asked = [
                "loss.soft_votes=true",
                "loss.label_smoothing=0",
                "optimizer.lr=1e-3",
                "evaluation.select=majority",
            ]
            own = [setting for setting in [*COMMON, *sizes] if not setting.startswith("network.")]
            config = override(get_recipe("fernet").config(), [f"dataset={dataset.name}", *own, *asked])
            config = override(config, [f"start_from={run_reference(fernet.id, 'best')}", f"epochs={epochs}"])
            plus = start.create(config, data=data, checkpoints=checkpoints)
            record.note(**{"fernet-plus": train(plus, data, checkpoints, ends["fernet-plus"])})
            bring_home(record, plus.id, "fernet-plus", data, checkpoints)
        shutil.copy(fernet.folder / "log.txt", out / "fernet.log")
    record.note(seconds=round(seconds - record.left_s))


def _trainer(folder: Path, name: str, config: TrainConfig, dataset: FaceDataset) -> Trainer:
    run = create_run(folder / "runs", f"{name}-{time.time_ns()}", {})
    return Trainer(run, config, dataset, new_network(config), Preprocess())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    packing = verbs.add_parser("pack")
    packing.add_argument("folder", type=Path)
    packing.add_argument("--dataset", default="fer2013")
    packing.add_argument("--every", type=int, default=1, help="Every n-th image only, to rehearse with.")
    running = verbs.add_parser("run")
    running.add_argument("folder", type=Path)
    running.add_argument("--out", type=Path, required=True)
    running.add_argument("--seconds", type=float, default=540)
    running.add_argument("--rehearse", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    if arguments.verb == "pack":
        pack(open_dataset(data_root(), arguments.dataset), arguments.folder, arguments.every)
    else:
        arguments.out.mkdir(parents=True, exist_ok=True)
        run_all(arguments.folder, arguments.out, arguments.seconds, rehearse=arguments.rehearse)


if __name__ == "__main__":
    main()
