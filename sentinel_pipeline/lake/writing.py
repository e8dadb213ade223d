"""Streams batches of rows into one Parquet file per day, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import INSTANT, Table
from sentinel_pipeline.lake.copies import DAY, KeyHashes, copies
from sentinel_pipeline.lake.storage import CLEAR, Storage
from sentinel_pipeline.lake.whole_files import replacing

# A reader holds several groups at once: larger ones cost every reader memory.
ROW_GROUP = 65_536
COMPRESSION_LEVEL = 1
BUFFERED_ROWS = 131_072
# From here on a text is no longer looked up: some thousand addresses fit, and a hundred thousand repeat too seldom.
DICTIONARY_BYTES = 131_072
ROW_NUMBER = "_row"


def arrow_schema(table: Table) -> pa.Schema:
    return table.empty().to_arrow().schema


def day_writer(path: Path, table: Table, storage: Storage = CLEAR) -> pq.ParquetWriter:
    """A writer of a table's rows; only text that repeats has a dictionary, others would cost time and room.

    Rows are in no other order than that of time, so nobody skips groups of them by another column.
    """
    repeating = [name for name, dtype in table.schema.items() if dtype == pl.String and name != table.key]
    return storage.writer(
        path,
        arrow_schema(table),
        COMPRESSION_LEVEL,
        use_dictionary=repeating,
        dictionary_pagesize_limit=DICTIONARY_BYTES,
        write_statistics=[table.time] if table.time else False,
    )


@dataclass
class DayFile:
    """A day's growing file: what has been written, and hashes of the keys to find duplicates by."""

    path: Path
    table: Table
    stack: ExitStack
    storage: Storage = CLEAR
    rows: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    buffered: list[pl.DataFrame] = field(default_factory=list)
    waiting: list[pl.DataFrame] = field(default_factory=list)
    key_hashes: KeyHashes = field(default_factory=KeyHashes)
    writer: pq.ParquetWriter | None = None

    def add(self, batch: pl.DataFrame) -> None:
        self.buffered.append(batch)
        self.rows += batch.height
        self.key_hashes.add(batch[self.table.key].drop_nulls().hash())
        if self.table.time is not None:
            edges = batch.select(pl.min(self.table.time).alias("first"), pl.max(self.table.time).alias("last")).row(0)
            known = [time for time in (self.first_at, self.last_at, *edges) if time is not None]
            self.first_at, self.last_at = min(known, default=None), max(known, default=None)

    def hand_over(self) -> None:
        """What is buffered waits to be flushed, and the buffer is free for what comes meanwhile."""
        self.waiting, self.buffered = self.buffered, []

    def flush(self) -> None:
        if self.writer is None:
            self.writer = self.stack.enter_context(day_writer(self.path, self.table, self.storage))
        if self.waiting:
            rows: pa.Table = pl.concat(self.waiting).to_arrow().cast(arrow_schema(self.table))
            self.writer.write_table(rows, row_group_size=ROW_GROUP)
            self.waiting.clear()


def write_days(
    batches: Iterable[pl.DataFrame], table: Table, days: Sequence[Period], folder: Path, storage: Storage = CLEAR
) -> dict[str, DayFile]:
    """Writes `<folder>/<table>/<day key>.parquet` for every day, empty ones included; a snapshot goes to all days.

    Rows outside the days are dropped. Returns what was written, by day key.
    """
    with ExitStack() as stack, Background() as background:
        files = {day.key: DayFile(folder / table.name / f"{day.key}.parquet", table, stack, storage) for day in days}
        (folder / table.name).mkdir(parents=True, exist_ok=True)
        for batch in batches:
            for key, rows in _by_day(batch, table, days):
                files[key].add(rows)
            if sum(part.height for file in files.values() for part in file.buffered) >= BUFFERED_ROWS:
                background.flush(files.values())
        background.flush(files.values())
    return files


class Background:
    """Flushes files while the next batches are read: encoding leaves the interpreter free, and a core too."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="flush")
        self._flushing: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._pool:
            self._wait()

    def flush(self, files: Iterable[DayFile]) -> None:
        """Waits for the flush before this one, so that never more than two buffers are in memory."""
        self._wait()
        for file in files:
            file.hand_over()
            self._flushing.append(self._pool.submit(file.flush))

    def _wait(self) -> None:
        flushing, self._flushing = self._flushing, []
        for flush in flushing:
            flush.result()


def _by_day(batch: pl.DataFrame, table: Table, days: Sequence[Period]) -> Iterable[tuple[str, pl.DataFrame]]:
    if table.time is None:
        return [(day.key, batch) for day in days]
    if len(days) == 1:
        return [(days[0].key, within(batch, table.time, days[0]))]
    starts = pl.DataFrame(
        {"_start": [day.window.start for day in days], "_day": [day.key for day in days]},
        schema={"_start": INSTANT, "_day": pl.String},
    )
    # In the order in which the source gave them, as when a day is read alone.
    dated = (
        batch.with_row_index(ROW_NUMBER)
        .sort(table.time, maintain_order=True)
        .join_asof(starts, left_on=table.time, right_on="_start", strategy="backward")
        .sort(ROW_NUMBER)
    )
    windows = {day.key: day for day in days}
    parts = dated.filter(pl.col("_day").is_not_null()).partition_by("_day", as_dict=True, maintain_order=True)
    return [
        (str(key), within(rows.select(batch.columns), table.time, windows[str(key)])) for (key,), rows in parts.items()
    ]


def within(batch: pl.DataFrame, time: str, day: Period) -> pl.DataFrame:
    """Rows whose time lies in the day's half-open window."""
    times = batch[time]
    inside = ((times >= day.window.start) & (times < day.window.end)).fill_null(value=False)
    return batch if inside.all() else batch.filter(inside)


def without_copies(file: DayFile, day: str | None) -> pl.DataFrame | None:
    """Rewrites a file so that every key stands once; returns the rows removed, of this day key, if any."""
    hashes = file.key_hashes.repeated()
    if hashes.is_empty():
        return None
    rows = file.storage.scan(file.path).with_row_index(ROW_NUMBER)
    suspects = rows.filter(pl.col(file.table.key).hash().is_in(hashes.implode())).collect()
    found = copies(suspects if day is None else suspects.with_columns(pl.lit(day).alias(DAY)), file.table)
    if found.is_empty():
        return None
    leave_out(file.path, found[ROW_NUMBER], file.storage)
    file.rows -= found.height
    return found


def leave_out(path: Path, numbers: pl.Series, storage: Storage = CLEAR) -> None:
    """Rewrites a Parquet file without the rows of these numbers."""
    rows = storage.scan(path).with_row_index(ROW_NUMBER)
    kept = rows.filter(~pl.col(ROW_NUMBER).is_in(numbers.implode())).drop(ROW_NUMBER)
    with replacing(path) as temporary:
        storage.sink(kept, temporary, COMPRESSION_LEVEL)
