"""Pages filled from top to bottom with blocks, and the sheet a block is drawn on.

A block knows its height and draws itself on plain canvas calls; text is never parsed as markup, unlike in ReportLab's
own paragraphs, so that no name from outside can become a tag, a picture or a link.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from sentinel_pipeline.rendering.characters import visual
from sentinel_pipeline.rendering.fonts import inked, width
from sentinel_pipeline.rendering.styles import BOTTOM, PAGE_HEIGHT, TOP, Style
from sentinel_pipeline.rendering.tags import Tags

ROOM = PAGE_HEIGHT - TOP - BOTTOM


@dataclass
class Sheet:
    """What blocks draw on: a canvas, the tags collected so far, and the page of every heading."""

    canvas: Any
    page_of: Mapping[str, int]
    tags: Tags = field(default_factory=Tags)

    def lines(self, lines: Iterable[str], style: Style, x: float, top: float) -> None:
        """Lines from the left edge `x` downwards from `top`."""
        self.canvas.setFillColor(colour(style.colour))
        for n, line in enumerate(lines):
            at = x
            for font, run in inked(visual(line), style.font):
                self.canvas.setFont(font, style.size)
                self.canvas.drawString(at, top - n * style.line - style.size * 1.02, run)
                if run != line:
                    at += width(run, style.size, style.font)

    def ground(self, fill: str, x: float, bottom: float, width: float, height: float) -> None:
        self.canvas.setFillColor(colour(fill))
        self.canvas.rect(x, bottom, width, height, stroke=0, fill=1)


@cache
def colour(name: str) -> Any:
    """What ReportLab makes of `#RRGGBB`, which it would read anew for every cell."""
    from reportlab.lib.colors import toColor

    return toColor(name)


class Block(Protocol):
    """A piece of the document as wide as the text; `least` is the smallest part of it that may end a page."""

    @property
    def before(self) -> float: ...
    @property
    def after(self) -> float: ...
    @property
    def height(self) -> float: ...
    @property
    def least(self) -> float: ...
    @property
    def stays_with_next(self) -> bool: ...
    @property
    def key(self) -> str: ...
    @property
    def inside(self) -> tuple[Block, ...]: ...
    def split(self, room: float) -> tuple[Block, Block] | None: ...
    def draw(self, sheet: Sheet, x: float, top: float) -> None: ...


@dataclass(frozen=True)
class Placed:
    block: Block
    top: float


Page = list[Placed]


def pages(blocks: Iterable[Block]) -> list[Page]:
    """The blocks on as few pages as they need; a block that stays with its next moves with it."""
    waiting = deque(blocks)
    filled: list[Page] = [[]]
    used = 0.0
    while waiting:
        if filled[-1] and used + _needed(waiting) > ROOM:
            filled, used = [*filled, []], 0.0
        block = waiting.popleft()
        start = used + (block.before if filled[-1] else 0.0)
        parts = None if start + block.height <= ROOM else block.split(ROOM - start)
        head = parts[0] if parts else block
        if parts and parts[1].height:
            waiting.appendleft(parts[1])
        filled[-1].append(Placed(head, PAGE_HEIGHT - TOP - start))
        used = start + head.height + head.after
    return filled


def heading_pages(filled: list[Page]) -> dict[str, int]:
    """The page, counted from 1, of every block that has a key."""
    return {
        block.key: n
        for n, page in enumerate(filled, start=1)
        for block in every(placed.block for placed in page)
        if block.key
    }


def every(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks and what stands inside them, in reading order."""
    for block in blocks:
        yield block
        yield from every(block.inside)


def _needed(waiting: deque[Block]) -> float:
    """Room that the next block needs at least, together with those it stays with."""
    needed = 0.0
    for block in waiting:
        if not block.stays_with_next:
            return needed + block.before + block.least
        needed += block.before + block.height + block.after
    return needed
