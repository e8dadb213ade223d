"""The type of the document: sizes, weights, colours and spaces, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_pipeline.rendering.fonts import BOLD, REGULAR
from sentinel_pipeline.rendering.palette import ACCENT, BAD, INK, MUTED

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89  # A4 in points
MARGIN = 42.0
TOP, BOTTOM = 50.0, 40.0
TEXT_WIDTH = PAGE_WIDTH - 2 * MARGIN


@dataclass(frozen=True)
class Style:
    """How a paragraph is set; `role` is its tag."""

    size: float
    font: str = REGULAR
    colour: str = INK
    before: float = 0.0
    after: float = 4.0
    leading: float = 1.38
    role: str = "P"

    @property
    def line(self) -> float:
        return self.size * self.leading


OWNER = Style(9.5, BOLD, ACCENT, after=2)
TITLE = Style(20, BOLD, after=1, leading=1.15, role="H1")
PERIOD = Style(12.5, after=1, leading=1.3)
SMALL = Style(8, REGULAR, MUTED, after=2)
LEAD = Style(11.5, BOLD, before=6, after=3, leading=1.3)
BODY = Style(9.5)
TOPIC = Style(13, BOLD, ACCENT, before=6, after=0, leading=1.25, role="H1")
HEADING = Style(10.5, BOLD, before=6, after=0, leading=1.2, role="H2")
FINDING = Style(8.5, BOLD, after=1, leading=1.25)
NOTE = Style(8, REGULAR, MUTED, before=2, after=2, leading=1.25)
ALARM = Style(8.5, REGULAR, BAD)
CELL = Style(8, leading=1.18)
HEADER_CELL = Style(8, BOLD, leading=1.18)
