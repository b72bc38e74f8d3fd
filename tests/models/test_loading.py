import ast
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    PreTrainedModel,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessorPil,
)

from ferdash.emotions import EMOTIONS
from ferdash.errors import ModelError
from ferdash.files import write_json
from ferdash.models.fernet import FerNetConfig, FerNetForImageClassification
from ferdash.models.loading import load_model
from ferdash.models.preprocess import Preprocess
from ferdash.models.processing import processor_of
from ferdash.models.reference import full_reference, title_of
from ferdash.models.weights import pack_network

PROJECT = Path(__file__).parents[2]
MODULES = sorted([*PROJECT.glob("ferdash/**/*.py"), *PROJECT.glob("pages/**/*.py")])

REPORT_LABELS = ["sad", "disgust", "angry", "neutral", "fear", "surprise", "happy"]
"""Label order of dima806/facial_emotions_image_detection."""

FACES = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)


def small_vit(labels: list[str], num_channels: int = 3) -> ViTForImageClassification:
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=16,
        num_channels=num_channels,
        id2label=dict(enumerate(labels)),
        label2id={name: index for index, name in enumerate(labels)},
    )
    torch.manual_seed(0)
    return ViTForImageClassification(config)


@pytest.fixture
def vit_folder(tmp_path: Path) -> Path:
    """A small ViT with the report's label order, whose bias says which output is which: output i gives logit i."""
    folder = tmp_path / "report"
    network = small_vit(REPORT_LABELS)
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.copy_(torch.arange(7.0))
    network.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """A checkpoints root with a shipped fernet."""
    folder = tmp_path / "checkpoints" / "models" / "fernet"
    torch.manual_seed(0)
    FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).save_pretrained(folder)
    processor_of(Preprocess()).save_pretrained(folder)
    return tmp_path / "checkpoints"


def test_outputs_are_mapped_by_label_name(vit_folder: Path, checkpoints: Path) -> None:
    model = load_model(str(vit_folder), checkpoints, device="cpu")
    expected = [float(REPORT_LABELS.index(name)) for name in EMOTIONS]
    assert model.logits(FACES) == pytest.approx(np.tile(expected, (5, 1)))
    assert model.columns == [2, 1, 4, 6, 3, 0, 5]


def test_probabilities_are_transformers_own_in_our_order(checkpoints: Path, tmp_path: Path) -> None:
    network = small_vit(REPORT_LABELS).eval()
    network.save_pretrained(tmp_path / "vit")
    processor = ViTImageProcessorPil(size={"height": 32, "width": 32})
    processor.save_pretrained(tmp_path / "vit")
    colour = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    with torch.no_grad():
        theirs = network(**processor(list(colour), return_tensors="pt")).logits.softmax(dim=1).numpy()
    ours = load_model(str(tmp_path / "vit"), checkpoints).probabilities(colour, batch_size=2)
    assert ours.dtype == np.float32
    assert ours == pytest.approx(theirs[:, [REPORT_LABELS.index(name) for name in EMOTIONS]], abs=1e-6)


def test_fernet_loads_by_name_and_by_path_alike(checkpoints: Path) -> None:
    by_name = load_model("fernet", checkpoints)
    by_path = load_model(str(checkpoints / "models" / "fernet"), checkpoints)
    assert (by_name.title, by_path.title, by_name.reference) == ("FerNet", "fernet", "fernet")
    assert by_name.preprocess == Preprocess()
    assert by_name.parameters == sum(tensor.numel() for tensor in by_name.network.parameters()) > 0
    assert not by_name.network.training
    probabilities = by_name.probabilities(FACES)
    assert np.array_equal(probabilities, by_path.probabilities(FACES))
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)


def test_no_faces_give_no_rows(checkpoints: Path) -> None:
    assert load_model("fernet", checkpoints).probabilities(FACES[:0]).shape == (0, 7)


def test_threads_share_one_model(vit_folder: Path, checkpoints: Path) -> None:
    model = load_model(str(vit_folder), checkpoints)
    batches = [np.roll(FACES, shift, axis=1) for shift in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(model.logits, batches))
    for batch, logits in zip(batches, together, strict=True):
        assert np.array_equal(logits, model.logits(batch))


def make_run(checkpoints: Path, names: list[str], averaged: bool = False) -> dict[str, PreTrainedModel]:
    """A run whose checkpoints, written in this order, each hold another network."""
    folder = checkpoints / "runs" / "r1" / "checkpoints"
    folder.mkdir(parents=True)
    networks = {}
    for number, name in enumerate(names):
        torch.manual_seed(number)
        network = FerNetForImageClassification(FerNetConfig(width=4, depths=(1, 1))).eval()
        packed = pack_network(network, asdict(Preprocess()))
        average = {key: tensor.clone() for key, tensor in network.state_dict().items()} if averaged else None
        if average:
            average["classifier.bias"] += 1.0
        torch.save({"network": packed, "averaged": average}, folder / name)
        os.utime(folder / name, (1000 + number, 1000 + number))
        networks[name] = network
    return networks


@pytest.mark.parametrize(
    ("reference", "file"),
    [
        ("run:r1", "best.pt"),
        ("run:r1@best", "best.pt"),
        ("run:r1@epoch-3", "epoch-003.pt"),
        ("run:r1@epoch-012", "epoch-012.pt"),
        ("run:r1@last", "batch-000900.pt"),
    ],
)
def test_a_run_gives_the_checkpoint_that_was_named(checkpoints: Path, reference: str, file: str) -> None:
    names = ["epoch-003.pt", "best.pt", "epoch-012.pt", "batch-000900.pt", "batch-000800.pt"]
    networks = make_run(checkpoints, names)
    with torch.no_grad():
        expected = networks[file](Preprocess()(FACES)).logits.numpy()
    assert load_model(reference, checkpoints).logits(FACES) == pytest.approx(expected, abs=1e-5)


def test_a_run_is_named_by_the_end_of_its_id_or_its_name_and_told_by_its_id(checkpoints: Path) -> None:
    make_run(checkpoints, ["best.pt", "epoch-001.pt"])
    runs = checkpoints / "runs"
    (runs / "r1").rename(runs / "20250101-000000-fernet-d4b0")
    write_json(runs / "20250101-000000-fernet-d4b0" / "meta.json", {"name": "tiny1"})
    (runs / "20250102-000000-damaged-d4b1").mkdir()
    for text in ("tiny1", "d4b0", "20250101-000000"):
        model = load_model(f"run:{text}@best", checkpoints)
        assert model.reference == "run:20250101-000000-fernet-d4b0@best"
        assert model.title == "Run 20250101-000000-fernet-d4b0, best"
        assert title_of(f"run:{text}@epoch-1", checkpoints) == "Run 20250101-000000-fernet-d4b0, epoch-001"
    assert full_reference("run:tiny1@best@size=96+fernet", checkpoints) == (
        "run:20250101-000000-fernet-d4b0@best@size=96+fernet"
    )
    assert full_reference("run:nobody + fernet", checkpoints) == "run:nobody + fernet"
    with pytest.raises(ModelError, match=r"“2025” fits 2 runs: .*; write more of the id"):
        load_model("run:2025@best", checkpoints)


def test_averaged_weights_are_used_where_the_run_kept_them(checkpoints: Path) -> None:
    networks = make_run(checkpoints, ["best.pt"], averaged=True)
    with torch.no_grad():
        expected = networks["best.pt"](Preprocess()(FACES)).logits.numpy() + 1.0
    assert load_model("run:r1", checkpoints).logits(FACES) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("run:nobody", "There is no run “nobody”"),
        ("run:../models", "There is no run"),
        ("run:r1@epoch-7", r"Run r1 has no checkpoint @epoch-7; it has @epoch-001\."),
        ("run:r1@best", "Run r1 has no checkpoint @best"),
        ("run:r1@newest", "“@newest” is no checkpoint of a run; use @best, @last or an epoch"),
        ("", "No model was named"),
        ("nothing", r"There is no model “nothing”: neither a folder nor the name of a model here \(fernet\)"),
    ],
)
def test_what_is_not_there_is_said(checkpoints: Path, reference: str, sentence: str) -> None:
    make_run(checkpoints, ["epoch-001.pt"])
    with pytest.raises(ModelError, match=sentence):
        load_model(reference, checkpoints)


def test_a_run_without_any_checkpoint(checkpoints: Path) -> None:
    make_run(checkpoints, [])
    with pytest.raises(ModelError, match="has not written a checkpoint yet"):
        load_model("run:r1@last", checkpoints)


def test_a_torn_checkpoint_of_a_run(checkpoints: Path) -> None:
    make_run(checkpoints, ["best.pt"])
    path = checkpoints / "runs" / "r1" / "checkpoints" / "best.pt"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ModelError, match=r"The model of run:r1 cannot be read: best\.pt is damaged"):
        load_model("run:r1", checkpoints)


@pytest.mark.parametrize("missing", ["config.json", "preprocessor_config.json"])
def test_a_folder_that_lacks_a_file(vit_folder: Path, checkpoints: Path, missing: str) -> None:
    (vit_folder / missing).unlink()
    with pytest.raises(ModelError, match=f"is not a model folder: it has no {missing}"):
        load_model(str(vit_folder), checkpoints)


def test_missing_and_torn_weights(vit_folder: Path, checkpoints: Path) -> None:
    weights = vit_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    with pytest.raises(ModelError, match=r"The weights of .* are damaged or cut short"):
        load_model(str(vit_folder), checkpoints)
    weights.unlink()
    with pytest.raises(ModelError, match=r"cannot be loaded by transformers: .*model\.safetensors"):
        load_model(str(vit_folder), checkpoints)


def test_weights_that_lack_a_layer_are_not_made_up(vit_folder: Path, checkpoints: Path) -> None:
    edit_config(vit_folder, num_hidden_layers=2)
    with pytest.raises(ModelError, match=r"do not fit its config.json: \d+ are missing \(vit"):
        load_model(str(vit_folder), checkpoints)


def test_weights_of_another_size(vit_folder: Path, checkpoints: Path) -> None:
    edit_config(vit_folder, hidden_size=32)
    with pytest.raises(ModelError, match=r"do not fit its config.json: .* is \(7, 16\) in the file"):
        load_model(str(vit_folder), checkpoints)


def test_labels_that_are_no_emotions(vit_folder: Path, checkpoints: Path) -> None:
    edit_config(vit_folder, id2label={str(index): f"LABEL_{index}" for index in range(7)})
    with pytest.raises(ModelError, match=r"is not a model of the seven emotions\. “LABEL_0” is none of the seven"):
        load_model(str(vit_folder), checkpoints)


def test_a_model_of_fewer_emotions(checkpoints: Path, tmp_path: Path) -> None:
    small_vit(["happy", "sad"]).save_pretrained(tmp_path / "two")
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path / "two")
    with pytest.raises(ModelError, match=r"no output for angry, disgust, fear, neutral, surprise"):
        load_model(str(tmp_path / "two"), checkpoints)


@pytest.mark.parametrize("text", ["{", '{"model_type": "no-such-network"}', '{"model_type": "bert"}'])
def test_an_unknown_architecture_or_a_torn_config(vit_folder: Path, checkpoints: Path, text: str) -> None:
    (vit_folder / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"report (cannot be loaded|is not a model of the seven)") as caught:
        load_model(str(vit_folder), checkpoints)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(PROJECT).as_posix())
def test_no_call_leaves_it_to_a_person_whether_a_models_code_is_run(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "from_pretrained":
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert given.get("trust_remote_code") == "False", f"line {node.lineno}"


def test_code_that_comes_with_a_model_is_not_run(
    vit_folder: Path, checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (vit_folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    edit_config(vit_folder, model_type="evil", auto_map={"AutoConfig": "evil.Evil"})
    monkeypatch.setattr("builtins.input", lambda *_: "y")  # transformers asks whoever sits at the terminal
    with pytest.raises(ModelError, match="code of its own, which ferdash never runs"):
        load_model(str(vit_folder), checkpoints)
    assert not (tmp_path / "ran").exists()


def test_an_image_processor_that_is_not_reproduced_is_refused(vit_folder: Path, checkpoints: Path) -> None:
    # Pads what it has resized, which a plain resize does not.
    settings = {"size": {"height": 32, "width": 32}, "do_pad": True, "pad_size": {"height": 40, "width": 40}}
    ViTImageProcessorPil(**settings).save_pretrained(vit_folder)
    with pytest.raises(ModelError, match=r"\(ViT.*does not reproduce"):
        load_model(str(vit_folder), checkpoints)


def test_a_processor_that_does_not_fit_its_network_is_refused(tmp_path: Path, checkpoints: Path) -> None:
    network = small_vit(REPORT_LABELS, num_channels=1)
    network.save_pretrained(tmp_path / "grey")
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path / "grey")
    with pytest.raises(
        ModelError, match=r"\(ViTImageProcessorPil\) prepares colour pictures, but its network takes 1 channel"
    ):
        load_model(str(tmp_path / "grey"), checkpoints)


def test_a_device_that_is_not_there(checkpoints: Path) -> None:
    with pytest.raises(ModelError, match="The device “abacus” is not there"):
        load_model("fernet", checkpoints, device="abacus")


def test_a_model_copied_elsewhere_is_the_same(vit_folder: Path, checkpoints: Path, tmp_path: Path) -> None:
    shutil.copytree(vit_folder, checkpoints / "models" / "mine")
    assert load_model("mine", checkpoints).title == "mine"


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
