"""The loop against a plain one written out here: PyTorch's own AdamW, clipping and dropout, every number spelled
out."""

import math
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from ferdash.data.dataset import open_dataset
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.weights import read_checkpoint
from ferdash.runs.store import Run, read_metrics
from ferdash.training import start
from ferdash.training.config import TrainConfig, override
from ferdash.training.sampling import epoch_order

SEED, BATCH, ACCUMULATE, CLIP, EMA, RATE, DECAY = 5, 16, 2, 0.05, 0.3, 5e-3, 0.1
"""An average this short is bound by its own decay before the four steps are over, and by its warm-up until then."""

CONFIG = override(
    TrainConfig(),
    [
        "dataset=squares",
        "epochs=1",
        f"seed={SEED}",
        f"batch_size={BATCH}",
        f"ema={EMA}",
        "network.width=4",
        "network.depths=1,1",
        "network.dropout=0.5",
        f"optimizer.lr={RATE}",
        f"optimizer.weight_decay={DECAY}",
        f"optimizer.clip={CLIP}",
        f"optimizer.accumulate={ACCUMULATE}",
        "schedule.name=cosine",
        "schedule.warmup_epochs=0.5",
        "schedule.floor=0.1",
        "loss.label_smoothing=0.1",
        "compute.threads=1",
        "compute.device=cpu",
        "compute.precision=float32",
    ],
)


def plain_loop(root: Path) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], list[float]]:
    """One epoch as anybody would write it: the weights, their running average, and the learning rate of each batch."""
    dataset = open_dataset(root, "squares")
    rows = dataset.rows("train")
    images = torch.tensor(dataset.images[rows]).float()[:, None] / 255
    images = (images - 0.5077) / 0.2550
    targets = F.one_hot(torch.tensor(dataset.labels[rows]), 7).float() * 0.9 + 0.1 / 7
    torch.manual_seed(SEED)
    network = FerNetForImageClassification(FerNetConfig(width=4, depths=[1, 1], dropout=0.5)).train()
    network.to(memory_format=torch.channels_last)
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    averaged = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    order = torch.tensor(epoch_order(dataset.labels[rows], seed=SEED, epoch=0))
    batches, rates, steps = math.ceil(len(order) / BATCH), [], 0
    assert batches % ACCUMULATE == 1, "the last step must be of fewer batches than the others"
    for number in range(batches):
        epoch = number / batches
        factor = epoch / 0.5 if epoch < 0.5 else 0.1 + 0.9 * (1 + math.cos(math.pi * (epoch - 0.5) / 0.5)) / 2
        rates.append(RATE * (factor or 1e-4))
        for group in optimizer.param_groups:
            group["lr"] = rates[-1]
        batch = order[number * BATCH : (number + 1) * BATCH]
        torch.manual_seed(SEED * 7_368_787 + number)
        pixels = images[batch].contiguous(memory_format=torch.channels_last)
        loss = F.cross_entropy(network(pixels).logits, targets[batch])
        last = number == batches - 1
        (loss / (1 if last else ACCUMULATE)).backward()
        if (number + 1) % ACCUMULATE and not last:
            continue
        assert torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP) > CLIP, "clipping must have work to do"
        optimizer.step()
        optimizer.zero_grad()
        steps += 1
        decay = min(EMA, (1 + steps) / (10 + steps))
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                averaged[name] = averaged[name] * decay + tensor * (1 - decay)
    return network.state_dict(), averaged, rates


@pytest.fixture(scope="module")
def trained(squares_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    where = tmp_path_factory.mktemp("golden")
    run = start.create(CONFIG, data=squares_root, checkpoints=where)
    assert start.execute(run, data=squares_root, checkpoints=where) == "finished"
    return run


def test_an_epoch_is_that_of_a_plain_loop(trained: Run, squares_root: Path) -> None:
    weights, averaged, rates = plain_loop(squares_root)
    packed = read_checkpoint(trained.checkpoints / "epoch-001.pt")
    for name, tensor in weights.items():
        torch.testing.assert_close(packed["network"]["weights"][name], tensor, rtol=1e-4, atol=1e-6, msg=name)
    for name, tensor in averaged.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(packed["averaged"][name], tensor, rtol=1e-4, atol=1e-6, msg=name)
    (row,) = read_metrics(trained.folder)
    assert row["lr"] == pytest.approx(rates[-1], rel=1e-12)
    assert row["step"] == math.ceil(len(rates) / ACCUMULATE)
