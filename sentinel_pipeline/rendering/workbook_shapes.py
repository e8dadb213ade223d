"""Workbooks as source systems document them: the rows, and what they add up to on sheets of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.rendering.batches import Heard, batches, unheard
from sentinel_pipeline.rendering.json_shapes import Occasion
from sentinel_pipeline.rendering.long_sheets import Look, Sheets, opened
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.spreadsheet import (
    TIME_FORMAT,
    Exact,
    cell_text,
    put_integer,
    put_text,
    puts,
    sheet_cells,
    write_row,
)
from sentinel_pipeline.rendering.tables import rounded

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

WIDTHS: Final = (30, 24)
WIDTH: Final = 16
MOST_DRAWN: Final = 20


@dataclass(frozen=True)
class Fill:
    """The ground of cells of a column that are above a threshold."""

    column: str
    above: int
    colour: str


@dataclass(frozen=True)
class Leaf:
    """A sheet beside the rows: facts, one to a line, then a table.

    `numbers` are formats by column of the table; `drawn`: its columns (name, value) as a chart beside it.
    """

    name: str
    facts: tuple[tuple[str, object], ...] = ()
    table: pl.DataFrame = field(default_factory=pl.DataFrame)
    numbers: Mapping[str, str] = field(default_factory=dict)
    fills: tuple[Fill, ...] = ()
    drawn: tuple[str, str] | None = None


MakeLeaf = Callable[[pl.LazyFrame, Occasion, Spelling], Leaf]


@dataclass(frozen=True)
class WorkbookShape:
    """`select` gives the rows, `look` says how their sheet is called and set, `leaves` make what stands beside it."""

    select: Callable[[pl.LazyFrame, ZoneInfo], pl.LazyFrame]
    look: Look
    leaves: tuple[MakeLeaf, ...]
    is_rounding: bool = True

    def write(
        self, frame: pl.LazyFrame, path: Path, spelling: Spelling, occasion: Occasion, heard: Heard = unheard
    ) -> int:
        """The workbook; sums are of the values before they are rounded. Returns the number of rows."""
        rows = rounded(frame, spelling.decimals)
        with opened(path) as workbook:
            sheets = Sheets(workbook, pl.Schema(rows.collect_schema()), spelling, self.look)
            count = sheets.fill(batches(rows, heard))
            for leaf in self.leaves:
                _write_leaf(workbook, leaf(frame, occasion, spelling), spelling, self.look)
        return count


def _write_leaf(workbook: Workbook, leaf: Leaf, spelling: Spelling, look: Look) -> None:
    sheet, table = workbook.add_worksheet(leaf.name), leaf.table
    times = workbook.add_format({"num_format": TIME_FORMAT, "align": "left"})
    head, bold = workbook.add_format(dict(look.head)), workbook.add_format({"bold": True})
    for column in range(max(table.width, len(WIDTHS))):
        name = table.columns[column] if column < table.width else ""
        style = workbook.add_format({"num_format": leaf.numbers[name]}) if name in leaf.numbers else None
        style = times if name and isinstance(table.schema[name], pl.Datetime) else style
        sheet.set_column(column, column, WIDTHS[column] if column < len(WIDTHS) else WIDTH, style)
    for row, (label, value) in enumerate(leaf.facts):
        put_text(sheet, row, 0, cell_text(label), bold)
        _put(sheet, row, value, times, spelling.zone)
    if table.width:
        _write_table(workbook, sheet, leaf, spelling, head)


def _put(sheet: Worksheet, row: int, value: object, times: Any, zone: ZoneInfo) -> None:
    """A fact; what is not known stays an empty cell."""
    if isinstance(value, datetime):
        cells = sheet_cells(pl.DataFrame({"at": [value]}, schema={"at": pl.Datetime("us", "UTC")}), zone)
        sheet.write_number(row, 1, Exact(cells.item()), times)
    elif isinstance(value, int):
        put_integer(sheet, row, 1, value)
    elif isinstance(value, float):
        sheet.write_number(row, 1, Exact(value))
    elif value is not None:
        put_text(sheet, row, 1, cell_text(str(value)))


def _write_table(workbook: Workbook, sheet: Worksheet, leaf: Leaf, spelling: Spelling, head: Any) -> None:
    table = rounded(leaf.table.lazy(), spelling.decimals).collect()
    top = len(leaf.facts) + 1 if leaf.facts else 0
    for column, name in enumerate(table.columns):
        put_text(sheet, top, column, cell_text(name), head)
    writers = puts(table.schema)
    for row, values in enumerate(sheet_cells(table, spelling.zone).iter_rows(), start=top + 1):
        write_row(sheet, row, values, writers)
    last = top + table.height
    sheet.autofilter(top, 0, last, table.width - 1)
    if not top:
        sheet.freeze_panes(1, 0)
    for fill in leaf.fills if table.height else ():
        column = table.columns.index(fill.column)
        style = workbook.add_format({"bg_color": fill.colour})
        rule = {"type": "cell", "criteria": ">", "value": fill.above, "format": style}
        sheet.conditional_format(top + 1, column, last, column, rule)
    if leaf.drawn and table.height:
        _draw(workbook, sheet, table, leaf.drawn, top)


def _draw(workbook: Workbook, sheet: Worksheet, table: pl.DataFrame, drawn: tuple[str, str], top: int) -> None:
    """Bars of at most the first MOST_DRAWN rows."""
    name, value = (table.columns.index(column) for column in drawn)
    last = top + min(table.height, MOST_DRAWN)
    sheet_name = sheet.get_name()
    chart = workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": drawn[1],
            "categories": [sheet_name, top + 1, name, last, name],
            "values": [sheet_name, top + 1, value, last, value],
        }
    )
    chart.set_title({"name": f"{drawn[1]} by {drawn[0]}", "overlay": False})
    chart.set_y_axis({"reverse": True})
    chart.set_legend({"none": True})
    sheet.insert_chart(top + 1, table.width + 1, chart)
