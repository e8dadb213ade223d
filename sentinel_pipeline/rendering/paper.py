"""Tables on paper: every row and every character of them, the header on each page, page n of m."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl

from sentinel_pipeline.domain.columns import Kind
from sentinel_pipeline.domain.errors import TooLargeError
from sentinel_pipeline.rendering.batches import Heard, unheard
from sentinel_pipeline.rendering.casts import flat
from sentinel_pipeline.rendering.characters import readable
from sentinel_pipeline.rendering.finishing import CREATOR, LANGUAGE, Particulars, finished
from sentinel_pipeline.rendering.fonts import BOLD, REGULAR, register, width
from sentinel_pipeline.rendering.grids import PAD_X, PAD_Y, Cell, Grid, Row, column_widths, natural_width
from sentinel_pipeline.rendering.lines import fitted, wrapped
from sentinel_pipeline.rendering.quantities import MISSING
from sentinel_pipeline.rendering.sheets import Sheet
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.styles import CELL, SMALL
from sentinel_pipeline.rendering.supplement import characters_of, typeset
from sentinel_pipeline.rendering.tags import artifact

MOST_ROWS: Final = 10_000
MARGIN, TOP, BOTTOM = 36.0, 54.0, 42.0
# A4 upright, A4 and A3 lying: the first on which the columns have room.
SIZES: Final = ((595.28, 841.89), (841.89, 595.28), (1190.55, 841.89))
# No clock: the same rows make the same file.
DATED: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Table:
    """A table as text, laid out for a page of `size` points."""

    labels: tuple[str, ...]
    kinds: tuple[Kind, ...]
    rows: list[tuple[str, ...]]
    size: tuple[float, float]

    @property
    def wide(self) -> float:
        return self.size[0] - 2 * MARGIN

    @property
    def room(self) -> float:
        return self.size[1] - TOP - BOTTOM


def write_pdf(frame: pl.DataFrame | pl.LazyFrame, path: Path, spelling: Spelling, heard: Heard = unheard) -> int:
    """Writes at most MOST_ROWS rows and returns their number; raises TooLargeError when there are more."""
    lazy = frame.lazy()
    schema = pl.Schema(lazy.collect_schema())
    cells = [flat(pl.col(name), dtype, spelling.zone).cast(pl.String) for name, dtype in schema.items()]
    texts = lazy.head(MOST_ROWS + 1).select(cells).collect(engine="streaming")
    if texts.height > MOST_ROWS:
        raise TooLargeError(
            f"a pdf holds at most {MOST_ROWS:,} rows, and here are more; ask for less, or choose csv, json, ndjson,"
            " xlsx, parquet or sqlite, which hold any number"
        )
    with typeset(characters_of(texts).union(spelling.title)):
        path.write_bytes(_document(_table(texts, schema), spelling))
    heard(texts.height)
    return texts.height


def _table(texts: pl.DataFrame, schema: pl.Schema) -> Table:
    labels = tuple(readable(name) for name in schema.names())
    kinds: tuple[Kind, ...] = tuple("count" if dtype.is_numeric() else "text" for dtype in schema.dtypes())
    rows = [tuple(MISSING if text is None else readable(text) for text in row) for row in texts.iter_rows()]
    needed = natural_width(labels, kinds, rows)
    size = next((size for size in SIZES if needed <= size[0] - 2 * MARGIN), SIZES[-1])
    return Table(labels, kinds, rows, size)


def _document(table: Table, spelling: Spelling) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    register()
    grids = list(_grids(table))
    title = readable(f"{spelling.title}: {len(table.rows):,} rows")
    file = BytesIO()
    canvas = Canvas(file, table.size, invariant=1, pageCompression=0, initialFontName=REGULAR, lang=LANGUAGE)
    sheet = Sheet(canvas, {})
    for number, one in enumerate(grids, start=1):
        _margins(sheet, table, title, spelling.zone.key, f"page {number} of {len(grids)}")
        one.draw(sheet, MARGIN, table.size[1] - TOP)
        canvas.showPage()
    canvas.save()
    subject = f"times of {spelling.zone.key}"
    return finished(file.getvalue(), (), b"", sheet.tags.root, Particulars(title, CREATOR, subject, DATED))


def _margins(sheet: Sheet, table: Table, title: str, zone: str, page: str) -> None:
    across, high = table.size
    with artifact(sheet.canvas):
        sheet.lines([fitted(title, table.wide - 160, SMALL.size, BOLD)], SMALL, MARGIN, high - 30)
        for text, top in ((zone, high - 30), (page, BOTTOM - 14)):
            sheet.lines([text], SMALL, across - MARGIN - width(text, SMALL.size), top)


def _grids(table: Table) -> Iterator[Grid]:
    """A grid for each page."""
    widths = column_widths(table.labels, table.kinds, table.rows, table.wide)
    header = Row(_cells(table.labels, table, widths, BOLD), -1)
    room = table.room - header.height
    taken: list[Row] = []
    used, is_continued = 0.0, False
    for row in _rows(table, widths, room):
        if taken and used + row.height > room:
            yield _grid(header, taken, widths, table, is_continued=is_continued)
            taken, used, is_continued = [], 0.0, True
        taken.append(row)
        used += row.height
    yield _grid(header, taken, widths, table, is_continued=is_continued)


def _grid(header: Row, rows: list[Row], widths: Sequence[float], table: Table, *, is_continued: bool) -> Grid:
    return Grid(
        header, tuple(rows), tuple(widths), (("Table", "rows"),), table.wide, is_continued=is_continued, before=0.0
    )


def _rows(table: Table, widths: Sequence[float], room: float) -> Iterator[Row]:
    """The rows; one that is higher than a page goes on as a further one."""
    most = int((room - 2 * PAD_Y) / CELL.line)
    for number, texts in enumerate(table.rows):
        cells = _cells(texts, table, widths, REGULAR)
        for start in range(0, max(len(cell.lines) for cell in cells), most):
            yield Row(tuple(Cell(cell.lines[start : start + most] or ("",), cell.is_right) for cell in cells), number)


def _cells(texts: Sequence[str], table: Table, widths: Sequence[float], font: str) -> tuple[Cell, ...]:
    return tuple(
        Cell(tuple(wrapped(text, wide - 2 * PAD_X, CELL.size, font)), kind == "count")
        for text, wide, kind in zip(texts, widths, table.kinds, strict=True)
    )
