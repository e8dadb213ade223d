"""What the report says about energy."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.energy_figures import currency_of
from sentinel_pipeline.sections.figures import FIGURES, Value
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.sections.worlds import finding_of, table_of, world
from sentinel_pipeline_tests.statistics.frames import utc
from sentinel_pipeline_tests.statistics.test_energy import interval

TODAY = day("2026-11-20")
WEEK = week("2026-11-16")
QUARTER = timedelta(minutes=15)
NOON = utc("2026-11-20T11:00:00")
KWH = 1_000_000


def used(kwh: float | None, at: datetime = NOON, **what: Any) -> dict[str, Any]:
    energy = None if kwh is None else round(kwh * KWH)
    priced = {"cost_micros": energy // 4, "unpriced_micro_kwh": 0} if energy is not None else {}
    return interval(at, energy, **{"currency": "EUR", **priced, **what})


def energy(*rows: dict[str, Any], period: Period = TODAY, **more: Any) -> dict[str, pl.DataFrame]:
    return world(period, energy_intervals=rows, **more)


def value(id_: str, statistics: dict[str, pl.DataFrame], period: Period = TODAY) -> Value:
    return next(figure for figure in FIGURES if figure.id == id_).value(statistics, period)


def test_devices_are_ranked_by_energy_with_cost_peak_and_share() -> None:
    rows = [
        used(0.25, max_power_micro_w=90_000_000),
        used(0.5, NOON + QUARTER, max_power_micro_w=1_500_000_000),
        used(0.25, device_ip="10.0.0.2", device_name="Fridge"),
        used(None, device_ip="10.0.0.3"),
    ]
    named = [{"device_ip": "10.0.0.1", "device_name": "Boiler"}]
    table = table_of("energy_by_device", energy(*rows, devices=named), TODAY)
    assert table.columns[:5] == ["device_ip", "device_name", "energy_kwh", "cost", "peak_power_w"]
    assert table.select(table.columns[:6]).rows() == [
        ("10.0.0.1", "Boiler", 0.75, 0.1875, 1_500.0, 75.0),
        ("10.0.0.2", "Fridge", 0.25, 0.0625, None, 25.0),
        ("10.0.0.3", "Unknown", None, None, None, 0.0),
    ]
    assert table["unmetered_minutes"].to_list() == [0, 0, 15]
    said = finding_of("energy_by_device", energy(*rows, devices=named), TODAY)
    assert said == "Boiler leads with 0.75 of 1.00 kWh (75.00 %); 0.25 EUR in all"


def test_a_trend_leaves_empty_what_nobody_metered_and_says_so() -> None:
    statistics = energy(used(1.0), used(None, NOON + 4 * QUARTER))
    table = table_of("energy_trend", statistics, TODAY)
    assert table.columns[:3] == ["timestamp", "energy_kwh", "cost"]
    assert table.height == 24
    assert table.row(12)[:3] == (NOON, 1.0, 0.25)
    assert table.row(13)[:3] == (NOON + 4 * QUARTER, None, None)
    said = finding_of("energy_trend", statistics, TODAY)
    assert said == "1.00 kWh, most from 12:00 (1.00 kWh); part of the period was not metered"


def test_currencies_are_never_added() -> None:
    statistics = energy(used(1.0), used(1.0, NOON + QUARTER, currency="USD"), used(1.0, device_ip="10.0.0.2"))
    assert value("energy_cost", statistics) is None
    assert currency_of(statistics) == ""
    assert value("energy_kwh", statistics) == 3.0
    assert table_of("energy_trend", statistics, TODAY)["cost"].null_count() == 24
    devices = table_of("energy_by_device", statistics, TODAY)
    assert devices.select("device_ip", "energy_kwh", "cost", "currency").rows() == [
        ("10.0.0.1", 2.0, None, None),
        ("10.0.0.2", 1.0, 0.25, "EUR"),
    ]


@pytest.mark.parametrize(("currency", "cost"), [("EUR", 0.12), ("JPY", 0.0), ("KWD", 0.125)])
def test_a_cost_is_rounded_half_even_to_the_minor_unit_of_its_currency(currency: str, cost: float) -> None:
    statistics = energy(used(0.5, currency=currency))
    assert (value("energy_cost", statistics), currency_of(statistics)) == (cost, currency)


def test_without_a_tariff_there_is_no_cost_and_all_energy_is_unpriced() -> None:
    statistics = energy(used(2.0, cost_micros=None, currency=None, unpriced_micro_kwh=2 * KWH))
    assert value("energy_cost", statistics) is None
    assert value("unpriced_kwh", statistics) == 2.0
    assert finding_of(
        "energy_by_device", statistics, TODAY
    ) == "Unknown leads with 2.00 of 2.00 kWh (100.00 %)".replace("Unknown", "10.0.0.1")
    assert finding_of("energy_by_band", statistics, TODAY) == "2.00 kWh (100.00 %) in no band; 2.00 kWh without a price"


def test_bands_and_tiers_stand_apart() -> None:
    rows = [
        used(1.0, band="Day"),
        used(3.0, NOON + QUARTER, band="Night", tier=1),
        used(1.0, NOON + 2 * QUARTER, band="Day"),
    ]
    table = table_of("energy_by_band", energy(*rows), TODAY)
    assert table.select("band", "tier", "energy_kwh", "percentage", "cost").rows() == [
        ("Night", 1, 3.0, 60.0, 0.75),
        ("Day", None, 2.0, 40.0, 0.5),
    ]
    assert finding_of("energy_by_band", energy(*rows), TODAY) == "3.00 kWh (60.00 %) in Night; all energy has a price"


def test_peaks_of_a_week_are_the_highest_of_all_its_days() -> None:
    monday = utc("2026-11-16T11:00:00")
    rows = [used(0.5 + n / 100, monday + n * QUARTER) for n in range(12)] + [
        used(0.6, NOON),
        used(0.55, NOON + QUARTER),
    ]
    statistics = energy(*rows, period=WEEK)
    table = table_of("energy_peaks", statistics, WEEK)
    assert table.height == 10
    assert table.select("timestamp", "demand_kw").rows()[:3] == [
        (monday + 11 * QUARTER, 2.44),
        (monday + 10 * QUARTER, 2.4),
        (NOON, 2.4),
    ]
    assert value("peak_demand_kw", statistics, WEEK) == 2.44
    said = finding_of("energy_peaks", statistics, WEEK)
    assert said.startswith("Highest demand 2.44 kW in the quarter-hour of Monday 16 November from 14:45")


def test_the_week_adds_up_each_hour_of_it() -> None:
    statistics = energy(used(1.0), used(0.5, NOON + QUARTER), used(0.2, NOON - timedelta(days=1)), period=WEEK)
    table = table_of("energy_hours_of_week", statistics, WEEK)
    assert table.filter(pl.col("energy_kwh") > 0).rows() == [("Thu", 12, 0.2), ("Fri", 12, 1.5)]
    assert finding_of("energy_hours_of_week", statistics, WEEK) == "Most energy is used on Fri from 12:00 (1.50 kWh)"


def test_metering_says_what_is_missing_and_whose_zone_seems_wrong() -> None:
    rows = [used(1.0, NOON - n * timedelta(days=1), resets=1) for n in range(4)]
    rows += [used(None, device_ip="10.0.0.2"), used(1.0, device_ip="10.0.0.3", estimated_seconds=600)]
    statistics = energy(*rows, period=WEEK)
    table = table_of("energy_metering", statistics, WEEK)
    columns = ["device_ip", "unmetered_minutes", "estimated_minutes", "resets", "reset_hour"]
    assert table.select(columns).rows() == [
        ("10.0.0.2", 15.0, 0.0, 0, None),
        ("10.0.0.1", 0.0, 0.0, 4, 12),
        ("10.0.0.3", 0.0, 10.0, 0, None),
    ]
    assert finding_of("energy_metering", statistics, WEEK) == (
        "1 device not metered all the time, 15 minutes together; counters of 10.0.0.1 often reset: their time zone may"
        " be wrong"
    )
    assert value("unmetered_minutes", statistics, WEEK) == 15.0


def test_standby_adds_up_the_lowest_of_each_device() -> None:
    rows = [used(0.002, NOON + n * QUARTER, device_ip=ip) for ip in ("10.0.0.1", "10.0.0.2") for n in range(4)]
    rows += [used(0.001, NOON + n * QUARTER) for n in range(4, 8)]
    statistics = energy(*rows)
    assert value("standby_w", statistics) == 4.0 + 8.0
    assert table_of("energy_by_device", statistics, TODAY)["standby_w"].sort().to_list() == [4.0, 8.0]


def test_a_day_without_any_reading_has_no_figures_and_a_day_of_nothing_zero() -> None:
    for id_ in ("energy_kwh", "energy_cost", "peak_demand_kw", "standby_w", "unpriced_kwh"):
        assert value(id_, energy(used(None))) is None
    assert value("energy_kwh", energy(used(0.0))) == 0.0
    assert finding_of("energy_by_device", energy(used(None)), TODAY) == "No energy could be metered"
    assert finding_of("energy_by_device", energy(used(0.0)), TODAY) == "No energy in this period"
    assert finding_of("energy_trend", energy(used(None)), TODAY) == "No energy could be metered in this period"
    assert finding_of("energy_peaks", energy(used(None)), TODAY) == "No demand could be metered"
