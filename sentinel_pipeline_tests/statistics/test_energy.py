"""What is counted of metered energy."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.tables import ENERGY_INTERVALS, ENERGY_READINGS
from sentinel_pipeline_tests.clocks import BRIEF, day
from sentinel_pipeline_tests.statistics.frames import counted, facts, utc

TODAY = day("2026-11-20")
QUARTER = timedelta(minutes=15)
NOON = utc("2026-11-20T11:00:00")


def interval(started_at: datetime, energy: int | None, **what: Any) -> dict[str, Any]:
    metered = 0 if energy is None else 900
    known = {"metered_seconds": metered, "unmetered_seconds": 900 - metered, "estimated_seconds": 0}
    return {"started_at": started_at, "energy_micro_kwh": energy, "device_ip": "10.0.0.1", **known, **what}


def intervals(*rows: dict[str, Any]) -> pl.DataFrame:
    return facts(ENERGY_INTERVALS, rows)


def test_an_hour_adds_up_its_quarters_and_skips_what_is_unknown() -> None:
    frame = intervals(
        interval(NOON, 100, cost_micros=30, currency="EUR", max_power_micro_w=5, resets=1),
        interval(NOON + QUARTER, None, currency="EUR"),
        interval(NOON + 2 * QUARTER, 200, cost_micros=60, currency="EUR", max_power_micro_w=9),
        interval(NOON + 4 * QUARTER, None, currency="EUR"),
    )
    columns = ["hour_at", "energy_micro_kwh", "cost_micros", "metered_seconds", "unmetered_seconds", "resets"]
    assert counted("energy_hours", frame, TODAY).select(*columns, "max_power_micro_w", "intervals").rows() == [
        (NOON, 300, 90, 1_800, 900, 1, 9, 3),
        (NOON + timedelta(hours=1), None, None, 0, 900, 0, None, 1),
    ]


def test_money_of_two_currencies_stays_apart() -> None:
    frame = intervals(
        interval(NOON, 100, cost_micros=30, currency="EUR"),
        interval(NOON + QUARTER, 100, cost_micros=40, currency="USD"),
    )
    found = counted("energy_hours", frame, TODAY).select("currency", "cost_micros").sort("currency").rows()
    assert found == [("EUR", 30), ("USD", 40)]


@BRIEF
@given(
    st.lists(
        st.tuples(
            st.integers(0, 95), st.sampled_from("ab"), st.none() | st.integers(0, 10**9), st.none() | st.integers(-9, 9)
        ),
        max_size=40,
    )
)
def test_hours_and_bands_add_up_to_their_quarters(drawn: list[tuple[int, str, int | None, int | None]]) -> None:
    start = TODAY.window.start
    frame = intervals(
        *(
            interval(start + n * QUARTER, energy, device_ip=device, cost_micros=cost, band=device)
            for n, device, energy, cost in drawn
        )
    )
    for name in ("energy_hours", "energy_bands"):
        statistic = counted(name, frame, TODAY)
        assert statistic["intervals"].sum() == frame.height
        for column in ("energy_micro_kwh", "cost_micros"):
            assert statistic[column].sum() == frame[column].sum()


@pytest.mark.parametrize(("date", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_has_the_hours_of_its_clock(date: str, hours: int) -> None:
    long_day = day(date)
    frame = intervals(*(interval(long_day.window.start + n * QUARTER, 1) for n in range(hours * 4)))
    found = counted("energy_hours", frame, long_day)
    assert found["hour_at"].to_list() == list(long_day.hour_starts)
    assert found["energy_micro_kwh"].to_list() == [4] * hours


def test_demand_is_what_all_devices_of_a_source_draw_in_a_quarter_hour() -> None:
    frame = intervals(
        interval(NOON, 250_000),
        interval(NOON, 500_000, device_ip="10.0.0.2", device_name="Boiler"),
        interval(NOON + QUARTER, 700_000),
        interval(NOON, 100, source="office"),
        interval(NOON + 2 * QUARTER, None),
    )
    columns = ["source", "started_at", "demand_micro_kw", "device_ip", "device_micro_kw"]
    assert counted("energy_demand", frame, TODAY).select(columns).rows() == [
        ("home", NOON, 3_000_000, "10.0.0.2", 2_000_000),
        ("home", NOON + QUARTER, 2_800_000, "10.0.0.1", 2_800_000),
        ("office", NOON, 400, "10.0.0.1", 400),
    ]


def test_only_the_ten_highest_quarter_hours_of_a_day_are_kept_the_earlier_of_equal_ones() -> None:
    frame = intervals(*(interval(NOON + n * QUARTER, 5) for n in range(12)))
    assert counted("energy_demand", frame, TODAY)["started_at"].to_list() == [NOON + n * QUARTER for n in range(10)]


def test_standby_is_the_lowest_hour_that_was_metered_without_a_gap() -> None:
    hours = [(8, 900, 0), (3, 899, 0), (2, 900, 1), (20, 900, 0)]
    frame = intervals(
        *(
            interval(
                NOON + hour * 4 * QUARTER + n * QUARTER,
                energy * 1_000,
                metered_seconds=metered,
                estimated_seconds=guessed,
            )
            for hour, (energy, metered, guessed) in enumerate(hours)
            for n in range(4)
        )
    )
    assert counted("energy_standby", frame, TODAY)["standby_micro_w"].to_list() == [32_000_000]  # 32 Wh in an hour


def test_readings_count_per_hour_and_device() -> None:
    rows = [{"device_ip": "a", "read_at": NOON, "power_w": watts} for watts in (1.0, None)]
    found = counted("reading_hours", facts(ENERGY_READINGS, rows), TODAY).select("readings", "without_power").rows()
    assert found == [(2, 1)]
