"""Rows of a fleet's SQLite files as the texts that stand there, and their times as they were before SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.sources.databases import Database, Selection
from sentinel_pipeline.sources.fields import ROW, readable, texts
from sentinel_pipeline.sources.timestamps import EARLIEST, LATEST, Zones

# No zone is more than 14 hours from UTC, and no clocks skip more than a day.
FARTHEST = timedelta(hours=38)

StoredRow = dict[str, str | None]


def stored_rows(
    database: Database, table: str, key: str, names: tuple[str, ...], zone: ZoneInfo, window: Window | None = None
) -> Iterator[StoredRow]:
    """Rows as texts, at least those of the window; `ROW` is the row's number where it has one."""
    time = "timestamp" if window is not None else None
    for raw in database.select(Selection(table, key, texts(*names), Zones(zone, zone), time, window)):
        shown = raw.select(*(readable(raw[name]).alias(name) for name in names), pl.col(ROW).cast(pl.String))
        yield from shown.iter_rows(named=True)


def location_of(table: str, row: StoredRow) -> str:
    """Where a row stands, by its id or else its number."""
    return f"{table}#{row['id'] or 'row ' + str(row[ROW])}"


def stamp_of(text: str | None) -> object:
    """A stored time as what it was before SQLite: text, or a number."""
    try:
        return text if text is None else float(text)
    except ValueError:
        return text


def wide(window: Window | None) -> Window | None:
    """The window with room for any zone a machine may write its wall time in."""
    if window is None:
        return None
    return Window(max(window.start, EARLIEST) - FARTHEST, min(window.end, LATEST) + FARTHEST)
