"""What a chart says to who cannot see it: its finding and its key numbers, from the same table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.columns import Kind, display
from sentinel_pipeline.rendering.characters import printable, shortened
from sentinel_pipeline.rendering.quantities import quantity
from sentinel_pipeline.rendering.report import SectionResult
from sentinel_pipeline.rendering.values import written
from sentinel_pipeline.sections.section import Bars, HeatMap, Lines

MOST_NAMED = 6
LONGEST = 1_200
NO_ZONE = ZoneInfo("UTC")


def alt_text(result: SectionResult) -> str:
    """Finding and key numbers of a section's chart, on one line, without control characters."""
    numbers = _numbers(result) if result.failure is None else f"Not available: {result.failure}"
    finding = result.finding if result.finding.endswith((".", "!", "?")) else f"{result.finding}."
    return shortened(printable(f"{result.section.title}. {finding} {numbers}").strip(), LONGEST)


def _numbers(result: SectionResult) -> str:
    chart, table = result.section.chart, result.table
    if chart is None:
        return ""
    if table.is_empty():
        return "No events in this period."
    if isinstance(chart, Bars):
        return _bars(chart, table)
    return _heat_map(chart, table) if isinstance(chart, HeatMap) else _lines(chart, table)


def _bars(chart: Bars, table: pl.DataFrame) -> str:
    kind = display(chart.value).kind
    rows = chart.ranked(chart.labelled(table)).head(MOST_NAMED)
    return f"Bars: {_named(rows.iter_rows(), kind, table.height)}."


def _heat_map(chart: HeatMap, table: pl.DataFrame) -> str:
    kind = display(chart.value).kind
    top = table.sort(chart.value, descending=True, nulls_last=True, maintain_order=True).row(0, named=True)
    total = quantity(table[chart.value].sum() or 0, kind)
    place = f"{_text(top[chart.row])}, {_text(top[chart.column])}"
    return f"Heat map: {total} in all, most at {place} ({written(top[chart.value], kind, NO_ZONE)})."


def _lines(chart: Lines, table: pl.DataFrame) -> str:
    kind = display(chart.values[0]).kind
    if chart.series is None:
        sums = [(display(name).label, table[name].sum()) for name in chart.values]
        return f"Over time: {_named(sums, kind, len(sums))}."
    value = chart.values[0]
    sums_of = table.group_by(pl.col(chart.series).cast(pl.String), maintain_order=True).agg(pl.col(value).sum())
    highest = table.group_by(chart.time).agg(pl.col(value).sum())[value].max()
    peak = f"highest bar {written(highest, kind, NO_ZONE)}"
    total = quantity(table[value].sum() or 0, kind)
    return f"Stacked bars over time: {total} in all, {peak}; {_named(sums_of.iter_rows(), kind, sums_of.height)}."


def _named(pairs: Iterable[tuple[Any, Any]], kind: Kind, count: int) -> str:
    texts = [f"{_text(name)} {written(value, kind, NO_ZONE)}" for name, value in list(pairs)[:MOST_NAMED]]
    more = f" and {count - MOST_NAMED:,} more" if count > MOST_NAMED else ""
    return ", ".join(texts) + more


def _text(value: Any) -> str:
    return shortened(written(value, "text", NO_ZONE), 60)
