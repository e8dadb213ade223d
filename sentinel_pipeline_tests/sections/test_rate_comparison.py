from typing import Any

import pytest

from sentinel_pipeline_tests.clocks import month
from sentinel_pipeline_tests.sections.test_billing import rate, used
from sentinel_pipeline_tests.sections.worlds import finding_of, table_of, world
from sentinel_pipeline_tests.statistics.frames import Row, utc

JANUARY = month("2025-01-01")
# 2025-01-06 is a Monday; Berlin is an hour ahead of UTC.
NOON, NIGHT = "2025-01-06T11:00:00", "2025-01-06T23:00:00"
# In force since 2024; the others are older.
FLAT = rate({"flat_rate": 0.2}, name="Flat", created_at=utc("2024-01-01T00:00:00"))
NIGHTS = [
    {"start_hour": 6, "end_hour": 22, "rate_per_kwh": 0.15},
    {"start_hour": 22, "end_hour": 6, "rate_per_kwh": 0.08},
]
TOU = rate({"time_of_use_rates": NIGHTS}, name="Day and night", rate_type="time_of_use", rate_id="2")
TIERS = [{"min_kwh": 0, "max_kwh": 500, "rate_per_kwh": 0.1}, {"min_kwh": 501, "rate_per_kwh": 0.12}]


def compared(intervals: list[Row], *rates: Row) -> list[tuple[Any, ...]]:
    statistics = world(JANUARY, energy_intervals=intervals, energy_rates=list(rates))
    return table_of("rate_comparison", statistics, JANUARY).drop("source").rows()


def test_each_rate_is_asked_what_the_same_energy_would_have_cost() -> None:
    # The documented example: 60 kWh by day at 0.15 and 40 by night at 0.08 are 12.20; 100 kWh at 0.20 were 20.
    intervals = [used(60, 12, NOON), used(40, 8, NIGHT)]
    assert compared(intervals, FLAT, TOU) == [
        ("Day and night", "time_of_use", 12.2, 12.2, -7.8, 0.0, "EUR"),
        ("Flat", "flat", 20.0, 20.0, 0.0, 0.0, "EUR"),
    ]


def test_tiers_are_marginal_and_charges_belong_to_the_cost() -> None:
    # The documented 750 kWh: 500 at 0.10 and 250 at 0.12 are 80, and 5 a month for the service.
    tiered = rate({"tier_rates": TIERS, "monthly_service_charge": 5}, name="Tiers", rate_type="tiered", rate_id="3")
    rows = compared([used(400, 80, NOON), used(350, 70, NIGHT)], FLAT, tiered)
    assert rows[0] == ("Tiers", "tiered", 80.0, 85.0, -65.0, 0.0, "EUR")


def test_a_rate_that_prices_only_part_of_it_stands_last_and_is_no_bargain() -> None:
    days = rate({"time_of_use_rates": NIGHTS[:1]}, name="Days only", rate_type="time_of_use", rate_id="4")
    intervals = [used(60, 12, NOON), used(40, 8, NIGHT)]
    assert [(row[0], row[5]) for row in compared(intervals, FLAT, days)] == [("Flat", 0.0), ("Days only", 40.0)]
    statistics = world(JANUARY, energy_intervals=intervals, energy_rates=[FLAT, days])
    assert finding_of("rate_comparison", statistics, JANUARY) == "No known rate would have cost less"


def test_other_currencies_are_shown_without_a_difference() -> None:
    dollars = rate({"flat_rate": 0.1}, name="Dollars", currency="USD", rate_id="5")
    rows = compared([used(10, 2, NOON)], FLAT, dollars)
    assert [(row[0], row[4], row[6]) for row in rows] == [("Flat", 0.0, "EUR"), ("Dollars", None, "USD")]


def test_one_rate_has_nothing_to_be_compared_with() -> None:
    assert compared([used(1, 0.2, NOON)], FLAT) == []


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ((FLAT,), "No second rate is known to compare with"),
        ((FLAT, TOU), "Day and night would have cost 12.20 EUR, 7.80 less than was charged"),
    ],
)
def test_the_finding_names_the_cheapest_rate(rates: tuple[Row, ...], said: str) -> None:
    statistics = world(JANUARY, energy_intervals=[used(60, 12, NOON), used(40, 8, NIGHT)], energy_rates=list(rates))
    assert finding_of("rate_comparison", statistics, JANUARY) == said
