"""Hours, days, ISO weeks and months of a zone, as instants at which they begin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import (
    CADENCES,
    EARLIEST,
    LATEST,
    Period,
    Window,
    day_of,
    first_of,
    first_of_next,
    midnight,
)

HOURLY: Final = "hourly"
GRAINS: Final = (HOURLY, *CADENCES)
MOST_BUCKETS: Final = 100_000


def bucket_starts(window: Window, grain: str, zone: ZoneInfo) -> list[datetime]:
    """UTC starts of all buckets that hold an instant of the window; the first may begin before it.

    A repeated hour is two, a skipped one none. Raises UsageError for more than MOST_BUCKETS, and for years far away.
    """
    if window.start.date() < EARLIEST or window.end.date() > LATEST:
        raise UsageError(f"--aggregate knows the calendar from {EARLIEST} to {LATEST}; ask for a time within")
    starts: list[datetime] = []
    for start in takewhile(lambda start: start < window.end, _starts(window.start, grain, zone)):
        if starts and start <= window.start:
            starts.clear()
        starts.append(start)
        if len(starts) > MOST_BUCKETS:
            raise UsageError(f"--aggregate {grain} makes more than {MOST_BUCKETS:,} rows a device; ask for less time")
    return starts


def _starts(since: datetime, grain: str, zone: ZoneInfo) -> Iterator[datetime]:
    """Ascending, from the period on that holds the instant; a day that the zone skipped has none."""
    cadence = CADENCES[0] if grain == HOURLY else grain
    first = first_of(cadence, day_of(since, zone))
    while True:
        following = first_of_next(cadence, first)
        if grain == HOURLY:
            yield from Period(cadence, first, zone).hour_starts
        elif midnight(first, zone) < midnight(following, zone):
            yield midnight(first, zone)
        first = following
