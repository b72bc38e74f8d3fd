"""Work that runs ahead of whoever needs it, in a thread of its own, and how long each stage of it took."""

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, cast

Item = TypeVar("Item")


def timed(items: Iterable[Item], spent: dict[str, float], stage: str) -> Iterator[Item]:
    """The same items; the seconds that each took to come are added to `spent[stage]`."""
    iterator = iter(items)
    while True:
        started = time.perf_counter()
        try:
            item = next(iterator)
        except StopIteration:
            return
        finally:
            spent[stage] += time.perf_counter() - started
        yield item


class Ahead(Iterator[Item]):
    """An iterator that runs in a thread, up to `size` items ahead of whoever reads; its errors reach the reader.

    `close` ends the thread, wherever it is, and closes the iterator.
    """

    def __init__(self, items: Iterable[Item], size: int) -> None:
        self._items = items
        self._queue: queue.Queue[tuple[str, Any]] = queue.Queue(size)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="ferdash-ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        while not self._closed.is_set():
            try:
                kind, value = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            if kind == "item":
                return cast(Item, value)
            self._closed.set()
            if kind == "error":
                raise value
        raise StopIteration

    def close(self) -> None:
        """End the thread; returns when it has."""
        self._closed.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            for item in self._items:
                if not self._put("item", item):
                    break
            else:
                self._put("end", None)
        except BaseException as error:
            self._put("error", error)
        finally:
            if hasattr(self._items, "close"):
                self._items.close()

    def _put(self, kind: str, value: Any) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put((kind, value), timeout=0.2)
                return True
            except queue.Full:
                continue
        return False
