"""What was worked out, kept for who asks for the same again, as long as all of it together weighs little enough."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """Values by what they were made from; what was used longest ago is forgotten first.

    `most_bytes` is what all of them together may weigh by `weight`; a value that weighs more is made and not kept. Who
    asks for what somebody else is just making waits for it; what fails is told to all who wait, and not kept.
    """

    def __init__(self, most_bytes: int, weight: Callable[[Value], int]) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._weight = weight
        self._kept: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._making: dict[Hashable, Future[Value]] = {}
        self._lock = Lock()

    def of(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made when it is not known."""
        with self._lock:
            if known := self._kept.get(key):
                self._kept.move_to_end(key)
                return known[0]
            made = self._making.get(key)
            is_ours = made is None
            if made is None:
                made = self._making[key] = Future()
        if is_ours:
            self._make(key, made, make)
        return made.result()

    def _make(self, key: Hashable, made: Future[Value], make: Callable[[], Value]) -> None:
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            made.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            self._keep(key, value)
        made.set_result(value)

    def _keep(self, key: Hashable, value: Value) -> None:
        weight = self._weight(value)
        if weight > self.most_bytes:
            return
        self._kept[key] = value, weight
        self.bytes += weight
        while self.bytes > self.most_bytes:
            _, (_, least) = self._kept.popitem(last=False)
            self.bytes -= least
