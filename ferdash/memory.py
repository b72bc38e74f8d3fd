"""The memory of a process that runs for long: kept together, and given back to the system."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""How glibc's malloc.h names the options."""

MMAP_GROWN = 32 * 2**20
"""The size from which on glibc asks the system for each piece by itself, once it has seen large pieces freed."""


def give_back() -> None:
    """Collect what nobody refers to, and return the pages that are free with it to the system.

    The allocator of glibc keeps freed memory where a small piece above it is still in use, so a process that has held
    many pictures stays as large as it was; elsewhere there is nothing to be done.
    """
    gc.collect()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def keep_together(arenas: int = 2) -> None:
    """Let glibc take memory for all threads from so many places; call before there are threads.

    Otherwise it opens up to eight places for each core. A script thread that ends leaves holes in its own, which the
    next thread, in another place, cannot fill, and a server that has a thread for each look at a page grows by them for
    hours. Elsewhere there is nothing to be done.
    """
    _set_option(M_ARENA_MAX, arenas)


@contextmanager
def held_for_reuse() -> Iterator[None]:
    """Let glibc hold what is freed inside for what is asked for next; afterwards it is given back.

    A batch of training frees some hundred megabytes that the next asks for again. Handed to the system in between,
    thousands of pages are cleared and entered anew for each batch.
    Elsewhere there is nothing to be done.
    """
    # Some versions refuse more than they grow to by themselves; one that kept its first threshold would ask the system
    # for far more pieces than before, as setting either ends the growing.
    if _set_option(M_MMAP_THRESHOLD, 2**30) or _set_option(M_MMAP_THRESHOLD, MMAP_GROWN):
        _set_option(M_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        if _set_option(M_MMAP_THRESHOLD, MMAP_GROWN):
            _set_option(M_TRIM_THRESHOLD, 2 * MMAP_GROWN)
        give_back()


def _set_option(option: int, value: int) -> bool:
    """Whether the allocator takes the value."""
    if sys.platform != "linux" or (set_option := getattr(ctypes.CDLL(None), "mallopt", None)) is None:
        return False
    return bool(set_option(option, value))
