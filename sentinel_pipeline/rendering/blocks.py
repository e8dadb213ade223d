"""Blocks of a page: running text, headings, boxes and charts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from sentinel_pipeline.rendering.characters import CUT_MARK, readable
from sentinel_pipeline.rendering.lines import wrapped
from sentinel_pipeline.rendering.sheets import Block, Sheet
from sentinel_pipeline.rendering.styles import TEXT_WIDTH, Style
from sentinel_pipeline.rendering.tags import Path, artifact

PADDING = 8.0
MOST_PANEL_LINES = 40
MOST_TEXT_LINES = 45
FEWEST_LINES = 2


@dataclass(frozen=True)
class Words:
    """A styled piece of text."""

    text: str
    style: Style

    def lines(self, width: float) -> list[str]:
        return wrapped(readable(self.text), width, self.style.size, self.style.font)


class Whole:
    """What is common to most blocks: they stay in one piece, bound to nothing."""

    before: float = 6.0
    after: float = 6.0
    key: str = ""
    stays_with_next: bool = False
    inside: tuple[Block, ...] = ()
    height: float

    @property
    def least(self) -> float:
        return self.height

    def split(self, room: float) -> None:  # noqa: ARG002 - one piece, whatever the room
        return None


@dataclass(frozen=True)
class Text:
    """A paragraph; splits between lines, never leaving one alone."""

    rows: tuple[str, ...]
    style: Style
    path: Path
    stays_with_next: bool = False
    key: ClassVar[str] = ""
    inside: ClassVar[tuple[Block, ...]] = ()

    @property
    def before(self) -> float:
        return self.style.before

    @property
    def after(self) -> float:
        return self.style.after

    @property
    def height(self) -> float:
        return len(self.rows) * self.style.line

    @property
    def least(self) -> float:
        return min(len(self.rows), FEWEST_LINES) * self.style.line

    def split(self, room: float) -> tuple[Text, Text] | None:
        fit = min(int(room / self.style.line), len(self.rows) - FEWEST_LINES)
        if fit < FEWEST_LINES:
            return None
        first, second = self.rows[:fit], self.rows[fit:]
        return Text(first, self.style, self.path), Text(second, self.style, self.path, self.stays_with_next)

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        with sheet.tags.mark(sheet.canvas, self.path):
            sheet.lines(self.rows, self.style, x, top)


def text(words: Words, path: Path, *, stays_with_next: bool = False, wide: float = TEXT_WIDTH) -> Text:
    """A paragraph `wide` points wide; one that would fill a page is cut with a mark."""
    rows = tuple(limited(words.lines(wide), MOST_TEXT_LINES))
    return Text(rows, words.style, (*path, (words.style.role, words.text[:80])), stays_with_next)


@dataclass(frozen=True)
class Heading(Whole):
    """A line that readers can jump to: an outline entry and a line of the contents."""

    words: Words
    anchor: str
    level: int
    path: Path
    wide: float = TEXT_WIDTH
    stays_with_next: bool = True

    @property
    def key(self) -> str:  # type: ignore[override]
        return self.anchor

    @cached_property
    def rows(self) -> list[str]:
        return limited(self.words.lines(self.wide), 4)

    @property
    def before(self) -> float:  # type: ignore[override]
        return self.words.style.before

    @property
    def after(self) -> float:  # type: ignore[override]
        return self.words.style.after

    @property
    def height(self) -> float:  # type: ignore[override]
        return len(self.rows) * self.words.style.line

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        sheet.canvas.bookmarkPage(self.key, fit="XYZ", left=0, top=top + 6)
        sheet.canvas.addOutlineEntry(readable(self.words.text), self.key, self.level, closed=False)
        with sheet.tags.mark(sheet.canvas, (*self.path, (self.words.style.role, self.key))):
            sheet.lines(self.rows, self.words.style, x, top)


@dataclass(frozen=True)
class Panel(Whole):
    """Text on a coloured ground with a bar at its side; what is too much for one box is cut with a mark."""

    words: tuple[Words, ...]
    fill: str
    bar: str
    path: Path

    @cached_property
    def parts(self) -> list[tuple[list[str], Style]]:
        width = TEXT_WIDTH - 2 * PADDING - 3
        return [(limited(words.lines(width), MOST_PANEL_LINES), words.style) for words in self.words]

    @property
    def height(self) -> float:  # type: ignore[override]
        return sum(len(rows) * style.line for rows, style in self.parts) + 2 * PADDING

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        with artifact(sheet.canvas):
            sheet.ground(self.fill, x, top - self.height, TEXT_WIDTH, self.height)
            sheet.ground(self.bar, x, top - self.height, 3, self.height)
        down = top - PADDING
        for n, (rows, style) in enumerate(self.parts):
            with sheet.tags.mark(sheet.canvas, (*self.path, ("P", f"panel {n}"))):
                sheet.lines(rows, style, x + PADDING + 3, down)
            down -= len(rows) * style.line


def limited(lines: list[str], most: int) -> list[str]:
    """At most `most` lines; a mark says how many are left out."""
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"{CUT_MARK} ({len(lines) - most + 1:,} more lines)"]
