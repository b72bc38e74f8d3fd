"""What there is on this computer: versions, processors and graphics cards, folders."""

import os
import platform
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ferdash import __version__
from ferdash.diagnosis.check import Check, State
from ferdash.models.engines import machine
from ferdash.paths import PACKAGE, checkout

PACKAGES = (
    "torch",
    "transformers",
    "onnxruntime",
    "numpy",
    "pandas",
    "opencv-python-headless",
    "av",
    "streamlit",
    "streamlit-webrtc",
)
OPTIONAL = {
    "fastapi": "serve",
    "pympi-ling": "lab",
    "pylsl": "lsl",
    "distributed": "cluster",
    "onnx": "onnx",
    "mlflow-skinny": "mlflow",
    "tensorboard": "tensorboard",
    "cleanlab": "labels",
}
"""Package -> the extra of ferdash that brings it."""

LITTLE_SPACE = 2_000_000_000
"""Bytes: a run's checkpoints and an analysed video fit in that, not much more."""


def versions() -> list[Check]:
    """Of ferdash, Python and what ferdash is built on."""
    where = f"the checkout {checkout()}" if checkout() else str(PACKAGE)
    found = [
        Check("Versions", "ferdash", State.GOOD, f"{__version__}, from {where}"),
        Check("Versions", "Python", State.GOOD, f"{platform.python_version()}, {sys.executable}"),
    ]
    return found + [_package(name) for name in PACKAGES] + [_optional(name, extra) for name, extra in OPTIONAL.items()]


def _package(name: str) -> Check:
    try:
        return Check("Versions", name, State.GOOD, version(name))
    except PackageNotFoundError:
        return Check("Versions", name, State.FAILED, "missing", f"Install ferdash again, or `pip install {name}`.")


def _optional(name: str, extra: str) -> Check:
    try:
        return Check("Versions", name, State.GOOD, f"{version(name)}, of the extra {extra}")
    except PackageNotFoundError:
        return Check("Versions", name, State.NOTE, f"not installed, optional: pip install 'ferdash[{extra}]'")


def devices() -> list[Check]:
    """What can compute. Imports PyTorch, which takes seconds."""
    threads = os.cpu_count() or 1
    found = [Check("Devices", "processor", State.GOOD, f"{machine()}, {threads} threads, {platform.system()}")]
    try:
        import torch
    except (ImportError, OSError) as error:
        problem = f"PyTorch cannot be imported ({error})"
        return [
            *found,
            Check("Devices", "PyTorch", State.FAILED, problem, "Install torch again: nothing trains without."),
        ]
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
        return [*found, Check("Devices", "graphics card", State.GOOD, f"{names}; training takes it by itself")]
    if torch.backends.mps.is_available():
        return [*found, Check("Devices", "graphics card", State.GOOD, "Apple's, by --set compute.device=mps")]
    return [*found, Check("Devices", "graphics card", State.NOTE, "none that PyTorch can use; the processor computes")]


def folders(data: Path, checkpoints: Path) -> list[Check]:
    """Whether datasets, and models with runs, can be written where they are kept."""
    return [
        _folder("datasets and analyses", data, "FERDASH_DATA"),
        _folder("models and runs", checkpoints, "FERDASH_CHECKPOINTS"),
    ]


def _folder(name: str, folder: Path, variable: str) -> Check:
    place = folder.absolute()
    # It is made when something is first kept, so the nearest folder there is has to let us.
    there = next(one for one in (place, *place.parents) if one.exists())
    advice = f"Give yourself the right to write there, or set {variable} to another folder."
    if not there.is_dir():
        return Check("Folders", name, State.FAILED, f"{there} is a file, so {place} cannot be a folder", advice)
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".ferdash-doctor-"):
            free = shutil.disk_usage(there).free
    except OSError as error:
        return Check("Folders", name, State.FAILED, f"{place} cannot be written to ({error.strerror})", advice)
    found = f"{place}, {free / 1e9:.0f} GB free" + ("" if place.exists() else "; made when first needed")
    if free < LITTLE_SPACE:
        return Check("Folders", name, State.NOTE, found, "Make room before you train or analyse long videos.")
    return Check("Folders", name, State.GOOD, found)
