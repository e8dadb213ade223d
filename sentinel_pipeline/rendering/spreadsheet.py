"""Cells of a spreadsheet.

Text is always text (no formula, no link), times are local wall time with the zone in the header, numbers are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.rendering.casts import flat

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Put = Callable[["Worksheet", int, int, Any], None]
Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

CELL_LIMIT: Final = 32_767
MOST_EXACT_INTEGER: Final = 2**53
EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's days have no zone
# Excel counts a 29 February 1900 that never was; earlier days cannot be numbers.
FIRST_DAY: Final = 61
MICROSECONDS_PER_DAY: Final = 86_400_000_000
TIME_FORMAT: Final = "yyyy-mm-dd hh:mm:ss"
OPTIONS: Final[dict[str, Any]] = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
}
# XML has no control characters; their pictures show that there were some.
PICTURES: Final = {
    "\r\n": "\n",
    **{chr(code): chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n"},
    "\x7f": "␡",
    "\ufffe": "\ufffd",
    "\uffff": "\ufffd",
}


class Exact(float):
    """A number that XlsxWriter writes with all its digits instead of sixteen."""

    def __format__(self, _spec: str) -> str:
        return repr(float(self))


def sheet_cells(frame: Frame, zone: ZoneInfo) -> Frame:
    """The frame as cells: text that XML can hold, numbers, booleans, and times as days since 1899-12-30 in `zone`."""
    schema = frame.collect_schema()
    return frame.with_columns(_cells(pl.col(name), dtype, zone).alias(name) for name, dtype in schema.items())


def _cells(column: pl.Expr, dtype: pl.DataType, zone: ZoneInfo) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        zoned = column.dt.convert_time_zone(zone.key) if dtype.time_zone else column
        local = zoned.dt.replace_time_zone(None).cast(pl.Datetime("us"))
        return (local - pl.lit(EPOCH, pl.Datetime("us"))).dt.total_microseconds() / MICROSECONDS_PER_DAY
    if isinstance(dtype, pl.Decimal):
        return column.cast(pl.Float64)
    if dtype.is_numeric() or isinstance(dtype, pl.Boolean):
        return flat(column, dtype, zone)
    text = flat(column, dtype, zone).cast(pl.String)
    return text.str.replace_many(list(PICTURES), list(PICTURES.values()), leftmost=True)


def cell_text(text: str) -> str:
    """Text as a cell can hold it: control characters as pictures, a visible mark where it is too long."""
    for character, picture in PICTURES.items():
        text = text.replace(character, picture)
    return shortened(text)


def shortened(text: str) -> str:
    """At most what a cell holds (counted in UTF-16, as Excel does), a visible mark where text is left out."""
    if len(text) * 2 <= CELL_LIMIT or len(encoded := text.encode("utf-16-le")) <= 2 * CELL_LIMIT:
        return text
    mark = f"… [cut, {len(text):,} characters]"
    return encoded[: 2 * (CELL_LIMIT - len(mark))].decode("utf-16-le", errors="ignore") + mark


def put_text(sheet: Worksheet, row: int, column: int, value: str, style: Format | None = None) -> None:
    text = shortened(value)
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes it for markup of its own and writes it unescaped, unless it comes in pieces.
        sheet.write_rich_string(row, column, text[0], text[1], text[2:], *([style] if style else []))
    else:
        sheet.write_string(row, column, text, style)


def put_integer(sheet: Worksheet, row: int, column: int, value: int) -> None:
    if abs(value) > MOST_EXACT_INTEGER:
        sheet.write_string(row, column, str(value))
    else:
        sheet.write_number(row, column, value)


def put_real(sheet: Worksheet, row: int, column: int, value: float) -> None:
    sheet.write_number(row, column, Exact(value))


def put_time(sheet: Worksheet, row: int, column: int, days: float) -> None:
    if days < FIRST_DAY:
        sheet.write_string(row, column, (EPOCH + timedelta(days=days)).isoformat(sep=" "))
    else:
        sheet.write_number(row, column, Exact(days))


def put_flag(sheet: Worksheet, row: int, column: int, value: bool) -> None:
    sheet.write_boolean(row, column, value)


def puts(schema: pl.Schema) -> tuple[Put, ...]:
    """How each column of a frame is put into cells, told by its type before `sheet_cells`."""
    return tuple(_put(dtype) for dtype in schema.dtypes())


def _put(dtype: pl.DataType) -> Put:
    if isinstance(dtype, pl.Datetime):
        return put_time
    if isinstance(dtype, pl.Boolean):
        return put_flag
    if dtype.is_integer():
        return put_integer
    return put_real if dtype.is_numeric() else put_text


def write_row(sheet: Worksheet, row: int, values: Sequence[Any], writers: Sequence[Put], left: int = 0) -> None:
    """Writes one row of cells from column `left` on; a missing value stays an empty cell."""
    for column, (put, value) in enumerate(zip(writers, values, strict=True), start=left):
        if value is not None:
            put(sheet, row, column, value)


def header_label(label: str, dtype: pl.DataType, zone: ZoneInfo) -> str:
    """A column's head; that of a time names the zone, because cells have none."""
    return f"{label} ({zone.key})" if isinstance(dtype, pl.Datetime) else label
