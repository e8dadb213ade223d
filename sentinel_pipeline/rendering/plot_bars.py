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
from sentinel_pipeline.rendering.frames import INCH, LABEL, Frame
from sentinel_pipeline.rendering.lines import fitted
from sentinel_pipeline.rendering.palette import INK, PAPER, RULE, SEVERITIES, Swatch, series_colour
from sentinel_pipeline.rendering.plots import Clean, Plot, box, empty_plot, named
from sentinel_pipeline.rendering.report import Number
from sentinel_pipeline.rendering.values import written
from sentinel_pipeline.sections.section import Bars

MOST_BARS = 15
WIDEST_NAME = 0.36  # of the whole chart
ROW = 0.17
HIGH = 0.72  # of a row
VALUE_GAP = 4  # points
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
    def paint(frame: Frame) -> None:
        lengths = [float(bar.value or 0) for bar in bars]
        across = (min(0.0, *lengths), max(0.0, *lengths) if any(lengths) else 1.0)
        scaled = frame.scaled(across, (len(bars) - 0.4, -0.6))
        for look in dict.fromkeys(bar.look for bar in bars):
            alike = [(place, lengths[place]) for place, bar in enumerate(bars) if bar.look == look]
            shapes = [box(0, place - HIGH / 2, length, place + HIGH / 2) for place, length in alike]
            scaled.fill(shapes, look.fill, PAPER, 0.3, hatch=look.hatch)
        for place, (length, bar) in enumerate(zip(lengths, bars, strict=True)):
            scaled.write(scaled.x(max(length, 0.0)) + VALUE_GAP / INCH, scaled.y(place), bar.text, INK)
        scaled.write_beside(range(len(bars)), (bar.name for bar in bars), INK)
        scaled.stroke([((frame.left, frame.bottom), (frame.left, frame.top))], RULE, 0.8, zorder=2.5)

    left = max(width(bar.name, LABEL) for bar in bars) / INCH + 0.12
    right = max(width(bar.text, LABEL) for bar in bars) / INCH + 0.12
    return Plot(ROW * len(bars) + 0.05, paint, measure, number, left, right, bottom=0.05, part=part)
