"""One network out of many moments of a run, and batch-norm statistics that fit the faces it will see.

Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization" (2018): weights from along a run's
path lie around a wide optimum, and their mean is nearer to its middle than any of them. The statistics of batch norm
belong to the activations of one set of weights, so those of a mean have to be measured anew. It helps a single network
as well: while it trains it sees faces turned, shifted and partly erased, and at work it sees them as they are.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from torch.optim.swa_utils import AveragedModel, update_bn
from transformers import PreTrainedModel

from ferdash.models.torch_model import TorchModel
from ferdash.models.weights import read_network

BATCH = 512


def mean_network(checkpoints: Sequence[Path]) -> PreTrainedModel:
    """The network whose weights are the mean of those in the checkpoint files, each as it is evaluated. Its batch-norm
    statistics are those of the first until `measure_statistics` has been called.

    Raises CheckpointError when a file cannot be read.
    """
    mean = AveragedModel(read_network(checkpoints[0])[0])
    for path in checkpoints:
        mean.update_parameters(read_network(path)[0])
    found: PreTrainedModel = cast(PreTrainedModel, mean.module).eval()
    return found


def measure_statistics(model: TorchModel, faces: np.ndarray) -> None:
    """Measure the batch-norm statistics of the model's network anew, over uint8 faces (N, H, W) as they are.

    The faces must be of the training split: whoever reports a score on faces must not have adapted to them. A network
    without batch norm stays as it is.
    """
    size = min(BATCH, len(faces))
    # Variances are taken within batches, and datasets lie in the order of their labels: unmixed, what tells the labels
    # apart would be missing from them. Each batch counts alike, so a small one at the end would count too much.
    mixed = np.random.default_rng(0).permutation(len(faces))
    batches = (mixed[start : start + size] for start in range(0, len(faces) - size + 1, size))
    update_bn((model.preprocess(faces[rows], model.device) for rows in batches), model.network)
