from datetime import date
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.findings import most, nothing, peak, unusual
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.statistics.frames import utc


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "alert", "0 alerts"),
        (1, "alert", "1 alert"),
        (1234, "alert", "1,234 alerts"),
        (3, "critical", "3 critical"),
        (2, "address", "2 addresses"),
        (7, "", "7"),
    ],
)
def test_numbers_take_their_noun(number: int, noun: str, said: str) -> None:
    assert counted(number, noun) == said


def test_a_leader_without_a_name_is_said_to_have_none() -> None:
    table = pl.DataFrame({"user": [None, "ada"], "count": [2, 1]})
    assert most(table, "count", "user", "incident", "incidents") == "(none) leads with 2 of 3 incidents (66.67 %)"
    assert most(table.clear(), "count", "user", "incident", "incidents") == nothing("incidents")


def test_a_peak_adds_all_series_of_an_hour_and_says_which_it_was_on_the_reports_clock() -> None:
    first, second = utc("2025-01-01T00:00:00"), utc("2025-01-01T01:00:00")
    table = pl.DataFrame({"timestamp": [first, second, first, second], "count": [1, 2, 3, None]})
    said = peak(table, "count", "alert", Period("daily", date(2025, 1, 1), ZoneInfo("Europe/Berlin")))
    assert said == "6 alerts, most from 01:00 to 02:00 (4); part of the period was not seen"


def test_a_peak_of_a_week_names_the_day() -> None:
    table = pl.DataFrame({"timestamp": [utc("2025-01-06T23:00:00"), utc("2025-01-07T23:00:00")], "count": [1, 1]})
    said = peak(table, "count", "alert", Period("weekly", date(2025, 1, 6), ZoneInfo("Europe/Berlin")))
    assert said == "2 alerts, most on Tuesday 7 January (1)"


def test_a_bucket_far_above_the_others_is_unusual_and_said_so() -> None:
    period = day("2025-01-02")
    counts = [3, 4, 5, 4, 3, 5, 4, 40]
    table = pl.DataFrame({"timestamp": period.hour_starts[: len(counts)], "count": counts})
    assert unusual(table, "count")["count"].to_list() == [40]
    said = peak(table, "count", "alert", period)
    assert said == "68 alerts, most from 07:00 to 08:00 (40); 1 unusual hour far above the others"


@pytest.mark.parametrize("counts", [[1, 2, 1, 2, 1, 90], [4] * 9 + [90], [1, 2, 3, 4, 5, 6, 7]])
def test_too_few_buckets_no_spread_or_a_slope_are_nothing_unusual(counts: list[int]) -> None:
    table = pl.DataFrame({"timestamp": range(len(counts)), "count": counts})
    assert unusual(table, "count").is_empty()
