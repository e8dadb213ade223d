from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel_pipeline.energy.instants import (
    billing_month,
    billing_month_after,
    billing_month_start,
    instant,
    shown_between,
)
from sentinel_pipeline_tests.clocks import BERLIN, BRIEF, CHANGES, PATIENT, ZONES, days
from sentinel_pipeline_tests.energy.worlds import QUARTER

AUCKLAND = ZoneInfo("Pacific/Auckland")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-01-06", datetime(2025, 1, 5, 23, tzinfo=UTC)),
        ("2025-01-06T12:00", datetime(2025, 1, 6, 11, tzinfo=UTC)),
        ("2025-01-06 12:00:00-05:00", datetime(2025, 1, 6, 17, tzinfo=UTC)),
        ("2025-10-26T02:30", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        ("2025-03-30T02:30", datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_offset_is_on_the_zones_clock(text: str, moment: datetime) -> None:
    assert instant(text, BERLIN) == moment


@pytest.mark.parametrize("text", ["", "today", "1735689600000", "0001-01-01", "2025-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        instant(text, BERLIN)


@given(days, st.integers(1, 28))
@BRIEF
def test_each_day_lies_in_its_billing_month(day: date, reset_day: int) -> None:
    first = billing_month(day, reset_day)
    assert first.day == reset_day
    assert first <= day < billing_month_after(first)
    assert billing_month(first, reset_day) == first


@given(st.sampled_from(ZONES), st.sampled_from(CHANGES), st.integers(-20, 110), st.integers(1, 30))
@PATIENT
@example(ZoneInfo("Pacific/Apia"), date(2011, 12, 30), 67, 30)
def test_a_time_on_the_clock_is_every_instant_that_shows_it(zone: ZoneInfo, day: date, first: int, count: int) -> None:
    start = datetime.combine(day, time()) + first * QUARTER
    end = start + count * QUARTER
    spans = shown_between(start, end, zone)
    assert all(low < high for low, high in spans)
    around = [start.replace(tzinfo=UTC) + n * QUARTER for n in range(-110, 150)]
    shown = [at for at in around if start <= at.astimezone(zone).replace(tzinfo=None) < end]
    assert [at for at in around if any(low <= at < high for low, high in spans)] == shown


def test_a_billing_month_begins_at_local_midnight() -> None:
    moment = datetime(2025, 1, 31, 12, tzinfo=UTC)  # already February in Auckland
    assert billing_month_start(moment, 1, AUCKLAND) == datetime(2025, 1, 31, 11, tzinfo=UTC)
    assert billing_month_start(moment, 1, BERLIN) == datetime(2024, 12, 31, 23, tzinfo=UTC)
