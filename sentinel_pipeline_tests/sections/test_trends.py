from collections import Counter
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.sections.trends import bucket_starts, grouped_trend, missing_reads, trend, unseen_days
from sentinel_pipeline_tests.clocks import BRIEF, day, month, periods, week
from sentinel_pipeline_tests.sections.worlds import completeness


def hours(*counted: tuple[datetime, int]) -> pl.DataFrame:
    return pl.DataFrame(list(counted), schema={"hour_at": INSTANT, "alerts": pl.Int64}, orient="row")


def local(frame: pl.DataFrame, period: Period) -> list[str]:
    return [time.astimezone(period.zone).isoformat() for time in frame["timestamp"].to_list()]


@BRIEF
@given(st.data())
def test_buckets_add_up_to_everything_counted(data: st.DataObject) -> None:
    period = data.draw(periods().filter(lambda p: p.window.start < p.window.end))
    picked = data.draw(st.lists(st.sampled_from(period.hour_starts), max_size=20))
    table = trend(hours(*((start, 1) for start in picked)), ["alerts"], period)
    assert table["alerts"].sum() == len(picked)
    assert table["timestamp"].is_unique().all()
    assert table["timestamp"].is_sorted()
    buckets = table["timestamp"].to_list()
    expected = Counter(max(bucket for bucket in buckets if bucket <= start) for start in picked)
    assert {time: count for time, count in table.rows() if count} == dict(expected)


def test_a_quiet_day_is_all_zeros_not_blanks() -> None:
    table = trend(hours(), ["alerts"], day("2025-01-01"))
    assert table["alerts"].to_list() == [0] * 24


@pytest.mark.parametrize(("key", "buckets"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-06-01", 24)])
def test_a_daily_trend_goes_by_the_hours_the_day_has(key: str, buckets: int) -> None:
    assert trend(hours(), ["alerts"], day(key)).height == buckets


def test_a_weekly_and_a_monthly_trend_go_by_days() -> None:
    autumn = week("2025-10-20")
    table = trend(hours((autumn.hour_starts[-1], 3)), ["alerts"], autumn)
    assert table["alerts"].to_list() == [0] * 6 + [3]
    assert local(table, autumn)[-1] == "2025-10-26T00:00:00+02:00"
    assert trend(hours(), ["alerts"], month("2025-02-01")).height == 28


def test_days_nobody_could_see_are_empty_not_zero() -> None:
    period = week("2025-01-06")
    table = trend(hours((period.hour_starts[0], 3)), ["alerts"], period, unseen=["2025-01-07", "2025-01-12"])
    assert table["alerts"].to_list() == [3, None, 0, 0, 0, 0, None]
    one = day("2025-01-07")
    assert trend(hours(), ["alerts"], one, unseen=["2025-01-07"])["alerts"].to_list() == [None] * 24


def test_weeks_and_months_keep_their_nominal_start() -> None:
    period = month("2025-02-01")
    table = trend(hours((period.hour_starts[0], 1), (period.hour_starts[-1], 2)), ["alerts"], period, interval="week")
    assert local(table, period) == [f"2025-{d}T00:00:00+01:00" for d in ("01-27", "02-03", "02-10", "02-17", "02-24")]
    assert table["alerts"].to_list() == [1, 0, 0, 0, 2]
    assert local(trend(hours(), ["alerts"], period, interval="month"), period) == ["2025-02-01T00:00:00+01:00"]
    assert trend(hours(), ["alerts"], week("2025-10-20"), interval="hour").height == 169


def test_a_week_is_empty_only_when_none_of_its_days_was_seen() -> None:
    period = month("2025-02-01")  # a Saturday
    first_two = ["2025-02-01", "2025-02-02"]
    seen = hours((period.hour_starts[-1], 2))
    table = trend(seen, ["alerts"], period, unseen=[*first_two, "2025-02-24"], interval="week")
    assert table["alerts"].to_list() == [None, 0, 0, 0, 2]
    table = trend(seen, ["alerts"], period, unseen=["2025-02-01"], interval="month")
    assert table["alerts"].to_list() == [2]


def test_a_day_that_a_zone_skipped_has_no_bucket_and_doubles_nothing() -> None:
    period = month("2011-12-01", "Pacific/Apia")
    at_the_skip = day("2011-12-31", "Pacific/Apia").window.start
    table = trend(hours((at_the_skip, 5)), ["alerts"], period)
    assert table.height == 30
    assert table["alerts"].sum() == 5


def test_groups_stand_in_the_order_asked_for_and_each_is_whole() -> None:
    period = day("2025-01-01")
    frame = hours((period.hour_starts[2], 1), (period.hour_starts[2], 4)).with_columns(
        severity=pl.Series(["low", "high"])
    )
    table = grouped_trend(frame, "severity", "alerts", ("high", "low", "info"), period)
    assert table.columns == ["timestamp", "series", "count"]
    assert table["series"].unique(maintain_order=True).to_list() == ["high", "low", "info"]
    assert table.group_by("series", maintain_order=True).agg(pl.col("count").sum())["count"].to_list() == [4, 1, 0]
    assert table.height == 72
    assert grouped_trend(frame, "severity", "alerts", (), period).schema == table.schema


def test_a_day_is_seen_when_any_source_could_be_read() -> None:
    period = week("2025-01-06")
    statuses = {
        "2025-01-06": "unreachable",
        "2025-01-07": "not extracted",
        "2025-01-08": "partial",
        "2025-01-09": "no events",
        "2025-01-10": "not in source",
    }
    read = completeness(period, statuses)
    assert unseen_days(read, "alerts", period) == ("2025-01-06", "2025-01-07", "2025-01-10")
    other = completeness(period, {}).with_columns(source=pl.lit("gateway"))
    assert unseen_days(pl.concat([read, other]), "alerts", period) == ()
    assert unseen_days(read, "no_such_table", period) == period.day_keys


def test_reads_are_missed_per_source_and_day_but_not_where_there_is_no_such_table() -> None:
    period = week("2025-01-06")
    read = completeness(period, {"2025-01-06": "unreachable", "2025-01-08": "partial"})
    other = completeness(period, dict.fromkeys(period.day_keys, "not in source")).with_columns(source=pl.lit("gateway"))
    assert missing_reads(pl.concat([read, other]), "alerts", period) == 1
    assert missing_reads(read.filter(pl.col("day") == "2025-01-07"), "alerts", period) == 6
    assert missing_reads(read.clear(), "alerts", period) == 7


def test_starts_of_an_hourly_trend_are_the_hours_of_the_period() -> None:
    autumn = day("2025-10-26")
    starts = bucket_starts(autumn, "hour")
    assert starts == autumn.hour_starts
    assert starts[3] - starts[2] == timedelta(hours=1)
