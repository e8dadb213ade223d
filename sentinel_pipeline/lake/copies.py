"""Records whose key stands twice on a day: found by hashes in little memory, told apart exactly, kept in quarantine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from sentinel_pipeline.domain.period import day_of, midnight
from sentinel_pipeline.domain.tables import INSTANT, Table
from sentinel_pipeline.sources.quarantine import Quarantine

DAY = "_day"
RECORD = "_record"


class KeyHashes:
    """Hashes of keys, eight bytes each, to tell which may stand more than once."""

    def __init__(self) -> None:
        self._parts: list[pl.Series] = []

    def add(self, hashes: pl.Series) -> None:
        self._parts.append(hashes.drop_nulls())

    def repeated(self) -> pl.Series:
        """Hashes that stand more than once; equal keys are among them. Lets go of all hashes."""
        hashes = np.empty(sum(map(len, self._parts)), dtype=np.uint64)
        end = hashes.size
        while self._parts:  # each part is let go once it is copied, so that memory does not double
            part = self._parts.pop()
            hashes[end - len(part) : end] = part.to_numpy()
            end -= len(part)
        hashes.sort()
        return pl.Series(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]), dtype=pl.UInt64)


def dated(rows: pl.DataFrame, table: Table, zone: ZoneInfo) -> pl.DataFrame:
    """Rows with DAY, the key of the day whose window holds them; those of a snapshot as they are."""
    if table.time is None or rows.is_empty():
        return rows
    first, last = (day_of(edge, zone) for edge in rows.select(first=pl.min(table.time), last=pl.max(table.time)).row(0))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    starts = pl.Series([midnight(day, zone) for day in days], dtype=INSTANT)
    keys = pl.Series([day.isoformat() for day in days])
    return rows.with_columns(keys[starts.search_sorted(rows[table.time], side="right").cast(pl.Int64) - 1].alias(DAY))


def identity(rows: pl.DataFrame, table: Table) -> list[str]:
    """The columns that tell records apart: the key, and the day where rows have one."""
    return [table.key, DAY] if DAY in rows.columns else [table.key]


def hashes_of(rows: pl.DataFrame, table: Table) -> pl.Series:
    """Hash of each row's key and day; NULL without a key."""
    parts = [pl.col(name).hash() for name in identity(rows, table)]
    mixed = parts[0] if len(parts) == 1 else parts[0] ^ parts[1]
    return rows.select(pl.when(pl.col(table.key).is_not_null()).then(mixed)).to_series()


def copies(suspects: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Of rows with one key on one day all but one, with their text in RECORD.

    The earliest stands, of several at one time the first by its text: so it is the same in whatever order they come.
    """
    texts = [
        json.dumps(row, default=str, ensure_ascii=False)
        for row in suspects.select(table.schema.names()).iter_rows(named=True)
    ]
    told = suspects.with_columns(pl.Series(RECORD, texts, dtype=pl.String))
    if table.time is not None:
        told = told.sort(table.time, RECORD, maintain_order=True)
    return told.filter(~pl.struct(identity(told, table)).is_first_distinct())


def keep_copies(found: pl.DataFrame, table: Table, quarantine: Quarantine) -> None:
    """A repeated key is one record too many: counted, kept, and out of the sums."""
    by = identity(found, table)
    of_day = pl.format(" of {}", DAY) if DAY in by else pl.lit("")
    number = pl.col(table.key).cum_count().over(by) + 1
    records = found.select(
        pl.format("{}#{}{} copy {}", pl.lit(table.name), table.key, of_day, number).alias("location"),
        pl.col(RECORD).alias("record"),
        pl.lit(None, INSTANT).alias("occurred_at") if table.time is None else pl.col(table.time).alias("occurred_at"),
    )
    quarantine.keep_all(table.name, f"duplicate_{table.key}", records)


def copies_among(batches: Iterable[pl.DataFrame], hashes: pl.Series, table: Table, zone: ZoneInfo) -> pl.DataFrame:
    """All copies in a table that is gone through once more, given the hashes that stand more than once."""
    suspects = [
        rows.filter(hashes_of(rows, table).is_in(hashes.implode()).fill_null(False))
        for rows in (dated(batch, table, zone) for batch in batches)
        if not rows.is_empty()
    ]
    return copies(pl.concat(suspects), table) if suspects else pl.DataFrame()
