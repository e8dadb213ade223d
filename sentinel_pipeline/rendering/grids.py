"""Tables on paper: cells wrap and never overflow, numbers stand right, the header comes again on every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, takewhile
from typing import ClassVar

from sentinel_pipeline.domain.columns import Kind
from sentinel_pipeline.rendering.blocks import limited
from sentinel_pipeline.rendering.characters import readable
from sentinel_pipeline.rendering.fonts import BOLD, REGULAR, width
from sentinel_pipeline.rendering.lines import wrapped
from sentinel_pipeline.rendering.palette import (
    ACCENT,
    BAR,
    HEADER,
    LOOKS,
    RULE,
    SEVERITIES,
    ZEBRA,
    Swatch,
    status_look,
)
from sentinel_pipeline.rendering.sheets import Block, Sheet, colour
from sentinel_pipeline.rendering.styles import CELL, HEADER_CELL, NOTE, TEXT_WIDTH, Style
from sentinel_pipeline.rendering.tags import Path, artifact
from sentinel_pipeline.rendering.values import ShownTable

NUMBERS: tuple[Kind, ...] = ("count", "bytes", "megabytes", "percent", "decimal", "price")
PAD_X, PAD_Y = 4.0, 0.9
MOST_CELL_LINES = 12
NARROWEST = 34.0
LONGEST_WORD = 84.0
MOST_NATURAL = 260.0
FEWEST_ROWS = 2
# Widths are found by the first rows of a table, in steps of so many points.
MOST_MEASURED = 40
STEP = 8.0


@dataclass(frozen=True)
class Cell:
    lines: tuple[str, ...]
    is_right: bool = False
    chip: Swatch | None = None


@dataclass(frozen=True)
class Row:
    """Cells of one line; `bar` is how far the ground of a rank reaches, 1 for the largest."""

    cells: tuple[Cell, ...]
    number: int
    is_closing: bool = False
    bar: float = 0.0

    @property
    def height(self) -> float:
        return max(len(cell.lines) for cell in self.cells) * CELL.line + 2 * PAD_Y


@dataclass(frozen=True)
class Grid:
    """A table ready to draw, `note` under its end; splits between rows."""

    header: Row
    rows: tuple[Row, ...]
    widths: tuple[float, ...]
    path: Path
    wide: float = TEXT_WIDTH
    note: tuple[str, ...] = ()
    is_continued: bool = False
    before: float = 4.0
    after: float = 4.0
    stays_with_next: ClassVar[bool] = False
    key: ClassVar[str] = ""
    inside: ClassVar[tuple[Block, ...]] = ()

    @property
    def height(self) -> float:
        return self.header.height + sum(row.height for row in self.rows) + self._foot

    @property
    def _foot(self) -> float:
        return len(self.note) * NOTE.line + NOTE.before if self.note else 0.0

    @property
    def least(self) -> float:
        first = self.header.height + sum(row.height for row in self.rows[:FEWEST_ROWS])
        return first if len(self.rows) >= FEWEST_ROWS + self._tail else self.height

    @property
    def _tail(self) -> int:
        """The fewest rows that may go on to the next page: sums do not go alone."""
        return FEWEST_ROWS + sum(row.is_closing for row in self.rows)

    def split(self, room: float) -> tuple[Grid, Grid] | None:
        heights = accumulate((row.height for row in self.rows), initial=self.header.height)
        fit = min(sum(1 for _ in takewhile(lambda height: height <= room, heights)) - 1, len(self.rows) - self._tail)
        if fit < FEWEST_ROWS:
            return None
        first, second = self.rows[:fit], self.rows[fit:]
        return replace(self, rows=first, note=()), replace(self, rows=second, is_continued=True, before=0.0)

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        down = top
        for place, row in enumerate((self.header, *self.rows)):
            with artifact(sheet.canvas):
                self._ground(sheet, row, x, down, is_header=place == 0)
            self._cells(sheet, row, x, down, is_header=place == 0)
            down -= row.height
        if self.note:
            with sheet.tags.mark(sheet.canvas, (*self.path[:-1], ("P", "note"))):
                sheet.lines(self.note, NOTE, x, down - NOTE.before)

    def _ground(self, sheet: Sheet, row: Row, x: float, top: float, *, is_header: bool) -> None:
        fill = HEADER if is_header else ZEBRA if row.number % 2 and not row.is_closing else None
        if fill:
            sheet.ground(fill, x, top - row.height, self.wide, row.height)
        if row.bar > 0:
            sheet.ground(BAR, x, top - row.height + 0.8, self.wide * row.bar, row.height - 1.6)
        sheet.canvas.setStrokeColor(colour(ACCENT if is_header else RULE))
        sheet.canvas.setLineWidth(0.8 if is_header else 0.3)
        sheet.canvas.line(x, top - row.height, x + self.wide, top - row.height)

    def _cells(self, sheet: Sheet, row: Row, x: float, top: float, *, is_header: bool) -> None:
        style = HEADER_CELL if is_header or row.is_closing else CELL
        tag = ("TR", "header" if is_header else str(row.number))
        for n, (cell, wide) in enumerate(zip(row.cells, self.widths, strict=True)):
            path = (*self.path, tag, ("TH" if is_header else "TD", str(n)))
            # A header that comes again on the next page is there for the eye; it is read out once.
            is_decoration = is_header and self.is_continued
            with artifact(sheet.canvas) if is_decoration else sheet.tags.mark(sheet.canvas, path):
                _draw_cell(sheet, cell, style, x, top - PAD_Y, wide)
            x += wide


def grid(
    labels: Sequence[str],
    kinds: Sequence[Kind],
    rows: Sequence[Sequence[str]],
    path: Path,
    closing: int = 0,
    *,
    wide: float = TEXT_WIDTH,
    note: str = "",
    bars: Sequence[float] = (),
) -> Grid:
    """A table of `wide` points; `rows` are written values, the last `closing` of them sums, `bars` as of `Row`."""
    clean = [tuple(readable(text) for text in row) for row in rows]
    widths = column_widths(labels, kinds, clean, wide)
    drawn = []
    for number, texts in enumerate(clean):
        is_closing = number >= len(clean) - closing
        cells = [_cell(t, k, w, is_closing=is_closing) for t, k, w in zip(texts, kinds, widths, strict=True)]
        drawn.append(Row(tuple(cells), number, is_closing, bars[number] if number < len(bars) else 0.0))
    heads = [_wrapped(readable(label), wide, BOLD) for label, wide in zip(labels, widths, strict=True)]
    header = Row(tuple(Cell(head, kind in NUMBERS) for head, kind in zip(heads, kinds, strict=True)), -1)
    return Grid(
        header, tuple(drawn), tuple(widths), path, wide, tuple(wrapped(readable(note), wide, NOTE.size) if note else ())
    )


def table_grid(shown: ShownTable, path: Path, wide: float = TEXT_WIDTH, bars: Sequence[float] = ()) -> Grid:
    """A table as a person's document prints it, its note under it."""
    path = (*path, ("Table", "rows"))
    note = shown.note or ""
    return grid(shown.labels, shown.kinds, shown.rows, path, shown.closing, wide=wide, note=note, bars=bars)


def column_widths(
    labels: Sequence[str], kinds: Sequence[Kind], rows: Sequence[Sequence[str]], wide: float
) -> list[float]:
    """Widths that fill the page: what each column would like where there is room, else so that rows are low."""
    columns = list(zip(*rows, strict=True)) or [()] * len(labels)
    wants = [_wanted(label, kind, texts) for label, kind, texts in zip(labels, kinds, columns, strict=True)]
    likes, floors = [like for like, _ in wants], [floor for _, floor in wants]
    spare = wide - sum(likes)
    if spare >= 0:
        return [like + spare * like / sum(likes) for like in likes]
    if sum(floors) >= wide:
        return [floor * wide / sum(floors) for floor in floors]
    return _shared(floors, [[width(text, CELL.size) for text in row] for row in rows[:MOST_MEASURED]], wide)


def _shared(floors: Sequence[float], lengths: Sequence[Sequence[float]], wide: float) -> list[float]:
    """Room beyond the floors, a step at a time to the column that makes the rows lowest; `lengths` are of cells."""
    widths = list(floors)
    spare = wide - sum(widths)
    while spare > 0:
        step = min(STEP, spare)
        best = min(range(len(widths)), key=lambda column: (_lines(lengths, widths, column, step), widths[column]))
        widths[best] += step
        spare -= step
    return widths


def _lines(lengths: Sequence[Sequence[float]], widths: Sequence[float], wider: int, step: float) -> float:
    """About how many lines all rows take when one column is wider by a step."""
    rooms = [wide - 2 * PAD_X + (step if column == wider else 0.0) for column, wide in enumerate(widths)]
    return sum(max(1.0, *(length / room for length, room in zip(row, rooms, strict=True))) for row in lengths)


def natural_width(labels: Sequence[str], kinds: Sequence[Kind], rows: Sequence[Sequence[str]]) -> float:
    """How wide the table would be if no cell had to wrap."""
    columns = list(zip(*rows, strict=True)) or [()] * len(labels)
    return sum(_wanted(label, kind, texts)[0] for label, kind, texts in zip(labels, kinds, columns, strict=True))


def least_width(labels: Sequence[str], kinds: Sequence[Kind], rows: Sequence[Sequence[str]]) -> float:
    """How narrow the table may be before words are broken."""
    columns = list(zip(*rows, strict=True)) or [()] * len(labels)
    return sum(_wanted(label, kind, texts)[1] for label, kind, texts in zip(labels, kinds, columns, strict=True))


def _wanted(label: str, kind: Kind, texts: Sequence[str]) -> tuple[float, float]:
    """Room for the longest cell on one line, within reason; and for the longest word, where room is scarce."""
    extra = 2 * PAD_X + 0.5 + (CELL.size * 1.8 if kind == "severity" else 0.0)
    head = max((width(word, HEADER_CELL.size, BOLD) for word in readable(label).split()), default=0.0)
    longest = max((width(text, CELL.size, BOLD) for text in texts), default=0.0)
    word = max((width(word, CELL.size, BOLD) for text in texts for word in text.split()), default=0.0)
    like = max(NARROWEST, head + extra, min(longest, MOST_NATURAL) + extra)
    if kind in NUMBERS:
        word = min(longest, LONGEST_WORD)
    return like, min(like, max(NARROWEST, head + extra, min(word, LONGEST_WORD) + extra))


def _cell(text: str, kind: Kind, wide: float, *, is_closing: bool) -> Cell:
    if kind == "severity" and text in SEVERITIES:
        look = SEVERITIES[text]
        return Cell((f"{look.glyph} {text.capitalize()}",), chip=look)
    lines = _wrapped(text, wide, BOLD if is_closing else REGULAR)
    return Cell(lines, kind in NUMBERS, LOOKS[status_look(text)] if kind == "status" and text else None)


def _wrapped(text: str, wide: float, font: str) -> tuple[str, ...]:
    return tuple(limited(wrapped(text, wide - 2 * PAD_X, CELL.size, font), MOST_CELL_LINES))


def _draw_cell(sheet: Sheet, cell: Cell, style: Style, x: float, top: float, wide: float) -> None:
    if cell.chip is not None:
        longest = max(width(line, style.size, style.font) for line in cell.lines)
        room = min(longest + 8, wide - 2)
        sheet.canvas.setFillColor(colour(cell.chip.fill))
        height = len(cell.lines) * style.line + 0.6
        sheet.canvas.roundRect(x + 1, top - height + 0.2, room, height, 2.5, stroke=0, fill=1)
        sheet.lines(cell.lines, replace(style, colour=cell.chip.ink), x + PAD_X + 0.5, top)
    elif cell.is_right:
        for n, line in enumerate(cell.lines):
            left = x + wide - PAD_X - width(line, style.size, style.font)
            sheet.lines([line], style, left, top - n * style.line)
    else:
        sheet.lines(cell.lines, style, x + PAD_X, top)
