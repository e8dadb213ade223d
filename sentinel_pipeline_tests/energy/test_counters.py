"""What counters say between two readings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.energy.counters import Meters, in_order, spans
from sentinel_pipeline_tests.energy.meters import METERS, local, reading, readings, utc

NOON = utc("2026-11-10T12:00:00")
MINUTE = timedelta(minutes=1)


def found(*rows: dict[str, Any], meters: Meters = METERS) -> list[tuple[datetime, datetime, int | None]]:
    return spans(in_order(readings(*rows)), meters).select("from_at", "to_at", "energy").rows()


def marks(*rows: dict[str, Any], meters: Meters = METERS) -> tuple[int, int, int]:
    """Resets, noise and jumps."""
    frame = spans(in_order(readings(*rows)), meters)
    return int(frame["resets"].sum()), int(frame["noise_drops"].sum()), int(frame["jumps"].sum())


def test_a_lifetime_counter_gives_differences_and_its_first_reading_nothing() -> None:
    rows = [reading(NOON + n * MINUTE, total=value) for n, value in enumerate((100.0, 100.02, 100.05))]
    assert found(*rows) == [(NOON, NOON + MINUTE, 20_000), (NOON + MINUTE, NOON + 2 * MINUTE, 30_000)]


def test_a_drop_is_a_reset_that_counts_what_was_counted_since_and_a_small_one_is_noise() -> None:
    rows = [reading(NOON + n * MINUTE, total=value) for n, value in enumerate((5.0, 0.004, 0.0035, 0.0135))]
    assert [energy for _, _, energy in found(*rows)] == [4_000, 0, 10_000]
    assert marks(*rows) == (1, 1, 0)


def test_a_drop_of_exactly_the_tolerance_is_noise() -> None:
    rows = [reading(NOON, total=5.001), reading(NOON + MINUTE, total=5.0)]
    assert [energy for _, _, energy in found(*rows)] == [0]
    assert marks(*rows) == (0, 1, 0)


def test_differences_are_never_taken_across_two_counters() -> None:
    rows = [
        reading(NOON, total=100.0),
        reading(NOON + MINUTE, today=3.0),
        reading(NOON + 2 * MINUTE, today=3.01, total=100.5),
        reading(NOON + 3 * MINUTE, today=3.4, total=100.6),
    ]
    assert [energy for _, _, energy in found(*rows)] == [None, 10_000, 100_000]


def test_a_reading_without_a_counter_is_skipped() -> None:
    rows = [reading(NOON, total=1.0), reading(NOON + MINUTE, power=5.0), reading(NOON + 2 * MINUTE, total=1.1)]
    assert found(*rows) == [(NOON, NOON + 2 * MINUTE, 100_000)]


def test_the_first_reading_of_a_daily_counter_counts_since_the_devices_own_midnight() -> None:
    at = local("2026-11-10T08:00:00")
    assert found(reading(at, today=0.4)) == [(local("2026-11-10T00:00:00"), at, 400_000)]
    tokyo = Meters(METERS.zone, {"10.0.0.1": ZoneInfo("Asia/Tokyo")})
    assert found(reading(at, today=0.4), meters=tokyo) == [(utc("2026-11-09T15:00:00"), at, 400_000)]


def test_over_midnight_the_month_says_what_was_used_before_it() -> None:
    before, midnight, after = (local(f"2026-11-{time}") for time in ("10T23:00:00", "11T00:00:00", "11T01:00:00"))
    rows = [reading(before, today=5.0, month=50.0), reading(after, today=0.2, month=50.5)]
    assert found(*rows)[1:] == [(before, midnight, 300_000), (midnight, after, 200_000)]
    assert marks(*rows) == (0, 0, 0)


def test_over_midnight_a_larger_value_is_a_reset_all_the_same() -> None:
    before, after = local("2026-11-10T23:00:00"), local("2026-11-12T12:00:00")
    rows = [reading(before, today=1.0, month=50.0), reading(after, today=4.0, month=58.0)]
    assert found(*rows)[1:] == [
        (before, local("2026-11-12T00:00:00"), 4_000_000),
        (local("2026-11-12T00:00:00"), after, 4_000_000),
    ]


@pytest.mark.parametrize(
    ("month0", "month1", "start", "end"),
    [
        (50.0, 0.2, "2026-11-30T23:00:00", "2026-12-01T01:00:00"),
        (None, 50.5, "2026-11-10T23:00:00", "2026-11-11T01:00:00"),
        (50.0, 50.1, "2026-11-10T23:00:00", "2026-11-11T01:00:00"),
    ],
    ids=["over a month's end", "no month counter", "the month counted less"],
)
def test_what_the_month_cannot_say_is_unknown(month0: float | None, month1: float, start: str, end: str) -> None:
    rows = [reading(local(start), today=5.0, month=month0), reading(local(end), today=0.2, month=month1)]
    assert [energy for _, _, energy in found(*rows)[1:]] == [None, 200_000]


def test_a_drop_within_the_day_is_an_unexpected_reset() -> None:
    rows = [reading(NOON, today=3.0, month=9.0), reading(NOON + MINUTE, today=0.01, month=9.01)]
    assert [energy for _, _, energy in found(*rows)[1:]] == [10_000]
    assert marks(*rows) == (1, 0, 0)


def test_a_device_whose_clock_is_late_still_shows_the_day_before() -> None:
    times = [local(f"2026-11-{time}") for time in ("10T23:59:30", "11T00:00:10", "11T00:00:40")]
    counted = zip(times, (5.0, 5.001, 0.0), (50.0, 50.001, 50.001), strict=True)
    rows = [reading(at, today=today, month=month) for at, today, month in counted]
    assert [energy for _, _, energy in found(*rows)[1:]] == [1_000, 0]
    assert marks(*rows) == (0, 0, 0)


def test_a_counter_that_no_meter_could_have_reached_has_jumped() -> None:
    rows = [reading(NOON, total=1.0), reading(NOON + MINUTE, total=5_000.0), reading(NOON + 2 * MINUTE, total=5_000.1)]
    assert [energy for _, _, energy in found(*rows)] == [None, 100_000]
    assert marks(*rows) == (0, 0, 1)


def test_duplicates_count_once_and_of_one_instant_the_highest_number() -> None:
    rows = [
        reading(NOON, total=1.0, number=1),
        reading(NOON, total=1.0, number=1),
        reading(NOON + MINUTE, total=9.9, number=9),
        reading(NOON + MINUTE, total=1.2, number=10),
    ]
    assert [energy for _, _, energy in found(*rows)] == [200_000]


@pytest.mark.parametrize(("minutes", "is_estimated"), [(15, False), (15.1, True)])
def test_a_long_gap_keeps_its_energy_and_says_that_its_timing_is_estimated(minutes: float, is_estimated: bool) -> None:
    rows = [reading(NOON, total=1.0), reading(NOON + minutes * MINUTE, total=1.5)]
    frame = spans(in_order(readings(*rows)), METERS)
    assert frame.select("energy", "is_estimated").rows() == [(500_000, is_estimated)]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_of_the_devices_zone_is_as_long_as_its_clock_makes_it(day: str, hours: int) -> None:
    at = local(f"{day}T23:59:00")
    ((start, end, energy),) = found(reading(at, today=6.0))
    assert (end - start, energy) == (timedelta(hours=hours) - MINUTE, 6_000_000)
