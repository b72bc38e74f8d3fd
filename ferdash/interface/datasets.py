"""Datasets, and how good a model is on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferdash.emotions import EMOTIONS
from ferdash.interface import display
from ferdash.models.engines import Engine
from ferdash.paths import checkpoints_root, data_root

if TYPE_CHECKING:
    import pandas as pd

    from ferdash.data.dataset import FaceDataset
    from ferdash.evaluation.metrics import Metrics
    from ferdash.inference.scoring import Scored


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's scores on a split. scored: protocol, probabilities of every image, metrics and their intervals."""

    model: str
    scored: "Scored"

    @property
    def metrics(self) -> "Metrics":
        return self.scored.metrics

    @property
    def accuracy(self) -> float:
        return float(self.scored.metrics.accuracy)

    def to_pandas(self) -> "pd.DataFrame":
        """Precision, recall, F1 and support of each emotion."""
        import pandas as pd

        metrics = self.metrics
        columns = {"precision": metrics.precision, "recall": metrics.recall, "f1": metrics.f1}
        return pd.DataFrame({**columns, "support": metrics.support}, index=pd.Index(EMOTIONS, name="emotion"))

    def scores(self) -> "pd.DataFrame":
        """The scores over all emotions, each with its 95% confidence interval."""
        import pandas as pd

        rows = [
            (name, float(getattr(self.metrics, name)), interval.low, interval.high)
            for name, interval in self.scored.intervals.items()
        ]
        return pd.DataFrame(rows, columns=["score", "value", "low", "high"]).set_index("score")

    def to_dict(self) -> dict[str, Any]:
        """Plain data: protocol, metrics, intervals, the comparison with raters."""
        return {"model": self.model, **self.scored.to_dict()}

    def __repr__(self) -> str:
        return f"Evaluation({self.model!r}: accuracy {self.accuracy:.3f}; {self.scored.protocol.describe()})"

    def _repr_html_(self) -> str:
        scores = self.scores().round(3)
        return display.table(scores, [self.scored.protocol.describe()]) + display.table(self.to_pandas().round(3))


def open_dataset(name: str) -> "FaceDataset":
    """An imported dataset: `images` (uint8 N x 48 x 48), `table`, `labels`, `counts()`. Raises DatasetError."""
    from ferdash.data import dataset

    return dataset.open_dataset(data_root(), name)


def evaluate(
    model: str,
    dataset: "str | FaceDataset" = "fer2013",
    split: str = "validation",
    *,
    engine: Engine = "torch",
    tta: str = "plain",
    per_class: int = 0,
    seed: int = 0,
    without_duplicates: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score a model on a split. Choose models, epochs and thresholds on validation, never on test.

    per_class: at most so many images of each emotion, drawn by `seed`; 0 for all. without_duplicates: leave out images
    that are identical to a training image.

    Raises DatasetError, ModelError, or EvaluationError where no image is left.
    """
    from ferdash.inference.opened import model_of
    from ferdash.inference.scoring import score

    faces = open_dataset(dataset) if isinstance(dataset, str) else dataset
    scored = score(
        model_of(model, checkpoints_root(), engine, tta),
        faces,
        split,
        per_class=per_class,
        exclude_duplicates=without_duplicates,
        seed=seed,
        on_progress=on_progress,
    )
    return Evaluation(model, scored)
