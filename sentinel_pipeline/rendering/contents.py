"""The contents: every heading with its page, in four columns, each line a link."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sentinel_pipeline.rendering.blocks import Heading, Whole
from sentinel_pipeline.rendering.characters import readable
from sentinel_pipeline.rendering.fonts import BOLD, REGULAR, width
from sentinel_pipeline.rendering.lines import fitted
from sentinel_pipeline.rendering.palette import ACCENT, RULE
from sentinel_pipeline.rendering.sheets import Sheet
from sentinel_pipeline.rendering.styles import TEXT_WIDTH, Style
from sentinel_pipeline.rendering.tags import Path, artifact

GAP = 10.0
COLUMNS = 4
COLUMN = (TEXT_WIDTH - (COLUMNS - 1) * GAP) / COLUMNS
ENTRY = Style(7.2, leading=1.2)
INDENT = 4.0
ROOM_FOR_PAGE = 14.0
MOST_ENTRIES = 90


@dataclass(frozen=True)
class Contents(Whole):
    headings: tuple[Heading, ...]
    path: Path
    before: float = 2.0

    @property
    def entries(self) -> tuple[Heading, ...]:
        return self.headings[:MOST_ENTRIES]

    @property
    def rows(self) -> int:
        return -(-len(self.entries) // COLUMNS)

    @property
    def height(self) -> float:  # type: ignore[override]
        return self.rows * ENTRY.line

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        for n, heading in enumerate(self.entries):
            column, row = divmod(n, max(self.rows, 1))
            self._entry(sheet, heading, x + column * (COLUMN + GAP), top - row * ENTRY.line)

    def _entry(self, sheet: Sheet, heading: Heading, x: float, top: float) -> None:
        style = replace(ENTRY, font=BOLD if heading.level == 0 else REGULAR)
        indent = INDENT * heading.level
        page = str(sheet.page_of[heading.key])
        title = fitted(readable(heading.words.text), COLUMN - indent - ROOM_FOR_PAGE, style.size, style.font)
        right = x + COLUMN - width(page, style.size, style.font)
        with sheet.tags.mark(sheet.canvas, (*self.path, ("TOC", "contents"), ("TOCI", heading.key))):
            sheet.lines([title], style, x + indent, top)
            sheet.lines([page], replace(style, colour=ACCENT), right, top)
        with artifact(sheet.canvas):
            left = x + indent + width(title, style.size, style.font) + 4
            sheet.canvas.setStrokeColor(RULE)
            sheet.canvas.setLineWidth(0.5)
            sheet.canvas.setDash(0.5, 2)
            sheet.canvas.line(left, top - style.size, right - 4, top - style.size)
            sheet.canvas.setDash()
        sheet.canvas.linkRect("", heading.key, (x, top - style.line, x + COLUMN, top), relative=0, thickness=0)
