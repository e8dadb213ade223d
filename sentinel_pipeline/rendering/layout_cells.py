"""Cells and orders that the layouts of source systems have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.rendering.inert import inert


def newest_first(frame: pl.LazyFrame, time: str, key: str) -> pl.LazyFrame:
    """Time descending, then the id descending, as a number where it is one; of two sources by their name."""
    return frame.sort(time, numeric(key), key, "source", descending=[True, True, True, False], nulls_last=True)


def numeric(key: str) -> pl.Expr:
    return pl.col(key).cast(pl.Int64, strict=False)


@dataclass(frozen=True)
class Cells:
    """How a layout's columns are spelled: as text, inert where a spreadsheet may open it, or as values (`is_typed`).

    Of values, numbers and instants that are not known stay unknown; all else says the word that is documented for it.
    """

    is_inert: bool = True
    is_typed: bool = False

    def text(self, column: str, missing: str | None = None) -> pl.Expr:
        """Text; `missing` for NULL and for nothing but space, if given."""
        source = pl.col(column)
        if missing is None:
            return self._safe(source)
        return pl.when(source.str.strip_chars() != "").then(self._safe(source)).otherwise(pl.lit(missing))

    def time(self, column: str, zone: ZoneInfo, missing: str | None = None) -> pl.Expr:
        """`YYYY-MM-DD HH:MM:SS` in the zone."""
        if self.is_typed:
            return pl.col(column)
        local = pl.col(column).dt.convert_time_zone(zone.key).dt.strftime("%Y-%m-%d %H:%M:%S")
        return local if missing is None else local.fill_null(missing)

    def upper(self, column: str) -> pl.Expr:
        """Upper-case text, UNKNOWN where there is none."""
        return self._safe(pl.col(column).str.to_uppercase()).fill_null("UNKNOWN")

    def number(self, column: str, missing: str | None = None) -> pl.Expr:
        """A number, as short as it can be read back."""
        if self.is_typed:
            return pl.col(column)
        written = pl.col(column).cast(pl.String)
        return written if missing is None else written.fill_null(missing)

    def fixed(self, column: str, places: int) -> pl.Expr:
        """A number with a fixed count of decimals; N/A where there is none, zero is a number."""
        if self.is_typed:
            return pl.col(column)
        return pl.col(column).cast(pl.Decimal(38, places), strict=False).cast(pl.String).fill_null("N/A")

    def yes_no(self, column: str) -> pl.Expr:
        return flag(column, "Yes", "No").fill_null("Unknown")

    def _safe(self, source: pl.Expr) -> pl.Expr:
        return inert(source) if self.is_inert else source


CSV: Final = Cells()
PAPER: Final = Cells(is_inert=False)
VALUES: Final = Cells(is_inert=False, is_typed=True)


def flag(column: str, yes: str, no: str) -> pl.Expr:
    """One of two words, NULL where it is not known."""
    return pl.when(pl.col(column).is_null()).then(None).when(column).then(pl.lit(yes)).otherwise(pl.lit(no))
