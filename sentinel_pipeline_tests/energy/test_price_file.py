from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from sentinel_pipeline.energy.price_file import interval_prices
from sentinel_pipeline.energy.pricing import priced
from sentinel_pipeline.energy.tariff import tariffs_of
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.energy.worlds import KWH, local, price_file, rates, whole_day

GOOD = "2025-01-06T00:00,2025-01-06T00:30,0.1"


def test_times_have_an_offset_or_are_on_the_zones_clock(tmp_path: Path) -> None:
    file = price_file(
        tmp_path,
        "2025-07-01T00:00,2025-07-01T00:30,0.123456789012",
        "",
        '"2025-06-30T22:30Z","2025-06-30T23:00:00+00:00","-3"',
        header="\ufeffFrom,to,Price",
    )
    prices, problems = interval_prices(file, BERLIN)
    assert problems == []
    assert prices.rows() == [
        (local("2025-07-01T00:00"), local("2025-07-01T00:30"), 123_456_789_012),
        (local("2025-07-01T00:30"), local("2025-07-01T01:00"), -3_000_000_000_000),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2025-01-06T01:00,2025-01-06T01:30", "found 2 values; a line is from,to,price with a decimal point"),
        ("2025-01-06T01:00,2025-01-06T01:30,0,12", "found 4 values; a line is from,to,price with a decimal point"),
        ("now,2025-01-06T01:30,1", "'now' is no ISO time such as 2025-01-01T00:30+01:00"),
        ("0001-01-01,2025-01-06T01:30,1", "'0001-01-01' is no ISO time such as"),
        ("9999-12-31T23:59-12:00,2025-01-06T01:30,1", "'9999-12-31T23:59-12:00' is no ISO time such as"),
        ("2025-01-06T01:00,2025-01-06T01:00,1", "'2025-01-06T01:00' is not after '2025-01-06T01:00'"),
        ("2025-01-06T01:00Z,2025-01-06T02:00,1", "'2025-01-06T01:00Z' and '2025-01-06T02:00': give both an offset, or"),
        ("2025-01-06T01:00:00.5,2025-01-06T02:00,1", "'2025-01-06T01:00:00.5' is no whole second"),
        ("2025-01-06T01:00,2025-01-06T01:30,cheap", "'cheap' is no price; write it as 0.1234"),
        ("2025-01-06T01:00,2025-01-06T01:30,", "'' is no price; write it as 0.1234"),
        ("2025-01-06T01:00,2025-01-06T01:30,NaN", "'NaN' is no price between -1000000 and 1000000"),
        ("2025-01-06T01:00,2025-01-06T01:30,1e999999", "'1e999999' is no price between -1000000 and 1000000"),
        ("=cmd()\x00\x1b[2J,2025-01-06T01:30,1", "'=cmd()��[2J' is no ISO time such as"),
    ],
)
def test_each_bad_line_is_named_and_harms_no_other(tmp_path: Path, line: str, said: str) -> None:
    prices, (problem,) = interval_prices(
        price_file(tmp_path, GOOD, line, "2025-01-06T02:00,2025-01-06T03:00,2"), BERLIN
    )
    assert problem.startswith(f"prices.csv line 3: {said}")
    assert prices.height == 2


def test_of_intervals_that_overlap_the_first_to_begin_keeps_its_time_and_each_overlap_is_told(tmp_path: Path) -> None:
    file = price_file(
        tmp_path,
        "2025-01-06T00:30Z,2025-01-06T01:30Z,2",
        "2025-01-06T00:00Z,2025-01-06T01:00Z,1",
        "2025-01-06T00:00Z,2025-01-06T00:30Z,3",
    )
    prices, problems = interval_prices(file, BERLIN)
    hour = datetime(2025, 1, 6, 1, tzinfo=UTC)
    assert prices["price_picos"].to_list() == [10**12, 2 * 10**12]
    assert prices["from_at"].to_list() == [datetime(2025, 1, 6, tzinfo=UTC), hour]
    assert problems == [
        "prices.csv line 4: overlaps line 3, which keeps the time up to 2025-01-06T01:00:00Z",
        "prices.csv line 2: overlaps line 3, which keeps the time up to 2025-01-06T01:00:00Z",
    ]


def test_another_header_is_said_and_nothing_is_guessed(tmp_path: Path) -> None:
    prices, problems = interval_prices(price_file(tmp_path, GOOD, header="start;end;price"), BERLIN)
    assert prices.is_empty()
    assert problems == ["prices.csv line 1: found 'start;end;price'; the header is from,to,price"]


def test_an_empty_file_lacks_its_header(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.touch()
    assert interval_prices(file, BERLIN)[1] == ["prices.csv line 1: found ''; the header is from,to,price"]


def test_a_file_that_is_no_text_is_told_line_by_line_up_to_a_hundred(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_bytes(b"from,to,price\n" + b"\xff\xfe\x00\n" * 150)
    prices, problems = interval_prices(file, BERLIN)
    assert prices.is_empty()
    assert len(problems) == 101
    assert problems[-1] == "prices.csv: 50 more such lines"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    prices, problems = interval_prices(tmp_path / "prices.csv", BERLIN)
    assert prices.is_empty()
    assert problems == ["prices.csv: cannot be read: No such file or directory; check the path"]


def half_hours(day: str, *, is_night_listed_twice: bool) -> list[str]:
    """A day's half-hours on the clock, priced 0, 1, 2 … in order of the file."""
    starts = [datetime.fromisoformat(day) + n * timedelta(minutes=30) for n in range(48)]
    if is_night_listed_twice:
        starts[6:6] = starts[4:6]
    spans = [(start, start + timedelta(minutes=30)) for start in starts]
    return [f"{start.isoformat()},{end.isoformat()},{n}" for n, (start, end) in enumerate(spans)]


def priced_hours(folder: Path, day: str, *, is_night_listed_twice: bool = False) -> list[int]:
    """What an hour of 1000 W costs in each hour of a day."""
    file = price_file(folder, *half_hours(day, is_night_listed_twice=is_night_listed_twice))
    valid = tariffs_of(rates(), file, BERLIN)
    assert valid.problems == ()
    done = priced(whole_day(day, KWH // 4), valid, BERLIN)
    assert done["unpriced_micro_kwh"].sum() == 0
    return done.group_by_dynamic("started_at", every="1h").agg(pl.col("cost_micros").sum())["cost_micros"].to_list()


def hours(*numbers: int) -> list[int]:
    """What they cost when the n-th half-hour of a file costs n per kWh."""
    return [(4 * number + 1) * KWH // 2 for number in numbers]


def test_half_hours_on_the_clock_price_a_day_of_23_hours_without_the_skipped_one(tmp_path: Path) -> None:
    assert priced_hours(tmp_path, "2025-03-30") == hours(0, 1, *range(3, 24))


def test_half_hours_on_the_clock_price_a_repeated_hour_twice(tmp_path: Path) -> None:
    assert priced_hours(tmp_path, "2025-10-26") == hours(0, 1, 2, 2, *range(3, 24))


def test_a_repeated_hour_that_is_listed_twice_has_two_prices(tmp_path: Path) -> None:
    assert priced_hours(tmp_path, "2025-10-26", is_night_listed_twice=True) == hours(*range(25))
