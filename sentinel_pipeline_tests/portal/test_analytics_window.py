"""Windows are what was written, in the report's zone, whole at their end, and never too long."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.domain.errors import DateRangeError, UsageError
from sentinel_pipeline.portal.analytics_window import TooLongError, asked

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 3, 31, 9, 30, tzinfo=UTC)


def days(start: str | None, end: str | None, default: int = 7) -> tuple[str, ...]:
    return asked(start, end, default, NOW, BERLIN).days.day_keys


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2025-03-01", "2025-03-02", "2025-03-01", "2025-03-02"),  # a date as end includes its day
        ("2025-03-01T00:00:00", "2025-03-02T00:00:00", "2025-03-01", "2025-03-01"),
        ("2025-03-01", "2025-03-02T23:59:59", "2025-03-01", "2025-03-02"),
        ("2025-03-01T00:00:00+01:00", "2025-03-01T23:59:59+01:00", "2025-03-01", "2025-03-01"),
        ("2025-03-01T00:00:00Z", "2025-03-01T23:59:59Z", "2025-03-01", "2025-03-02"),
        (None, None, "2025-03-24", "2025-03-31"),
        (None, "2025-03-02", "2025-02-24", "2025-03-02"),
    ],
)
def test_a_window_is_the_days_that_hold_it(start: str | None, end: str | None, first: str, last: str) -> None:
    found = days(start, end)
    assert (found[0], found[-1]) == (first, last)


def test_a_last_second_is_whole() -> None:
    found = asked("2025-03-01", "2025-03-01T23:59:59", 7, NOW, BERLIN)
    assert found.window == found.days.window
    assert asked("2025-03-01", "2025-03-01T23:59:58", 7, NOW, BERLIN).window.end < found.window.end


def test_hours_are_whole_and_those_of_the_clock() -> None:
    hours = asked("2025-03-30T01:20:00", "2025-03-30T03:10:00", 7, NOW, BERLIN).hours
    assert (hours.start, hours.end) == (datetime(2025, 3, 30, 0, tzinfo=UTC), datetime(2025, 3, 30, 2, tzinfo=UTC))


def test_ninety_days_are_allowed_whatever_the_clock_does() -> None:
    assert len(days("2025-01-01", "2025-03-31")) == 90
    assert len(days("2024-10-01", "2024-12-29")) == 90
    for start, end in (("2025-01-01", "2025-04-01"), ("2024-12-31", "2025-03-31"), ("2000-01-01", None)):
        with pytest.raises(TooLongError, match="Date range cannot exceed 90 days"):
            days(start, end)


@pytest.mark.parametrize(
    ("start", "end"),
    [("2025-03-02", "2025-03-01"), ("2025-03-02T00:00:00", "2025-03-02T00:00:00"), ("2025-04-01T00:00:00", None)],
)
def test_a_window_that_holds_nothing_is_refused(start: str, end: str | None) -> None:
    with pytest.raises(DateRangeError, match="start_date must be before end_date"):
        days(start, end)


@pytest.mark.parametrize("text", ["yesterday", "2025-02-30", "1740787200", "", "0001-01-01T00:00:00+14:00", "\x00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        days("2025-03-01", text or "x")
