"""A frame's rows a few thousand at a time, for writers that go through Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import polars as pl

BATCH_ROWS: Final = 8_192
Heard = Callable[[int], None]
"""Hears of so many rows more that have been written."""


def unheard(_: int) -> None:
    """For rows nobody waits for."""


def batches(frame: pl.LazyFrame, heard: Heard = unheard) -> Iterator[pl.DataFrame]:
    """The rows in their order, each batch heard of once it has been used.

    A writer makes cells of a batch when its turn comes, and counts it then: inside the query both would be done far
    ahead of it, on every core at once, and text takes many times the room of the numbers and times it is made of.
    """
    for batch in frame.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        yield batch
        heard(batch.height)
