"""When things happen: how a day's events spread over its local hours, clock changes included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from sentinel_pipeline.demo.chance import Chance, Integers, Reals
from sentinel_pipeline.domain.period import Period, Window

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EDGE = timedelta(hours=2)

Rhythm = tuple[float, ...]
"""Weight of each local clock hour, 0 to 23."""

AROUND_THE_CLOCK: Rhythm = (1.0,) * 24
PEOPLE: Rhythm = (2, 1, 0.4, 0.3, 0.3, 0.6, 3, 6, 5, 4, 4, 4, 5, 4, 4, 5, 6, 8, 10, 12, 13, 12, 9, 5)
EVENINGS: Rhythm = (
    2,
    0.6,
    0.1,
    0.1,
    0.1,
    0.1,
    0.4,
    1,
    0.8,
    0.6,
    0.6,
    0.8,
    1.5,
    1.2,
    1,
    1.5,
    3,
    6,
    10,
    15,
    18,
    17,
    12,
    6,
)
OFFICE_HOURS: Rhythm = (0.1,) * 6 + (0.6, 3, 9, 12, 12, 10, 4, 8, 11, 11, 9, 5, 1.5, 0.6, 0.3, 0.2, 0.1, 0.1)
NIGHT: Rhythm = (6, 8, 10, 8, 3) + (0.0,) * 17 + (2.0, 4.0)


@dataclass(frozen=True)
class Stretch:
    """A day that is made and the part of it that is kept: all of it, or the edge beside the asked-for days."""

    day: date
    window: Window

    @property
    def start_us(self) -> int:
        return microseconds(self.window.start)

    @property
    def end_us(self) -> int:
        return microseconds(self.window.end)


def stretches(last_day: date, days: int, zone: ZoneInfo) -> Iterator[Stretch]:
    """The asked-for days in order, with the last hours before and the first hours after them."""
    before = Period("daily", last_day - timedelta(days=days), zone)
    yield Stretch(before.first, Window(before.window.end - EDGE, before.window.end))
    for ago in reversed(range(days)):
        period = Period("daily", last_day - timedelta(days=ago), zone)
        yield Stretch(period.first, period.window)
    after = Period("daily", last_day + timedelta(days=1), zone)
    yield Stretch(after.first, Window(after.window.start, after.window.start + EDGE))


def instants(day: date, zone: ZoneInfo, rhythm: Rhythm, count: int, dice: Chance) -> Integers:
    """Sorted UTC instants of a local day, in microseconds since 1970, as dense as the rhythm says."""
    starts, lengths, hours = _hours(day, zone)
    weights = np.asarray(rhythm)[hours] * lengths
    chosen = dice.choice(len(starts), size=count, p=weights / weights.sum())
    moments = starts[chosen] + (dice.random(count) * lengths[chosen]).astype(np.int64)
    moments.sort()
    return moments


@lru_cache(maxsize=4)
def _hours(day: date, zone: ZoneInfo) -> tuple[Integers, Reals, Integers]:
    """Start (µs), length (µs) and local clock hour of every hour of a day."""
    period = Period("daily", day, zone)
    edges = np.array([microseconds(start) for start in (*period.hour_starts, period.window.end)], dtype=np.int64)
    local = [start.astimezone(zone).hour for start in period.hour_starts]
    return edges[:-1], np.diff(edges).astype(np.float64), np.array(local, dtype=np.int64)


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - EPOCH) // MICROSECOND


def moment(us: int) -> datetime:
    """The UTC instant that many microseconds after 1970."""
    return EPOCH + us * MICROSECOND


def at(day: date, zone: ZoneInfo, hour: float) -> int:
    """Microseconds since 1970 at a local clock time of a day, `hour` as 22.5 for half past ten."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return microseconds((midnight + timedelta(hours=hour)).astimezone(UTC))
