"""What a process needs no more, given back to the system."""

import ctypes
import gc
import sys


def give_back() -> None:
    """Collect what nobody refers to, and return the pages that are free with it to the system.

    The allocator of glibc keeps freed memory where a small piece above it is still in use, so a process that has held
    many pictures stays as large as it was; elsewhere there is nothing to be done.
    """
    gc.collect()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
