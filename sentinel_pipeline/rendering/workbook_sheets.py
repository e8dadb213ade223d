"""Sheets of a workbook: safe names, typed tables with formats, widths and severity colours."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.columns import Kind, display
from sentinel_pipeline.rendering.palette import HEADER, SEVERITIES
from sentinel_pipeline.rendering.spreadsheet import (
    TIME_FORMAT,
    cell_text,
    header_label,
    put_text,
    puts,
    sheet_cells,
    write_row,
)
from sentinel_pipeline.rendering.values import shown_table

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

NAME_LIMIT: Final = 31
ROWS_PER_SECTION: Final = 10_000
# What Excel refuses in a sheet's name, and what would end the quotes around it in a formula.
UNSAFE: Final = re.compile(r"[\[\]:*?/\\'\x00-\x1f\x7f]+")
RESERVED: Final = ("", "history")
WIDEST, NARROWEST, TIME_WIDTH, MEASURED_ROWS = 60, 10, 21, 200
NUMBER_FORMATS: Final[dict[Kind, str]] = {
    "count": "#,##0",
    "bytes": "#,##0",
    "megabytes": "#,##0.00",
    "decimal": "#,##0.00",
    "price": "0.0000",
    "percent": "0.00%",
}


class Book:
    """A workbook being written: its formats, its zone, and the sheet names already taken."""

    def __init__(self, workbook: Workbook, zone: ZoneInfo) -> None:
        self.workbook = workbook
        self.zone = zone
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}
        self._names: set[str] = set()

    def format(self, **properties: Any) -> Format:
        """The format with these properties, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.workbook.add_format(properties)
        return self._formats[key]

    @cached_property
    def head(self) -> Format:
        return self.format(bold=True, bg_color=HEADER, bottom=1, text_wrap=True, valign="top")

    @cached_property
    def wrapped(self) -> Format:
        return self.format(text_wrap=True, valign="top")

    def add_sheet(self, title: str) -> Worksheet:
        """A sheet named like the title, as far as a sheet can be; printed in landscape, one page wide."""
        name = safe_name(title, self._names)
        self._names.add(name.casefold())
        sheet = self.workbook.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&A&RPage &P of &N")
        return sheet


def safe_name(title: str, taken: set[str]) -> str:
    """At most 31 characters, none that Excel refuses, unlike every name taken (however they are cased)."""
    wanted = "".join(character if character.isprintable() else " " for character in UNSAFE.sub(" ", title))
    # Excel counts UTF-16 units; what lies beyond the first plane takes two.
    wanted = re.sub(r"[^\u0000-\uffff]", "_", " ".join(wanted.split()))
    wanted = "Sheet" if wanted.casefold() in RESERVED else wanted
    name, number = wanted[:NAME_LIMIT].strip(), 2
    while name.casefold() in taken:
        ending = f" {number}"
        name, number = wanted[: NAME_LIMIT - len(ending)].strip() + ending, number + 1
    return name


def write_table(book: Book, sheet: Worksheet, table: pl.DataFrame) -> None:
    """A table from the first row on: header, formats, filter, widths; values typed, percentages as fractions."""
    kinds = {name: display(name).kind for name in table.columns}
    writers = puts(table.schema)
    percents = [name for name, kind in kinds.items() if kind == "percent" and table.schema[name].is_numeric()]
    cells = sheet_cells(table.with_columns(pl.col(percents) / 100), book.zone)
    _write_head(book, sheet, table, kinds)
    for row, values in enumerate(cells.iter_rows(), start=1):
        write_row(sheet, row, values, writers)
    if table.width:
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.autofilter(0, 0, table.height, table.width - 1)
    _colour_severities(book, sheet, table.height, kinds)


def _write_head(book: Book, sheet: Worksheet, table: pl.DataFrame, kinds: dict[str, Kind]) -> None:
    sample = shown_table(table.head(MEASURED_ROWS), book.zone)
    for column, (name, dtype) in enumerate(table.schema.items()):
        label = header_label(_unit_label(display(name).label, kinds[name]), dtype, book.zone)
        pattern = _number_pattern(dtype, kinds[name])
        shown = max((len(row[column]) for row in sample.rows), default=0)
        longest = longest_number(table[name], pattern) if pattern else shown
        narrowest = TIME_WIDTH if isinstance(dtype, pl.Datetime) else NARROWEST
        width = min(max(longest + 2, len(label) + 4, narrowest), WIDEST)
        sheet.set_column(column, column, width, _column_format(book, dtype, kinds[name]))
        put_text(sheet, 0, column, cell_text(label), book.head)


def _unit_label(label: str, kind: Kind) -> str:
    return f"{label} (bytes)" if kind == "bytes" and "byte" not in label.casefold() else label


def longest_number(column: pl.Series, pattern: str) -> int:
    """Characters that the longest of all numbers takes as its cell shows it: one that does not fit is shown as ###."""
    places = pattern.partition(".")[2].count("0")
    extremes = [float(value) for value in (column.min(), column.max()) if isinstance(value, int | float)]
    return max((len(f"{value:,.{places}f}") for value in extremes), default=0) + pattern.count("%")


def _number_pattern(dtype: pl.DataType, kind: Kind) -> str | None:
    return NUMBER_FORMATS.get(kind) if dtype.is_numeric() else None


def _column_format(book: Book, dtype: pl.DataType, kind: Kind) -> Format | None:
    if isinstance(dtype, pl.Datetime):
        return book.format(num_format=TIME_FORMAT, align="left")
    pattern = _number_pattern(dtype, kind)
    return book.format(num_format=pattern) if pattern else None


def _colour_severities(book: Book, sheet: Worksheet, rows: int, kinds: dict[str, Kind]) -> None:
    for column, kind in enumerate(kinds.values()):
        if kind != "severity" or not rows:
            continue
        for level, look in SEVERITIES.items():
            style = book.format(bg_color=look.fill, font_color=look.ink)
            rule = {"type": "cell", "criteria": "==", "value": f'"{level}"', "format": style}
            sheet.conditional_format(1, column, rows, column, rule)
