"""Tells whoever started the work how far it is; silent unless somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def say(line: str) -> None:
    listener = _listener.get()
    if listener is not None:
        listener(line)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Within the block, `say` reaches the listener."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
