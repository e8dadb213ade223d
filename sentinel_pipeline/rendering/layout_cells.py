"""Cells and orders that the layouts of source systems have in common: columns as text, inert."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.rendering.inert import inert


def newest_first(frame: pl.LazyFrame, time: str, key: str) -> pl.LazyFrame:
    """Time descending, then the id descending: as a number where it is one."""
    return frame.sort(time, numeric(key), key, descending=True, nulls_last=True)


def numeric(key: str) -> pl.Expr:
    return pl.col(key).cast(pl.Int64, strict=False)


def text(column: str, missing: str | None = None) -> pl.Expr:
    """Inert text; `missing` for NULL and for nothing but space, if given."""
    source = pl.col(column)
    if missing is None:
        return inert(source)
    return pl.when(source.str.strip_chars() != "").then(inert(source)).otherwise(pl.lit(missing))


def local_time(column: str, zone: ZoneInfo, missing: str | None = None) -> pl.Expr:
    """`YYYY-MM-DD HH:MM:SS` in the zone."""
    local = pl.col(column).dt.convert_time_zone(zone.key).dt.strftime("%Y-%m-%d %H:%M:%S")
    return local if missing is None else local.fill_null(missing)


def upper(column: str) -> pl.Expr:
    """Upper-case text, UNKNOWN where there is none."""
    return inert(pl.col(column).str.to_uppercase()).fill_null("UNKNOWN")


def number(column: str, missing: str | None = None) -> pl.Expr:
    """A number as text, as short as it can be read back."""
    written = pl.col(column).cast(pl.String)
    return written if missing is None else written.fill_null(missing)


def fixed(column: str, places: int) -> pl.Expr:
    """A number with a fixed count of decimals; N/A where there is none, zero is a number."""
    return pl.col(column).cast(pl.Decimal(38, places), strict=False).cast(pl.String).fill_null("N/A")


def yes_no(column: str) -> pl.Expr:
    return flag(column, "Yes", "No").fill_null("Unknown")


def flag(column: str, yes: str, no: str) -> pl.Expr:
    """One of two words, NULL where it is not known."""
    return pl.when(pl.col(column).is_null()).then(None).when(column).then(pl.lit(yes)).otherwise(pl.lit(no))
