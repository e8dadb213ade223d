"""Whole frames as XLSX of any length: XlsxWriter makes the workbook, Polars the rows in it.

Putting a million rows cell by cell through Python takes minutes; the same cells as columns of text take seconds. They
are what `spreadsheet` puts one by one: text that stays text, numbers with all their digits, times in local wall time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from sentinel_pipeline.rendering.batches import Heard, batches, unheard
from sentinel_pipeline.rendering.palette import SEVERITIES
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.spreadsheet import (
    CELL_LIMIT,
    EPOCH,
    FIRST_DAY,
    MICROSECONDS_PER_DAY,
    MOST_EXACT_INTEGER,
    OPTIONS,
    TIME_FORMAT,
    cell_text,
    header_label,
    sheet_cells,
    shortened,
)

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

ROWS_PER_SHEET: Final = 1_048_575
# No column of anybody is called so.
NUMBER: Final = "\0number"
ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Readers take this for a character; text that looks so has its underscores spelled out instead.
ESCAPE: Final = "_x[0-9a-fA-F]{4}_"


@dataclass(frozen=True)
class Look:
    """How sheets of rows are called and set.

    `head` is the format of the names; `numbers` those of numbers, by column; the words of the column `severity` are
    coloured. Where `names_zone` is False the names stay as they are, and something else must say the zone of times.
    """

    title: str = "Rows"
    is_numbered: bool = True
    head: Mapping[str, Any] = field(default_factory=lambda: {"bold": True})
    numbers: Mapping[str, str] = field(default_factory=dict)
    severity: str | None = None
    names_zone: bool = True


PLAIN: Final = Look()


def write_xlsx(frame: pl.DataFrame | pl.LazyFrame, path: Path, spelling: Spelling, heard: Heard = unheard) -> int:
    """One sheet, or numbered ones where the rows do not fit; constant memory. Returns the number of rows."""
    rows = frame.lazy()
    with opened(path) as workbook:
        return Sheets(workbook, pl.Schema(rows.collect_schema()), spelling).fill(batches(rows, heard))


@contextmanager
def opened(path: Path) -> Iterator[Workbook]:
    """A workbook that grows on disk, whole at the end of the block; no clock: the same rows make the same file."""
    import xlsxwriter

    with TemporaryDirectory(dir=path.parent) as parts:
        options = {**OPTIONS, "constant_memory": True, "tmpdir": parts}
        with xlsxwriter.Workbook(str(path), options) as workbook:
            workbook.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001
            yield workbook


class Sheets:
    """The sheets of a workbook, filled one after another; they are its first."""

    def __init__(self, workbook: Workbook, schema: pl.Schema, spelling: Spelling, look: Look = PLAIN) -> None:
        self._workbook = workbook
        self._schema = schema
        self._spelling = spelling
        self._look = look
        self._head = workbook.add_format(dict(look.head))
        times = workbook.add_format({"num_format": TIME_FORMAT})
        self._styles = {
            name: times if isinstance(dtype, pl.Datetime) else workbook.add_format({"num_format": look.numbers[name]})
            for name, dtype in schema.items()
            if isinstance(dtype, pl.Datetime) or name in look.numbers
        }
        self._rows = 0

    def fill(self, rows: Iterable[pl.DataFrame]) -> int:
        """Writes all rows; returns how many there were."""
        sheet = self._started()
        for batch in rows:
            for part in self._parts(sheet_cells(batch, self._spelling.zone)):
                if self._rows == ROWS_PER_SHEET:
                    self._end(sheet)
                    sheet = self._started()
                sheet.row_data_fh.writelines(self._lines(part))
                self._rows += part.height
        self._end(sheet)
        return (len(self._workbook.worksheets()) - 1) * ROWS_PER_SHEET + self._rows

    def _parts(self, batch: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The batch, parted where a sheet is full."""
        room = ROWS_PER_SHEET - self._rows
        if batch.height <= room:
            yield from [batch] if batch.height else []
            return
        if room:
            yield batch[:room]
        for start in range(room, batch.height, ROWS_PER_SHEET):
            yield batch[start : start + ROWS_PER_SHEET]

    def _lines(self, part: pl.DataFrame) -> pl.Series:
        """A row element for each row."""
        numbered = fitting(part).with_row_index(NUMBER, offset=self._rows + 2)
        number = pl.col(NUMBER).cast(pl.String)
        cells = [
            cell(pl.nth(place + 1), dtype, _letters(place), number, self._style(name))
            for place, (name, dtype) in enumerate(self._schema.items())
        ]
        row = pl.concat_str(pl.lit('<row r="'), number, pl.lit('">'), *cells, pl.lit("</row>"))
        return numbered.select(row).to_series()

    def _style(self, name: str) -> str:
        """What a number of the column says of its format."""
        style = self._styles.get(name)
        return f' s="{style._get_xf_index()}"' if style else ""

    def _started(self) -> Worksheet:
        number, title = len(self._workbook.worksheets()) + 1, self._look.title
        sheet = self._workbook.add_worksheet(f"{title} {number}" if self._look.is_numbered or number > 1 else title)
        sheet.freeze_panes(1, 0)
        for column, (name, dtype) in enumerate(self._schema.items()):
            label = header_label(name, dtype, self._spelling.zone) if self._look.names_zone else name
            least = 20 if isinstance(dtype, pl.Datetime) else 12
            sheet.set_column(column, column, max(len(label) + 3, least), self._styles.get(name))
            sheet.write_string(0, column, cell_text(label), self._head)
        # Ends the row of names, behind which the rows are written.
        sheet._write_single_row(1)
        self._rows = 0
        return sheet

    def _end(self, sheet: Worksheet) -> None:
        last = max(len(self._schema) - 1, 0)
        sheet._check_dimensions(self._rows, last)
        sheet.autofilter(0, 0, self._rows, last)
        if self._look.severity in self._schema and self._rows:
            self._colour(sheet, self._schema.names().index(str(self._look.severity)))

    def _colour(self, sheet: Worksheet, column: int) -> None:
        for level, look in SEVERITIES.items():
            style = self._workbook.add_format({"bg_color": look.fill, "font_color": look.ink})
            rule = {"type": "cell", "criteria": "==", "value": f'"{level}"', "format": style}
            sheet.conditional_format(1, column, self._rows, column, rule)


def cell(column: pl.Expr, dtype: pl.DataType, letters: str, number: pl.Expr, style: str) -> pl.Expr:
    """A column of `sheet_cells` as cell elements; nothing at all where nothing is known."""
    at = pl.concat_str(pl.lit(f'<c r="{letters}'), number, pl.lit('"'))
    if isinstance(dtype, pl.Boolean):
        element = pl.concat_str(at, pl.lit(' t="b"><v>'), column.cast(pl.Int8).cast(pl.String), pl.lit("</v></c>"))
    elif isinstance(dtype, pl.Datetime):
        element = pl.when(column >= FIRST_DAY).then(_number(at, column, style)).otherwise(_day(at, column))
    elif dtype.is_integer():
        is_exact = column.is_between(-MOST_EXACT_INTEGER, MOST_EXACT_INTEGER)
        element = pl.when(is_exact).then(_number(at, column, style)).otherwise(_text(at, column.cast(pl.String)))
    elif dtype.is_numeric():
        element = _number(at, column, style)
    else:
        element = _text(at, column)
    return pl.when(column.is_null()).then(pl.lit("")).otherwise(element)


def _number(at: pl.Expr, value: pl.Expr, style: str) -> pl.Expr:
    return pl.concat_str(at, pl.lit(f"{style}><v>"), value.cast(pl.String), pl.lit("</v></c>"))


def _text(at: pl.Expr, text: pl.Expr) -> pl.Expr:
    unescaped = pl.when(text.str.contains(ESCAPE)).then(text.str.replace_all("_x", "_x005F_x", literal=True))
    safe = unescaped.otherwise(text).str.replace_many(list(ENTITIES), list(ENTITIES.values()))
    return pl.concat_str(at, pl.lit(' t="inlineStr"><is><t xml:space="preserve">'), safe, pl.lit("</t></is></c>"))


def fitting(part: pl.DataFrame) -> pl.DataFrame:
    """The rows, text that no cell can hold cut with a mark."""
    long = [column for column in part if column.dtype == pl.String and _is_long(column)]
    return part.with_columns(column.map_elements(shortened, pl.String) for column in long)


def _is_long(column: pl.Series) -> bool:
    most = column.str.len_chars().max()
    return isinstance(most, int) and most * 2 > CELL_LIMIT


def _day(at: pl.Expr, days: pl.Expr) -> pl.Expr:
    """A day too early to be a number in Excel, as text."""
    time = pl.lit(EPOCH, pl.Datetime("us")) + pl.duration(microseconds=(days * MICROSECONDS_PER_DAY).round())
    return _text(at, time.dt.to_string("%Y-%m-%d %H:%M:%S"))


def _letters(column: int) -> str:
    """A, B, … Z, AA, … as sheets name their columns."""
    above, place = divmod(column, 26)
    return (_letters(above - 1) if above else "") + chr(ord("A") + place)
