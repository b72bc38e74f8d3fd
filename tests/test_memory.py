import gc
import platform
import subprocess
import sys
import weakref

import numpy as np
import pytest

from ferdash import memory
from ferdash.memory import give_back, held_for_reuse


class Ring:
    def __init__(self) -> None:
        self.pixels, self.itself = np.zeros(1000), self


def test_what_only_refers_to_itself_is_collected() -> None:
    gc.disable()
    try:
        gone = weakref.ref(Ring())
        assert gone() is not None
        give_back()
        assert gone() is None
    finally:
        gc.enable()


COUNT_PLACES = """
import ctypes, threading
from ferdash.memory import keep_together
{first}
together = threading.Barrier(12)
def work():
    kept = [bytes(50_000) for _ in range(20)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(1, b"w")))
libc.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone has such places")
def test_memory_of_all_threads_comes_from_two_places() -> None:
    def places(first: str) -> int:
        command = [sys.executable, "-c", COUNT_PLACES.format(first=first)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.count("<heap nr=")

    assert places("keep_together()") == 2
    assert places("") > 2


COUNT_PAGES = """
import resource
import numpy as np, psutil
from ferdash.memory import held_for_reuse

def pages_of_twenty_pieces():
    np.ones(5_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        np.ones(5_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

process = psutil.Process()
first = pages_of_twenty_pieces()
small = process.memory_info().rss
with held_for_reuse():
    print(first, pages_of_twenty_pieces(), process.memory_info().rss - small)
print(pages_of_twenty_pieces(), process.memory_info().rss - small)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone is told")
def test_memory_is_held_for_the_next_batch_and_given_back_at_the_end() -> None:
    command = [sys.executable, "-c", COUNT_PAGES]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    before, inside, held, after, left = map(int, said.split())
    assert inside < before / 10
    assert held > 30_000_000
    assert after > 10 * inside
    assert left < 5_000_000


@pytest.mark.parametrize(("most", "expected"), [(2**40, 2**30), (2**25, 2**25), (0, None)])
def test_an_allocator_that_takes_no_such_threshold_is_left_to_grow(
    monkeypatch: pytest.MonkeyPatch, most: int, expected: int | None
) -> None:
    taken: dict[int, int] = {}

    def set_option(option: int, value: int) -> bool:
        if option == memory.M_MMAP_THRESHOLD and value > most:
            return False
        taken[option] = value
        return True

    monkeypatch.setattr(memory, "_set_option", set_option)
    with held_for_reuse():
        assert taken.get(memory.M_MMAP_THRESHOLD) == expected
        assert (memory.M_TRIM_THRESHOLD in taken) == (expected is not None)
    assert (memory.M_TRIM_THRESHOLD in taken) == (expected is not None)
