"""Rows of an export on disk, narrowed, and told to whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sentinel_pipeline.domain.tables import DEVICES
from sentinel_pipeline.exports.filters import Condition, kept_by
from sentinel_pipeline.exports.origins import Origin
from sentinel_pipeline.exports.wanted import Wanted

Listener = Callable[[str, int, int | None], None]
"""Hears what is being done, how many rows of it are, and of how many where that is known."""


def silent(_doing: str, _rows: int, _total: int | None) -> None:
    """A listener for callers that need not hear."""


def spool(wanted: Wanted, origin: Origin, folder: Path, listener: Listener = silent) -> pl.LazyFrame:
    """The rows that are wanted, in the order they came.

    Copies of a key are left out before conditions are judged: of two copies the same one counts, whatever is asked.
    """
    rows = folder / "rows"
    rows.mkdir()
    hear = counter(listener, "reading", None)
    spooled = origin.rows(wanted.table, wanted.window, rows, lambda batch: hear(batch.height))
    keeps = [_kept(condition, origin) for condition in wanted.conditions]
    return spooled.filter(keeps) if keeps else spooled


def _kept(condition: Condition, origin: Origin) -> pl.Expr:
    if not condition.called:
        return condition.keeps
    return kept_by(condition, (batch for table, batch in origin.inventories() if table is DEVICES))


def height(frame: pl.LazyFrame) -> int:
    """How many rows there are; of files as they are it is read from their metadata."""
    return int(frame.select(pl.len()).collect(engine="streaming").item())


def counter(listener: Listener, doing: str, total: int | None) -> Callable[[int], None]:
    """Hears of rows more, and tells the listener how many there were so far."""
    count = 0

    def hear(rows: int) -> None:
        nonlocal count
        count += rows
        listener(doing, count, total)

    return hear
