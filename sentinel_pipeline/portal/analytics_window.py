"""Which days an analysis speaks of: what was asked for, refused or widened to what daily statistics can answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import DateRangeError
from sentinel_pipeline.domain.instant import instant
from sentinel_pipeline.domain.period import Period, Window, day_of

MOST_DAYS: Final = 90
REMEMBERED: Final = 512
LAST_SECOND: Final = time(23, 59, 59)
HOUR: Final = timedelta(hours=1)


class TooLongError(DateRangeError):
    """More days than one analysis may speak of."""


@dataclass(frozen=True)
class Days(Period):
    """Whole days in a row."""

    count: int = 1

    @cached_property
    def after(self) -> date:
        return self.first + timedelta(days=self.count)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return self.day_keys


@dataclass(frozen=True)
class Asked:
    """What was asked for, and the whole days that hold it."""

    window: Window
    days: Days

    @property
    def hours(self) -> Window:
        """The window in whole local hours, as wide as it must be."""
        first, last = (_day(day, self.days.zone) for day in (self.days.first, self.days.last))
        start = max(at for at in first.hour_starts if at <= self.window.start)
        return Window(start, min((at for at in last.hour_starts if at >= self.window.end), default=last.window.end))


@lru_cache(maxsize=REMEMBERED)
def _day(day: date, zone: ZoneInfo) -> Period:
    """A day, whose hours are found once however often it is asked about."""
    return Period("daily", day, zone)


def asked(
    start: str | None,
    end: str | None,
    default_days: int,
    now: datetime,
    zone: ZoneInfo,
    most_days: int = MOST_DAYS,
) -> Asked:
    """The window from `start` to `end`; left out: up to now, and `default_days` back, or as far as may be.

    A date as end includes its day, 23:59:59 its whole second. Raises UsageError for what is no time, DateRangeError for
    a window that holds nothing, TooLongError for one of more than `most_days`.
    """
    last = instant(end, zone, "end_date", whole_day=True) if end else now
    if last.microsecond == 0 and last.astimezone(zone).time() == LAST_SECOND:
        last += timedelta(seconds=1)
    first = instant(start, zone, "start_date") if start else last - timedelta(days=min(default_days, most_days))
    if first >= last:
        raise DateRangeError("start_date must be before end_date")
    if _wall(last, zone) - _wall(first, zone) > timedelta(days=most_days):
        raise TooLongError(f"Date range cannot exceed {most_days} days")
    return Asked(Window(first, last), _days(first, last, zone))


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall shows: a day counts as one, whether it has 23 hours or 25."""
    return at.astimezone(zone).replace(tzinfo=None)


def _days(start: datetime, end: datetime, zone: ZoneInfo) -> Days:
    return _whole(day_of(start, zone), day_of(end - timedelta(microseconds=1), zone), zone)


@lru_cache(maxsize=REMEMBERED)
def _whole(first: date, last: date, zone: ZoneInfo) -> Days:
    return Days("daily", first, zone, (last - first).days + 1)
