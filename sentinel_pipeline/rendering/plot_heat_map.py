"""Heat maps: weekday against hour in cividis, every value in print."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.columns import Kind, display
from sentinel_pipeline.rendering.fonts import width
from sentinel_pipeline.rendering.frames import INCH, LABEL, SMALL, Frame, Point
from sentinel_pipeline.rendering.lines import fitted
from sentinel_pipeline.rendering.palette import INK, MUTED, PAPER
from sentinel_pipeline.rendering.plots import Clean, Plot, added, box, empty_plot, named, unseen
from sentinel_pipeline.rendering.quantities import MISSING, quantity
from sentinel_pipeline.rendering.report import Number
from sentinel_pipeline.rendering.scales import compact
from sentinel_pipeline.sections.section import HeatMap

MOST_ROWS = 31
MOST_COLUMNS = 31
ROW = 0.19
WIDEST_NAME = 110.0  # points
Colour = tuple[float, float, float, float]
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
    def paint(frame: Frame) -> None:
        scaled = frame.scaled((0, len(columns)), (len(rows), 0))
        places = {(row, column): (x, y) for y, row in enumerate(rows) for x, column in enumerate(columns)}
        known = {place: value for name, place in places.items() if (value := cells.get(name)) is not None}
        colours = _colours(list(known.values()))
        scaled.fill([_cell(place) for place in known], colours, PAPER, 0.6)
        unseen(scaled, [_cell(place) for place in places.values() if place not in known])
        for place, colour in zip(known, colours, strict=True):
            _print(scaled, place, compact(float(known[place]), kind), _ink(colour))
        for place in (place for place in places.values() if place not in known):
            _print(scaled, place, MISSING, MUTED)
        scaled.write_below([x + 0.5 for x in range(len(columns))], columns, INK)
        scaled.write_beside([y + 0.5 for y in range(len(rows))], rows, INK)

    left = max(width(row, LABEL) for row in rows) / INCH + 0.12
    return Plot(ROW * len(rows), paint, measure, counted, left, bottom=0.25)


def _colours(values: list[Number]) -> list[Colour]:
    """From zero to the largest value."""
    from matplotlib import colormaps

    most = max((float(value) for value in values), default=0.0)
    colour_of = colormaps["cividis"]
    return [colour_of(float(value) / most if most else 0.0) for value in values]


def _ink(colour: Colour) -> str:
    """Black or white, whichever reads better on a colour."""
    red, green, blue, _ = colour
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.45 else "#FFFFFF"


def _cell(place: tuple[int, int]) -> tuple[Point, ...]:
    x, y = place
    return box(x, y, x + 1, y + 1)


def _print(frame: Frame, place: tuple[int, int], words: str, colour: str) -> None:
    x, y = place
    frame.write(frame.x(x + 0.5), frame.y(y + 0.5), words, colour, size=SMALL, ha="center")
