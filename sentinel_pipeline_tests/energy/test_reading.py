import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.energy.grid import week_grid
from sentinel_pipeline.energy.reading import tariff_of
from sentinel_pipeline_tests.clocks import BERLIN, BRIEF
from sentinel_pipeline_tests.energy.worlds import DAY_AND_NIGHT, FLAT, OFF_PEAK, PEAK, TIERS, rate, tariff

KNOWN = ("flat", "time_of_use", "tiered", "seasonal", "combined", "seasonal_tiered")


def mistakes(rate_type: str, config: Any, **more: Any) -> list[str]:
    tariff, found = tariff_of(rate(rate_type, config, **more), BERLIN)
    assert tariff.is_usable is not bool(found)
    return found


@pytest.mark.parametrize(
    ("rate_type", "config", "said"),
    [
        ("flat", {}, "flat_rate: missing; a rate of type flat needs it"),
        ("flat", {"flat_rate": "cheap"}, "flat_rate: found 'cheap'; allowed: a valid decimal"),
        ("flat", {"flat_rate": True}, "flat_rate: found True; allowed: "),
        ("flat", {"flat_rate": 2e6}, "flat_rate: found 2000000.0; allowed: less than or equal to 1000000"),
        ("flat", '{"flat_rate": NaN}', "its configuration is not JSON that can be read: NaN is no number"),
        ("flat", '{"flat_rate": 1e999999999}', "flat_rate: found "),
        ("flat", "[" * 100_000, "its configuration is not JSON that can be read: "),
        ("flat", "[]", "the configuration: found a list of 0; allowed: a valid dictionary"),
        ("flat", None, "its configuration is not JSON that can be read: there is none"),
        ("flat", {**FLAT, "tax_rate": -1}, "tax_rate: found -1; allowed: greater than or equal to 0"),
        ("flat", {**FLAT, "effective_date": 1735689600}, "effective_date: found 1735689600; allowed: an ISO date"),
        ("flat", {**FLAT, "effective_date": "soon"}, "effective_date: found 'soon'; allowed: an ISO date or time"),
        (
            "flat",
            {**FLAT, "additional_fees": {"Levy": {"amount": 1, "per": "year"}}},
            "additional_fees.Levy.per: found",
        ),
        ("flat", {**FLAT, "additional_fees": {"Levy": "much"}}, "additional_fees.Levy.amount: found 'much'; allowed: "),
        ("time_of_use", FLAT, "time_of_use_rates: missing; a rate of type time_of_use needs it"),
        ("time_of_use", {"time_of_use_rates": []}, "time_of_use_rates: missing"),
        (
            "time_of_use",
            {"time_of_use_rates": [PEAK, {**OFF_PEAK, "end_hour": 25}]},
            "time_of_use_rates[1].end_hour: found 25; allowed: less than or equal to 24",
        ),
        (
            "time_of_use",
            {"time_of_use_rates": [{**PEAK, "start_hour": True}]},
            "time_of_use_rates[0].start_hour: found",
        ),
        ("time_of_use", {"time_of_use_rates": [{**PEAK, "days_of_week": [7]}]}, "time_of_use_rates[0].days_of_week[0]"),
        (
            "time_of_use",
            {"time_of_use_rates": [{"start_hour": 1, "end_hour": 2}]},
            "time_of_use_rates[0].rate_per_kwh: missing; it has to be there",
        ),
        ("tiered", FLAT, "tier_rates: missing; a rate of type tiered needs it"),
        (
            "tiered",
            {"tier_rates": [{"min_kwh": 0, "rate_per_kwh": 1}, {"min_kwh": 5, "rate_per_kwh": 2}]},
            "tier_rates: found a list of 2; allowed: a max_kwh for every tier but the last; the one from 0 kWh",
        ),
        ("tiered", {"tier_rates": [TIERS[0], TIERS[0]]}, "tier_rates: found a list of 2; allowed: tiers that end"),
        ("seasonal", FLAT, "seasonal_rates: missing; a rate of type seasonal needs it"),
        (
            "seasonal",
            {"seasonal_rates": [{"start_month": 0, "end_month": 3}]},
            "seasonal_rates[0].start_month: found 0; allowed: greater than or equal to 1",
        ),
        (
            "combined",
            {**DAY_AND_NIGHT, "tier_rates": TIERS},
            "time_of_use_values: missing; a combined rate says whether",
        ),
        (
            "combined",
            {**DAY_AND_NIGHT, "tier_rates": TIERS, "time_of_use_values": "guess"},
            "time_of_use_values: found 'guess'; allowed: 'multiplier' or 'absolute'",
        ),
        (
            "combined",
            {**DAY_AND_NIGHT, "time_of_use_values": "multiplier"},
            "tier_rates: missing; multipliers need tiers, or a flat_rate, that they multiply",
        ),
        ("barter", FLAT, f"rate_type: found 'barter'; allowed: {', '.join(KNOWN)}"),
        (None, FLAT, "rate_type: found ''; allowed: "),
    ],
)
def test_a_mistake_is_said_in_one_line_that_names_the_rate_and_the_place(
    rate_type: str, config: Any, said: str
) -> None:
    (line,) = mistakes(rate_type, config)
    assert line.startswith(f'rate 1 "Rate": {said}')
    assert "\n" not in line
    assert len(line) < 250


@pytest.mark.parametrize("currency", ["Euro", "€", "E1R", "=1+1"])
def test_a_currency_is_a_code_of_three_letters(currency: str) -> None:
    (line,) = mistakes("flat", FLAT, currency=currency)
    assert "allowed: a code of ISO 4217 such as EUR" in line


def test_all_mistakes_of_a_rate_are_said() -> None:
    config = {"flat_rate": "x", "reset_day": 29, "tier_scope": "street"}
    assert len(mistakes("flat", config, currency="?")) == 4


def test_a_rate_without_currency_is_in_the_default_one() -> None:
    assert tariff("flat", FLAT, currency=None).currency == "USD"


def test_a_price_keeps_the_decimals_it_was_written_with() -> None:
    assert str(tariff("flat", {"flat_rate": 0.1}).flat) == "0.1"
    assert str(tariff("flat", {"flat_rate": 0.1 + 0.2}).flat) == "0.3"
    assert str(tariff("flat", {"flat_rate": "0.123456789"}).flat) == "0.123456789"


def test_metadata_and_unknown_keys_do_no_harm() -> None:
    config = {**FLAT, "utility_provider": "Grid", "notes": {"any": ["thing"]}, "holidays": 3}
    assert mistakes("flat", config) == []


def test_names_from_outside_stay_on_one_line() -> None:
    hostile = "=cmd()\r\nBcc: a\x00" + "x" * 500
    config = {"time_of_use_rates": [{**PEAK, "description": hostile}, {**OFF_PEAK, "description": "\ud800"}]}
    found = tariff("time_of_use", config, name=hostile)
    names = [found.name, *(band.name for band in found.seasons[0].bands)]
    assert all(name.isprintable() and len(name) <= 80 for name in names)
    assert week_grid(found).height == 7 * 24


KEYS = (
    "flat_rate", "time_of_use_rates", "tier_rates", "seasonal_rates", "start_hour", "end_hour", "rate_per_kwh",
    "days_of_week", "min_kwh", "max_kwh", "additional_fees", "tax_rate", "effective_date", "base_rate",
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(KNOWN), st.dictionaries(st.sampled_from(KEYS), json_values, max_size=6))
@BRIEF
def test_no_configuration_breaks_the_reader(rate_type: str, config: dict[str, Any]) -> None:
    found, said = tariff_of(rate(rate_type, json.dumps(config)), BERLIN)
    assert found.is_usable is not bool(said)
    assert week_grid(found).height >= 7 * 24
