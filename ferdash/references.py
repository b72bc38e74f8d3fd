"""The grammar of model references: `fernet`, a folder, a Hugging Face id, or `run:<run id>@best`.

@size=112 after one of them gives its network smaller pictures, and several joined by + are an ensemble.

Text alone; what a reference names on this machine, `ferdash.models.reference` finds.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ferdash.errors import ModelError

RUN = "run:"
DEFAULT_CHECKPOINT = "best"
"""Of a run whose reference names none."""


@dataclass(frozen=True)
class Reference:
    """One model as it is named. bare: without its size. run: id of the run that it is of, empty for any other model.
    checkpoint: of that run, as it was named, else empty. size: of the network's input in pixels, None where it is the
    network's own."""

    bare: str
    run: str
    checkpoint: str
    size: int | None

    @property
    def of_run(self) -> bool:
        """Whether it is the model of a run, which changes as long as the run is at work."""
        return self.bare.startswith(RUN)


def parse(reference: str) -> Reference:
    """The parts of a reference to one model. Raises ModelError for a size of 0.

    >>> parse("owner/name@size=112")
    Reference(bare='owner/name', run='', checkpoint='', size=112)
    >>> parse("run:r1@epoch-3")
    Reference(bare='run:r1@epoch-3', run='r1', checkpoint='epoch-3', size=None)
    """
    bare, size = reference.strip(), None
    if match := re.fullmatch(r"(.*)@size=(\d+)", bare):
        bare, size = match[1], int(match[2])
        if size < 1:
            raise ModelError(f"“{reference}” asks for pictures of {size} pixels; name a size such as @size=112.")
    run, checkpoint = split_checkpoint(bare.removeprefix(RUN)) if bare.startswith(RUN) else ("", "")
    return Reference(bare, run, checkpoint, size)


def split_checkpoint(text: str) -> tuple[str, str]:
    """The id and the checkpoint, empty where none is named, of `<run id>@<checkpoint>`."""
    run, _, checkpoint = text.partition("@")
    return run, checkpoint


def run_reference(run_id: str, checkpoint: str = "") -> str:
    """The reference of a run's model.

    >>> run_reference("r1"), run_reference("r1", "last")
    ('run:r1', 'run:r1@last')
    """
    return f"{RUN}{run_id}@{checkpoint}" if checkpoint else f"{RUN}{run_id}"


def checkpoint_name(*, epoch: int, batch: int, batches: int = 0) -> str:
    """`epoch-004.pt` after epoch 4 (counted from 1), `batch-000512.pt` after 512 batches of the whole run."""
    return f"epoch-{epoch:03d}.pt" if batch == 0 else f"batch-{epoch * batches + batch:06d}.pt"


def members_of(reference: str) -> list[str]:
    """The models that a reference joins by +, one where it joins none. A folder may have a + in its name."""
    if Path(reference).expanduser().is_dir():
        return [reference]
    return [part.strip() for part in reference.split("+")]
