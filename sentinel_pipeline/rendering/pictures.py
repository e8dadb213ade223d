"""Charts on a page: room for one, and one next to its table."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_pipeline.rendering.blocks import Whole
from sentinel_pipeline.rendering.sheets import Block, Sheet
from sentinel_pipeline.rendering.tags import Path


@dataclass(frozen=True)
class Picture(Whole):
    """Room for a chart, which is put in as vectors when the pages are done."""

    name: str
    width: float
    height: float
    alt: str
    path: Path
    before: float = 5.0

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        sheet.canvas.beginForm(self.name, 0, 0, self.width, self.height)
        sheet.canvas.endForm()
        with sheet.tags.mark(sheet.canvas, (*self.path, ("Figure", self.name)), self.alt):
            sheet.canvas.saveState()
            sheet.canvas.translate(x, top - self.height)
            sheet.canvas.doForm(self.name)
            sheet.canvas.restoreState()


@dataclass(frozen=True)
class Beside(Whole):
    """Two blocks next to each other: a small chart and its table."""

    left: Block
    right: Block
    offset: float

    @property
    def height(self) -> float:  # type: ignore[override]
        return max(self.left.height, self.right.height)

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        self.left.draw(sheet, x, top)
        self.right.draw(sheet, x + self.offset, top)
