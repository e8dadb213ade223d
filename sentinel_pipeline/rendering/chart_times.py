"""The time axis of a chart: equal buckets on the report's clock, with a mark where that clock changes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Period

# Written out, because `strftime` names days in whatever language the process was set to.
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HOUR = timedelta(hours=1)
HOUR_LABEL_EVERY = 3
MOST_LONG_LABELS, MOST_DAY_LABELS, MOST_WEEK_LABELS = 10, 31, 105


@dataclass(frozen=True)
class TimeGrid:
    """Buckets of a period in order; `word` says what one bucket is."""

    starts: tuple[datetime, ...]
    word: str
    zone: ZoneInfo

    def position(self, instant: datetime) -> int:
        """Which bucket an instant lies in; what lies outside is drawn at the edge, never dropped."""
        return min(max(bisect_right(self.starts, instant) - 1, 0), len(self.starts) - 1)

    @property
    def local(self) -> list[datetime]:
        return [start.astimezone(self.zone) for start in self.starts]


def time_grid(times: pl.Series, period: Period) -> TimeGrid:
    """Days where every time of the table is a day's start, else hours."""
    instants = {in_utc(time) for time in times.drop_nulls()}
    if not period.is_day and instants <= set(period.day_starts):
        return TimeGrid(period.day_starts, "day", period.zone)
    return TimeGrid(period.hour_starts, "hour", period.zone)


def in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def ticks(grid: TimeGrid) -> tuple[list[int], list[str]]:
    """Positions and labels of the axis, on local clock hours or days."""
    if grid.word == "day" and len(grid.starts) > MOST_DAY_LABELS:
        is_weekly = len(grid.starts) <= MOST_WEEK_LABELS
        wanted = [n for n, at in enumerate(grid.local) if (at.weekday() == 0 if is_weekly else at.day == 1)]
        return wanted, [_date_label(grid.local[n]) for n in wanted]
    if grid.word == "day":
        label = _day_label if len(grid.starts) <= MOST_LONG_LABELS else _short_day_label
        return list(range(len(grid.starts))), [label(at) for at in grid.local]
    many_days = len(grid.starts) > 30
    wanted = [n for n, at in enumerate(grid.local) if _is_labelled(at, many_days)]
    return wanted, [_day_label(grid.local[n]) if many_days else f"{grid.local[n].hour:02}:00" for n in wanted]


def clock_changes(grid: TimeGrid) -> list[tuple[float, str]]:
    """Where the clock jumps, between two hours or within a day, and how far: 'clock +1 h'."""
    shifts = [_shift(at) for at in grid.local]
    found = []
    for n, (before, after) in enumerate(pairwise(shifts)):
        if after != before:
            hours = f"{(after - before) / HOUR:+g}".replace("-", "−")
            found.append((n + 0.5 if grid.word == "hour" else float(n), f"clock {hours} h"))
    return found


def offsets(period: Period) -> str:
    """The zone with the offsets it has in the period: 'Europe/Berlin, UTC+02:00 → UTC+01:00'."""
    instants = (period.window.start, *period.hour_starts)
    names = list(dict.fromkeys(_offset(instant.astimezone(period.zone)) for instant in instants))
    return f"{period.zone.key}, {' → '.join(names)}"


def unusual_hours(period: Period) -> str:
    """What to know about a period whose clock was changed in it; empty for the others."""
    usual = 24 * len(period.days)
    if period.window.hours == usual:
        return ""
    return f"The clock was changed: {period.window.hours:g} hours instead of {usual}."


def _offset(local: datetime) -> str:
    text = local.isoformat()
    return f"UTC{text[-6:]}"


def _is_labelled(at: datetime, many_days: bool) -> bool:
    return at.minute == 0 and at.hour % (24 if many_days else HOUR_LABEL_EVERY) == 0


def _day_label(at: datetime) -> str:
    return f"{WEEKDAYS[at.weekday()]}\n{at.day} {MONTHS[at.month - 1]}"


def _date_label(at: datetime) -> str:
    return f"{at.day}\n{MONTHS[at.month - 1]}"


def _short_day_label(at: datetime) -> str:
    return f"{at.day}\n{WEEKDAYS[at.weekday()][:2]}"


def _shift(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()
