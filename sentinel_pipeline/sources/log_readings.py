"""One reading of a log file: what it has seen, what its chunks mean, and where its bad records go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import INSTANT, Table
from sentinel_pipeline.sources.log_rows import Reading, Rows
from sentinel_pipeline.sources.log_values import EARLIEST_US, LATEST_US, microseconds
from sentinel_pipeline.sources.logchunks import UNREADABLE, Chunk
from sentinel_pipeline.sources.logfiles import LogFile
from sentinel_pipeline.sources.lognotes import Span
from sentinel_pipeline.sources.quarantine import Quarantine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Understand = Mapping[str, Callable[[pl.DataFrame, Reading], Rows]]


@dataclass
class Seen:
    """What one reading of a file has seen: kinds of record, kinds of log, the time of one kind, what it left alone."""

    kinds: set[str] = field(default_factory=set)
    logs: set[str] = field(default_factory=set)
    span: Span = field(default_factory=Span)
    left: Counter[str] = field(default_factory=Counter)
    is_whole: bool = True

    def include(self, chunk: Chunk) -> None:
        self.kinds.add(chunk.kind)
        self.left.update(chunk.left)
        if not chunk.reason:
            self.logs.add(chunk.kind)
        elif chunk.reason.startswith(UNREADABLE):
            self.is_whole = False


def narrowed(chunk: Chunk, window: Window | None, reading: Reading, span: Span) -> Chunk:
    """The chunk without rows whose time is known and outside the window; `span` still counts them.

    Most files of a window's surroundings hold nothing else, and time is the cheapest column to read.
    """
    if window is None or chunk.reason or "ts" not in chunk.rows.columns:
        return chunk
    at = microseconds(chunk.rows["ts"], reading.zone)
    start, end = ((edge - EPOCH) // timedelta(microseconds=1) for edge in (window.start, window.end))
    is_outside = at.is_between(EARLIEST_US, LATEST_US, closed="left") & ((at < start) | (at >= end))
    is_outside = is_outside.fill_null(False)
    outside = at.filter(is_outside)
    span.include(cast("int | None", outside.min()), cast("int | None", outside.max()), 0)
    return replace(chunk, rows=chunk.rows.filter(~is_outside))


def understood(chunk: Chunk, reading: Reading, understand: Understand) -> Rows:
    """A chunk as canonical rows and faults."""
    if not chunk.reason:
        return understand[chunk.kind](chunk.rows, reading)
    nowhen = pl.lit(None, INSTANT)
    return Rows(pl.DataFrame(), chunk.rows.with_columns(reason=pl.lit(chunk.reason), occurred_at=nowhen))


def extent(found: Rows, table: Table) -> tuple[int | None, int | None, int]:
    """First and last microsecond of rows and faults, and the number of faults without a time."""
    times = [found.faults["occurred_at"], *([found.rows[str(table.time)]] if found.rows.width else [])]
    micros = pl.concat([one.rename("at") for one in times]).dt.epoch("us")
    return cast("int | None", micros.min()), cast("int | None", micros.max()), found.faults["occurred_at"].null_count()


def lies_in(column: str, window: Window | None) -> pl.Expr:
    """Whether an instant lies in the window; a record without one belongs to every window."""
    if window is None:
        return pl.lit(True)
    return pl.col(column).is_between(window.start, window.end, closed="left").fill_null(True)


def put_aside(faults: pl.DataFrame, table: Table, file: LogFile, quarantine: Quarantine) -> None:
    """Hands faults to quarantine, each with its file and line; line 0 is the file itself."""
    place = pl.when(pl.col("line") > 0).then(pl.format("{}:{}", pl.lit(file.name), pl.col("line")))
    records = faults.with_columns(location=place.otherwise(pl.lit(file.name)))
    for (reason,), some in records.group_by("reason", maintain_order=True):
        quarantine.keep_all(table.name, str(reason), some.select("location", "record", "occurred_at"))
