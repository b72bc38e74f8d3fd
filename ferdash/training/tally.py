"""What the batches of an epoch add up to, read from the device in bulk.

A GPU works ahead of the processor until somebody asks for a number; asked for after every batch, it stands still while
the next one is prepared.
"""

from ferdash.training.state import Position
from ferdash.training.step import Sums, require_finite

READ_EVERY = 32
"""Batches after which loss and hits are read from a device that computes ahead."""


class Tally:
    """Sums of batches on their way into the epoch's. Not for several threads at once."""

    def __init__(self) -> None:
        self._unread: list[Sums] = []

    def add(self, sums: Sums, position: Position, *, wait: bool) -> None:
        """Count a batch in; `wait` may leave that to a later one. Raises RunError as `settle` does."""
        self._unread.append(sums)
        if not wait or len(self._unread) >= READ_EVERY:
            self.settle(position)

    def settle(self, position: Position) -> None:
        """Add everything that waits to the position's sums. Raises RunError when the loss is no number any more."""
        unread, self._unread = self._unread, []
        for sums in unread:
            position.loss_sum += float(sums.loss)
            position.correct += float(sums.correct)
        if unread:
            require_finite(position.loss_sum, position)
