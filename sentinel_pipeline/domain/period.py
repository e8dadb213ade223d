"""Periods: which instants a day, week or month, or the days that somebody asked for, cover in a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import UsageError

CADENCES = ("daily", "weekly", "monthly")
CUSTOM = "custom"
NOUN = {"daily": "day", "weekly": "week", "monthly": "month", CUSTOM: "period"}
BEFORE = {
    "daily": "the day before",
    "weekly": "the week before",
    "monthly": "the month before",
    CUSTOM: "the days before",
}
MOST_DAYS = 366
CUSTOM_KEY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})_([1-9][0-9]{0,2})d_([0-9a-f]{12})")
EARLIEST, LATEST = date(1900, 1, 1), date(9998, 12, 31)


@dataclass(frozen=True, order=True)
class Window:
    """Half-open span of UTC instants, `start` included, `end` not."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        return (self.end - self.start) / timedelta(hours=1)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """First instant of a calendar day as UTC; where clocks skip midnight, the end of the gap.

    Of two midnights the first, unless the clock between them goes back into the day before, as it did in St John's
    at 00:01 until 2011: then the second, so that no instant after it is of an earlier day.
    """
    local = datetime.combine(day, time(), tzinfo=zone)
    first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if second <= first:
        return first
    returns = (second - timedelta(microseconds=1)).astimezone(zone).date() < day
    return second if returns else first


def first_of_next(cadence: str, day: date) -> date:
    """First day of the period after the one that starts on `day`."""
    if cadence == "daily":
        return day + timedelta(days=1)
    if cadence == "weekly":
        return day + timedelta(days=7)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def first_of(cadence: str, day: date) -> date:
    """First day of the period that `day` lies in (weeks start on Monday)."""
    if cadence == "daily":
        return day
    if cadence == "weekly":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


def day_from_key(key: str) -> date:
    """The day a partition key names. Raises UsageError unless it is written YYYY-MM-DD within EARLIEST and LATEST."""
    try:
        day = date.fromisoformat(key)
    except ValueError:
        raise UsageError(f"'{key}' is no day; write it as YYYY-MM-DD") from None
    if day.isoformat() != key:
        raise UsageError(f"'{key}' is no day; write it as YYYY-MM-DD")
    if not EARLIEST <= day <= LATEST:
        raise UsageError(f"'{key}' is no day that can be reported on; choose one from {EARLIEST} to {LATEST}")
    return day


@dataclass(frozen=True)
class Period:
    """A calendar day, ISO week or month in a time zone; its key is its first day."""

    cadence: str
    first: date
    zone: ZoneInfo

    @classmethod
    def parse(cls, cadence: str, key: str, zone: ZoneInfo) -> Period:
        """Raises UsageError for an unknown cadence or a key that is not the first day of a period, or no request's."""
        if cadence == CUSTOM:
            return CustomPeriod.named(key, zone)
        if cadence not in CADENCES:
            raise UsageError(f"'{cadence}' is no cadence; choose one of {', '.join(CADENCES)}")
        day = day_from_key(key)
        first = first_of(cadence, day)
        if first != day:
            kind = "a weekly key is a Monday" if cadence == "weekly" else "a monthly key is the first of a month"
            raise UsageError(f"{kind}: '{key}' is a {day:%A}; the period that holds it is {first:%Y-%m-%d}")
        return cls(cadence, day, zone)

    @property
    def key(self) -> str:
        return self.first.isoformat()

    @cached_property
    def after(self) -> date:
        """The first day that is no longer in the period."""
        return first_of_next(self.cadence, self.first)

    @property
    def last(self) -> date:
        return self.after - timedelta(days=1)

    @cached_property
    def window(self) -> Window:
        return Window(midnight(self.first, self.zone), midnight(self.after, self.zone))

    @property
    def is_day(self) -> bool:
        """Whether it is a single day, which is shown hour by hour."""
        return self.last == self.first

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=n) for n in range((self.after - self.first).days))

    @property
    def day_keys(self) -> tuple[str, ...]:
        return tuple(day.isoformat() for day in self.days)

    @property
    def previous(self) -> Period:
        return Period(self.cadence, first_of(self.cadence, self.first - timedelta(days=1)), self.zone)

    @property
    def next(self) -> Period:
        return Period(self.cadence, self.after, self.zone)

    @cached_property
    def hour_starts(self) -> tuple[datetime, ...]:
        """UTC start of every local clock hour in the window; a repeated hour stands twice, a skipped one not at all."""
        if self.window.start >= self.window.end:
            return ()
        starts = [self.window.start]
        while (following := hour_end(starts[-1], self.zone)) < self.window.end:
            starts.append(following)
        return tuple(starts)

    @cached_property
    def offsets(self) -> tuple[tuple[datetime, timedelta], ...]:
        """UTC instants of the window from which an offset holds, with that offset; one entry unless clocks change."""
        found: list[tuple[datetime, timedelta]] = []
        for start in self.hour_starts:
            offset = start.astimezone(self.zone).utcoffset() or timedelta()
            if not found or found[-1][1] != offset:
                found.append((start, offset))
        return tuple(found)

    @property
    def day_starts(self) -> tuple[datetime, ...]:
        """UTC start of every local day in the window; a day that the zone skipped has none."""
        return tuple(dict.fromkeys(midnight(day, self.zone) for day in self.days))

    @property
    def words(self) -> str:
        """The period as a reader says it: 'Mon 26 Oct – Sun 1 Nov 2026'."""
        if self.is_day:
            return f"{self.first:%A} {self.first.day} {self.first:%B %Y}"
        if self.cadence == "monthly":
            return f"{self.first:%B %Y}"
        opening = f"{self.first:%a} {self.first.day} {self.first:%b}"
        if self.first.year != self.last.year:
            opening += f" {self.first.year}"
        return f"{opening} – {self.last:%a} {self.last.day} {self.last:%b %Y}"

    @property
    def interval(self) -> str:
        """ISO 8601 interval with the zone's own offsets."""
        start, end = (edge.astimezone(self.zone).isoformat() for edge in (self.window.start, self.window.end))
        return f"{start}/{end}"


@dataclass(frozen=True)
class CustomPeriod(Period):
    """From 1 to 366 whole days that a request asks for; `request` is the digest that tells it from others."""

    count: int = 1
    request: str = "0" * 12

    @classmethod
    def named(cls, key: str, zone: ZoneInfo) -> CustomPeriod:
        """Raises UsageError for a key that no request can have."""
        match = CUSTOM_KEY.fullmatch(key)
        if match is None or int(match[2]) > MOST_DAYS:
            raise UsageError(f"'{key}' is no request; its key looks like 2025-03-01_14d_0123456789ab")
        return cls(CUSTOM, day_from_key(match[1]), zone, int(match[2]), match[3])

    @property
    def key(self) -> str:
        return f"{self.first.isoformat()}_{self.count}d_{self.request}"

    @cached_property
    def after(self) -> date:
        return self.first + timedelta(days=self.count)

    @property
    def previous(self) -> CustomPeriod:
        return replace(self, first=self.first - timedelta(days=self.count))

    @property
    def next(self) -> CustomPeriod:
        return replace(self, first=self.after)


def hour_end(start: datetime, zone: ZoneInfo) -> datetime:
    """UTC instant at which the local clock hour that holds `start` ends, or its clock is changed."""
    offset = start.astimezone(zone).utcoffset()
    if offset is None:
        raise ValueError(f"{zone} has no offset at {start}")
    local = start + offset
    following = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1) - offset
    changed = following.astimezone(zone).utcoffset()
    if changed == offset or changed is None:
        return following
    return _clock_change(start, following, zone)


def _clock_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant (whole seconds) in (before, after] from which the zone has its new offset."""
    old = before.astimezone(zone).utcoffset()
    low, high = before, after
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """Calendar day whose window holds an instant; not its date in the minute before clocks go back over midnight."""
    day = instant.astimezone(zone).date()
    return day if midnight(day, zone) <= instant else day - timedelta(days=1)
