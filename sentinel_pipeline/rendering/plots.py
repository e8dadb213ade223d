"""Plots: for each kind of chart what is drawn inside its frame, and how much room it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sentinel_pipeline.rendering.frames import Frame, Point
from sentinel_pipeline.rendering.palette import HEADER, MUTED, RULE
from sentinel_pipeline.rendering.report import Number
from sentinel_pipeline.rendering.values import written

Clean = Callable[[str], str]


@dataclass(frozen=True)
class Plot:
    """A plot area (inches) with what paints it; `measure` names value and unit, `counted` is the n.

    `part` says how much of the table is drawn when it is not all.
    """

    height: float
    paint: Callable[[Frame], None]
    measure: str
    counted: str
    left: float = 0.1
    right: float = 0.1
    bottom: float = 0.1
    top: float = 0.05
    part: str = ""


def empty_plot(sentence: str, measure: str) -> Plot:
    """A quiet frame that says why there is nothing to see: no empty scales."""

    def paint(frame: Frame) -> None:
        frame.fill([box(0, 0, 1, 1)], HEADER, "none", 0)
        frame.write(frame.x(0.5), frame.y(0.5), sentence, MUTED, size=9, ha="center")

    return Plot(0.55, paint, measure, "n = 0")


def value_axis(frame: Frame, ticks: list[tuple[float, str]]) -> None:
    """The vertical scale: labelled with round values, a light line at each."""
    heights, labels = zip(*ticks, strict=True)
    frame.write_beside(heights, labels, MUTED)
    lines = [((frame.left, frame.y(height)), (frame.right, frame.y(height))) for height in heights]
    frame.stroke(lines, RULE, 0.5, zorder=0.5)
    frame.stroke([((frame.left, frame.bottom), (frame.right, frame.bottom))], MUTED, 0.8, zorder=2.5)


def unseen(frame: Frame, shapes: Sequence[Sequence[Point]]) -> None:
    """Hatches what is without data, so that a gap is not taken for a zero."""
    frame.fill(shapes, "none", RULE, 0, hatch="////")


def box(left: float, bottom: float, right: float, top: float) -> tuple[Point, ...]:
    """The corners of a rectangle."""
    return (left, bottom), (left, top), (right, top), (right, bottom)


def named(value: object, zone: ZoneInfo) -> str:
    """What a bar or a row stands for; what has no name says so."""
    text = "" if value is None else written(value, "text", zone)
    return text if text.strip() else "(none)"


def added(old: Number | None, new: Number | None) -> Number | None:
    """Sum in which nothing known stays nothing known."""
    if new is None:
        return old
    return new if old is None else old + new
