"""Charts on a page: room for one, and one next to its table, alone or under its words."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    before: float = 3.0
    stays_with_next: bool = False

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        sheet.canvas.beginForm(self.name, 0, 0, self.width, self.height)
        sheet.canvas.endForm()
        with sheet.tags.mark(sheet.canvas, (*self.path, ("Figure", self.name)), self.alt):
            sheet.canvas.saveState()
            sheet.canvas.translate(x, top - self.height)
            sheet.canvas.doForm(self.name)
            sheet.canvas.restoreState()


@dataclass(frozen=True)
class Column(Whole):
    """Blocks one below the other, of which only the last may go on to the next page."""

    inside: tuple[Block, ...] = ()

    @property
    def height(self) -> float:  # type: ignore[override]
        if not self.inside:
            return 0.0
        edges = self.inside[0].before + self.inside[-1].after
        return sum(block.before + block.height + block.after for block in self.inside) - edges

    @property
    def least(self) -> float:
        return self.height - self.inside[-1].height + self.inside[-1].least if self.inside else 0.0

    def split(self, room: float) -> tuple[Block, Block] | None:  # type: ignore[override]
        if not self.inside:
            return None
        *kept, last = self.inside
        parts = last.split(room - self.height + last.height)
        return parts and (Column(inside=(*kept, parts[0])), Column(inside=(parts[1],)))

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        down = top + (self.inside[0].before if self.inside else 0.0)
        for block in self.inside:
            down -= block.before
            block.draw(sheet, x, down)
            down -= block.height + block.after


@dataclass(frozen=True)
class Beside(Whole):
    """Two blocks next to each other, each of which may go on to the next page: a chart and its table, two sections."""

    left: Block
    right: Block
    offset: float
    before: float = 4.0
    after: float = 4.0

    @property
    def inside(self) -> tuple[Block, ...]:  # type: ignore[override]
        return self.left, self.right

    @property
    def height(self) -> float:  # type: ignore[override]
        return max(self.left.height, self.right.height)

    @property
    def least(self) -> float:
        return max(self.left.least, self.right.least)

    def split(self, room: float) -> tuple[Block, Block] | None:  # type: ignore[override]
        left, right = (
            (block, Column()) if block.height <= room else block.split(room) for block in (self.left, self.right)
        )
        if left is None or right is None:
            return None
        return replace(self, left=left[0], right=right[0]), replace(self, left=left[1], right=right[1])

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        self.left.draw(sheet, x, top)
        self.right.draw(sheet, x + self.offset, top)
