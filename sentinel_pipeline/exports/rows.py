"""Rows of one canonical table for a window, streamed from the sources into one file, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow.parquet as pq

from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import QUARANTINE, Table
from sentinel_pipeline.exports.arranging import arranged
from sentinel_pipeline.exports.once import Once
from sentinel_pipeline.lake.whole_files import appearing
from sentinel_pipeline.lake.writing import ROW_NUMBER, leave_out
from sentinel_pipeline.rendering.layouts import layout
from sentinel_pipeline.rendering.tables import FORMATS, Format, write_csv_as_is
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import Source, SourceKind, SourceSettings

CANONICAL = "canonical"


@dataclass(frozen=True)
class Wanted:
    """What an export holds: `columns` in the order asked for (None: all), times in `window` (None: all)."""

    table: Table
    window: Window | None = None
    columns: tuple[str, ...] | None = None
    format: str = "csv"
    layout: str = CANONICAL


@dataclass(frozen=True)
class Exported:
    path: Path
    rows: int
    quarantined: int


def format_of(name: str) -> Format:
    """Raises UsageError for a format there is none of."""
    for known in FORMATS:
        if known.name == name:
            return known
    raise UsageError(f"'{name}' is no format; choose one of {', '.join(known.name for known in FORMATS)}")


def require_possible(wanted: Wanted) -> None:
    """Raises UsageError for columns the table lacks, and for a layout that cannot be had like this."""
    known = wanted.table.schema.names()
    unknown = [name for name in wanted.columns or () if name not in known]
    if unknown:
        raise UsageError(f"{wanted.table.name} has no column {', '.join(unknown)}; it has {', '.join(known)}")
    if wanted.layout != CANONICAL:
        layout(wanted.table.name, wanted.layout)
        if wanted.columns or wanted.format != "csv":
            raise UsageError(f"the layout '{wanted.layout}' fixes columns and format (csv); leave those options out")


def export(
    wanted: Wanted,
    sources: Sequence[tuple[SourceKind, SourceSettings]],
    zone: ZoneInfo,
    output: Path,
    listener: Callable[[int], None],
    *,
    is_new: bool = False,
) -> Exported:
    """Writes the file, whole or not at all; `listener` hears how many rows have been read.

    With `is_new` no file is ever replaced: where the name is taken, `_2`, `_3` … is put behind it.

    Raises SourceUnreachableError when any of the sources cannot be read: a file that lacks a source is not the table.
    """
    require_possible(wanted)
    chosen = format_of(wanted.format)
    output = output.resolve() if output.is_symlink() else output
    if output.exists() and not output.is_file():
        raise UsageError(f"{output} is not a file; name one that can be replaced")
    try:
        with (
            appearing(output, is_new=is_new) as file,
            TemporaryDirectory(prefix=".export-", dir=output.parent) as folder,
        ):
            quarantined = _spool(wanted, sources, zone, Path(folder), _counter(listener))
            rows = _write(wanted, chosen, Path(folder), file.temporary, zone)
    except OSError as error:
        raise SentinelError(f"{output}: cannot be written: {error.strerror or error}") from error
    return Exported(file.path, rows, quarantined)


def _counter(listener: Callable[[int], None]) -> Callable[[pl.DataFrame], None]:
    """Tells the listener how many rows there were so far."""
    heights: list[int] = [0]

    def heard(batch: pl.DataFrame) -> None:
        heights[0] += batch.height
        listener(heights[0])

    return heard


def _spooled(table: Table, folder: Path) -> pl.LazyFrame:
    paths = sorted(folder.glob("*.parquet"), key=lambda path: int(path.stem))
    return pl.scan_parquet(paths, glob=False) if paths else table.empty().lazy()


def _spool(
    wanted: Wanted,
    sources: Sequence[tuple[SourceKind, SourceSettings]],
    zone: ZoneInfo,
    folder: Path,
    heard: Callable[[pl.DataFrame], None],
) -> int:
    """Rows of each source into a Parquet file, every key once a day; returns how many records are in quarantine."""
    quarantined = 0
    for number, (kind, settings) in enumerate(sources):
        with kind.open(settings, None) as source:
            spool = _spool_quarantine if wanted.table is QUARANTINE else _spool_rows
            tables = [table for table in kind.tables if source.has(table)]
            quarantined += spool(wanted, source, tables, zone, folder / f"{number}.parquet", heard)
    return quarantined


def _spool_rows(
    wanted: Wanted,
    source: Source,
    tables: Sequence[Table],
    zone: ZoneInfo,
    path: Path,
    heard: Callable[[pl.DataFrame], None],
) -> int:
    quarantine = Quarantine(source.settings.name)
    once = Once(source, wanted.table, wanted.window, zone, heard)
    _write_spool(path, wanted.table, once.read(quarantine) if wanted.table in tables else ())
    copies = once.keep_copies(quarantine, _numbered(path))
    if not copies.is_empty():
        leave_out(path, copies[ROW_NUMBER])
    return quarantine.total()


def _spool_quarantine(
    wanted: Wanted,
    source: Source,
    tables: Sequence[Table],
    zone: ZoneInfo,
    path: Path,
    heard: Callable[[pl.DataFrame], None],
) -> int:
    bad: list[pl.DataFrame] = []
    quarantine = Quarantine(source.settings.name, bad.append)
    for table in tables:
        once = Once(source, table, wanted.window, zone, heard)
        for _ in once.read(quarantine):
            pass
        once.keep_copies(quarantine)
    _write_spool(path, wanted.table, _distinct(bad))
    return quarantine.total()


def _write_spool(path: Path, table: Table, batches: Iterable[pl.DataFrame]) -> None:
    schema = table.empty().to_arrow().schema
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
        for batch in batches:
            writer.write_table(batch.to_arrow().cast(schema))


def _numbered(path: Path) -> Iterator[pl.DataFrame]:
    """A spool's rows with their numbers in it."""
    first = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield pl.DataFrame(batch).with_row_index(ROW_NUMBER, first)
            first += batch.num_rows


def _distinct(bad: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    if bad:
        yield pl.concat(bad).unique(["table", "location", "reason"], keep="first", maintain_order=True)


def _write(wanted: Wanted, chosen: Format, folder: Path, path: Path, zone: ZoneInfo) -> int:
    def laid_out(rows: pl.LazyFrame) -> pl.LazyFrame:
        if wanted.layout != CANONICAL:
            return layout(wanted.table.name, wanted.layout).select(rows, zone)
        ordered = newest_first(rows, wanted.table)
        return ordered.select(wanted.columns) if wanted.columns else ordered

    rows = arranged(_spooled(wanted.table, folder), wanted.table.time, laid_out, folder / "arranged.parquet")
    return chosen.write(rows, path, zone) if wanted.layout == CANONICAL else write_csv_as_is(rows, path)


def newest_first(rows: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    """Time descending, source, key descending (as a number where it is one); a snapshot by source and key."""
    if table.time is None:
        return rows.sort("source", table.key, nulls_last=True)
    number = pl.col(table.key).cast(pl.Int64, strict=False)
    return rows.sort(table.time, "source", number, table.key, descending=[True, False, True, True], nulls_last=True)
