import polars as pl
import pytest

from sentinel_pipeline.sections.findings import counted, most, nothing, peak
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


def test_a_peak_adds_all_series_of_an_interval() -> None:
    first, second = utc("2025-01-01T00:00:00"), utc("2025-01-01T01:00:00")
    table = pl.DataFrame({"timestamp": [first, second, first, second], "count": [1, 2, 3, None]})
    said = peak(table, "count", "alert")
    assert said == "6 alerts, at most 4 in one interval; part of the period was not seen"
