from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.exports.buckets import GRAINS, bucket_starts
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.statistics.frames import utc


@pytest.mark.parametrize(
    ("grain", "starts"),
    [
        ("hourly", ["2025-01-31T22:00:00", "2025-01-31T23:00:00"]),
        ("daily", ["2025-01-30T23:00:00", "2025-01-31T23:00:00"]),
        ("weekly", ["2025-01-26T23:00:00"]),
        ("monthly", ["2024-12-31T23:00:00", "2025-01-31T23:00:00"]),
    ],
)
def test_buckets_begin_where_the_clock_and_the_calendar_say(grain: str, starts: list[str]) -> None:
    window = Window(utc("2025-01-31T22:30:00"), utc("2025-01-31T23:30:00"))
    assert bucket_starts(window, grain, BERLIN) == [utc(start) for start in starts]


INSTANTS = st.datetimes(utc("2024-01-01").replace(tzinfo=None), utc("2026-01-01").replace(tzinfo=None))


@given(INSTANTS, st.integers(1, 72 * 3600), st.sampled_from(GRAINS))
def test_every_instant_of_a_window_is_in_a_bucket_and_no_bucket_is_outside(
    begin: object, seconds: int, grain: str
) -> None:
    start = utc(str(begin))
    window = Window(start, start + (utc("2025-01-02") - utc("2025-01-01")) / 86_400 * seconds)
    starts = bucket_starts(window, grain, BERLIN)
    assert starts[0] <= window.start
    assert all(one < other for one, other in pairwise(starts))
    assert all(window.start < one < window.end for one in starts[1:])


def test_too_many_are_refused() -> None:
    with pytest.raises(UsageError, match="--aggregate hourly makes more than 100,000 rows a device"):
        bucket_starts(Window(utc("2000-01-01"), utc("2030-01-01")), "hourly", BERLIN)


@pytest.mark.parametrize(("since", "until"), [("0001-01-03", "1950-01-01"), ("2025-01-01", "9999-12-30")])
def test_a_time_beyond_the_calendar_is_refused(since: str, until: str) -> None:
    for grain in GRAINS:
        with pytest.raises(UsageError, match="knows the calendar from 1900-01-01 to 9998-12-31"):
            bucket_starts(Window(utc(since), utc(until)), grain, BERLIN)
