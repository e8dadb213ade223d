"""Tables as a SQLite database: one table with typed columns, times as ISO 8601 text in UTC."""
# ruff: noqa: S608 - every name in a statement is quoted, every value a parameter

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from sentinel_pipeline.rendering.batches import Heard, batches, unheard
from sentinel_pipeline.rendering.casts import all_typed
from sentinel_pipeline.rendering.spelling import Spelling

UTC_ZONE: Final = ZoneInfo("UTC")
# The file is made aside and moved when it is whole: nothing has to be undone inside it.
PRAGMAS: Final = ("journal_mode = OFF", "synchronous = OFF", "page_size = 4096", "encoding = 'UTF-8'")


def write_sqlite(frame: pl.DataFrame | pl.LazyFrame, path: Path, spelling: Spelling, heard: Heard = unheard) -> int:
    """Booleans are 0 and 1, lists JSON text, NaN is NULL. Returns the number of rows; raises OSError."""
    rows = frame.lazy()
    schema = pl.Schema(rows.collect_schema())
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            for pragma in PRAGMAS:
                database.execute(f"PRAGMA {pragma}")
            return _fill(database, batches(rows, heard), schema, _quoted(spelling.title))
    except sqlite3.OperationalError as error:
        code = errno.ENOSPC if "full" in str(error) else errno.EIO
        said = "No space left on device" if code == errno.ENOSPC else str(error)
        raise OSError(code, said) from error


def _fill(database: sqlite3.Connection, parts: Iterable[pl.DataFrame], schema: pl.Schema, table: str) -> int:
    columns = ", ".join(f"{_quoted(name)} {_affinity(dtype)}" for name, dtype in schema.items())
    database.execute("BEGIN")
    database.execute(f"CREATE TABLE {table} ({columns})")
    marks = ", ".join("?" * len(schema))
    count = 0
    for part in parts:
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", _values(all_typed(part, UTC_ZONE)))
        count += part.height
    database.execute("COMMIT")
    return count


def _values(batch: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    return zip(*(_column(column) for column in batch), strict=True)


def _column(column: pl.Series) -> list[Any]:
    values = column.to_list()
    if not column.dtype.is_nested():
        return values
    return [None if value is None else orjson.dumps(value).decode() for value in values]


def _affinity(dtype: pl.DataType) -> str:
    if dtype.is_integer() or isinstance(dtype, pl.Boolean):
        return "INTEGER"
    return "REAL" if dtype.is_numeric() else "TEXT"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
