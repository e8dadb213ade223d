"""Pieces of work done side by side, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from threading import Thread
from typing import Any, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Tell = Callable[..., None]

_heard: list[Any] = []  # in a worker process, where its words go


@dataclass(frozen=True)
class Hands:
    """Processes that wait for work, and where their words arrive."""

    pool: ProcessPoolExecutor
    heard: Any


@contextmanager
def hired(workers: int) -> Iterator[Hands | None]:
    """So many processes for one crew after another: each imports once. One worker is this process itself."""
    if workers == 1:
        yield None
        return
    context = get_context("spawn")  # a forked child of a process that has run Polars hangs
    heard = context.SimpleQueue()
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(heard,)) as pool:
        yield Hands(pool, heard)


@dataclass(frozen=True)
class Crew:
    """Who hears, one at a time, what pieces tell on their way; without hands everything happens here."""

    tell: Tell
    hands: Hands | None = None

    def results(self, work: Callable[[Piece, Tell], Result], pieces: Sequence[Piece]) -> list[Result]:
        """Results of the pieces in their order.

        `work`, the pieces and what they tell must be picklable.
        """
        if self.hands is None:
            return [work(piece, self.tell) for piece in pieces]
        with _passed_on(self.hands.heard, self.tell):
            return list(self.hands.pool.map(_done, [work] * len(pieces), pieces))


def _begin(heard: Any) -> None:
    _heard.append(heard)


def _told(*words: object) -> None:
    _heard[-1].put(words)


def _done(work: Callable[[Piece, Tell], Result], piece: Piece) -> Result:
    return work(piece, _told)


@contextmanager
def _passed_on(heard: Any, tell: Tell) -> Iterator[None]:
    """Within the block a thread hands what was heard to `tell`; the end waits until all of it arrived."""

    def listen() -> None:
        while (words := heard.get()) is not None:
            tell(*words)

    listener = Thread(target=listen, name="listener")
    listener.start()
    try:
        yield
    finally:
        heard.put(None)
        listener.join()
