from bisect import bisect_right

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import INSTANT, TABLE
from sentinel_pipeline.publishing.scope import statistic_schema
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline.statistics.statistic import Statistic, hour_at, number_of, total
from sentinel_pipeline_tests.clocks import PATIENT, day, periods
from sentinel_pipeline_tests.statistics.frames import instants


@PATIENT
@given(st.data())
def test_an_instant_lies_in_the_hour_that_the_period_says(data: st.DataObject) -> None:
    today = data.draw(periods(("daily",)).filter(lambda period: period.window.start < period.window.end))
    times = data.draw(st.lists(instants(today.window), min_size=1, max_size=20))
    edges = [*today.hour_starts[:3], *today.hour_starts[-2:]]
    times += edges
    frame = pl.DataFrame({"at": times}, schema={"at": INSTANT})
    hours = frame.select(hour_at("at", today)).to_series().to_list()
    starts = today.hour_starts
    assert hours == [starts[bisect_right(starts, time) - 1] for time in times]


@pytest.mark.parametrize("key", ["2025-03-30", "2025-10-26"])
def test_hours_of_a_day_of_clock_change_are_all_found(key: str) -> None:
    berlin = day(key)
    frame = pl.DataFrame({"at": berlin.hour_starts}, schema={"at": INSTANT})
    assert frame.select(hour_at("at", berlin)).to_series().to_list() == list(berlin.hour_starts)


def test_a_sum_skips_what_is_unknown_and_a_condition_does_not_hold_for_it() -> None:
    frame = pl.DataFrame({"bytes": [1, None, 2], "is_blocked": [True, None, False]})
    assert frame.select(total("bytes")).item() == 3
    assert frame.clear().select(total("bytes")).item() == 0
    assert frame.select(number_of(pl.col("is_blocked"))).item() == 1


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda statistic: statistic.name)
def test_a_day_without_facts_has_the_columns_of_any_other(statistic: Statistic) -> None:
    quiet = statistic.of(TABLE[statistic.table].empty().lazy(), day("2025-03-30")).collect()
    assert quiet.is_empty()
    assert quiet.schema == statistic_schema(statistic)
    assert statistic.total is None or quiet.schema[statistic.total] == pl.Int64
    assert statistic.description


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda statistic: statistic.name)
def test_what_is_counted_is_whole(statistic: Statistic) -> None:
    """Sums of reals depend on their order; nothing that merges may be one."""
    reals = [name for name, dtype in statistic_schema(statistic).items() if dtype.is_float()]
    assert reals == []


def test_names_are_unique_and_every_table_with_times_is_counted() -> None:
    assert len({statistic.name for statistic in STATISTICS}) == len(STATISTICS)
    assert {statistic.table for statistic in STATISTICS} >= {t.name for t in TABLE.values() if t.time is not None}


def test_an_instant_outside_the_day_has_no_hour() -> None:
    today = day("2025-01-02")
    early = today.window.start.replace(year=2024)
    frame = pl.DataFrame({"at": [early, None]}, schema={"at": INSTANT})
    assert frame.select(hour_at("at", Period("daily", today.first, today.zone))).to_series().to_list() == [None, None]
