"""Cron expressions: what is taken Dagster takes too, and what is refused is refused with the field that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dagster._utils.schedules import is_valid_cron_schedule, schedule_execution_time_iterator
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.cron import FIELDS, Field, checked_cron, next_time
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline_tests.clocks import BERLIN


@pytest.mark.parametrize(
    "written", ["0 8 * * *", "30 7-9 * * mon-fri", "*/15 0 1,15 */2 *", "0 9 * * 7", "0 0 31 1-12 *", "0 0 31 2 1"]
)
def test_what_people_write_is_taken(written: str) -> None:
    assert checked_cron(f"  {written.replace(' ', '   ')} ") == written


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "these are 0"),
        ("@daily", "these are 1"),
        ("0 0 8 * * *", "these are 6"),
        ("60 8 * * *", "a minute from 0 to 59; '60' is none"),
        ("0 24 * * *", "an hour from 0 to 23; '24' is none"),
        ("0 8 0 * *", "a day of the month from 1 to 31; '0' is none"),
        ("0 8 * 13 *", "a month from 1 to 12; '13' is none"),
        ("0 8 * * 8", "a weekday from 0 to 7; '8' is none"),
        ("0 8 * * monday", "a weekday from 0 to 7; 'monday' is none"),
        ("0 8 L * *", "a day of the month from 1 to 31; 'L' is none"),
        ("0 8 * * 1#2", "a weekday such as"),
        ("0 8, * * *", "an hour such as"),
        ("5/15 * * * *", "a minute such as"),
        ("10-5 * * * *", "from the smaller to the larger"),
        ("*/0 * * * *", "in steps of at least 1"),
        ("0 ٣ * * *", "an hour from 0 to 23; '٣' is none"),
        ("0 8 31 2 *", "none of these months has one with that number"),
        ("0 8 31 4,6,9,11 *", "none of these months has one with that number"),
    ],
)
def test_a_mistake_is_told_with_its_field(written: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        checked_cron(written)


def items(field: Field) -> st.SearchStrategy[str]:
    numbers = st.integers(field.least, field.most)
    named = st.sampled_from(field.words) if field.words else st.nothing()
    ranges = st.tuples(numbers, numbers).map(sorted).map(lambda pair: f"{pair[0]}-{pair[1]}")
    steps = st.integers(1, field.most)
    stepped = st.tuples(st.just("*") | ranges, steps).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.lists(st.just("*") | numbers.map(str) | named | ranges | stepped, min_size=1, max_size=3).map(",".join)


def is_refused(written: str) -> bool:
    try:
        checked_cron(written)
    except UsageError:
        return True
    return False


@given(st.tuples(*(items(field) for field in FIELDS)).map(" ".join))
def test_what_is_taken_dagster_takes_too_and_what_never_comes_neither(written: str) -> None:
    assert is_refused(written) is not is_valid_cron_schedule(written)


@given(st.text(alphabet="0123456789*/-, mon", max_size=24))
def test_whatever_is_written_is_taken_or_refused(written: str) -> None:
    assert is_refused(written) or is_valid_cron_schedule(checked_cron(written))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("written", "after", "expected"),
    [
        ("0 8 * * *", "2025-03-10T08:00", "2025-03-10T08:00"),
        ("0 8 * * *", "2025-03-10T08:01", "2025-03-11T08:00"),
        ("0 9 * * 1", "2025-03-10T00:00", "2025-03-10T09:00"),
        ("0 9 * * 7", "2025-03-10T00:00", "2025-03-16T09:00"),
        ("0 10 1 * *", "2025-12-02T00:00", "2026-01-01T10:00"),
        ("0 0 29 2 *", "2025-03-01T00:00", "2028-02-29T00:00"),
        ("0 8 13 * 5", "2025-03-10T00:00", "2025-03-13T08:00"),
        ("30 8 * * *", "2025-03-30T00:00", "2025-03-30T08:30"),
    ],
)
def test_the_next_time_is_the_one_on_the_clock(written: str, after: str, expected: str) -> None:
    assert next_time(written, at(after), BERLIN) == at(expected)


def plain(field: Field, *others: str) -> st.SearchStrategy[str]:
    return st.integers(field.least, min(field.most, 28)).map(str) | st.sampled_from(("*", *others))


@given(
    cron=st.tuples(*(plain(field) for field in FIELDS[:4]), plain(Field("a weekday", 0, 7), "1-5", "mon,thu")),
    day=st.integers(0, 360),
)
def test_the_next_time_is_that_of_the_scheduler_where_clocks_do_not_change(cron: tuple[str, ...], day: int) -> None:
    after, written = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day), " ".join(cron)
    found = next_time(written, after, ZoneInfo("UTC"))
    expected = next(schedule_execution_time_iterator(after.timestamp(), written, "UTC"))
    assert found == expected.astimezone(UTC)
