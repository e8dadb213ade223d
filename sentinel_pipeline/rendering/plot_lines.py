"""Values over time: stacked bars for severities and other series, bars for one value, lines for several."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from sentinel_pipeline.domain.columns import Kind, display
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.rendering.chart_times import TimeGrid, clock_changes, in_utc, ticks, time_grid
from sentinel_pipeline.rendering.fonts import width
from sentinel_pipeline.rendering.frames import INCH, LABEL, LABEL_GAP, SMALL, Frame
from sentinel_pipeline.rendering.lines import fitted
from sentinel_pipeline.rendering.palette import ACCENT, INK, MUTED, PAPER, SEVERITIES, series_colour
from sentinel_pipeline.rendering.plots import Clean, Plot, added, box, empty_plot, unseen, value_axis
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
LEGEND_GAP = 0.03
LEGEND_MARK = 21.0  # points a colour and the gaps around it take
MARK_WIDE, MARK_HIGH = 8.25 / INCH, 5.25 / INCH
NAME_GAP = 5  # points


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

    def paint(frame: Frame) -> None:
        heights = [sum(filter(None, values)) for values in zip(*(track.values for track in tracks), strict=True)]
        scale = value_ticks(float(max(heights)), kind)
        scaled = _scaled(frame, grid, scale, room=0.6)
        base = [0.0] * len(grid.starts)
        for track in tracks:
            tops = [low + float(value or 0) for low, value in zip(base, track.values, strict=True)]
            stack = [box(n - WIDE / 2, base[n], n + WIDE / 2, top) for n, top in enumerate(tops) if top != base[n]]
            scaled.fill(stack, track.colour, PAPER, 0.3, hatch=track.hatch, zorder=2)
            base = tops
        _measure_out(scaled, grid, scale, _gaps(tracks))
        if len(tracks) > 1:
            _legend(frame, [(track, _legend_label(track, kind)) for track in tracks], columns)

    total = sum(track.total for track in tracks)
    above = 0.05 if len(tracks) == 1 else 0.09 + LEGEND_LINE * -(-len(tracks) // columns)
    return Plot(HEIGHT, paint, measure, f"n = {quantity(total, kind)}", _left(kind), 0.1, _bottom(grid), above)


def _legend_label(track: Track, kind: Kind) -> str:
    return f"{track.name}  {quantity(track.total, kind)}"


def _legend_columns(tracks: list[Track], kind: Kind, wide: float) -> int:
    """How many names stand in one line above the plot."""
    longest = max(width(_legend_label(track, kind), LABEL) for track in tracks)
    return max(1, min(len(tracks), int((wide - INCH * _left(kind)) / (longest + LEGEND_MARK))))


def _legend(frame: Frame, entries: list[tuple[Track, str]], columns: int) -> None:
    """Names above the plot, in the order of the stack, each beside its colour and hatch."""
    lines = -(-len(entries) // columns)
    step = (max(width(label, LABEL) for _, label in entries) + LEGEND_MARK) / INCH
    for n, (track, label) in enumerate(entries):
        x = frame.left + n % columns * step
        y = frame.top + LEGEND_LINE * (lines - n // columns - 0.5) + LEGEND_GAP
        mark = replace(frame, left=x, bottom=y - MARK_HIGH / 2, wide=MARK_WIDE, high=MARK_HIGH)
        mark.fill([box(0, 0, 1, 1)], track.colour, PAPER, 0.3, hatch=track.hatch)
        frame.write(mark.right + LABEL_GAP / INCH, y, label, INK, va="center_baseline")


def _lines(tracks: list[Track], grid: TimeGrid, kind: Kind, measure: str) -> Plot:
    def paint(frame: Frame) -> None:
        highest = max(float(value) for track in tracks for value in track.values if value is not None)
        scale = value_ticks(highest, kind)
        scaled = _scaled(frame, grid, scale, room=0.1)
        for n, track in enumerate(tracks):
            heights = [float("nan") if value is None else float(value) for value in track.values]
            style = ("-", "--", "-.", ":")[n % 4]
            scaled.follow(heights, track.colour, linestyle=style, linewidth=1.5, marker="o", markersize=2)
        _measure_out(scaled, grid, scale, _gaps(tracks))
        end = scaled.right + NAME_GAP / INCH
        for track, height in zip(tracks, _label_heights(tracks, scale[-1][0]), strict=True):
            scaled.write(end, scaled.y(height), track.name, track.colour, weight="bold")

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


def _scaled(frame: Frame, grid: TimeGrid, scale: list[tuple[float, str]], room: float) -> Frame:
    """So much of a bucket stays free after the middle of the last: for half a bar, or none, where a name follows."""
    return frame.scaled((-0.6, len(grid.starts) - 1 + room), (0, scale[-1][0] * 1.02))


def _measure_out(frame: Frame, grid: TimeGrid, scale: list[tuple[float, str]], gaps: list[int]) -> None:
    """Both scales, what was not seen, and where clocks changed."""
    value_axis(frame, scale)
    frame.write_below(*_spaced(grid, INCH * frame.wide), MUTED, tick=2.5)
    if gaps:
        end, top = frame.across[1], frame.up[1]
        unseen(frame, [box(gap - 0.5, 0, min(gap + 0.5, end), top) for gap in gaps])
        frame.write(frame.x(gaps[0] - 0.4), frame.bottom + 0.97 * frame.high, "no data", MUTED, size=SMALL, va="top")
    for position, words in clock_changes(grid):
        x = frame.x(position)
        frame.stroke([((x, frame.bottom), (x, frame.top))], ACCENT, 0.9, linestyles=(0, (2, 2)))
        frame.write(x, frame.bottom + 0.99 * frame.high, f" {words}", ACCENT, size=SMALL, va="top")


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
