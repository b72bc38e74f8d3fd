"""The training loop: from a configuration, a dataset and a network to the files of a run folder.

Sample order, augmentation, dropout and learning rate depend only on (seed, epoch, step), and floating-point sums are
made in a fixed order, so a run that is killed anywhere and resumed ends with the same weights, bit for bit, on the
same machine with the same number of threads.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import torch
from transformers import PreTrainedModel

from ferdash.data.dataset import FaceDataset
from ferdash.emotions import EMOTIONS, canonical_columns
from ferdash.errors import ConfigError
from ferdash.evaluation.metrics import Metrics, compute_metrics
from ferdash.evaluation.protocol import stratified_rows
from ferdash.models.preprocess import Preprocess
from ferdash.models.weights import load_weights, read_checkpoint
from ferdash.references import checkpoint_name
from ferdash.runs.history import selection_score
from ferdash.runs.metrics_row import MetricsRow
from ferdash.runs.store import Run
from ferdash.training.agreement import raters_of, require_votes
from ferdash.training.batches import training_images
from ferdash.training.bookkeeping import Journal
from ferdash.training.compute import compiled, let_try, pick_device, pick_dtype, set_threads
from ferdash.training.config import TrainConfig, to_dict
from ferdash.training.control import Control, Progress
from ferdash.training.focus import refocus
from ferdash.training.losses import class_weight_vector
from ferdash.training.processes import SINGLE_PROCESS, Processes
from ferdash.training.scorer import Scorer
from ferdash.training.state import (
    Position,
    TrainingState,
    freeze,
    make_optimizer,
    pack_state,
    restore_state,
    start_average,
)
from ferdash.training.step import Step, batch_number
from ferdash.training.tally import Tally
from ferdash.wording import counted


class Trainer:
    """One run at work. Holds the training state and what goes through the network; `train` does the rest."""

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
        teacher_probs: np.ndarray | None = None,
        processes: Processes = SINGLE_PROCESS,
    ) -> None:
        """checkpoint: content of the checkpoint to continue from. on_progress is called after every batch.
        teacher_probs: float32 (N, 7), what teachers see in the N images of `training_rows`. processes: those that train
        together.

        Raises ConfigError when the dataset lacks what the configuration asks for.
        """
        self.config, self.dataset, self.preprocess, self.processes = config, dataset, preprocess, processes
        self.control = control or Control()
        self.stopped_early = ""
        self.test: dict[str, Any] = {}
        self.on_progress = on_progress or (lambda progress: None)
        self.journal = Journal(run, writes=processes.main, keep_last=config.checkpoint.keep_last)
        device = processes.device or pick_device(config.compute.device)
        set_threads(config.compute.threads)
        let_try(device)
        network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-arg]
        self.parameters = sum(parameter.numel() for parameter in network.parameters())
        self.state = TrainingState(
            network=network,
            optimizer=make_optimizer(network, config.optimizer),
            averaged=start_average(network) if config.ema else None,
        )
        if checkpoint is not None:
            restore_state(self.state, checkpoint)
        freeze(network, config.optimizer.freeze)  # before the processes agree on whose gradients they share
        self.images = training_images(dataset, config, preprocess, device=device, teacher_probs=teacher_probs)
        self.tally = Tally()
        self.validation = self._evaluation_rows("validation")
        if len(self.validation) == 0:
            raise ConfigError(f"The dataset “{dataset.name}” has no validation images to choose a checkpoint by.")
        require_votes(dataset, self.validation, config)
        self.step = self._make_step(device)
        self.scorer = Scorer(
            images=dataset.images,
            columns=self.step.columns,
            preprocess=preprocess,
            device=device,
            processes=processes,
            after_batch=lambda: self.report("evaluating"),
        )

    def train(self) -> Literal["finished", "stopped"]:
        """Train to the last epoch, or until stopped; returns the state the run ended in."""
        while self.state.position.epoch < self.config.epochs and not self._out_of_patience():
            if not self._train_epoch():
                self._save_checkpoint(self._pack())
                return "stopped"
            self._finish_epoch()
        if self.config.epochs > self.state.position.epoch:
            self.stopped_early = (
                f"Stopped early, after {counted(self.state.position.epoch, 'epoch')} of {self.config.epochs:,}: "
                f"{counted(self.config.evaluation.patience, 'epoch')} without a better {self.config.evaluation.select}."
            )
            self.journal.log(self.stopped_early)
        if not self.state.history:
            self._score_only()
        if self.config.evaluation.test:
            self._score_test()
        return "finished"

    def score(self, rows: np.ndarray) -> tuple[Metrics, np.ndarray]:
        """The scores of the network as it is on rows of the dataset, and its probabilities, float32 (N, 7)."""
        probabilities = self.scorer(self.state, rows)
        return compute_metrics(y_true=self.dataset.labels[rows], probabilities=probabilities), probabilities

    def validation_scores(self, metrics: Metrics, probabilities: np.ndarray) -> dict[str, Any]:
        """Those of a row of metrics.jsonl; under `raters` those against the votes, None where there are none."""
        raters = raters_of(self.dataset, self.validation, probabilities)
        return metrics.to_dict() | {"raters": raters and raters.to_dict()}

    def epoch_order(self, epoch: int) -> torch.Tensor:
        """Positions of the training images in the order of an epoch, int64 (N,), with today's sampling weights."""
        return torch.from_numpy(self.images.order(epoch, self._weights()))

    def start_epoch(self) -> None:
        """Put the network into the state in which batches are trained."""
        self.state.network.train()
        freeze(self.state.network, self.config.optimizer.freeze)

    def train_batch(self, positions: torch.Tensor) -> None:
        """Train the batch of these images, and move on by one."""
        position = self.state.position
        number = batch_number(position, self.images.batches)
        sums = self.step(self.state, *self.images.batch(positions, epoch=position.epoch, number=number))
        self.tally.add(sums, position, wait=self.step.reads_later and position.batch + 1 < self.images.batches)
        position.seen += sums.images
        position.batch += 1

    def report(self, phase: str) -> None:
        """Tell whoever watches, in this process and outside, where the run stands."""
        progress = self.progress(phase)
        self.journal.beat("running", progress, self.state.best)
        self.on_progress(progress)

    def progress(self, phase: str) -> Progress:
        """Where the run stands."""
        position = self.state.position
        speed = position.seen / position.seconds if position.seconds > 0 and position.seen else None
        left = (self.config.epochs - position.epoch) * len(self.images) - position.seen
        return Progress(
            phase=phase,
            epoch=position.epoch,
            epochs=self.config.epochs,
            batch=position.batch,
            batches=self.images.batches,
            loss=position.loss_sum / position.seen if position.seen else None,
            images_per_s=speed,
            eta_s=left / speed if speed else None,
        )

    def _make_step(self, device: torch.device) -> Step:
        network, batch, compute = self.state.network, self.config.batch_size, self.config.compute
        wrapped = self.processes.wrap(network)
        weights = class_weight_vector(self.images.labels, self.config.loss)
        return Step(
            config=self.config,
            forward=compiled(wrapped, len(self.processes.shard(range(batch)))) if compute.compile else wrapped,
            columns=canonical_columns(network.config.id2label or {}),
            batches=self.images.batches,
            preprocess=self.preprocess,
            class_weights=None if weights is None else weights.to(device),
            device=device,
            dtype=pick_dtype(compute, device),
            processes=self.processes,
        )

    def _evaluation_rows(self, split: str) -> np.ndarray:
        rows = self.dataset.rows(split)
        per_class = self.config.evaluation.per_class
        return stratified_rows(rows, self.dataset.labels[rows], per_class=per_class)

    def _weights(self) -> list[float] | None:
        """Sampling weight of each emotion in the epoch under way; None draws each image once."""
        sampling = self.config.sampling
        if sampling.mode == "static":
            return [sampling.weights.get(name, 1.0) for name in EMOTIONS]
        return None if self.state.focus is None else self.state.focus.weights

    def _train_epoch(self) -> bool:
        """Train the batches that are left of this epoch; False when asked to stop."""
        position, config = self.state.position, self.config
        batches = self.epoch_order(position.epoch).split(config.batch_size)
        self.start_epoch()
        began = time.perf_counter() - position.seconds
        if config.compute.compile:
            self.report("compiling")
        while position.batch < self.images.batches:
            if not self._may_go_on():
                return False
            self.train_batch(batches[position.batch])
            position.seconds = time.perf_counter() - began
            self.report("training")
            every, whole_step = config.checkpoint.every_batches, position.batch % config.optimizer.accumulate == 0
            if every and position.batch % every == 0 and position.batch < self.images.batches and whole_step:
                self._save_checkpoint(self._pack())
        return True

    def _finish_epoch(self) -> None:
        state, position = self.state, self.state.position
        metrics, probabilities = self.score(self.validation)
        row = self._row(metrics, self.validation_scores(metrics, probabilities))
        state.history.append(row)
        state.position = Position(epoch=position.epoch + 1, step=position.step)
        score = selection_score(row["validation"], self.config.evaluation.select)
        improved = not state.best or score > state.best["score"]
        if improved:
            state.best = {"score": score, "epoch": position.epoch, "select": self.config.evaluation.select}
        self.journal.epoch(row)
        packed = self._pack()
        if improved:
            self.journal.best(packed, self._predictions(self.validation, probabilities))
        self._save_checkpoint(packed)
        self.journal.log(
            f"Epoch {row['epoch'] + 1}: loss {row['train_loss']:.4f}, validation accuracy {metrics.accuracy:.2%}, "
            f"macro F1 {metrics.macro_f1:.4f}, {_raters_words(row['validation'])}{row['images_per_s']:,.0f} images/s"
            f"{', best so far' if improved else ''}."
        )

    def _row(self, metrics: Metrics, validation: dict[str, Any]) -> MetricsRow:
        """The figures of the epoch that has just ended. Decides the focus of the next."""
        state, position, weights = self.state, self.state.position, self._weights()
        row: MetricsRow = {
            "epoch": position.epoch,
            "step": position.step,
            "train_loss": position.loss_sum / max(position.seen, 1),
            "train_accuracy": position.correct / max(position.seen, 1),
            "seconds": position.seconds,
            "images_per_s": position.seen / max(position.seconds, 1e-6),
            "lr": state.optimizer.param_groups[0]["lr"],
            "parameters": self.parameters,
            "validation": validation,
            "weights": weights,
            "focus": state.focus.names if state.focus else [],
            "drawn": np.bincount(
                self.images.labels[self.images.order(position.epoch, weights)], minlength=len(EMOTIONS)
            ).tolist(),
        }
        sampling = self.config.sampling
        if sampling.mode == "adaptive":
            f1 = metrics.f1
            if sampling.focus.measured_on == "test":
                test, _ = self.score(self._evaluation_rows("test"))
                row["test"], f1 = test.to_dict(), test.f1
            state.focus = refocus(f1, sampling.focus, former=state.focus)
            row["next_focus"] = state.focus.names
        return row

    def _score_only(self) -> None:
        """A run of no epochs measures the network it starts from."""
        metrics, probabilities = self.score(self.validation)
        validation = self.validation_scores(metrics, probabilities)
        score = selection_score(validation, self.config.evaluation.select)
        self.state.best = {"score": score, "epoch": 0, "select": self.config.evaluation.select}
        row: MetricsRow = {"epoch": 0, "step": 0, "parameters": self.parameters, "validation": validation}
        self.state.history.append(row)
        self.journal.epoch(row)
        packed = self._pack()
        self.journal.best(packed, self._predictions(self.validation, probabilities))
        self._save_checkpoint(packed)

    def _score_test(self) -> None:
        """Keep what the network of the best epoch, which is the one to be used, sees in the test images."""
        rows = self._evaluation_rows("test")
        if not len(rows):
            return
        last = self.state.position.epoch - 1
        if (epoch := self.state.best.get("epoch", last)) != last and not self._take_best():
            epoch = last
        metrics, probabilities = self.score(rows)
        self.journal.predictions("test", self._predictions(rows, probabilities))
        worst = int(np.argmin(metrics.f1))
        self.test = {
            "epoch": epoch,
            "accuracy": metrics.accuracy,
            "macro_f1": metrics.macro_f1,
            "worst_f1": float(metrics.f1[worst]),
            "worst_emotion": EMOTIONS[worst],
            "images": len(rows),
        }
        self.journal.log(f"Test, by the network of epoch {epoch + 1}: accuracy {metrics.accuracy:.2%}.")

    def _take_best(self) -> bool:
        """Give the network the weights of the best epoch, for good; whether they are there. The run has ended."""
        kept = self.journal.run.checkpoints / "best.pt"
        if not kept.is_file():
            return False
        content = read_checkpoint(kept)
        load_weights(self.state.network, content["network"]["weights"])
        if self.state.averaged is not None and content["averaged"]:
            device = next(self.state.network.parameters()).device
            self.state.averaged = {name: tensor.to(device) for name, tensor in content["averaged"].items()}
        return True

    def _predictions(self, rows: np.ndarray, probabilities: np.ndarray) -> dict[str, np.ndarray]:
        return {"rows": rows, "labels": self.dataset.labels[rows], "probabilities": probabilities}

    def _out_of_patience(self) -> bool:
        patience = self.config.evaluation.patience
        return bool(patience and self.state.best and len(self.state.history) - 1 - self.state.best["epoch"] >= patience)

    def _may_go_on(self) -> bool:
        while self.control.pause.is_set() and not self.control.stop.is_set():
            self.journal.beat("paused", self.progress("training"), self.state.best)
            self.control.stop.wait(0.2)
        return self.processes.sum([float(self.control.stop.is_set())]) == [0.0]

    def _pack(self) -> dict[str, Any]:
        """The state as plain data; empty in a process that does not write."""
        self.tally.settle(self.state.position)
        if not self.journal.writes:
            return {}
        return pack_state(self.state, config=to_dict(self.config), preprocess=asdict(self.preprocess))

    def _save_checkpoint(self, packed: dict[str, Any]) -> None:
        position = self.state.position
        name = checkpoint_name(epoch=position.epoch, batch=position.batch, batches=self.images.batches)
        self.journal.checkpoint(name, packed)


def _raters_words(validation: dict[str, Any]) -> str:
    raters = validation["raters"]
    return f"with the raters' majority {raters['agreement']:.2%}, " if raters else ""
