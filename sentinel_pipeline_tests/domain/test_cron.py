"""Cron expressions: what is taken Dagster takes too, and what is refused is refused with the field that is wrong."""

from __future__ import annotations

import pytest
from dagster._utils.schedules import is_valid_cron_schedule
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.cron import FIELDS, Field, checked_cron
from sentinel_pipeline.domain.errors import UsageError


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
