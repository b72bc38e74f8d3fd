"""All checks, in the order in which a person reads them."""

from collections.abc import Iterator
from pathlib import Path

from ferdash.diagnosis import machine, network
from ferdash.diagnosis.answers import answers
from ferdash.diagnosis.check import Check


def checks(data: Path, checkpoints: Path) -> Iterator[Check]:
    """One after the other, as each is done: some seconds in all, most of them to import PyTorch."""
    yield from machine.versions()
    yield from machine.folders(data, checkpoints)
    yield from network.network()
    yield from network.camera()
    yield from machine.devices()
    yield from answers(checkpoints)
