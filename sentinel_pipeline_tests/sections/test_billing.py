import json
from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.figures import FIGURES
from sentinel_pipeline_tests.clocks import day, month, week
from sentinel_pipeline_tests.sections.worlds import finding_of, table_of, world
from sentinel_pipeline_tests.statistics.frames import Row, utc

JANUARY = month("2025-01-01")
FLAT = {"flat_rate": 0.2, "monthly_service_charge": 31, "demand_charge_per_kw": 10}
FIGURE = {figure.id: figure for figure in FIGURES}


def rate(config: dict[str, Any], **more: Any) -> Row:
    row = {"rate_id": "1", "name": "Home rate", "rate_type": "flat", "currency": "EUR", "config": json.dumps(config)}
    return {**row, **more}


def used(kwh: float, cost: float | None, at: str = "2025-01-06T11:00:00", **more: Any) -> Row:
    """A quarter-hour of one device."""
    energy = round(kwh * 1_000_000)
    return {
        "interval_id": f"{more.get('device_ip', '10.0.0.1')}@{at}{more.get('source', '')}",
        "device_ip": "10.0.0.1",
        "started_at": utc(at),
        "energy_micro_kwh": energy,
        "cost_micros": None if cost is None else round(cost * 1_000_000),
        "unpriced_micro_kwh": energy if cost is None else 0,
        "currency": "EUR",
        **more,
    }


def bill(period: Period, intervals: list[Row], rates: list[Row], **more: Any) -> list[tuple[Any, ...]]:
    table = table_of("energy_bill", world(period, energy_intervals=intervals, energy_rates=rates, **more), period)
    return table.select("source", "line", "quantity", "amount", "currency", "note").rows()


def test_a_months_bill_has_its_lines_and_their_total() -> None:
    rows = bill(JANUARY, [used(2, 0.4), used(1, 0.2, "2025-01-07T12:00:00")], [rate(FLAT)])
    assert rows == [
        ("home", "Energy", 3.0, 0.6, "EUR", None),
        ("home", "Service charge", None, 31.0, "EUR", None),
        ("home", "Demand", 8.0, 80.0, "EUR", None),
        ("home", "Total", 3.0, 111.6, "EUR", None),
    ]


def test_a_days_bill_is_its_part_of_the_month_and_says_so() -> None:
    rows = bill(day("2025-01-06"), [used(0.25, 0.05)], [rate(FLAT)])
    assert [(line, amount, note) for _, line, _, amount, _, note in rows] == [
        ("Energy", 0.05, None),
        ("Service charge", 1.0, "1 of 31 days"),
        ("Demand", 0.32, "1 of 31 days"),
        ("Total", 1.37, "1 of 31 days"),
    ]


def test_a_week_over_two_months_has_a_bill_of_each() -> None:
    period = week("2025-01-27")
    statistics = world(period, energy_intervals=[used(1, 0.2, "2025-01-28T11:00:00")], energy_rates=[rate(FLAT)])
    totals = table_of("energy_bill", statistics, period).filter(pl.col("line") == "Total")
    assert totals.select("billing_month", "note").rows() == [
        ("2025-01-01", "5 of 31 days"),
        ("2025-02-01", "2 of 28 days"),
    ]


def test_days_that_were_not_read_are_not_charged() -> None:
    rows = bill(JANUARY, [used(1, 0.2)], [rate(FLAT)], statuses={"2025-01-20": "unreachable"})
    assert ("home", "Service charge", None, 30.0, "EUR", "30 of 31 days") in rows


def test_energy_without_a_price_stands_in_the_bill_and_has_no_amount() -> None:
    rows = bill(JANUARY, [used(2, None)], [rate({}, rate_type="barter")])
    assert ("home", "Unpriced energy", 2.0, None, "EUR", "no price covers it") in rows


def test_sources_and_currencies_are_never_added_together() -> None:
    intervals = [used(1, 0.2), used(1, 30, source="office", currency="JPY")]
    rates = [rate({"flat_rate": 0.2}), rate({"flat_rate": 30}, source="office", currency="JPY")]
    statistics = world(JANUARY, energy_intervals=intervals, energy_rates=rates)
    read = statistics["completeness"]
    statistics["completeness"] = pl.concat([read, read.with_columns(source=pl.lit("office"))])
    totals = table_of("energy_bill", statistics, JANUARY).filter(pl.col("line") == "Total")
    assert totals.select("source", "amount", "currency").rows() == [("home", 0.2, "EUR"), ("office", 30.0, "JPY")]
    assert finding_of("energy_bill", statistics, JANUARY) == "Energy costs 0.20 EUR and 30 JPY with all charges"
    assert FIGURE["energy_bill"].value(statistics, JANUARY) is None
    assert FIGURE["energy_bill"].unit_for(statistics) == ""


def test_the_figure_is_the_total_of_the_bill_in_its_currency() -> None:
    statistics = world(JANUARY, energy_intervals=[used(2, 0.4)], energy_rates=[rate(FLAT)])
    assert FIGURE["energy_bill"].value(statistics, JANUARY) == 111.4
    assert FIGURE["energy_bill"].unit_for(statistics) == "EUR"


def test_charges_without_energy_are_in_the_currency_of_the_rate() -> None:
    statistics = world(JANUARY, energy_intervals=[], energy_rates=[rate(FLAT)])
    assert FIGURE["energy_bill"].value(statistics, JANUARY) == 31.0
    assert FIGURE["energy_bill"].unit_for(statistics) == "EUR"


def test_prices_from_a_file_make_a_bill_without_charges() -> None:
    assert bill(JANUARY, [used(1, 0.3)], []) == [
        ("home", "Energy", 1.0, 0.3, "EUR", None),
        ("home", "Total", 1.0, 0.3, "EUR", None),
    ]


def test_without_any_price_the_bill_has_no_currency_and_says_so() -> None:
    statistics = world(JANUARY, energy_intervals=[used(1, None, currency=None)], energy_rates=[])
    assert finding_of("energy_bill", statistics, JANUARY) == "No price is known for the energy of this period"
    assert FIGURE["energy_bill"].value(statistics, JANUARY) is None


BANDS = [
    {"start_hour": 6, "end_hour": 22, "rate_per_kwh": 0.15, "days_of_week": [0, 1, 2, 3, 4], "description": "Peak"},
    {"start_hour": 22, "end_hour": 6, "rate_per_kwh": 0.08, "description": "Night"},
    {"start_hour": 0, "end_hour": 0, "rate_per_kwh": 0.1, "days_of_week": [5, 6], "description": "Weekend"},
]


def test_the_grid_shows_each_hour_of_the_week_at_its_price() -> None:
    statistics = world(JANUARY, energy_rates=[rate({"time_of_use_rates": BANDS}, rate_type="time_of_use")])
    table = table_of("tariff_grid", statistics, JANUARY)
    at = {(row["weekday"], row["hour"]): row["price"] for row in table.iter_rows(named=True)}
    assert (at["Mon", 12], at["Sat", 3], at["Sat", 12]) == (0.15, 0.08, 0.1)
    assert finding_of("tariff_grid", statistics, JANUARY) == "Home rate: from 0.08 to 0.15 EUR per kWh"
    notes = table_of("tariff_notes", statistics, JANUARY)
    assert notes["note"].to_list() == [
        "'Night' and 'Weekend' overlap in 16 hours a week (Sat Sun 00–06 and 22–24); "
        "'Night' is listed first and decides"
    ]


def test_hours_without_a_price_are_told_with_the_grid() -> None:
    statistics = world(JANUARY, energy_rates=[rate({"time_of_use_rates": BANDS[:2]}, rate_type="time_of_use")])
    assert finding_of("tariff_grid", statistics, JANUARY).endswith("; 32 hours of the week have no price")


@pytest.mark.parametrize(("key", "price"), [("2025-01-01", 0.1), ("2025-02-01", 0.2)])
def test_the_grid_is_that_of_the_rate_in_force_when_the_period_ends(key: str, price: float) -> None:
    period = month(key)
    rates = [
        rate({"flat_rate": 0.1}),
        rate({"flat_rate": 0.2, "effective_date": "2025-02-15"}, rate_id="2"),
    ]
    assert table_of("tariff_grid", world(period, energy_rates=rates), period)["price"].unique().to_list() == [price]


def test_two_sources_have_a_grid_each() -> None:
    rates = [rate({"flat_rate": 0.1}), rate({"flat_rate": 0.2}, source="office")]
    statistics = world(JANUARY, energy_rates=rates)
    table = table_of("tariff_grid", statistics, JANUARY)
    assert table["weekday"].n_unique() == 14
    assert finding_of("tariff_grid", statistics, JANUARY) == "2 tariffs in force"


def test_without_a_rate_there_is_no_grid_and_no_note() -> None:
    statistics = world(JANUARY)
    assert finding_of("tariff_grid", statistics, JANUARY) == "No tariff is known"
    assert table_of("tariff_grid", statistics, JANUARY).is_empty()
    assert table_of("tariff_notes", statistics, JANUARY).is_empty()


def test_a_file_of_prices_has_the_grid_in_the_place_of_the_rates_it_replaces() -> None:
    week_of_prices: list[list[float | None]] = [[None] * 24 for _ in range(7)]
    week_of_prices[0][12:14] = [0.1, -0.05]
    file = rate({"weeks": {"2025-01": week_of_prices}}, rate_id="file:s.csv", name="s.csv", rate_type="intervals")
    statistics = world(JANUARY, energy_rates=[rate(FLAT), file], energy_intervals=[used(1, 0.1)])
    grid = table_of("tariff_grid", statistics, JANUARY)
    known = grid.filter(pl.col("price").is_not_null())
    assert known.select("weekday", "hour", "price", "tariff").rows() == [
        ("Mon", 12, 0.1, "s.csv"),
        ("Mon", 13, -0.05, "s.csv"),
    ]
    assert finding_of("tariff_grid", statistics, JANUARY).startswith("s.csv: from -0.05 to 0.1 EUR per kWh; 166 hours")
    notes = table_of("tariff_notes", statistics, JANUARY).rows()
    assert notes == [("s.csv has the prices of energy instead", "Home rate", "home")]
    lines = table_of("energy_bill", statistics, JANUARY)["line"].to_list()
    assert "Service charge" in lines


def test_the_parts_of_the_devices_add_up_to_the_bill() -> None:
    intervals = [
        used(1, 0.2, device_ip="10.0.0.1"),
        used(1, 0.2, device_ip="10.0.0.2"),
        used(1, 0.2, device_ip="10.0.0.3"),
    ]
    rates = [rate({"flat_rate": 0.2, "monthly_service_charge": 10})]
    statistics = world(JANUARY, energy_intervals=intervals, energy_rates=rates)
    table = table_of("energy_bill_by_device", statistics, JANUARY)
    # 0.60 of energy and 10.00 of service, by thirds: 3.533… each.
    assert table.select("device_ip", "energy_kwh", "amount", "percentage", "currency").rows() == [
        ("10.0.0.1", 1.0, 3.54, 33.4, "EUR"),
        ("10.0.0.2", 1.0, 3.53, 33.3, "EUR"),
        ("10.0.0.3", 1.0, 3.53, 33.3, "EUR"),
    ]
    said = finding_of("energy_bill_by_device", statistics, JANUARY)
    assert said == "Unknown (10.0.0.1) owes most, 3.54 EUR (33.40 %)"


def test_parts_of_a_bill_below_nothing_have_no_percentage() -> None:
    intervals = [used(1, -0.5, device_ip="10.0.0.1"), used(1, 0.2, device_ip="10.0.0.2")]
    statistics = world(JANUARY, energy_intervals=intervals, energy_rates=[rate({"flat_rate": 0.2})])
    table = table_of("energy_bill_by_device", statistics, JANUARY)
    assert table.select("amount", "percentage").rows() == [(0.2, None), (-0.5, None)]


def test_without_energy_nobody_owes_anything() -> None:
    assert finding_of("energy_bill_by_device", world(JANUARY), JANUARY) == "No bills in this period"
