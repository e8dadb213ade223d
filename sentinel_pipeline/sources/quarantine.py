"""Keeps what cannot be read: the record as it was, where it stood, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

import polars as pl

from sentinel_pipeline.domain.tables import QUARANTINE

RECORD_LIMIT = 4_096


def discard(_: pl.DataFrame) -> None:
    """A sink for callers that only want the counts."""


class Quarantine:
    """Collects bad records of one source; each batch is handed to `sink` at once, only counts stay in memory.

    A record without `occurred_at` belongs to no day, and so to every day that is read.
    """

    def __init__(self, source: str, sink: Callable[[pl.DataFrame], None] = discard) -> None:
        self.source = source
        self.counts: Counter[tuple[str, str]] = Counter()
        self._sink = sink

    def keep(self, table: str, location: str, reason: str, record: str, occurred_at: datetime | None = None) -> None:
        """Keeps one record. `location` names it uniquely within the source: `connections id=17`, `conn.log:42`."""
        self.keep_all(
            table,
            reason,
            pl.DataFrame(
                {"location": [location], "record": [record], "occurred_at": [occurred_at]},
                schema={"location": pl.String, "record": pl.String, "occurred_at": QUARANTINE.schema["occurred_at"]},
            ),
        )

    def keep_all(self, table: str, reason: str, records: pl.DataFrame) -> None:
        """Keeps many records: columns location, record, and occurred_at where it is known."""
        if records.is_empty():
            return
        self.counts[(table, reason)] += records.height
        if "occurred_at" not in records.columns:
            records = records.with_columns(occurred_at=pl.lit(None, QUARANTINE.schema["occurred_at"]))
        self._sink(
            records.select(
                source=pl.lit(self.source),
                table=pl.lit(table),
                location=pl.col("location").cast(pl.String),
                reason=pl.lit(reason),
                record=shortened(pl.col("record").cast(pl.String)),
                occurred_at=pl.col("occurred_at"),
            )
        )

    def total(self, table: str | None = None) -> int:
        return sum(count for (name, _), count in self.counts.items() if table in (None, name))


def shortened(record: pl.Expr) -> pl.Expr:
    """The record's text, cut at RECORD_LIMIT characters with a mark that says how many there were."""
    length = record.str.len_chars()
    mark = pl.format("… [{} characters in all]", length)
    return pl.when(length > RECORD_LIMIT).then(record.str.head(RECORD_LIMIT) + mark).otherwise(record)
