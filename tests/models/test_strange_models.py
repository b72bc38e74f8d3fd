"""Models of other people that are not quite as ferdash would save them: read rightly, or refused in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil, ViTModel

from ferdash.emotions import EMOTIONS
from ferdash.errors import LabelError, ModelError
from ferdash.models.labels import model_columns, note_of_start
from ferdash.models.loading import load_model
from ferdash.models.torch_loading import load_to_train

FACES = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)
SHAPE = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "image_size": 32}


def network(labels: dict[int, str] | None = None, **config: Any) -> ViTForImageClassification:
    torch.manual_seed(0)
    id2label = labels or dict(enumerate(EMOTIONS))
    names = {"id2label": id2label, "label2id": {name: number for number, name in id2label.items()}}
    return ViTForImageClassification(ViTConfig(**SHAPE, patch_size=16, **names, **config))


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., str]:
    """Save a small ViT, its config.json and preprocessor_config.json changed; returns its reference."""

    def save(
        model: torch.nn.Module | None = None,
        config: dict[str, Any] | None = None,
        processor: dict[str, Any] | None = None,
    ) -> str:
        folder = tmp_path / "model"
        (model or network()).save_pretrained(folder)
        ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
        for name, changes in (("config.json", config), ("preprocessor_config.json", processor)):
            path = folder / name
            path.write_text(json.dumps(json.loads(path.read_text()) | (changes or {})))
        return str(folder)

    return save


def answers(reference: str) -> np.ndarray:
    return load_model(reference, Path("nowhere")).probabilities(FACES)


def test_a_model_of_several_labels_at_once_is_read_by_its_sigmoids(saved) -> None:
    reference = saved(config={"problem_type": "multi_label_classification"})
    model = load_model(reference, Path("nowhere"))
    assert model.multi_label
    given = expit(model.logits(FACES).astype(np.float64))
    np.testing.assert_allclose(model.probabilities(FACES), given / given.sum(axis=1, keepdims=True), atol=1e-6)


def test_seven_absent_emotions_still_have_shares() -> None:
    from ferdash.models.calibration import shares_of_sigmoids

    shares = shares_of_sigmoids(np.array([[-900.0] * 6 + [-899.0], [800.0] * 7]))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares[0, 6] == pytest.approx(np.e / (6 + np.e))
    assert shares[1] == pytest.approx([1 / 7] * 7)


def test_what_starts_from_it_is_trained_and_kept_by_its_softmax(saved, tmp_path: Path) -> None:
    from ferdash.training.config import TrainConfig
    from ferdash.training.start import build_network

    reference = saved(config={"problem_type": "multi_label_classification"})
    trained, _ = build_network(TrainConfig(start_from=reference), tmp_path)
    assert trained.config.problem_type is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_number_is_an_error_and_not_an_answer(saved, value: float) -> None:
    broken = network()
    with torch.no_grad():
        broken.classifier.weight[3, 4] = value
    with pytest.raises(
        ModelError, match=r"gives no numbers for some faces \(NaN or infinity\): its weights are damaged"
    ):
        answers(saved(broken))


def test_labels_numbered_from_one_are_in_their_order(saved) -> None:
    from_one = saved(config={"id2label": {str(number + 1): name for number, name in enumerate(EMOTIONS)}})
    shifted = answers(from_one)
    np.testing.assert_array_equal(shifted, answers(saved()))
    assert (
        model_columns({2: "sad", 1: "angry", 3: "fear", 7: "happy", 4: "disgust", 5: "neutral", 6: "surprise"})[0] == 0
    )


@pytest.mark.parametrize("numbers", [(0, 1, 2, 4, 5, 6, 8), (2, 3, 4, 5, 6, 7, 8), (0, 1, 2, 3, 4, 5, 7)])
def test_labels_with_gaps_are_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(LabelError, match="with gaps, so it is not known which is which"):
        model_columns(dict(zip(numbers, EMOTIONS, strict=True)))


def test_a_feature_extractor_is_an_image_processor(saved) -> None:
    expected = answers(saved())
    old = saved(processor={"image_processor_type": "ViTFeatureExtractor"})
    np.testing.assert_array_equal(answers(old), expected)
    older = saved(processor={"image_processor_type": None, "feature_extractor_type": "ViTFeatureExtractor"})
    np.testing.assert_array_equal(answers(older), expected)


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "null mean": ({}, {"image_mean": None, "image_std": None}, r"to normalise \(do_normalize\) but says no image_mean"),
    "oblong": (
        {},
        {"size": {"height": 32, "width": 64}},
        r"makes pictures of 32 x 64 pixels, which its network does not",
    ),
    "no size": ({}, {"size": {"depth": 3}}, "cannot be loaded|ferdash needs height and width"),
    "text for a size": ({}, {"size": {"height": "<b>", "width": 32}}, "settings make no sense|cannot be loaded"),
    "a picture of a million": ({}, {"size": {"height": 10**6, "width": 10**6}}, "Sides go up to 2048"),
    "std 0": ({}, {"image_std": [0.5, 0.0, 0.5]}, "std and factor are over 0"),
    "std text": ({}, {"image_std": ["<b>", 1, 1]}, "settings make no sense"),
    "mean object": ({}, {"image_mean": {}}, "settings make no sense|cannot be loaded"),
    "rescale 0": ({}, {"rescale_factor": 0}, "std and factor are over 0"),
    "rescale text": ({}, {"rescale_factor": "2020-01-01"}, "settings make no sense"),
    "resample 99": ({}, {"resample": 99}, "settings make no sense"),
    "resample text": ({}, {"resample": "\x00"}, "settings make no sense|cannot be loaded"),
    "a rate that is no number": (
        {"layer_norm_eps": float("nan")},
        {},
        "gives layer_norm_eps as nan, which is no number",
    ),
    "a rate above 1": ({"hidden_dropout_prob": 1.5}, {}, "gives hidden_dropout_prob as 1.5; it lies between 0 and 1"),
    "a million layers": ({"num_hidden_layers": 10**6}, {}, "asks for 1000000 layers"),
    "a width of a billion": (
        {"hidden_size": 10**9},
        {},
        "asks for a hidden_size of 1000000000; no network is so large",
    ),
    "quantised": ({"quantization_config": {"quant_method": "hqq"}}, {}, "cannot be loaded by transformers"),
    "a kernel from elsewhere": ({"_attn_implementation": "a/b"}, {}, "cannot be loaded by transformers|cannot be used"),
    "another width": ({"hidden_size": 16}, {}, r"do not fit its config.json: .* is \(.*\) in the file and \("),
}


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused_for_what_they_are(saved, name: str) -> None:
    config, processor, sentence = REFUSED[name]
    reference = saved(config=config, processor=processor)
    with pytest.raises(ModelError, match=sentence) as refused:
        answers(reference)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_head_of_eight_rows_for_seven_labels_is_refused(saved) -> None:
    eight = network(dict(enumerate([*EMOTIONS, "contempt"])))
    seven = {"id2label": {str(number): name for number, name in enumerate(EMOTIONS)}}
    with pytest.raises(ModelError, match=r"classifier.* is \(8,.*\) in the file and \(7,.*\) by its config.json"):
        answers(saved(eight, config=seven))


OTHER_LABELS = {
    "ImageNet's": {number: f"class {number}" for number in range(1000)},
    "LABEL_0": {number: f"LABEL_{number}" for number in range(7)},
    "eight emotions": dict(enumerate([*EMOTIONS, "contempt"])),
    "two": {0: "cat", 1: "dog"},
}


@pytest.mark.parametrize("labels", OTHER_LABELS)
def test_a_backbone_of_other_classes_gets_a_new_head_to_train(saved, labels: str) -> None:
    given = network(OTHER_LABELS[labels])
    reference = saved(given)
    with pytest.raises(ModelError, match="is not a model of the seven emotions"):
        load_model(reference, Path("nowhere"))
    model, note = load_to_train(reference, Path("nowhere"), seed=3)
    assert "so training starts with a new last layer for the seven emotions, drawn from the seed" in note
    assert model.network.config.id2label == dict(enumerate(EMOTIONS))
    kept, new = given.state_dict(), model.network.state_dict()
    assert all(torch.equal(kept[name], new[name]) for name in kept if name.startswith("vit."))
    assert new["classifier.weight"].shape == (7, 32)
    assert model.probabilities(FACES).shape == (5, 7)
    again, _ = load_to_train(reference, Path("nowhere"), seed=3)
    other, _ = load_to_train(reference, Path("nowhere"), seed=4)
    assert torch.equal(again.network.classifier.weight, model.network.classifier.weight)
    assert not torch.equal(other.network.classifier.weight, model.network.classifier.weight)
    assert not any(
        given.state_dict()[name].shape == weight.shape and torch.equal(given.state_dict()[name], weight)
        for name, weight in model.network.classifier.state_dict(prefix="classifier.").items()
    )
    assert note_of_start(Path(reference), reference) == note


def test_so_does_a_backbone_without_any_head(saved) -> None:
    torch.manual_seed(1)
    backbone = ViTModel(ViTConfig(**SHAPE, patch_size=16))
    model, note = load_to_train(saved(backbone), Path("nowhere"), seed=0)
    assert "new last layer" in note
    kept = backbone.state_dict()
    new = model.network.vit.state_dict()
    assert all(torch.equal(kept[name], new[name]) for name in new)


def test_a_backbone_that_lacks_a_layer_is_not_made_up(saved) -> None:
    reference = saved(network({0: "cat", 1: "dog"}), config={"num_hidden_layers": 2})
    with pytest.raises(ModelError, match=r"do not fit its config\.json: vit\."):
        load_to_train(reference, Path("nowhere"), seed=0)


def test_a_model_of_the_seven_keeps_its_head(saved) -> None:
    model, note = load_to_train(saved(), Path("nowhere"), seed=0)
    assert note == ""
    np.testing.assert_array_equal(model.probabilities(FACES), answers(model.reference))
