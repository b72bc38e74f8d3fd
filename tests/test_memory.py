import gc
import weakref

import numpy as np

from ferdash.memory import give_back


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
