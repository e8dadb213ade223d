"""Frames: a rectangle of a figure with a scale in each direction, and what can be drawn on it.

matplotlib's own axes make and measure every label several times over, half of the time a chart takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

# Points to inches: matplotlib sizes figures in the one, type in the other.
INCH = 72.0
LABEL = 7.5
SMALL = 6.5
LABEL_GAP = 3.5  # points between a frame and its labels
Range = tuple[float, float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """`left`, `bottom`, `wide` and `high` are inches of the figure; `across` and `up` say what lies at its edges."""

    figure: Any
    left: float
    bottom: float
    wide: float
    high: float
    across: Range = (0.0, 1.0)
    up: Range = (0.0, 1.0)

    @property
    def right(self) -> float:
        return self.left + self.wide

    @property
    def top(self) -> float:
        return self.bottom + self.high

    def scaled(self, across: Range, up: Range) -> Frame:
        """The same rectangle with other scales."""
        return replace(self, across=across, up=up)

    def x(self, value: float) -> float:
        """Inches from the figure's left edge."""
        start, end = self.across
        return self.left + self.wide * (value - start) / (end - start)

    def y(self, value: float) -> float:
        """Inches from the figure's lower edge."""
        start, end = self.up
        return self.bottom + self.high * (value - start) / (end - start)

    def write(self, x: float, y: float, words: str, colour: str, *, size: float = LABEL, **style: Any) -> None:
        """Words at a place in inches, their middle at its height unless the style says otherwise."""
        look = {"va": "center", "fontsize": size, "color": colour, **style}
        self.figure.text(x, y, words, transform=self.figure.dpi_scale_trans, **look)

    def write_beside(self, places: Iterable[float], labels: Iterable[str], colour: str) -> None:
        """Labels to the left, each at its height on the scale."""
        for place, label in zip(places, labels, strict=True):
            self.write(self.left - LABEL_GAP / INCH, self.y(place), label, colour, ha="right", va="center_baseline")

    def write_below(self, places: Sequence[float], labels: Iterable[str], colour: str, *, tick: float = 0.0) -> None:
        """Labels underneath, each at its place on the scale, under a tick so many points long."""
        for place, label in zip(places, labels, strict=True):
            down = self.bottom - (LABEL_GAP + tick) / INCH
            self.write(self.x(place), down, label, colour, ha="center", va="top")
        if tick:
            ends = [((self.x(place), self.bottom), (self.x(place), self.bottom - tick / INCH)) for place in places]
            self.stroke(ends, colour, 0.8)

    def fill(self, shapes: Iterable[Sequence[Point]], colours: Any, edge: str, width: float, **style: Any) -> None:
        """Outlines, in units of the scales, as one artist: a hundred of their own take ten times as long."""
        from matplotlib.collections import PolyCollection

        outlines = [[(self.x(x), self.y(y)) for x, y in shape] for shape in shapes]
        self._add(PolyCollection(outlines, facecolors=colours, edgecolors=edge, linewidths=width, **style))

    def stroke(self, lines: Iterable[Sequence[Point]], colour: str, width: float, **style: Any) -> None:
        """Lines between points in inches, as one artist."""
        from matplotlib.collections import LineCollection

        self._add(LineCollection(list(lines), colors=colour, linewidths=width, **style))

    def follow(self, values: Sequence[float], colour: str, **style: Any) -> None:
        """A line through values at 0, 1, 2 …, broken where one is not a number."""
        from matplotlib.lines import Line2D

        across = [self.x(n) for n in range(len(values))]
        self._add(Line2D(across, [self.y(value) for value in values], color=colour, **style))

    def _add(self, artist: Any) -> None:
        artist.set_transform(self.figure.dpi_scale_trans)
        self.figure.add_artist(artist)
