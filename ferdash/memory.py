"""The memory of a process that runs for long: kept together, and given back to the system."""

import ctypes
import gc
import sys

M_ARENA_MAX = -8
"""How glibc's malloc.h names the option."""


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
    if sys.platform == "linux" and (set_option := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        set_option(M_ARENA_MAX, arenas)
