"""Readings of log files: what was seen of each, what records of many mean together, and where the bad ones go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

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
# Small files are understood together: what it costs to understand a few rows is nearly what many thousand cost.
TOGETHER = 16_384
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


class Piece(NamedTuple):
    """Some records of a file, and what this reading has seen of the file."""

    file: LogFile
    seen: Seen
    chunk: Chunk


def gathered(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """The pieces in their order, several together until they are TOGETHER rows."""
    waiting: list[Piece] = []
    rows = 0
    for piece in pieces:
        waiting.append(piece)
        rows += piece.chunk.rows.height
        if rows >= TOGETHER:
            yield waiting
            waiting, rows = [], 0
    if waiting:
        yield waiting


def flawed(piece: Piece) -> pl.DataFrame:
    """Records that cannot be read at all, as faults that belong to no time."""
    piece.seen.span.include(None, None, piece.chunk.rows.height)
    return piece.chunk.rows.select(
        pl.lit(piece.file.name).alias("file"),
        "line",
        "record",
        reason=pl.lit(piece.chunk.reason),
        occurred_at=pl.lit(None, INSTANT),
    )


def together(pieces: Sequence[Piece], window: Window | None, reading: Reading) -> pl.DataFrame:
    """Rows of the pieces with their `file`, without those whose time is known and outside the window.

    Most files of a window's surroundings hold nothing else, and time is the cheapest column to read. What each file
    spans is noted of all its rows.
    """
    heights = pl.DataFrame(
        {"file": [piece.file.name for piece in pieces], "rows": [p.chunk.rows.height for p in pieces]}
    )
    names = heights.select(pl.col("file").repeat_by("rows").explode()).to_series()
    # In one piece: Polars 2.1 panics in expressions over texts whose columns are cut in different places.
    rows = pl.concat([piece.chunk.rows for piece in pieces], rechunk=True).with_columns(names)
    at = microseconds(rows["ts"], reading.zone)
    is_known = at.is_between(EARLIEST_US, LATEST_US, closed="left").fill_null(False)
    _note_spans(pieces, pl.DataFrame([names, at.set(~is_known, None).alias("at")]))
    if window is None:
        return rows
    start, end = ((edge - EPOCH) // timedelta(microseconds=1) for edge in (window.start, window.end))
    return rows.filter(~is_known | at.is_between(start, end, closed="left"))


def _note_spans(pieces: Sequence[Piece], times: pl.DataFrame) -> None:
    seen = {piece.file.name: piece.seen for piece in pieces}
    first, last, undated = pl.col("at").min(), pl.col("at").max(), pl.col("at").null_count()
    spans = times.group_by("file").agg(first.alias("first"), last.alias("last"), undated.alias("undated"))
    for name, *span in spans.select("file", "first", "last", "undated").iter_rows():
        seen[name].span.include(*span)


def lies_in(column: str, window: Window | None) -> pl.Expr:
    """Whether an instant lies in the window; a record without one belongs to every window."""
    if window is None:
        return pl.lit(True)
    return pl.col(column).is_between(window.start, window.end, closed="left").fill_null(True)


def put_aside(faults: pl.DataFrame, table: Table, quarantine: Quarantine) -> None:
    """Hands faults to quarantine, each with its file and line; line 0 is the file itself."""
    place = pl.when(pl.col("line") > 0).then(pl.format("{}:{}", "file", "line")).otherwise("file")
    records = faults.with_columns(location=place)
    for (reason,), some in records.group_by("reason", maintain_order=True):
        quarantine.keep_all(table.name, str(reason), some.select("location", "record", "occurred_at"))
