"""Columns of any type as what a file can hold: text, numbers, booleans, and times with their offset.

`flat` is for CSV and XLSX (a list becomes one cell), `typed` for JSON (a list stays one).
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl
from polars._typing import PolarsDataType

SECONDS = "%Y-%m-%dT%H:%M:%S"
MICROSECONDS = "%Y-%m-%dT%H:%M:%S%.6f"
LIST_SEPARATOR = ";"


def flat(column: pl.Expr, dtype: pl.DataType, zone: ZoneInfo) -> pl.Expr:
    """The column with nothing nested: text, number, boolean, or ISO 8601 time."""
    if isinstance(dtype, pl.List | pl.Array):
        items = column.arr.to_list() if isinstance(dtype, pl.Array) else column
        inner = flat(pl.element(), _type(dtype.inner), zone).cast(pl.String)
        return items.list.eval(inner).list.join(LIST_SEPARATOR)
    if isinstance(dtype, pl.Struct):
        return pl.when(column.is_not_null()).then(column.struct.json_encode())
    return scalar(column, dtype, zone)


def all_typed(rows: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """The rows with every column as JSON can say it."""
    return rows.with_columns(typed(pl.col(name), dtype, zone).alias(name) for name, dtype in rows.schema.items())


def typed(column: pl.Expr, dtype: pl.DataType, zone: ZoneInfo) -> pl.Expr:
    """The column as JSON can say it; lists and structures stay what they are."""
    if isinstance(dtype, pl.List):
        return column.list.eval(typed(pl.element(), _type(dtype.inner), zone))
    if isinstance(dtype, pl.Array):
        return typed(column.arr.to_list(), pl.List(dtype.inner), zone)
    if isinstance(dtype, pl.Struct):
        fields = (typed(column.struct.field(f.name), _type(f.dtype), zone).alias(f.name) for f in dtype.fields)
        return pl.when(column.is_not_null()).then(pl.struct(*fields))
    if isinstance(dtype, pl.Decimal):
        return column.cast(pl.Float64)
    return scalar(column, dtype, zone)


def scalar(column: pl.Expr, dtype: pl.DataType, zone: ZoneInfo) -> pl.Expr:
    """A column of single values; numbers that are none (NaN, infinities) are missing."""
    if isinstance(dtype, pl.Datetime):
        return iso_time(column, dtype, zone)
    if isinstance(dtype, pl.Duration):
        return column.dt.to_string("iso")
    if isinstance(dtype, pl.Binary):
        return column.bin.encode("hex")
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Null):
        return column.cast(pl.String)
    if dtype.is_float():
        return pl.when(column.is_finite()).then(column)
    return column


def iso_time(column: pl.Expr, dtype: pl.Datetime, zone: ZoneInfo) -> pl.Expr:
    """ISO 8601 with the zone's offset, microseconds only where there are some; a time without zone has no offset."""
    offset = "%:z" if dtype.time_zone else ""
    local = column.dt.convert_time_zone(zone.key) if dtype.time_zone else column
    return (
        pl.when(column.dt.microsecond() == 0)
        .then(local.dt.strftime(SECONDS + offset))
        .otherwise(local.dt.strftime(MICROSECONDS + offset))
    )


def _type(dtype: PolarsDataType) -> pl.DataType:
    return dtype() if isinstance(dtype, type) else dtype
