"""Every run at a glance: one frozen summary for each folder, and one for each folder that cannot be read.

Listing must stay quick with a thousand runs of fifty epochs, so of metrics.jsonl as little as possible is parsed, and a
folder whose files have not changed is not read again in the same process.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from ferdash import former_names
from ferdash.comparable import Images
from ferdash.emotions import EMOTIONS
from ferdash.errors import FerdashError, RunError
from ferdash.runs.history import EpochLines, best_row
from ferdash.runs.store import FILES, LIVE, list_run_ids, open_run, read_meta, read_status
from ferdash.wording import count, counted

Kind = Literal["run", "imported", "published"]

TUNED_ON_TEST = "tuned on test"
"""The mark of a run whose training followed test scores, wherever it is shown."""

PUBLISHED = "published, not run here"
"""The mark of a reference row, wherever it is shown."""


@dataclass(frozen=True)
class Score:
    """Scores on validation after one epoch (from 0); None where a row does not have them. accuracy, macro_f1,
    worst_f1: shares from 0 to 1. worst_emotion: the emotion whose F1 is worst_f1."""

    epoch: int
    accuracy: float | None
    macro_f1: float | None
    worst_f1: float | None
    worst_emotion: str | None


@dataclass(frozen=True)
class RunSummary:
    """A run as one line of a table.

    kind: `run` for one of our own, `imported` for figures brought in from elsewhere, `published` for reference rows
    (never in a run folder). start_from: model reference it started from, empty for a new network. group: name of the
    runs that differ only in seed or fold, empty for none. epochs_done, seconds, images_per_s: of this run alone,
    without the run it continues; seconds of training, without measuring. best: the epoch that `select` chose, which a
    run that continues another may have from there. images: how many validation images its scores are of, None before
    the first. per_class: at most this many of each emotion, 0 for the whole split. fold: (count, index), (0, 0) for the
    dataset's own split. tuned_on_test: what it trained on was decided by scores on test. test: of the test split, by
    the network of the best epoch, where the run measured it. setup: equal for runs whose settings differ in seed or
    fold alone, empty where no settings are known.
    """

    id: str
    kind: Kind
    name: str
    tags: tuple[str, ...]
    notes: str
    archived: bool
    state: str
    recipe: str
    dataset: str
    dataset_hash: str
    start_from: str
    seed: int | None
    group: str
    parent: str
    parent_checkpoint: str
    created_at: str
    epochs_done: int
    epochs_planned: int
    seconds: float
    images_per_s: float | None
    select: str
    best: Score | None
    last: Score | None
    parameters: int | None
    images: int | None
    per_class: int
    fold: tuple[int, int]
    tuned_on_test: bool
    test: Score | None = None
    setup: str = ""

    @property
    def title(self) -> str:
        """Its name, or its id when it has none."""
        return self.name or self.id

    @property
    def started_from(self) -> str:
        """The checkpoint and the run that it continues, else the model that it began at, in words."""
        if self.parent:
            return f"{self.parent_checkpoint} of run {self.parent}"
        return self.start_from or "a new network"

    @property
    def epochs_words(self) -> str:
        """How many epochs it trained, without the run it continues, and whether it ended before those planned."""
        own = " of its own" if self.parent else ""
        reached = None if self.last is None else self.last.epoch + 1
        if self.kind != "run" or self.state != "finished" or reached is None or reached >= self.epochs_planned:
            return counted(self.epochs_done, "epoch") + own
        words = f"{count(reached)} of {counted(self.epochs_planned, 'epoch')}, stopped early"
        return f"{words}, {count(self.epochs_done)}{own}" if own else words

    @property
    def mark(self) -> str:
        """What must be said of it wherever it is shown, mostly nothing."""
        kind = {"run": "", "imported": "imported", "published": PUBLISHED}[self.kind]
        return ", ".join(filter(None, (kind, TUNED_ON_TEST if self.tuned_on_test else "")))

    @property
    def measured_on(self) -> Images:
        """Equal for runs whose scores are, as far as their records tell, of the same images; of an imported run that is
        not known, and of a published one only how many. `ferdash.runs.compare.why_not_comparable` looks at the images
        themselves."""
        if self.kind == "published":
            return Images("", "test", self.images, counted(self.images or 0, "image"), self.dataset)
        if not self.dataset_hash:
            measured = "images that are not known" if self.best is not None else ""
            return Images("", "validation", self.id, measured, self.dataset, known=False)
        words = counted(self.images, "validation image") if self.images else ""
        words += f", at most {count(self.per_class)} of each emotion" if words and self.per_class else ""
        words += f", fold {self.fold[1] + 1} of {self.fold[0]}" if words and self.fold[0] else ""
        drawn = (self.per_class, self.images, self.fold)
        return Images(self.dataset_hash, "validation", drawn, words, self.dataset)


@dataclass(frozen=True)
class DamagedRun:
    """A folder among the runs that is none, or is no longer whole. reason: a sentence."""

    id: str
    reason: str


def list_runs(root: Path) -> list[RunSummary | DamagedRun]:
    """A summary of every folder in `root` (the runs folder), newest first; empty when there is none. The state of a
    run that waits or works is looked up each time."""
    return [_entry(str(root), run_id) for run_id in list_run_ids(root)]


def summary_of(root: Path, run_id: str) -> RunSummary:
    """The summary of one run. Raises RunError, with the reason, when it is missing or damaged."""
    open_run(root, run_id)
    entry = _entry(str(root), run_id)
    if isinstance(entry, DamagedRun):
        raise RunError(entry.reason)
    return entry


def sound(entries: Iterable[RunSummary | DamagedRun]) -> list[RunSummary]:
    """Those that can be read."""
    return [entry for entry in entries if isinstance(entry, RunSummary)]


def _entry(root: str, run_id: str) -> RunSummary | DamagedRun:
    entry = _read(root, run_id, _stamps(f"{root}/{run_id}"))
    if isinstance(entry, RunSummary) and entry.state in LIVE:
        try:
            return replace(entry, state=read_status(Path(root, run_id))["state"])
        except RunError as error:  # deleted or broken in this very moment
            return DamagedRun(run_id, str(error))
    return entry


def _stamps(folder: str) -> tuple[tuple[int, int, int] | None, ...]:
    stamps: list[tuple[int, int, int] | None] = []
    for name in FILES:
        try:
            facts = os.stat(f"{folder}/{name}")
        except OSError:
            stamps.append(None)
        else:
            stamps.append((facts.st_mtime_ns, facts.st_size, facts.st_ino))
    return tuple(stamps)


@lru_cache(maxsize=20_000)
def _read(root: str, run_id: str, stamps: tuple[Any, ...]) -> RunSummary | DamagedRun:
    folder = Path(root, run_id)
    if stamps[0] is None and stamps[1] is None:
        empty = next(folder.iterdir(), None) is None if os.access(folder, os.R_OK | os.X_OK) else False
        return DamagedRun(run_id, "The folder is empty." if empty else "The folder holds no run of ferdash.")
    try:
        return _summarise(folder)
    except FerdashError as error:
        return DamagedRun(run_id, str(error))
    except (AttributeError, KeyError, TypeError, ValueError, OSError, OverflowError, RecursionError) as error:
        reason = f"A file of run {run_id} holds something else than ferdash writes there"
        return DamagedRun(run_id, f"{reason} ({type(error).__name__}: {error}).")


def _summarise(folder: Path) -> RunSummary:
    record, status, meta = open_run(folder.parent, folder.name).record, read_status(folder), read_meta(folder)
    config, parent = record["config"], record.get("parent") or {}
    evaluation, sampling = config.get("evaluation", {}), config.get("sampling", {})
    folds, select = config.get("folds", {}), evaluation.get("select", "accuracy")
    lines = EpochLines(folder)
    last = lines.last
    best = best_row(folder, lines, status.get("best"), select)
    return RunSummary(
        id=folder.name,
        kind="imported" if record.get("kind") == "imported" else "run",
        name=str(meta["name"]),
        tags=tuple(map(str, meta["tags"])),
        notes=str(meta["notes"]),
        archived=bool(meta["archived"]),
        state=status["state"],
        recipe=str(former_names.config(config).get("recipe", "")),
        dataset=str(record["dataset"]["name"]),
        dataset_hash=str(record["dataset"]["hash"]),
        start_from=str(config.get("start_from", "")),
        seed=config.get("seed"),
        group=str(record.get("group") or ""),
        parent=str(parent.get("run", "")),
        parent_checkpoint=str(parent.get("checkpoint", "")),
        created_at=str(record["created_at"]),
        # A run of no epochs, which only measures, has a row all the same.
        epochs_done=len(lines.seconds) if last is None or "train_loss" in last or config.get("epochs") else 0,
        epochs_planned=int(config.get("epochs", 0)),
        seconds=math.fsum(lines.seconds.values()),
        images_per_s=None if last is None else last.get("images_per_s"),
        select=select,
        best=None if best is None else _score(best),
        last=None if last is None else _score(last),
        parameters=_parameters(record, last),
        images=None if last is None else last["validation"].get("images"),
        per_class=int(evaluation.get("per_class", 0)),
        fold=(int(folds.get("count", 0)), int(folds.get("index", 0)) if folds.get("count") else 0),
        tuned_on_test=sampling.get("mode") == "adaptive" and sampling.get("focus", {}).get("measured_on") == "test",
        test=_test_score(status.get("test")),
        setup=_setup(config, parent),
    )


def _setup(config: Mapping[str, Any], parent: Mapping[str, Any]) -> str:
    if not config:
        return ""
    alike = {name: value for name, value in config.items() if name not in ("seed", "folds")}
    alike |= {"folds": config.get("folds", {}).get("count", 0), "parent": parent.get("run", "")}
    return blake2b(json.dumps(alike, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()


def _test_score(kept: dict[str, Any] | None) -> Score | None:
    if not kept:
        return None
    names = ("accuracy", "macro_f1", "worst_f1", "worst_emotion")
    return Score(int(kept["epoch"]), *(kept.get(name) for name in names))


def _score(row: dict[str, Any]) -> Score:
    validation = row["validation"]
    f1 = zip(validation.get("f1") or [], EMOTIONS, strict=False)
    worst = min(((value, name) for value, name in f1 if value is not None), default=(None, None))
    return Score(
        epoch=row["epoch"],
        accuracy=validation.get("accuracy"),
        macro_f1=validation.get("macro_f1"),
        worst_f1=worst[0],
        worst_emotion=worst[1],
    )


def _parameters(record: Mapping[str, Any], last: Mapping[str, Any] | None) -> int | None:
    found = record.get("parameters") or (last or {}).get("parameters")
    return None if found is None else int(found)
