from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError
from ferdash.inference.explain import has_feature_maps
from ferdash.models.emotion_model import Ensemble
from ferdash.models.features import embed
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.reference import files_behind
from ferdash.references import members_of

FACES = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models `a` and `b`, and a small ViT for 32 px, `vit`."""
    root = tmp_path_factory.mktemp("checkpoints")
    for seed, name in enumerate("ab"):
        torch.manual_seed(seed)
        folder = root / "models" / name
        FerNetForImageClassification(FerNetConfig(width=4, depths=[1, 1])).save_pretrained(folder)
        processor_of(Preprocess()).save_pretrained(folder)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    config = ViTConfig(**shape, image_size=32, patch_size=8, id2label=dict(enumerate(EMOTIONS)))
    ViTForImageClassification(config).save_pretrained(root / "models" / "vit")
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(root / "models" / "vit")
    return root


@pytest.mark.parametrize("tta", ["plain", "flip"])
def test_an_ensemble_is_the_mean_of_its_members(checkpoints: Path, tta: str) -> None:
    members = [load_model(name, checkpoints, tta=tta) for name in ("a", "b", "vit")]
    ensemble = load_model("a + b+vit", checkpoints, tta=tta)
    golden = np.mean([member.probabilities(FACES) for member in members], axis=0)
    assert ensemble.probabilities(FACES) == pytest.approx(golden, abs=1e-6)
    assert ensemble.probabilities(FACES).dtype == np.float32
    assert np.abs(members[0].probabilities(FACES) - golden).max() > 1e-3
    assert ensemble.reference == "a + b + vit"
    assert ensemble.title == "a + b + vit"
    assert ensemble.parameters == sum(member.parameters for member in members)
    assert (ensemble.engine, ensemble.probabilities(FACES[:0]).shape) == ("torch", (0, 7))


def test_its_logits_lead_to_its_probabilities(checkpoints: Path) -> None:
    ensemble = load_model("a+b", checkpoints)
    found = torch.from_numpy(ensemble.logits(FACES)).softmax(dim=1).numpy()
    assert found == pytest.approx(ensemble.probabilities(FACES), abs=1e-6)


def test_one_model_is_no_ensemble(checkpoints: Path) -> None:
    assert not isinstance(load_model("a", checkpoints), Ensemble)


def test_a_folder_with_a_plus_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "a+b").mkdir()
    assert members_of(str(tmp_path / "a+b")) == [str(tmp_path / "a+b")]


@pytest.mark.parametrize("reference", ["a+", "+a", "a++b"])
def test_a_member_that_is_not_named(checkpoints: Path, reference: str) -> None:
    with pytest.raises(ModelError, match="No model was named"):
        load_model(reference, checkpoints)


def test_what_needs_one_network_says_so(checkpoints: Path) -> None:
    ensemble = load_model("a+b", checkpoints)
    assert not has_feature_maps(ensemble)
    with pytest.raises(ModelError, match=r"a \+ b is several models together"):
        embed(ensemble, FACES)


def test_the_files_behind_it_are_those_of_all_members(checkpoints: Path) -> None:
    files = files_behind("a+b@size=32", checkpoints)
    assert [path.relative_to(checkpoints / "models").as_posix() for path in files] == [
        "a/model.safetensors",
        "b/model.safetensors",
    ]


def test_an_augmentation_that_does_not_exist(checkpoints: Path) -> None:
    with pytest.raises(ModelError, match="no test-time augmentation “sideways”; there are plain, flip, ten-crop"):
        load_model("a", checkpoints, tta="sideways")


def test_a_vision_transformer_takes_smaller_pictures(checkpoints: Path) -> None:
    smaller = load_model("vit@size=16", checkpoints)
    assert (smaller.preprocess.height, smaller.preprocess.width) == (16, 16)
    assert smaller.title == "vit at 16 px"
    # transformers itself, with 16 of the 32 pixels
    network = ViTForImageClassification.from_pretrained(checkpoints / "models" / "vit").eval()
    pixels = ViTImageProcessorPil(size={"height": 16, "width": 16})([np.repeat(FACES[0][..., None], 3, axis=2)])
    with torch.no_grad():
        inputs = torch.from_numpy(np.stack(pixels["pixel_values"]))
        golden = network(inputs, interpolate_pos_encoding=True).logits[0].numpy()
    assert smaller.logits(FACES[:1])[0] == pytest.approx(golden, abs=0.02)  # pixels agree within a level or two
    assert load_model("vit@size=32", checkpoints).logits(FACES) == pytest.approx(
        load_model("vit", checkpoints).logits(FACES), abs=1e-5
    )


def test_a_convolutional_network_takes_any_size(checkpoints: Path) -> None:
    model = load_model("a@size=36", checkpoints)
    with torch.inference_mode():
        golden = model.network(pixel_values=Preprocess(height=36, width=36)(FACES)).logits.numpy()
    assert model.logits(FACES) == pytest.approx(golden, abs=1e-6)


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("vit@size=20", "vit sees patches of 8 pixels, so its input size must be a multiple of that"),
        ("a@size=0", "asks for pictures of 0 pixels; name a size such as @size=112"),
        ("a@size=big", "There is no model “a@size=big”"),
    ],
)
def test_sizes_that_cannot_be(checkpoints: Path, reference: str, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        load_model(reference, checkpoints)


def test_the_cut_of_a_processor_stays_in_proportion() -> None:
    assert Preprocess(height=224, width=224, resize=(256, 256)).at_size(112) == Preprocess(
        height=112, width=112, resize=(128, 128)
    )
