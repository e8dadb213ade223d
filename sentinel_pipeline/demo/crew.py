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
class Crew:
    """How many pieces are done at once, and who hears, one at a time, what they tell on their way."""

    tell: Tell
    workers: int = 1

    def results(self, work: Callable[[Piece, Tell], Result], pieces: Sequence[Piece]) -> list[Result]:
        """Results of the pieces in their order; with one worker everything happens here.

        `work`, the pieces and what they tell must be picklable.
        """
        if self.workers == 1:
            return [work(piece, self.tell) for piece in pieces]
        context = get_context("spawn")  # a forked child of a process that has run Polars hangs
        heard = context.SimpleQueue()
        hired = ProcessPoolExecutor(self.workers, context, initializer=_begin, initargs=(heard,))
        with _passed_on(heard, self.tell), hired as pool:
            return list(pool.map(_done, [work] * len(pieces), pieces))


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
