"""The days of a request are a period like any other."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import CustomPeriod, Period
from sentinel_pipeline.domain.request import Request
from sentinel_pipeline_tests.clocks import BERLIN, BRIEF, days, zones

requests = st.builds(Request, st.text(min_size=1), days, st.integers(1, 366), st.text(min_size=1))


@BRIEF
@given(requests, zones)
def test_the_days_of_a_request_follow_one_another_and_the_days_before_are_as_many(
    request: Request, zone: ZoneInfo
) -> None:
    period = request.period(zone)
    assert (period.days[0], period.days[-1], len(period.days)) == (request.first, request.last, request.days)
    assert period.previous.after == period.first
    assert len(period.previous.days) == request.days
    assert period.previous.window.end == period.window.start
    assert period.is_day is (request.days == 1)


@BRIEF
@given(requests, zones)
def test_a_key_names_its_period(request: Request, zone: ZoneInfo) -> None:
    period = Period.parse("custom", request.request_id, zone)
    assert isinstance(period, CustomPeriod)
    assert period == request.period(zone)
    assert period.key == request.request_id


def test_a_day_whose_clock_was_changed_has_its_own_hours() -> None:
    assert Request("x", date(2025, 3, 29), 2, "ann").period(BERLIN).window.hours == 47


@pytest.mark.parametrize(
    "key",
    [
        "",
        "2025-03-01",
        "2025-03-01_0d_0123456789ab",
        "2025-03-01_367d_0123456789ab",
        "2025-02-30_7d_0123456789ab",
        "2025-03-01_7d_0123456789aB",
        "2025-03-01_7d_0123456789ab\n",
        "../2025-03-01_7d_0123456789ab",
    ],
)
def test_what_no_request_is_called_is_refused(key: str) -> None:
    with pytest.raises(UsageError):
        Period.parse("custom", key, BERLIN)


def test_a_request_is_named_as_people_say_its_days() -> None:
    assert Request("x", date(2024, 12, 28), 10, "ann").period(BERLIN).words == "Sat 28 Dec 2024 – Mon 6 Jan 2025"
    assert Request("x", date(2025, 3, 12), 1, "ann").period(BERLIN).words == "Wednesday 12 March 2025"
    assert Request("x", date(2025, 3, 12), 1, "ann").last == date(2025, 3, 12) + timedelta()
