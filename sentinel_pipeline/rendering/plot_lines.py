"""Values over time: stacked bars for severities and other series, bars for one value, lines for several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from sentinel_pipeline.domain.columns import Kind, display
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.rendering.chart_times import TimeGrid, clock_changes, in_utc, ticks, time_grid
from sentinel_pipeline.rendering.fonts import width
from sentinel_pipeline.rendering.lines import fitted
from sentinel_pipeline.rendering.palette import ACCENT, INK, MUTED, PAPER, SEVERITIES, series_colour
from sentinel_pipeline.rendering.plots import INCH, LABEL, Clean, Plot, added, empty_plot, unseen, value_axis
from sentinel_pipeline.rendering.quantities import quantity
from sentinel_pipeline.rendering.report import Number
from sentinel_pipeline.rendering.scales import value_ticks
from sentinel_pipeline.sections.section import Lines

MOST_SERIES = 6
REST = "other"
HEIGHT = 1.1
WIDE = 0.82  # of a bucket
WIDEST_NAME = 110.0  # points
LABEL_ROOM = 1.2  # of its own width
LEGEND_LINE = 0.16
LEGEND_MARK = 21.0  # points a colour and the gaps around it take


@dataclass(frozen=True)
class Track:
    """One series on the grid: a value per bucket, None where nothing is known."""

    name: str
    values: tuple[Number | None, ...]
    colour: str
    hatch: str = ""

    @property
    def total(self) -> Number:
        return sum(value for value in self.values if value is not None)


def lines_plot(chart: Lines, table: pl.DataFrame, period: Period, clean: Clean, wide: float) -> Plot:
    """Bars or lines in a chart of `wide` points."""
    grid = time_grid(table[chart.time], period)
    kind = display(chart.values[0]).kind
    drawn = [value for value in chart.values if display(value).kind == kind]
    measure = _measure(chart, drawn, grid.word)
    tracks = _series(chart, table, grid, clean) if chart.series else _columns(drawn, chart.time, table, grid)
    if not any(track.total for track in tracks):
        known = any(value is not None for track in tracks for value in track.values)
        is_quiet = known or table.is_empty()
        return empty_plot("No events in this period" if is_quiet else "No data received in this period", measure)
    if chart.series or len(tracks) == 1:
        return _bars(tracks, grid, kind, measure, wide)
    return _lines(tracks, grid, kind, measure)


def _measure(chart: Lines, drawn: list[str], word: str) -> str:
    names = ", ".join(display(value).label for value in drawn)
    by = (
        f" by {display(chart.series).label.lower()}" if chart.series and display(chart.series).label != "Series" else ""
    )
    return f"{names}{by} per {word}"


def _columns(values: list[str], time: str, table: pl.DataFrame, grid: TimeGrid) -> list[Track]:
    return [
        Track(display(value).label, _on_grid(table, time, value, grid), series_colour(n))
        for n, value in enumerate(values)
    ]


def _series(chart: Lines, table: pl.DataFrame, grid: TimeGrid, clean: Clean) -> list[Track]:
    """A track per series: severities in their order and colours; of others the largest, the rest as one."""
    column = str(chart.series)
    texts = table.with_columns(pl.col(column).cast(pl.String).fill_null("(none)").replace("", "(none)"))
    parts = {str(name[0]): part for name, part in texts.group_by([column], maintain_order=True)}
    tracks = [Track(name, _on_grid(part, chart.time, chart.values[0], grid), INK) for name, part in parts.items()]
    if all(track.name in LEVELS for track in tracks):
        ordered = sorted(tracks, key=lambda track: LEVELS.index(track.name))
        return [_as_severity(track) for track in ordered if track.total or track.name != "unknown"]
    ranked = sorted(tracks, key=lambda track: (-track.total, track.name))
    kept = ranked if len(ranked) <= MOST_SERIES else [*ranked[: MOST_SERIES - 1], _together(ranked[MOST_SERIES - 1 :])]
    return [
        Track(fitted(clean(track.name), WIDEST_NAME, LABEL), track.values, series_colour(n))
        for n, track in enumerate(kept)
    ]


def _as_severity(track: Track) -> Track:
    look = SEVERITIES[track.name]
    return Track(f"{look.glyph} {track.name.capitalize()}", track.values, look.fill, look.hatch)


def _together(tracks: list[Track]) -> Track:
    values: list[Number | None] = [None] * len(tracks[0].values)
    for track in tracks:
        values = [added(old, new) for old, new in zip(values, track.values, strict=True)]
    return Track(f"{REST} ({len(tracks):,})", tuple(values), INK)


def _on_grid(table: pl.DataFrame, time: str, value: str, grid: TimeGrid) -> tuple[Number | None, ...]:
    values: list[Number | None] = [None] * len(grid.starts)
    for at, number in table.select(time, value).iter_rows():
        if at is not None:
            place = grid.position(in_utc(at))
            values[place] = added(values[place], number)
    return tuple(values)


def _gaps(tracks: list[Track]) -> list[int]:
    """Buckets in which no series has a value."""
    columns = zip(*(track.values for track in tracks), strict=True)
    return [n for n, values in enumerate(columns) if all(value is None for value in values)]


def _bars(tracks: list[Track], grid: TimeGrid, kind: Kind, measure: str, wide: float) -> Plot:
    columns = _legend_columns(tracks, kind, wide)

    def paint(axes: Any) -> None:
        base = [0.0] * len(grid.starts)
        for track in tracks:
            tops = [low + float(value or 0) for low, value in zip(base, track.values, strict=True)]
            axes.add_collection(_stack(track, base, tops, _legend_label(track, kind)), autolim=False)
            base = tops
        _frame(axes, grid, value_ticks(max(base), kind), _gaps(tracks))
        if len(tracks) > 1:
            _legend(axes, columns)

    total = sum(track.total for track in tracks)
    above = 0.05 if len(tracks) == 1 else 0.09 + LEGEND_LINE * -(-len(tracks) // columns)
    return Plot(HEIGHT, paint, measure, f"n = {quantity(total, kind)}", _left(kind), 0.1, _bottom(grid), above)


def _stack(track: Track, base: list[float], tops: list[float], label: str) -> Any:
    """A series' bars as one artist: a hundred rectangles of their own take ten times as long."""
    from matplotlib.collections import PolyCollection

    edges = [(n - WIDE / 2, n + WIDE / 2, low, high) for n, (low, high) in enumerate(zip(base, tops, strict=True))]
    bars = [((x, low), (x, high), (end, high), (end, low)) for x, end, low, high in edges if high != low]
    return PolyCollection(
        bars, facecolors=track.colour, hatch=track.hatch, edgecolors=PAPER, linewidths=0.3, label=label, zorder=2
    )


def _legend_label(track: Track, kind: Kind) -> str:
    return f"{track.name}  {quantity(track.total, kind)}"


def _legend_columns(tracks: list[Track], kind: Kind, wide: float) -> int:
    """How many names stand in one line above the plot."""
    longest = max(width(_legend_label(track, kind), LABEL) for track in tracks)
    return max(1, min(len(tracks), int((wide - INCH * _left(kind)) / (longest + LEGEND_MARK))))


def _legend(axes: Any, columns: int) -> None:
    """Names above the plot, in the order of the stack, each beside its colour and hatch."""
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns, fontsize=LABEL, frameon=False, borderaxespad=0.2,
        handlelength=1.1, handleheight=1.0, columnspacing=1.2, handletextpad=0.4, labelcolor=INK,
    )  # fmt: skip


def _lines(tracks: list[Track], grid: TimeGrid, kind: Kind, measure: str) -> Plot:
    def paint(axes: Any) -> None:
        last = len(grid.starts) - 1
        for n, track in enumerate(tracks):
            heights = [float("nan") if value is None else float(value) for value in track.values]
            style = ("-", "--", "-.", ":")[n % 4]
            axes.plot(range(last + 1), heights, style, color=track.colour, linewidth=1.5, marker="o", markersize=2)
        highest = max(float(value) for track in tracks for value in track.values if value is not None)
        scale = value_ticks(highest, kind)
        _frame(axes, grid, scale, _gaps(tracks))
        for track, height in zip(tracks, _label_heights(tracks, scale[-1][0]), strict=True):
            axes.annotate(
                track.name, (last, height), (5, 0), textcoords="offset points", color=track.colour, fontsize=LABEL,
                va="center", annotation_clip=False, fontweight="bold",
            )  # fmt: skip

    room = max(width(track.name, LABEL, "Sans-Bold") for track in tracks) / INCH + 0.15
    known = sum(value is not None for track in tracks for value in track.values)
    return Plot(HEIGHT, paint, measure, f"n = {known:,} values", _left(kind), room, _bottom(grid))


def _label_heights(tracks: list[Track], top: float) -> list[float]:
    """Where each line's name stands: beside its last value, moved apart where two would touch."""
    apart = top * 0.095
    lasts = [next((float(v) for v in reversed(track.values) if v is not None), 0.0) for track in tracks]
    placed: dict[int, float] = {}
    below = -apart
    for n in sorted(range(len(tracks)), key=lambda n: lasts[n]):
        placed[n] = below = max(lasts[n], below + apart)
    return [placed[n] for n in range(len(tracks))]


def _frame(axes: Any, grid: TimeGrid, scale: list[tuple[float, str]], gaps: list[int]) -> None:
    value_axis(axes, scale)
    axes.set_xlim(-0.6, len(grid.starts) - 0.4)
    axes.set_xticks(*_spaced(grid, INCH * axes.figure.get_figwidth() * axes.get_position().width))
    axes.tick_params(axis="x", length=2.5, color=MUTED, labelsize=LABEL, labelcolor=MUTED)
    unseen(axes, gaps)
    for position, words in clock_changes(grid):
        axes.axvline(position, color=ACCENT, linewidth=0.9, linestyle=(0, (2, 2)))
        axes.text(
            position, 0.99, f" {words}", color=ACCENT, fontsize=6.5, va="top", transform=axes.get_xaxis_transform()
        )


def _spaced(grid: TimeGrid, room: float) -> tuple[list[int], list[str]]:
    """Labels of the time axis; every other one where all would touch in `room` points."""
    positions, labels = ticks(grid)
    longest = max((width(line, LABEL) for label in labels for line in label.split("\n")), default=0.0)
    step = 2 if len(labels) * longest * LABEL_ROOM > room else 1
    return positions[::step], labels[::step]


def _bottom(grid: TimeGrid) -> float:
    return 0.34 if "\n" in ticks(grid)[1][0] else 0.21


def _left(kind: Kind) -> float:
    return 0.75 if kind == "bytes" else 0.5
