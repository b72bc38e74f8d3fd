import pytest

from ferdash.data.sources.split_names import settle_eval, split_named

TRAIN = [
    "train",
    "Train",
    "training",
    "train_set",
    "trainset",
    "TrainSet",
    "train-images",
    "fer2013 train",
    "TRAIN_DATA",
]
VALIDATION = ["val", "valid", "validation", "val_set", "Validation Set", "dev", "devset", "PublicTest", "public_test"]
TEST = ["test", "Testing", "test_set", "testset", "test images", "PrivateTest", "private_test", "holdout"]


@pytest.mark.parametrize(
    ("name", "split"),
    [(name, "train") for name in TRAIN]
    + [(name, "validation") for name in VALIDATION]
    + [(name, "test") for name in TEST]
    + [("eval", "eval"), ("evaluation_set", "eval")]
    + [
        (name, None)
        for name in ("person 3", "images", "angry", "", "constraint", "contest", "latest", "train_and_test")
    ],
)
def test_usual_names(name, split):
    assert split_named(name) == split


def test_eval_is_what_the_others_are_not():
    assert settle_eval(["train", "eval"]) == ["train", "validation"]
    assert settle_eval(["train", "validation", "eval"]) == ["train", "validation", "test"]
    assert settle_eval(["train", "test", "eval"]) == ["train", "test", "validation"]
    assert settle_eval([None, "train"]) == [None, "train"]
