from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.energy.bill import Bill, Consumption, bills
from sentinel_pipeline.energy.tariff import Tariffs, always
from sentinel_pipeline_tests.clocks import BERLIN, BRIEF
from sentinel_pipeline_tests.energy.worlds import (
    DAY_AND_NIGHT,
    FLAT,
    KWH,
    TIERS,
    billed,
    days_of,
    local,
    quarters,
    rate,
    steady,
    tariff,
    tariffs,
)

JANUARY = days_of("2025-01-01", 31)
START = local("2025-01-01T00:00")


def bill(config: dict[str, Any], frame: pl.DataFrame, *by: str, currency: str = "EUR", **more: Any) -> Bill:
    """The bill of January 2025 under a flat rate with what the configuration says beside it."""
    (only,) = billed(frame, tariffs(rate("flat", {**FLAT, **config}, currency=currency)), JANUARY, *by, **more)
    return only


def lines(one: Bill) -> dict[str, str]:
    return {line.label: f"{line.amount}" for line in one.lines}


@pytest.mark.parametrize(("quarter", "peak", "total"), [(1_250_000, "5", "155.00"), (1_300_000, "5.2", "158.00")])
def test_the_demand_examples(quarter: int, peak: str, total: str) -> None:
    """1000 kWh at 0.08 and the most energy of a quarter-hour, four times as many kW, at 15."""
    frame = pl.concat(
        [steady(START, 1, quarter), steady(local("2025-01-02T00:00"), 1000, (1000 * KWH - quarter) // 1000)]
    )
    missing = 1000 * KWH - int(frame["energy_micro_kwh"].sum())
    frame = pl.concat([frame, steady(local("2025-01-20T00:00"), 1, missing)])
    one = bill({"flat_rate": 0.08, "demand_charge_per_kw": 15}, frame)
    assert one.energy_micro_kwh == 1000 * KWH
    assert {line.kind: line.quantity for line in one.lines}["demand"] == Decimal(peak)
    assert f"{one.total}" == total


def test_the_fees_example() -> None:
    fees = {
        "Delivery": {"amount": 0.02, "per": "kwh"},
        "Renewable energy": {"amount": 0.005, "per": "kwh"},
        "Grid maintenance": 5,
    }
    one = bill({"additional_fees": fees}, steady(START, 100, KWH))
    assert lines(one) == {
        "Energy": "12.00",
        "Grid maintenance": "5.00",
        "Delivery": "2.00",
        "Renewable energy": "0.50",
    }
    assert one.total == Decimal("0.145") * 100 + 5
    assert one.rate_per_kwh == Decimal("0.1950")


def test_the_tax_example_taxes_energy_demand_and_service_and_declared_fees_only() -> None:
    config = {
        "tax_rate": 8.5,
        "monthly_service_charge": 10,
        "demand_charge_per_kw": 15,
        "additional_fees": {"Untaxed": 100, "Taxed": {"amount": 50, "taxable": True}},
    }
    one = bill(config, steady(START, 100, KWH))
    assert lines(one)["Tax"] == f"{(12 + 10 + 4 * 15 + 50) * Decimal('0.085'):.2f}"


def test_the_net_metering_example() -> None:
    one = bill({"sell_rate": 0.08}, steady(START, 500, KWH), sold={JANUARY[3]: 300 * KWH})
    assert lines(one) == {"Energy": "60.00", "Energy fed back": "-24.00"}
    assert f"{one.total}" == "36.00"


def test_the_service_charge_is_due_once_per_account_and_month() -> None:
    frame = steady(START, 31 * 96, KWH // 100, ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    assert lines(bill({"monthly_service_charge": 12.5}, frame))["Service charge"] == "12.50"


def test_a_partial_month_is_charged_for_its_days_and_says_so() -> None:
    valid = tariffs(
        rate(
            "flat",
            {**FLAT, "monthly_service_charge": 31, "demand_charge_per_kw": 31, "additional_fees": {"Meter": 3.1}},
        )
    )
    (one,) = billed(steady(START, 96, KWH), valid, JANUARY[:7])
    assert one.is_partial
    assert [(line.label, f"{line.amount}", line.note) for line in one.lines] == [
        ("Energy", "11.52", ""),
        ("Service charge", "7.00", "7 of 31 days"),
        ("Demand", "28.00", "7 of 31 days"),
        ("Meter", "0.70", "7 of 31 days"),
    ]


def test_weeks_over_two_months_have_two_bills() -> None:
    valid = tariffs(rate("flat", {**FLAT, "monthly_service_charge": 28}))
    found = billed(steady(local("2025-01-27T00:00"), 7 * 96, 1000), valid, days_of("2025-01-27", 7))
    assert [(str(one.first), one.days, one.month_days) for one in found] == [
        ("2025-01-01", 5, 31),
        ("2025-02-01", 2, 28),
    ]
    assert lines(found[1])["Service charge"] == "2.00"


def test_billing_months_may_begin_on_another_day() -> None:
    valid = tariffs(rate("flat", {**FLAT, "reset_day": 15}))
    found = billed(steady(START, 31 * 96, 1000), valid, JANUARY)
    assert [(str(one.first), one.days, one.month_days) for one in found] == [
        ("2024-12-15", 14, 31),
        ("2025-01-15", 17, 31),
    ]


def test_two_rates_in_a_month_share_its_charges_by_days() -> None:
    more = {"monthly_service_charge": 31, "demand_charge_per_kw": 31}
    valid = tariffs(
        rate("flat", {"flat_rate": 1, **more}, rate_id="1", name="Old"),
        rate("flat", {"flat_rate": 2, **more}, rate_id="2", name="New", created_at=local("2025-01-11T00:00")),
    )
    frame = quarters(("10.0.0.1", START, KWH), ("10.0.0.1", local("2025-01-20T12:00"), KWH))
    (one,) = billed(frame, valid, JANUARY)
    assert [(line.label, line.note.split(",")[0], f"{line.amount}") for line in one.lines] == [
        ("Energy", "Old", "1.00"),
        ("Service charge", "Old", "10.00"),
        ("Demand", "Old", "40.00"),
        ("Energy", "New", "2.00"),
        ("Service charge", "New", "21.00"),
        ("Demand", "New", "84.00"),
    ]


def test_currencies_are_never_added_together() -> None:
    valid = tariffs(
        rate("flat", FLAT, rate_id="1", currency="USD"),
        rate("flat", FLAT, rate_id="2", currency="eur", created_at=local("2025-01-11T00:00")),
    )
    found = billed(steady(START, 31 * 96, 1000), valid, JANUARY)
    assert [(one.currency, one.days) for one in found] == [("USD", 10), ("EUR", 21)]


@pytest.mark.parametrize(("currency", "total"), [("JPY", "1"), ("EUR", "1.23"), ("KWD", "1.234"), ("CLF", "1.2340")])
def test_money_is_rounded_to_the_currencys_minor_unit(currency: str, total: str) -> None:
    assert f"{bill({'flat_rate': 1.234}, steady(START, 1, KWH), currency=currency).total}" == total


@pytest.mark.parametrize(("amount", "total"), [(0.125, "0.12"), (0.135, "0.14"), (-0.125, "-0.12")])
def test_halves_are_rounded_to_the_even_cent(amount: float, total: str) -> None:
    assert f"{bill({'flat_rate': amount}, steady(START, 1, KWH)).total}" == total


def test_without_energy_there_is_no_rate_per_kwh_and_the_charges_belong_to_no_device() -> None:
    one = bill({"monthly_service_charge": 10}, steady(START, 1, 0))
    assert one.rate_per_kwh is None
    assert [(share.device_ip, f"{share.amount}") for share in one.shares] == [("10.0.0.1", "0.00"), (None, "10.00")]


def test_a_device_pays_for_its_energy_and_for_its_part_of_what_is_shared() -> None:
    frame = quarters(("10.0.0.1", local("2025-01-06T12:00"), KWH), ("10.0.0.2", local("2025-01-06T23:00"), 3 * KWH))
    config = {**DAY_AND_NIGHT, "monthly_service_charge": 8, "tax_rate": 10}
    (one,) = billed(frame, tariffs(rate("time_of_use", config)), JANUARY)
    assert {share.device_ip: f"{share.amount}" for share in one.shares} == {
        "10.0.0.1": "2.37",  # (0.15 + 8 / 4) × 1.1 = 2.365, the larger remainder
        "10.0.0.2": "6.86",  # (0.24 + 8 × 3 / 4) × 1.1 = 6.864
    }
    assert f"{one.total}" == "9.23"


def test_energy_has_a_line_for_each_band_and_tier() -> None:
    frame = quarters(("10.0.0.1", local("2025-01-06T12:00"), KWH), ("10.0.0.1", local("2025-01-06T23:00"), 2 * KWH))
    (by_band,) = billed(frame, tariffs(rate("time_of_use", DAY_AND_NIGHT)), JANUARY, "band", "tier")
    assert lines(by_band) == {"Energy, 06–22": "0.15", "Energy, 22–06": "0.16"}
    (by_tier,) = billed(
        steady(START, 750, KWH), tariffs(rate("tiered", {"tier_rates": TIERS})), JANUARY, "band", "tier"
    )
    assert lines(by_tier) == {"Energy, tier 1": "50.00", "Energy, tier 2": "30.00"}


def test_what_the_month_would_have_cost_under_another_rate() -> None:
    other = tariff("time_of_use", DAY_AND_NIGHT, created_at=datetime(2030, 1, 1, tzinfo=UTC))
    frame = steady(local("2025-01-06T00:00"), 96, KWH)
    (actual,) = billed(frame, tariffs(rate("flat", FLAT)), JANUARY)
    (instead,) = billed(frame, always(other), JANUARY)
    assert (f"{actual.total}", f"{instead.total}") == ("11.52", "12.16")


def test_unpriced_energy_is_said_beside_the_total() -> None:
    (one,) = billed(steady(START, 4, KWH), Tariffs(), JANUARY)
    assert (str(one.total), one.unpriced_micro_kwh, one.currency) == ("0.00", 4 * KWH, "")


def test_a_month_nobody_measured_still_has_its_charges() -> None:
    assert lines(bill({"monthly_service_charge": 9.99}, quarters())) == {"Energy": "0.00", "Service charge": "9.99"}


def test_nothing_covered_is_no_bill() -> None:
    assert bills(Consumption(pl.DataFrame()), [], Tariffs(), BERLIN) == []


@given(
    st.lists(st.integers(0, 50 * KWH), min_size=1, max_size=12),
    st.integers(-500, 500),
    st.integers(-3000, 3000),
    st.integers(0, 300),
)
@BRIEF
def test_lines_and_shares_add_up_to_the_total(energies: list[int], millis: int, service: int, tax: int) -> None:
    config = {
        "flat_rate": millis / 1000,
        "monthly_service_charge": service / 7,
        "tax_rate": tax / 10,
        "additional_fees": {"Levy": {"amount": 0.0123, "per": "kwh"}},
    }
    frame = quarters(*((f"10.0.0.{n}", START, energy) for n, energy in enumerate(energies)))
    one = bill(config, frame)
    assert sum(share.amount for share in one.shares) == one.total
    assert sum(share.energy_micro_kwh for share in one.shares) == one.energy_micro_kwh
    assert all(line.amount == round(line.amount, 2) for line in one.lines)
