"""How much of FER2013's label can be told at all: from the picture, from ten people's votes, and from both.

    python benchmarks/what_is_left.py [--model fernet] [--dataset fer2013]

A logistic regression guesses the label of each validation image from what is known of the image, for each of ten parts
fitted on the other nine, three times over with other parts. What is known: the model's probabilities over ten crops,
the shares of the ten raters' votes, or both. Identical images are kept in one part. No row but the first is a score of
the model: the regression is shown labels of validation. What the last has above the others is what the model could
still learn of what people see; what it lacks to 100% neither knows.
"""

import argparse

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from ferdash.data.dataset import open_dataset
from ferdash.models.loading import load_model
from ferdash.models.tta import average_probabilities, ten_crops
from ferdash.paths import checkpoints_root, data_root

PARTS, TIMES, C = 10, 3, 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="fernet")
    parser.add_argument("--dataset", default="fer2013")
    arguments = parser.parse_args()
    dataset = open_dataset(data_root(), arguments.dataset)
    rows = dataset.rows("validation")
    labels, images = dataset.labels[rows], np.asarray(dataset.images[rows])
    if dataset.votes is None:
        raise SystemExit(f"{arguments.dataset} has no raters' votes; import FER2013 with fer2013new.csv.")
    _, contents = np.unique(dataset.table["content_hash"].to_numpy()[rows], return_inverse=True)
    model = load_model(arguments.model, checkpoints_root())
    seen = average_probabilities([model], ten_crops(images))
    print(f"{len(rows):,} validation images of {dataset.name} ({dataset.hash[:8]})")
    accuracy, loss = (seen.argmax(1) == labels).mean(), log_loss(labels, seen)
    print(f"{arguments.model}, ten crops, as it is: {accuracy:.1%}, log loss {loss:.3f}")
    votes = dataset.votes[rows].astype(float)
    shares = votes / np.maximum(votes.sum(1, keepdims=True), 1)
    picture, people = np.log(np.clip(seen, 1e-4, 1)), 3 * np.concatenate([shares, np.sqrt(shares)], axis=1)
    for name, known in (
        ("the model's ten crops", picture),
        ("ten people's votes", people),
        ("both", np.concatenate([picture, people], axis=1)),
    ):
        accuracies, losses = zip(*(guess(known, labels, contents, seed) for seed in range(TIMES)), strict=True)
        print(f"label guessed from {name}: {np.mean(accuracies):.1%}, log loss {np.mean(losses):.3f}", flush=True)


def guess(known: np.ndarray, labels: np.ndarray, contents: np.ndarray, seed: int) -> tuple[float, float]:
    """Accuracy and log loss of guesses of int64 labels (N,) from float (N, D), each from a regression fitted without
    the image. contents: equal for identical images."""
    parts = StratifiedGroupKFold(PARTS, shuffle=True, random_state=seed)
    regression = LogisticRegression(C=C, max_iter=1000)
    found = cross_val_predict(regression, known, labels, groups=contents, cv=parts, method="predict_proba")
    return float((found.argmax(1) == labels).mean()), float(log_loss(labels, found))


if __name__ == "__main__":
    main()
