"""The training loop: from a configuration, a dataset and a network to the files of a run folder.

Sample order, augmentation, dropout and learning rate depend only on (seed, epoch, step), and floating-point sums are
made in a fixed order, so a run that is killed anywhere and resumed ends with the same weights, bit for bit, on the
same machine with the same number of threads.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import torch
from transformers import PreTrainedModel

from ferdash.data.dataset import FaceDataset
from ferdash.emotions import EMOTIONS, canonical_columns
from ferdash.errors import ConfigError, RunError
from ferdash.evaluation.metrics import Metrics, compute_metrics
from ferdash.evaluation.protocol import stratified_rows
from ferdash.models.preprocess import Preprocess
from ferdash.runs.history import selection_score
from ferdash.runs.store import Run, append_log, append_metrics, write_predictions, write_status
from ferdash.training.agreement import raters_of, require_votes
from ferdash.training.augment import augment, batch_generator, mixup
from ferdash.training.checkpoints import checkpoint_name, save_best, save_checkpoint, thin
from ferdash.training.compute import pick_device, pick_dtype, set_threads
from ferdash.training.config import TrainConfig, to_dict
from ferdash.training.control import Control, Progress
from ferdash.training.focus import refocus
from ferdash.training.losses import class_weight_vector, loss_of, target_table
from ferdash.training.processes import ALONE, Processes
from ferdash.training.sampling import epoch_order, training_rows
from ferdash.training.schedules import rate_factor
from ferdash.training.state import (
    Position,
    TrainingState,
    make_optimizer,
    pack_state,
    restore_state,
    start_average,
    update_average,
)

EVALUATION_BATCH = 256
HEARTBEAT_S = 2.0


class Trainer:
    """One run at work. Holds the training state and the data it draws from; `train` does the rest."""

    def __init__(
        self,
        run: Run,
        config: TrainConfig,
        dataset: FaceDataset,
        network: PreTrainedModel,
        preprocess: Preprocess,
        *,
        checkpoint: dict[str, Any] | None = None,
        control: Control | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        taught: np.ndarray | None = None,
        processes: Processes = ALONE,
    ) -> None:
        """checkpoint: content of the checkpoint to continue from. on_progress is called after every batch. taught:
        float32 (N, 7), what teachers see in the N images of `training_rows`. processes: those that train together."""
        self.run, self.config, self.dataset, self.preprocess = run, config, dataset, preprocess
        self.control, self.processes = control or Control(), processes
        self.on_progress = on_progress or (lambda progress: None)
        self.device = processes.device or pick_device(config.compute.device)
        self.dtype = pick_dtype(config.compute, self.device)
        set_threads(config.compute.threads)
        network.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-arg]
        self.columns = canonical_columns(network.config.id2label or {})
        self.parameters = sum(parameter.numel() for parameter in network.parameters())
        self.state = TrainingState(
            network=network,
            optimizer=make_optimizer(network, config.optimizer),
            averaged=start_average(network) if config.ema else None,
        )
        if checkpoint is not None:
            restore_state(self.state, checkpoint)
        self._freeze()  # before the processes agree on whose gradients they share
        wrapped = processes.wrap(network)
        self.forward = torch.compile(wrapped, dynamic=False) if config.compute.compile else wrapped
        self._load_data(taught)
        self._last_beat = 0.0

    def train(self) -> Literal["finished", "stopped"]:
        """Train to the last epoch, or until stopped; returns the state the run ended in."""
        while self.state.position.epoch < self.config.epochs and not self._out_of_patience():
            if not self._train_epoch():
                self._save_checkpoint()
                return "stopped"
            self._finish_epoch()
        if not self.state.history:
            self._score_only()
        if self.config.evaluation.test:
            self._score_test()
        return "finished"

    def score(self, rows: np.ndarray) -> tuple[Metrics, np.ndarray]:
        """The scores of the network as it is on rows of the dataset, and its probabilities, float32 (N, 7)."""
        probabilities = self._predict(rows)
        return compute_metrics(y_true=self.dataset.labels[rows], probabilities=probabilities), probabilities

    def validation_scores(self, metrics: Metrics, probabilities: np.ndarray) -> dict[str, Any]:
        """What a row of metrics.jsonl has under `validation`: the scores of the validation images, and under `raters`
        those against the raters' votes, None where the dataset has none of them."""
        raters = raters_of(self.dataset, self.validation, probabilities)
        return metrics.to_dict() | {"raters": raters and raters.to_dict()}

    def time_batches(self, count: int, *, epoch: int) -> float:
        """Seconds a batch takes, the shortest of `count`, trained as in that epoch. Changes the network."""
        self.state.position = Position(epoch=min(epoch, self.config.epochs - 1))
        self.state.network.train()
        self._freeze()
        rows = torch.arange(len(self.labels))[: self.config.batch_size]
        seconds = []
        for _ in range(count):
            began = time.perf_counter()
            self._train_batch(rows)
            seconds.append(time.perf_counter() - began)
        return min(seconds)

    def time_evaluation(self) -> float:
        """Seconds to score one batch of validation images."""
        began = time.perf_counter()
        self._predict(self.validation[:EVALUATION_BATCH])
        return time.perf_counter() - began

    def _load_data(self, taught: np.ndarray | None) -> None:
        dataset = self.dataset
        rows = training_rows(dataset, self.config)
        if len(rows) == 0:
            raise ConfigError(f"The dataset “{dataset.name}” has no training images.")
        self.labels = dataset.labels[rows]
        self.images = torch.from_numpy(np.ascontiguousarray(dataset.images[rows]))
        votes = None if dataset.votes is None else dataset.votes[rows]
        self.targets = target_table(self.labels, votes, self.config.loss, taught)
        weights = class_weight_vector(self.labels, self.config.loss)
        self.class_weights = None if weights is None else weights.to(self.device)
        self.batches = -(-len(rows) // self.config.batch_size)
        self.validation = self._evaluation_rows("validation")
        if len(self.validation) == 0:
            raise ConfigError(f"The dataset “{dataset.name}” has no validation images to choose a checkpoint by.")
        require_votes(dataset, self.validation, self.config)

    def _evaluation_rows(self, split: str) -> np.ndarray:
        rows = self.dataset.rows(split)
        per_class = self.config.evaluation.per_class
        return stratified_rows(rows, self.dataset.labels[rows], per_class=per_class)

    def _draws(self, epoch: int) -> np.ndarray:
        weights = self.state.weights
        if weights is None and self.config.sampling.mode == "static":
            weights = [self.config.sampling.weights.get(name, 1.0) for name in EMOTIONS]
            self.state.weights = weights
        return epoch_order(
            self.labels,
            seed=self.config.seed,
            epoch=epoch,
            weights=None if weights is None else np.asarray(weights),
            repeat_cap=self.config.sampling.repeat_cap,
        )

    def _train_epoch(self) -> bool:
        """Train the batches that are left of this epoch; False when asked to stop."""
        position, config = self.state.position, self.config
        order = torch.from_numpy(self._draws(position.epoch))
        self.state.network.train()
        self._freeze()
        began = time.perf_counter() - position.seconds
        while position.batch < self.batches:
            if not self._may_go_on():
                return False
            batch = order[position.batch * config.batch_size : (position.batch + 1) * config.batch_size]
            self._train_batch(batch)
            position.batch += 1
            position.seconds = time.perf_counter() - began
            self._report("training")
            every, whole_step = config.checkpoint.every_batches, position.batch % config.optimizer.accumulate == 0
            if every and position.batch % every == 0 and position.batch < self.batches and whole_step:
                self._save_checkpoint()
        return True

    def _train_batch(self, batch: torch.Tensor) -> None:
        config, state, position = self.config, self.state, self.state.position
        number = position.epoch * self.batches + position.batch
        generator = batch_generator(config.seed, number)
        pixels = augment(self.images[batch], config.augment, generator, self._size(position.epoch))
        targets = self.targets[batch]
        if config.augment.mixup:
            pixels, targets = mixup(pixels, targets, config.augment.mixup, generator)
        # Every process changes the whole batch and takes its share, so that the images do not depend on their number.
        pixels, targets, weight = self._share(pixels, targets)
        pixels = self.preprocess.normalise(pixels.to(self.device)).contiguous(memory_format=torch.channels_last)
        targets = targets.to(self.device)
        # Dropout draws from the global generator; seeding it by batch makes it, too, a function of the position.
        torch.manual_seed((config.seed * 7_368_787 + number) % 2**63)
        rate = config.optimizer.lr * rate_factor(
            config.schedule,
            epoch=position.epoch + position.batch / self.batches,
            epochs=config.epochs,
            validation_losses=[row["validation"]["log_loss"] for row in state.history],
        )
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        with self._autocast():
            logits = self.forward(pixels).logits.float()[:, self.columns]
            loss = loss_of(logits, targets, focal_gamma=config.loss.focal_gamma, class_weights=self.class_weights)
        loss = loss * (weight * self.processes.count)
        hits = float((logits.detach().argmax(1) == targets.argmax(1)).sum()) if weight else 0.0
        value, hits = self.processes.sum([float(loss.detach()) / self.processes.count, hits])
        if not np.isfinite(value):
            raise RunError(
                f"The loss became {value} in epoch {position.epoch + 1}, batch {position.batch + 1}. "
                "Continue from the last checkpoint with a lower optimizer.lr, or with optimizer.clip=1."
            )
        self._step(loss)
        position.loss_sum += value * len(batch)
        position.correct += hits
        position.seen += len(batch)

    def _share(self, pixels: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, float]:
        """This process's part of a batch, and its share of the batch's images; a process left without any takes one
        at a share of 0, because all must go through the network together."""
        mine, mine_targets = self.processes.share(pixels), self.processes.share(targets)
        weight = len(mine) / len(pixels)
        return (mine, mine_targets, weight) if weight else (pixels[:1], targets[:1], 0.0)

    def _step(self, loss: torch.Tensor) -> None:
        config, state, position = self.config, self.state, self.state.position
        accumulate = config.optimizer.accumulate
        group_start = position.batch - position.batch % accumulate
        group_size = min(accumulate, self.batches - group_start)
        (loss / group_size).backward()
        if position.batch + 1 < group_start + group_size:
            return
        if config.optimizer.clip:
            torch.nn.utils.clip_grad_norm_(state.network.parameters(), config.optimizer.clip)
        state.optimizer.step()
        state.optimizer.zero_grad(set_to_none=True)
        position.step += 1
        if state.averaged is not None:
            update_average(state.averaged, state.network, config.ema, position.step)

    def _finish_epoch(self) -> None:
        state, position = self.state, self.state.position
        metrics, probabilities = self.score(self.validation)
        validation = self.validation_scores(metrics, probabilities)
        row: dict[str, Any] = {
            "epoch": position.epoch,
            "step": position.step,
            "train_loss": position.loss_sum / position.seen,
            "train_accuracy": position.correct / position.seen,
            "seconds": position.seconds,
            "images_per_s": position.seen / position.seconds,
            "lr": state.optimizer.param_groups[0]["lr"],
            "parameters": self.parameters,
            "validation": validation,
            "weights": state.weights,
            "focus": [EMOTIONS[index] for index in state.focus],
            "drawn": np.bincount(self.labels[self._draws(position.epoch)], minlength=len(EMOTIONS)).tolist(),
        }
        state.history.append(row)
        self._refocus(metrics, row)
        state.position = Position(epoch=position.epoch + 1, step=position.step)
        score = selection_score(validation, self.config.evaluation.select)
        improved = not state.best or score > state.best["score"]
        if improved:
            state.best = {"score": score, "epoch": position.epoch, "select": self.config.evaluation.select}
        # The checkpoint comes last: a kill before it repeats the epoch, which writes the same files again.
        if not self.processes.main:
            return
        append_metrics(self.run.folder, row)
        packed = self._pack()
        if improved:
            self._keep_best(packed, self.validation, probabilities)
        self._save_checkpoint(packed)
        append_log(
            self.run.folder,
            f"Epoch {row['epoch'] + 1}: loss {row['train_loss']:.4f}, validation accuracy {metrics.accuracy:.2%}, "
            f"macro F1 {metrics.macro_f1:.4f}, {_raters_words(validation)}{row['images_per_s']:,.0f} images/s"
            f"{', best so far' if improved else ''}.",
        )

    def _keep_best(self, packed: dict[str, Any], rows: np.ndarray, probabilities: np.ndarray) -> None:
        save_best(self.run.checkpoints, packed, self.state.best)
        self._write_predictions("validation", rows, probabilities)

    def _write_predictions(self, split: str, rows: np.ndarray, probabilities: np.ndarray) -> None:
        facts = {"rows": rows, "labels": self.dataset.labels[rows], "probabilities": probabilities}
        write_predictions(self.run.folder, split, **facts)

    def _refocus(self, metrics: Metrics, row: dict[str, Any]) -> None:
        sampling = self.config.sampling
        if sampling.mode != "adaptive":
            return
        f1 = metrics.f1
        if sampling.focus.measured_on == "test":
            test, _ = self.score(self._evaluation_rows("test"))
            row["test"] = test.to_dict()
            f1 = test.f1
        focus = refocus(f1, sampling.focus, former_f1=self.state.focus_f1, former_weights=self.state.weights)
        self.state.weights, self.state.focus, self.state.focus_f1 = focus.weights, focus.emotions, focus.f1
        row["next_focus"] = [EMOTIONS[index] for index in focus.emotions]

    def _score_only(self) -> None:
        """A run of no epochs measures the network it starts from."""
        metrics, probabilities = self.score(self.validation)
        validation = self.validation_scores(metrics, probabilities)
        score = selection_score(validation, self.config.evaluation.select)
        self.state.best = {"score": score, "epoch": 0, "select": self.config.evaluation.select}
        row = {"epoch": 0, "step": 0, "parameters": self.parameters, "validation": validation}
        self.state.history.append(row)
        if not self.processes.main:
            return
        append_metrics(self.run.folder, row)
        packed = self._pack()
        self._keep_best(packed, self.validation, probabilities)
        self._save_checkpoint(packed)

    def _score_test(self) -> None:
        rows = self._evaluation_rows("test")
        if not len(rows):
            return
        probabilities = self._predict(rows)
        if self.processes.main:
            self._write_predictions("test", rows, probabilities)

    @torch.no_grad()
    def _predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities in canonical order, float32 (N, 7), of the network as it would be shipped."""
        network = self.state.network.eval()
        self.processes.follow(dict(network.named_buffers()))
        self.processes.follow(self.state.averaged or {})
        rows = self.processes.share(rows)
        results = [np.empty((0, len(EMOTIONS)), dtype=np.float32)]
        for start in range(0, len(rows), EVALUATION_BATCH):
            pixels = self.preprocess(self.dataset.images[rows[start : start + EVALUATION_BATCH]], self.device)
            if self.state.averaged is None:
                logits = network(pixels).logits
            else:
                logits = torch.func.functional_call(network, self.state.averaged, (pixels,)).logits
            results.append(logits.float()[:, self.columns].softmax(1).cpu().numpy())
            self._report("evaluating")
        return self.processes.gather(np.concatenate(results))

    def _size(self, epoch: int) -> int:
        small = self.config.augment
        return small.small_size if small.small_size and epoch < small.small_epochs else self.preprocess.height

    def _autocast(self) -> Any:
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def _freeze(self) -> None:
        children = list(self.state.network.children())[: self.config.optimizer.freeze]
        for child in children:
            child.eval().requires_grad_(False)

    def _out_of_patience(self) -> bool:
        patience = self.config.evaluation.patience
        return bool(patience and self.state.best and len(self.state.history) - 1 - self.state.best["epoch"] >= patience)

    def _may_go_on(self) -> bool:
        while self.control.pause.is_set() and not self.control.stop.is_set():
            self._beat("paused", self.progress("training"))
            self.control.stop.wait(0.2)
        return self.processes.sum([float(self.control.stop.is_set())]) == [0.0]

    def _pack(self) -> dict[str, Any]:
        return pack_state(self.state, config=to_dict(self.config), preprocess=asdict(self.preprocess))

    def _save_checkpoint(self, packed: dict[str, Any] | None = None) -> None:
        if not self.processes.main:
            return
        position = self.state.position
        name = checkpoint_name(epoch=position.epoch, batch=position.batch, batches=self.batches)
        save_checkpoint(self.run.checkpoints, name, packed or self._pack())
        thin(self.run.checkpoints, self.config.checkpoint.keep_last)

    def progress(self, phase: str) -> Progress:
        """Where the run stands."""
        position = self.state.position
        speed = position.seen / position.seconds if position.seconds > 0 and position.seen else None
        left = (self.config.epochs - position.epoch) * len(self.labels) - position.seen
        return Progress(
            phase=phase,
            epoch=position.epoch,
            epochs=self.config.epochs,
            batch=position.batch,
            batches=self.batches,
            loss=position.loss_sum / position.seen if position.seen else None,
            images_per_s=speed,
            eta_s=left / speed if speed else None,
        )

    def _report(self, phase: str) -> None:
        progress = self.progress(phase)
        self._beat("running", progress)
        self.on_progress(progress)

    def _beat(self, state: Any, progress: Progress) -> None:
        now = time.monotonic()
        if self.processes.main and now - self._last_beat >= HEARTBEAT_S:
            self._last_beat = now
            write_status(self.run.folder, state=state, progress=asdict(progress), best=self.state.best)


def _raters_words(validation: dict[str, Any]) -> str:
    raters = validation["raters"]
    return f"with the raters' majority {raters['agreement']:.2%}, " if raters else ""
