"""Native charts of the workbook, drawn by the spreadsheet from the cells beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from sentinel_pipeline.domain.columns import display
from sentinel_pipeline.domain.severity import RANK
from sentinel_pipeline.rendering.palette import SERIES, SEVERITIES, series_colour
from sentinel_pipeline.rendering.report import SectionResult
from sentinel_pipeline.rendering.spreadsheet import (
    TIME_FORMAT,
    cell_text,
    header_label,
    put_text,
    puts,
    sheet_cells,
    write_row,
)
from sentinel_pipeline.rendering.workbook_sheets import ROWS_PER_SECTION, Book
from sentinel_pipeline.sections.section import Bars, HeatMap, Lines

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart
    from xlsxwriter.worksheet import Worksheet

CHART_ROW: Final = 1
# A chart is 20 rows high; what it is drawn from, where the table's own shape does not serve, stands below it.
BLOCK_ROW: Final = 22
MOST_BARS: Final = 10
MOST_SERIES: Final = 8
OTHER: Final = "other ("
SIZE: Final = {"width": 760, "height": 380}
AXIS_TIMES: Final = "yyyy-mm-dd hh:mm"
SEVERITY_FILLS: Final = {level: look.fill for level, look in SEVERITIES.items()}


def add_chart(book: Book, sheet: Worksheet, result: SectionResult) -> None:
    """Puts the section's chart to the right of its table; a table without rows has none."""
    table, kind = result.table, result.section.chart
    if kind is None or table.is_empty():
        return
    left = table.width + 1
    if isinstance(kind, HeatMap):
        _write_grid(book, sheet, table, kind, left)
        return
    if isinstance(kind, Bars):
        chart = _bars(book, sheet, table, kind, min(table.height, result.section.shown or MOST_BARS), left)
    elif kind.series is None:
        chart = _lines(book, sheet, table, kind)
    else:
        chart = _stacked(book, sheet, table, kind, left)
    chart.set_title({"name": cell_text(result.section.title).lstrip("="), "overlay": False})
    chart.set_size(SIZE)
    sheet.insert_chart(CHART_ROW, left, chart, {"description": cell_text(result.finding)})


def _bars(book: Book, sheet: Worksheet, table: pl.DataFrame, kind: Bars, rows: int, left: int) -> Chart:
    """Bars over the table's own cells; where two would have one name, over the names that stand below the chart."""
    chart = book.workbook.add_chart({"type": "bar"})
    label, value = table.columns.index(kind.label), table.columns.index(kind.value)
    name = sheet.get_name()
    names = kind.labelled(table).select(kind.label).head(rows)
    above = 0
    if not names[kind.label].equals(table[kind.label].head(rows)):
        _write_block(book, sheet, names, left, (display(kind.label).label,), BLOCK_ROW)
        label, above = left, BLOCK_ROW
    series: dict[str, Any] = {
        "name": [name, 0, value],
        "categories": [name, above + 1, label, above + rows, label],
        "values": [name, 1, value, rows, value],
        "fill": {"color": SERIES[0]},
        "gap": 40,
        "data_labels": {"value": True},
    }
    levels = [str(level) for level in table[kind.label].head(rows).to_list()]
    if kind.label == "severity":
        series["points"] = [{"fill": {"color": SEVERITY_FILLS.get(level, SERIES[0])}} for level in levels]
    chart.add_series(series)
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"min": 0, "name": display(kind.value).label})
    chart.set_legend({"none": True})
    return chart


def _lines(book: Book, sheet: Worksheet, table: pl.DataFrame, kind: Lines) -> Chart:
    chart = book.workbook.add_chart({"type": "line"})
    time, name, rows = table.columns.index(kind.time), sheet.get_name(), _rows(table)
    for position, value in enumerate(kind.values):
        column = table.columns.index(value)
        chart.add_series(
            {
                "name": [name, 0, column],
                "categories": [name, 1, time, rows, time],
                "values": [name, 1, column, rows, column],
                "line": {"color": series_colour(position), "width": 2},
            }
        )
    _finish_over_time(chart)
    return chart


def _stacked(book: Book, sheet: Worksheet, table: pl.DataFrame, kind: Lines, left: int) -> Chart:
    """Stacked columns; the long table is laid out wide below the chart, a column for each series."""
    names, wide = _wide(_few_series(table, kind), kind.time, str(kind.series), kind.values[0])
    wide = wide.sort(kind.time)
    label = header_label(display(kind.time).label, table.schema[kind.time], book.zone)
    _write_block(book, sheet, wide, left, (label, *names), BLOCK_ROW)
    chart = book.workbook.add_chart({"type": "column", "subtype": "stacked"})
    name, first, last = sheet.get_name(), BLOCK_ROW + 1, BLOCK_ROW + wide.height
    for position, level in enumerate(names):
        column = left + 1 + position
        chart.add_series(
            {
                "name": [name, BLOCK_ROW, column],
                "categories": [name, first, left, last, left],
                "values": [name, first, column, last, column],
                "fill": {"color": SEVERITY_FILLS.get(level, series_colour(position))},
                "gap": 20,
            }
        )
    _finish_over_time(chart)
    return chart


def _finish_over_time(chart: Chart) -> None:
    chart.set_x_axis({"text_axis": True, "num_format": AXIS_TIMES, "label_position": "low"})
    chart.set_y_axis({"min": 0, "num_format": "#,##0", "major_gridlines": {"visible": True}})
    chart.set_legend({"position": "bottom"})
    # What nobody could see is a gap, not a zero.
    chart.show_blanks_as("gap")


def _write_grid(book: Book, sheet: Worksheet, table: pl.DataFrame, kind: HeatMap, left: int) -> None:
    """A heat map is a grid of printed values whose cells are coloured by the spreadsheet."""
    names, wide = _wide(table, kind.row, kind.column, kind.value)
    _write_block(book, sheet, wide, left, (display(kind.row).label, *names), CHART_ROW)
    first = CHART_ROW + 1
    scale = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": SERIES[4]}
    sheet.conditional_format(first, left + 1, first + wide.height - 1, left + wide.width - 1, scale)


def _few_series(table: pl.DataFrame, kind: Lines) -> pl.DataFrame:
    """The table with its smaller series called 'other (n)', where there are more than a chart can tell apart."""
    series, value = str(kind.series), kind.values[0]
    sums = table.group_by(series).agg(pl.col(value).sum()).sort([value, series], descending=[True, False])
    if sums.height <= MOST_SERIES:
        return table
    kept, other = sums[series].head(MOST_SERIES - 1), f"{OTHER}{sums.height - MOST_SERIES + 1:,})"
    name = pl.col(series).cast(pl.String)
    return table.with_columns(pl.when(name.is_in(kept.cast(pl.String).to_list())).then(name).otherwise(pl.lit(other)))


def _wide(table: pl.DataFrame, index: str, series: str, value: str) -> tuple[list[str], pl.DataFrame]:
    """A long table with a column for each series (and what these are called); where nothing is known stays empty."""
    found = table[series].unique(maintain_order=True).to_list()
    names = sorted(found, key=lambda name: (RANK.get(str(name), len(RANK)), str(name).startswith(OTHER)))
    known = pl.col(value).is_not_null()
    cells = (
        pl.when((pl.col(series).eq_missing(pl.lit(name)) & known).any())
        .then(pl.col(value).filter(pl.col(series).eq_missing(pl.lit(name))).sum())
        .alias(f"series {position}")
        for position, name in enumerate(names)
    )
    wide = table.group_by(index, maintain_order=True).agg(*cells)
    return ["(none)" if name is None else str(name) for name in names], wide


def _write_block(
    book: Book, sheet: Worksheet, block: pl.DataFrame, left: int, heads: tuple[str, ...], row: int
) -> None:
    for column, head in enumerate(heads, start=left):
        put_text(sheet, row, column, cell_text(head), book.head)
    times = book.format(num_format=TIME_FORMAT) if isinstance(block.dtypes[0], pl.Datetime) else None
    sheet.set_column(left, left, 20, times)
    writers = puts(block.schema)
    for line, values in enumerate(sheet_cells(block, book.zone).iter_rows(), start=row + 1):
        write_row(sheet, line, values, writers, left)


def _rows(table: pl.DataFrame) -> int:
    return min(table.height, ROWS_PER_SECTION)
