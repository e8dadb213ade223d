"""Plots: for each kind of chart what is drawn inside its frame, and how much room it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sentinel_pipeline.rendering.palette import HEADER, MUTED, RULE
from sentinel_pipeline.rendering.report import Number
from sentinel_pipeline.rendering.values import written

# Points to inches: matplotlib sizes figures in the one, type in the other.
INCH = 72.0
LABEL = 7.5
Clean = Callable[[str], str]


@dataclass(frozen=True)
class Plot:
    """A plot area (inches) with what paints it; `measure` names value and unit, `counted` is the n.

    `part` says how much of the table is drawn when it is not all.
    """

    height: float
    paint: Callable[[Any], None]
    measure: str
    counted: str
    left: float = 0.1
    right: float = 0.1
    bottom: float = 0.1
    top: float = 0.05
    part: str = ""


def empty_plot(sentence: str, measure: str) -> Plot:
    """A quiet frame that says why there is nothing to see: no empty axes."""

    def paint(axes: Any) -> None:
        bare(axes)
        axes.set_facecolor(HEADER)
        axes.text(0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center", fontsize=9, color=MUTED)

    return Plot(0.55, paint, measure, "n = 0")


def bare(axes: Any) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def value_axis(axes: Any, ticks: list[tuple[float, str]]) -> None:
    """The vertical axis: from zero, labelled with round values, a light line at each."""
    axes.set_ylim(0, ticks[-1][0] * 1.02)
    axes.set_yticks([position for position, _ in ticks], [label for _, label in ticks])
    axes.tick_params(axis="y", length=0, labelsize=LABEL, labelcolor=MUTED)
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)


def unseen(axes: Any, positions: list[int]) -> None:
    """Marks buckets without data, so that a gap is not taken for a zero."""
    for position in positions:
        axes.axvspan(position - 0.5, position + 0.5, facecolor="none", edgecolor=RULE, hatch="////", linewidth=0)
    if positions:
        axes.text(
            positions[0] - 0.4,
            0.97,
            "no data",
            fontsize=6.5,
            color=MUTED,
            va="top",
            transform=axes.get_xaxis_transform(),
        )


def named(value: object, zone: ZoneInfo) -> str:
    """What a bar or a row stands for; what has no name says so."""
    text = "" if value is None else written(value, "text", zone)
    return text if text.strip() else "(none)"


def added(old: Number | None, new: Number | None) -> Number | None:
    """Sum in which nothing known stays nothing known."""
    if new is None:
        return old
    return new if old is None else old + new
