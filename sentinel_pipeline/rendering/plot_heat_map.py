"""Heat maps: weekday against hour in cividis, every value in print."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.columns import Kind, display
from sentinel_pipeline.rendering.fonts import width
from sentinel_pipeline.rendering.lines import fitted
from sentinel_pipeline.rendering.palette import INK, MUTED, PAPER, RULE
from sentinel_pipeline.rendering.plots import INCH, LABEL, Clean, Plot, added, empty_plot, named
from sentinel_pipeline.rendering.quantities import MISSING, quantity
from sentinel_pipeline.rendering.report import Number
from sentinel_pipeline.rendering.scales import compact
from sentinel_pipeline.sections.section import HeatMap

MOST_ROWS = 31
MOST_COLUMNS = 31
ROW = 0.19
WIDEST_NAME = 110.0  # points
Cells = dict[tuple[str, str], Number | None]


def heat_map_plot(chart: HeatMap, table: pl.DataFrame, zone: ZoneInfo, clean: Clean) -> Plot:
    """Rows and columns in the order of the table; a cell without a row or a value is a gap."""
    kind = display(chart.value).kind
    labels = [display(name).label for name in (chart.value, chart.row, chart.column)]
    measure = f"{labels[0]} by {labels[1].lower()} and {labels[2].lower()}"
    known = table[chart.value].drop_nulls()
    is_price = kind == "price"
    if known.is_empty() or not (is_price or known.sum()):
        quiet = not is_price and (table.is_empty() or len(known) > 0)
        return empty_plot("No events in this period" if quiet else "No data received in this period", measure)
    cells = _cells(chart, table, zone, clean)
    rows = list(dict.fromkeys(row for row, _ in cells))[:MOST_ROWS]
    columns = list(dict.fromkeys(column for _, column in cells))
    columns = sorted(columns, key=int)[:MOST_COLUMNS] if all(c.isdecimal() for c in columns) else columns[:MOST_COLUMNS]
    counted = f"{len(known):,}" if is_price else quantity(known.sum(), kind)
    return _plot(cells, rows, columns, kind, measure, f"n = {counted}")


def _cells(chart: HeatMap, table: pl.DataFrame, zone: ZoneInfo, clean: Clean) -> Cells:
    cells: Cells = {}
    for row, column, value in table.select(chart.row, chart.column, chart.value).iter_rows():
        place = (_name(row, zone, clean), _name(column, zone, clean))
        cells[place] = added(cells.get(place), value)
    return cells


def _name(value: Any, zone: ZoneInfo, clean: Clean) -> str:
    return fitted(clean(named(value, zone)), WIDEST_NAME, LABEL)


def _plot(cells: Cells, rows: list[str], columns: list[str], kind: Kind, measure: str, counted: str) -> Plot:
    def paint(axes: Any) -> None:
        values = [[_number(cells.get((row, column))) for column in columns] for row in rows]
        axes.set_facecolor(PAPER)
        mesh = axes.pcolormesh(values, cmap="cividis", vmin=0, edgecolors=PAPER, linewidth=0.6)
        for y, row in enumerate(rows):
            for x, column in enumerate(columns):
                _print(axes, x, y, cells.get((row, column)), kind, mesh)
        axes.set_ylim(len(rows), 0)
        axes.set_xticks([x + 0.5 for x in range(len(columns))], columns)
        axes.set_yticks([y + 0.5 for y in range(len(rows))], rows)
        axes.tick_params(length=0, labelsize=LABEL, labelcolor=INK)
        for spine in axes.spines.values():
            spine.set_visible(False)

    left = max(width(row, LABEL) for row in rows) / INCH + 0.12
    return Plot(ROW * len(rows), paint, measure, counted, left, bottom=0.25)


def _number(value: Number | None) -> float:
    return float("nan") if value is None else float(value)


def _print(axes: Any, x: int, y: int, value: Number | None, kind: Kind, mesh: Any) -> None:
    if value is None:
        from matplotlib.patches import Rectangle

        axes.add_patch(Rectangle((x, y), 1, 1, facecolor="none", edgecolor=RULE, hatch="////", linewidth=0))
        axes.text(x + 0.5, y + 0.5, MISSING, ha="center", va="center", fontsize=6.5, color=MUTED)
        return
    red, green, blue, _ = mesh.to_rgba(float(value))
    is_light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.45
    ink = "#000000" if is_light else "#FFFFFF"
    axes.text(x + 0.5, y + 0.5, compact(float(value), kind), ha="center", va="center", fontsize=6.5, color=ink)
