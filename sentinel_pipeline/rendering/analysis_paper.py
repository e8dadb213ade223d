"""One table on paper for people: whose, what and of which days it is, values and severities as a report prints them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Final

from sentinel_pipeline.domain.errors import TooLargeError
from sentinel_pipeline.rendering.characters import readable
from sentinel_pipeline.rendering.finishing import CREATOR, LANGUAGE, Particulars, finished
from sentinel_pipeline.rendering.fonts import REGULAR, register, width
from sentinel_pipeline.rendering.grids import Grid, least_width, table_grid
from sentinel_pipeline.rendering.lines import fitted, wrapped
from sentinel_pipeline.rendering.sheets import Sheet
from sentinel_pipeline.rendering.styles import BODY, MARGIN, OWNER, PAGE_HEIGHT, PAGE_WIDTH, SMALL, TITLE
from sentinel_pipeline.rendering.supplement import typeset
from sentinel_pipeline.rendering.tags import artifact
from sentinel_pipeline.rendering.values import ShownTable

MOST_ROWS: Final = 10_000
TOP, BOTTOM = 44.0, 44.0
SIZES: Final = ((PAGE_WIDTH, PAGE_HEIGHT), (PAGE_HEIGHT, PAGE_WIDTH))
# No clock: the same rows make the same file.
DATED: Final = datetime(2000, 1, 1, tzinfo=UTC)
HEADING: Final = replace(TITLE, size=16)


@dataclass(frozen=True)
class Heading:
    """What stands above the table on its first page: whose it is, its title, and lines on what it speaks of."""

    owner: str
    title: str
    lines: tuple[str, ...]


def render_analysis(heading: Heading, shown: ShownTable, bars: tuple[float, ...] = ()) -> bytes:
    """The PDF; `bars` are as those of `table_grid`. Raises TooLargeError for more rows than paper is good for."""
    if len(shown.rows) > MOST_ROWS:
        raise TooLargeError(f"a pdf holds at most {MOST_ROWS:,} rows, and here are more; ask for less, or choose csv")
    said = [heading.owner, heading.title, *heading.lines, *shown.labels, *(text for row in shown.rows for text in row)]
    with typeset(set("".join(said))):
        return _document(heading, shown, bars)


def _document(heading: Heading, shown: ShownTable, bars: tuple[float, ...]) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    register()
    needed = least_width(shown.labels, shown.kinds, shown.rows)
    size = next((size for size in SIZES if needed <= size[0] - 2 * MARGIN), SIZES[-1])
    wide = size[0] - 2 * MARGIN
    file = BytesIO()
    canvas = Canvas(file, size, invariant=1, pageCompression=0, initialFontName=REGULAR, lang=LANGUAGE)
    sheet = Sheet(canvas, {})
    title = readable(heading.title)
    high = _heading_height(heading, wide)
    room = size[1] - TOP - BOTTOM
    pages = list(_pages(table_grid(shown, (), wide, bars), room - high, room))
    for number, one in enumerate(pages, start=1):
        top = size[1] - TOP
        if number == 1:
            _write_heading(sheet, heading, wide, top)
            top -= high
        one.draw(sheet, MARGIN, top)
        _write_margin(sheet, "" if number == 1 else title, f"page {number} of {len(pages)}", size)
        canvas.showPage()
    canvas.save()
    about = Particulars(title, CREATOR, readable("; ".join(heading.lines)), DATED)
    return finished(file.getvalue(), (), b"", sheet.tags.root, about)


def _pages(grid: Grid, first: float, room: float) -> Iterator[Grid]:
    """The grid in parts that fit on the pages."""
    left: Grid | None = grid
    height = first
    while left is not None:
        if left.height <= height or (parts := left.split(height)) is None:
            yield left
            return
        part, left = parts
        yield part
        height = room


def _heading_lines(heading: Heading, wide: float) -> list[str]:
    return [line for text in heading.lines for line in wrapped(readable(text), wide, BODY.size)]


def _heading_height(heading: Heading, wide: float) -> float:
    return OWNER.line + OWNER.after + HEADING.line + 4 + BODY.line * len(_heading_lines(heading, wide)) + 10


def _write_heading(sheet: Sheet, heading: Heading, wide: float, top: float) -> None:
    for texts, style, gap in (
        ([fitted(readable(heading.owner), wide, OWNER.size, OWNER.font)], OWNER, OWNER.after),
        ([fitted(readable(heading.title), wide, HEADING.size, HEADING.font)], HEADING, 4.0),
        (_heading_lines(heading, wide), BODY, 0.0),
    ):
        with sheet.tags.mark(sheet.canvas, ((style.role, str(top)),)):
            sheet.lines(texts, style, MARGIN, top)
        top -= len(texts) * style.line + gap


def _write_margin(sheet: Sheet, title: str, page: str, size: tuple[float, float]) -> None:
    with artifact(sheet.canvas):
        if title:
            sheet.lines([fitted(title, size[0] - 2 * MARGIN, SMALL.size)], SMALL, MARGIN, size[1] - 26)
        sheet.lines([page], SMALL, size[0] - MARGIN - width(page, SMALL.size), BOTTOM - 14)
