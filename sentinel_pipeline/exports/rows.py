"""Rows of one canonical table as a file: spooled from their origin, ordered, transformed, written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.domain.limits import UNLIMITED, Limits
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.exports.arranging import arranged
from sentinel_pipeline.exports.increments import Memory
from sentinel_pipeline.exports.limits import require_bytes, require_rows
from sentinel_pipeline.exports.origins import Origin
from sentinel_pipeline.exports.protection import protected
from sentinel_pipeline.exports.sealing import sealing_into
from sentinel_pipeline.exports.spool import Listener, counter, height, silent, spool
from sentinel_pipeline.exports.wanted import CANONICAL, Wanted, compression_of, format_of, require_possible
from sentinel_pipeline.lake.whole_files import appearing
from sentinel_pipeline.rendering.layouts import layout
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import rounded, write_csv_as_is


@dataclass(frozen=True)
class Exported:
    path: Path
    rows: int
    quarantined: int


def export(
    wanted: Wanted,
    origin: Origin,
    spelling: Spelling,
    output: Path,
    listener: Listener = silent,
    *,
    is_new: bool = False,
    limits: Limits = UNLIMITED,
    memory: Memory | None = None,
) -> Exported:
    """Writes the file, whole or not at all; `listener` hears how many rows have been read and written.

    With `is_new` no file is ever replaced: where the name is taken, `_2`, `_3` … is put behind it. With `memory` the
    file holds only what no call before has exported, and takes the very name of `output`.

    Raises SourceUnreachableError when any of the sources cannot be read (a file that lacks a source is not the table),
    TooLargeError beyond the limits.
    """
    require_possible(wanted)
    output = replaceable(output)
    try:
        with (
            appearing(output, is_new=is_new and memory is None) as file,
            TemporaryDirectory(prefix=".export-", dir=output.parent) as name,
        ):
            folder = Path(name)
            rows = spool(wanted, origin, folder, listener)
            if memory:
                wanted, rows = memory.narrowed(wanted, rows, folder)
            if not wanted.transformations:
                require_rows(height(rows), limits)
            rows = protected(wanted, rows, origin, folder, output.name)
            with sealing_into(file.temporary, wanted.sealing) as place:
                count = write(wanted, rows, spelling, place, folder, listener)
            require_rows(count, limits)
            require_bytes(file.temporary, limits)
            if memory:
                memory.prepare(file.temporary, output)
    except OSError as error:
        raise SentinelError(f"{output}: cannot be written: {said(error)}") from error
    if memory:
        memory.commit()
    return Exported(file.path, count, origin.quarantined)


def said(error: OSError) -> str:
    """What the system said; Arrow puts words of its own before it."""
    return (error.strerror or str(error)).rsplit("] ", 1)[-1]


def replaceable(output: Path) -> Path:
    """The file to write, where a link leads; raises UsageError for what is there and no file."""
    output = output.resolve() if output.is_symlink() else output
    if output.exists() and not output.is_file():
        raise UsageError(f"{output} is not a file; name one that can be replaced")
    return output


def write(
    wanted: Wanted, rows: pl.LazyFrame, spelling: Spelling, path: Path, folder: Path, listener: Listener = silent
) -> int:
    """Writes spooled rows as they are wanted, by way of `folder` where they are compressed; returns their number."""
    plain = folder / "plain" if wanted.compression else path
    total = None if wanted.transformations else height(rows)
    shaped, heard = shape(wanted, rows, spelling, folder), counter(listener, "writing", total)
    if wanted.shape:
        count = wanted.shape.write(shaped, plain, spelling, replace(wanted.occasion, rows=total), heard)
    else:
        writer = write_csv_as_is if wanted.is_fixed else format_of(wanted.format).write
        count = writer(shaped, plain, spelling, heard)
    if wanted.compression:
        compression_of(wanted.compression).pack(plain, path)
    return count


def shape(wanted: Wanted, rows: pl.LazyFrame, spelling: Spelling, folder: Path) -> pl.LazyFrame:
    """The rows in their order, by way of `folder`, through every transformation, with the columns asked for."""
    table, place = wanted.table, folder / "arranged.parquet"
    if wanted.layout != CANONICAL:
        chosen = layout(table.name, wanted.layout)
        time = table.time if chosen.is_newest_first else None
        shaped = arranged(rows, time, lambda part: chosen.selecting(wanted.format)(part, spelling.zone), place)
    else:
        shaped = arranged(rows, table.time, lambda part: newest_first(part, table), place)
    for transformation in wanted.transformations:
        shaped = transformation(shaped)
    shaped = shaped.select(wanted.columns) if wanted.columns else shaped
    return shaped if wanted.shape and wanted.shape.is_rounding else rounded(shaped, spelling.decimals)


def newest_first(rows: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    """Time descending, source, key descending (as a number where it is one); a snapshot by source and key."""
    if table.time is None:
        return rows.sort("source", table.key, nulls_last=True, maintain_order=True)
    number = pl.col(table.key).cast(pl.Int64, strict=False)
    order = [True, False, True, True]
    # Keys that privacy hides are equal: such rows stay in the order they came.
    return rows.sort(table.time, "source", number, table.key, descending=order, nulls_last=True, maintain_order=True)
