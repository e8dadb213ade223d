"""Where the rows of an export come from: the source systems themselves, or days that the lake already holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import QUARANTINE, TABLES, Table
from sentinel_pipeline.exports.once import Once
from sentinel_pipeline.lake.storage import CLEAR, SPOOLS, Storage
from sentinel_pipeline.lake.writing import COMPRESSION_LEVEL, ROW_NUMBER, leave_out
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import Source, SourceKind, SourceSettings

# A reader holds several groups at once, as many as there are cores and more.
ROW_GROUP = 16_384
INVENTORIES = tuple(table for table in TABLES if table.is_snapshot and table.personal and table is not QUARANTINE)
"""The tables that say how devices and machines are called."""

BATCH_ROWS: Final = 65_536
Heard = Callable[[pl.DataFrame], None]


class Origin(Protocol):
    """Gives the rows of a table; afterwards `quarantined` says how many records were set aside."""

    quarantined: int

    def rows(self, table: Table, window: Window | None, folder: Path, heard: Heard) -> pl.LazyFrame:
        """Exactly the table's columns, on disk: in the empty `folder`, or where they lie already."""

    def inventories(self) -> Iterator[tuple[Table, pl.DataFrame]]:
        """Batches of the tables that name devices and machines, as far as they are at hand."""


@dataclass
class Sources:
    """All sources one after another, every key once a day of `zone`; raises SourceUnreachableError for any of them."""

    sources: Sequence[tuple[SourceKind, SourceSettings]]
    zone: ZoneInfo
    quarantined: int = field(default=0, init=False)

    def rows(self, table: Table, window: Window | None, folder: Path, heard: Heard) -> pl.LazyFrame:
        paths = [folder / f"{number}.parquet" for number in range(len(self.sources))]
        for (kind, settings), path in zip(self.sources, paths, strict=True):
            with kind.open(settings, None) as source:
                given = [one for one in kind.tables if source.has(one)]
                if table is QUARANTINE:
                    self.quarantined += self._quarantine(source, given, window, path, heard)
                else:
                    self.quarantined += self._table(source, table, given, window, path, heard)
        return SPOOLS.scan_all(paths) if paths else table.empty().lazy()

    def _table(
        self, source: Source, table: Table, given: Sequence[Table], window: Window | None, path: Path, heard: Heard
    ) -> int:
        quarantine = Quarantine(source.settings.name)
        once = Once(source, table, window, self.zone, heard)
        spooled(once.read(quarantine) if table in given else (), table.schema, path)
        copies = once.keep_copies(quarantine, _numbered(path))
        if not copies.is_empty():
            leave_out(path, copies[ROW_NUMBER], SPOOLS)
        return quarantine.total()

    def _quarantine(
        self, source: Source, given: Sequence[Table], window: Window | None, path: Path, heard: Heard
    ) -> int:
        bad: list[pl.DataFrame] = []
        quarantine = Quarantine(source.settings.name, bad.append)
        for table in given:
            once = Once(source, table, window, self.zone, heard)
            for _ in once.read(quarantine):
                pass
            once.keep_copies(quarantine)
        spooled(_distinct(bad), QUARANTINE.schema, path)
        return quarantine.total()

    def inventories(self) -> Iterator[tuple[Table, pl.DataFrame]]:
        """Of all snapshots that identify somebody; what of them cannot be read is not counted here."""
        for kind, settings in self.sources:
            with kind.open(settings, None) as source:
                for table in INVENTORIES:
                    if table in kind.tables and source.has(table):
                        for batch in source.read(table, None, Quarantine(settings.name)):
                            yield table, batch


@dataclass
class Files:
    """Parquet files of the lake that hold the table, one after another, and those of inventories beside them."""

    paths: Sequence[Path]
    named: Sequence[tuple[Table, Path]] = ()
    storage: Storage = CLEAR
    quarantined: int = field(default=0, init=False)

    def rows(self, table: Table, window: Window | None, folder: Path, heard: Heard) -> pl.LazyFrame:  # noqa: ARG002 - nothing has to be copied
        found = self.storage.scan_all(self.paths) if self.paths else table.empty().lazy()
        rows = found.select(table.schema.names())
        if window is None or table.time is None:
            return rows
        return rows.filter((pl.col(table.time) >= window.start) & (pl.col(table.time) < window.end))

    def inventories(self) -> Iterator[tuple[Table, pl.DataFrame]]:
        for table, path in self.named:
            for batch in self.storage.scan(path).select(table.schema.names()).collect_batches():
                yield table, batch


def spooled(batches: Iterable[pl.DataFrame], schema: pl.Schema, path: Path) -> Path:
    """Writes batches as one file that `SPOOLS` reads, in little memory."""
    arrow = schema.to_frame().to_arrow().schema
    with SPOOLS.writer(path, arrow, COMPRESSION_LEVEL) as writer:
        for batch in batches:
            writer.write_table(batch.to_arrow().cast(arrow), row_group_size=ROW_GROUP)
    return path


def _numbered(path: Path) -> Iterator[pl.DataFrame]:
    """A spool's rows with their numbers in it."""
    first = 0
    for batch in SPOOLS.scan(path).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        yield batch.with_row_index(ROW_NUMBER, first)
        first += batch.height


def _distinct(bad: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    if bad:
        yield pl.concat(bad).unique(["table", "location", "reason"], keep="first", maintain_order=True)
