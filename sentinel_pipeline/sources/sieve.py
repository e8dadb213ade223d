"""What of a source table can be used, and what goes to quarantine instead."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import orjson
import polars as pl

from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.sources.databases import Database, Selection
from sentinel_pipeline.sources.fields import REASON, ROW, Field, readable, times, typed
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.timestamps import Zones


def ahead(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same frames, the next one fetched while the last one is worked on."""
    with ThreadPoolExecutor(1) as fetcher:
        coming = fetcher.submit(next, frames, None)
        while (frame := coming.result()) is not None:
            coming = fetcher.submit(next, frames, None)
            yield frame


@dataclass(frozen=True)
class Sieve:
    """Lets readable rows through and keeps the others, and rows with unreadable values, for `table` in quarantine."""

    database: Database
    selection: Selection
    quarantine: Quarantine
    table: str

    def rows(self) -> Iterator[pl.DataFrame]:
        """Typed rows of the window with a column per field, and ROW."""
        for raw in ahead(self.database.select(self.selection)):
            frame = typed(raw, self.selection.fields, self.selection.zones)
            yield from self._in_window(raw, frame) if self.selection.time else self._kept(raw, frame, None)

    def _in_window(self, raw: pl.DataFrame, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        time = self.selection.time or ""
        lost = frame[time].is_null()
        if lost.any():
            self._keep_timeless(raw.filter(lost), time)
        window = self.selection.window
        inside = ~lost if window is None else ((frame[time] >= window.start) & (frame[time] < window.end))
        inside = inside.fill_null(False)
        if not inside.all():
            raw, frame = raw.filter(inside), frame.filter(inside)
        yield from self._kept(raw, frame, time)

    def _keep_timeless(self, raw: pl.DataFrame, time: str) -> None:
        read = times(raw[time], self.selection.zones)
        self.keep("bad_time", raw.filter(read.is_null()))
        self.keep("implausible_time", raw.filter(read.is_not_null()))

    def _kept(self, raw: pl.DataFrame, frame: pl.DataFrame, time: str | None) -> Iterator[pl.DataFrame]:
        bad = frame[REASON] != ""
        if bad.any():
            occurred = frame[time] if time else pl.Series([None] * frame.height, dtype=INSTANT)
            marked = raw.with_columns(frame[REASON], occurred.alias("_at")).filter(bad)
            for (reason,), rows in marked.group_by(REASON, maintain_order=True):
                self.keep(str(reason), rows.drop(REASON, "_at"), rows["_at"])
        if frame.height:
            yield frame.drop(REASON)

    def keep(self, reason: str, raw: pl.DataFrame, occurred_at: pl.Series | None = None) -> None:
        """Keeps rows as the database stores them, each located by table and primary key."""
        if raw.is_empty():
            return
        kept = pl.DataFrame({"location": locations(self.selection, raw), "record": self._records(raw)})
        if occurred_at is not None:
            kept = kept.with_columns(occurred_at.cast(INSTANT).alias("occurred_at"))
        self.quarantine.keep_all(self.table, reason, kept)

    def _records(self, raw: pl.DataFrame) -> pl.Series:
        stored = self.database.records(self.selection.table, raw[ROW].drop_nulls().to_list())
        secrets = self.selection.secrets
        if stored:
            return pl.Series([without(secrets, stored.get(row, "{}")) for row in raw[ROW]], dtype=pl.String)
        shown = [_shown(column) for column in raw.drop(ROW, *secrets)]
        return pl.DataFrame(shown).select(pl.struct(pl.all()).struct.json_encode()).to_series()


def without(secrets: tuple[str, ...], record: str) -> str:
    """A record as JSON text without what stands in some of its columns."""
    if not secrets:
        return record
    held = orjson.loads(record)
    return orjson.dumps({name: value for name, value in held.items() if name not in secrets}).decode()


def _shown(column: pl.Series) -> pl.Series:
    """A column of a record as JSON can hold it."""
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.to_string("iso:strict")
    return readable(column) if column.dtype == pl.Binary else column


def locations(selection: Selection, raw: pl.DataFrame) -> pl.Series:
    """`<table>#<primary key>`, or the row's number where the key is unreadable."""
    key = readable(raw[selection.key]) if selection.key in raw.columns else pl.Series([None], dtype=pl.String)
    row = pl.format("row {}", pl.col(ROW))
    return raw.select(pl.format("{}#{}", pl.lit(selection.table), pl.coalesce(pl.lit(key), row))).to_series()


def first_time(database: Database, table: str, time: str, zones: Zones) -> datetime | None:
    """Earliest plausible time of a table."""
    found = [
        earliest
        for raw in database.earliest(table, time)
        if (earliest := typed(raw, (Field(time, "time"),), zones)[time].min()) is not None
    ]
    moments = [moment for moment in found if isinstance(moment, datetime)]
    return min(moments, default=None)
