"""Ranks: horizontal bars from the largest down, each with its name and its value in print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.columns import Kind, display
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.rendering.fonts import width
from sentinel_pipeline.rendering.lines import fitted
from sentinel_pipeline.rendering.palette import INK, PAPER, RULE, SEVERITIES, Swatch, series_colour
from sentinel_pipeline.rendering.plots import INCH, LABEL, Clean, Plot, bare, empty_plot, named
from sentinel_pipeline.rendering.report import Number
from sentinel_pipeline.rendering.values import written
from sentinel_pipeline.sections.section import Bars

MOST_BARS = 15
WIDEST_NAME = 0.36  # of the whole chart
ROW = 0.17
PLAIN = Swatch(series_colour(0), PAPER, "", "")


@dataclass(frozen=True)
class Bar:
    name: str
    value: Number | None
    text: str
    look: Swatch


def bars_plot(chart: Bars, table: pl.DataFrame, shown: int | None, zone: ZoneInfo, clean: Clean, wide: float) -> Plot:
    """At most `shown` bars in a chart of `wide` points; the footer says how many there are."""
    kind = display(chart.value).kind
    measure = f"{display(chart.value).label} by {display(chart.label).label.lower()}"
    known = table[chart.value].drop_nulls()
    if not known.sum():
        quiet = table.is_empty() or len(known) > 0
        return empty_plot("No events in this period" if quiet else "No data received in this period", measure)
    most = min(shown or MOST_BARS, MOST_BARS)
    longest = wide * WIDEST_NAME
    bars = [
        _bar(name, value, kind, zone, clean, longest) for name, value in _ranked(chart, table).head(most).iter_rows()
    ]
    number = f"n = {written(known.sum(), kind, zone) if kind == 'count' else counted(table.height, 'row')}"
    part = f"{len(bars):,} of {table.height:,} drawn" if len(bars) < table.height else ""
    return _plot(bars, measure, number, part)


def _ranked(chart: Bars, table: pl.DataFrame) -> pl.DataFrame:
    """Severities in their own order, everything else from the largest value down."""
    rows = chart.labelled(table)
    is_level = rows[chart.label].cast(pl.String).is_in(LEVELS).fill_null(value=False)
    return rows if is_level.all() else chart.ranked(rows)


def _bar(name: Any, value: Number | None, kind: Kind, zone: ZoneInfo, clean: Clean, longest: float) -> Bar:
    text = written(value, kind, zone)
    if isinstance(name, str) and name in SEVERITIES:
        look = SEVERITIES[name]
        return Bar(f"{look.glyph} {name.capitalize()}", value, text, look)
    return Bar(fitted(clean(named(name, zone)), longest, LABEL), value, text, PLAIN)


def _plot(bars: list[Bar], measure: str, number: str, part: str) -> Plot:
    def paint(axes: Any) -> None:
        bare(axes)
        places = range(len(bars))
        drawn = axes.barh(places, [float(bar.value or 0) for bar in bars], 0.72, zorder=2)
        for patch, bar in zip(drawn, bars, strict=True):
            patch.set(facecolor=bar.look.fill, hatch=bar.look.hatch, edgecolor=PAPER, linewidth=0.3)
        for place, bar in zip(places, bars, strict=True):
            at = max(float(bar.value or 0), 0.0)
            axes.annotate(
                bar.text, (at, place), (4, 0), textcoords="offset points", va="center", fontsize=LABEL, color=INK
            )
        axes.set_yticks(list(places), [bar.name for bar in bars])
        axes.tick_params(axis="y", length=0, labelsize=LABEL, labelcolor=INK)
        axes.set_ylim(len(bars) - 0.4, -0.6)
        lengths = [0.0, *(float(bar.value or 0) for bar in bars)]
        axes.set_xlim(min(lengths), max(lengths) if any(lengths) else 1)
        axes.spines["left"].set(visible=True, color=RULE)

    left = max(width(bar.name, LABEL) for bar in bars) / INCH + 0.12
    right = max(width(bar.text, LABEL) for bar in bars) / INCH + 0.12
    return Plot(ROW * len(bars) + 0.05, paint, measure, number, left, right, bottom=0.05, part=part)
