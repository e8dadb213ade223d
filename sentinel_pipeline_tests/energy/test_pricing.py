from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sentinel_pipeline.energy.pricing import priced
from sentinel_pipeline.energy.tariff import Tariffs, tariffs_of
from sentinel_pipeline_tests.clocks import BERLIN, BRIEF
from sentinel_pipeline_tests.energy.worlds import (
    DAY_AND_NIGHT,
    FLAT,
    KWH,
    OFF_PEAK,
    PEAK,
    QUARTER,
    TIERS,
    cost,
    local,
    price_file,
    quarters,
    rate,
    rates,
    steady,
    sums,
    tariffs,
    whole_day,
)

MONDAY = local("2025-01-06T00:00")
JANUARY = local("2025-01-01T00:00")


def test_the_flat_example() -> None:
    assert cost(steady(MONDAY, 100, KWH), tariffs(rate("flat", FLAT))) == 12_000_000


def test_the_preview_row_example() -> None:
    assert cost(steady(MONDAY, 1, 45_000), tariffs(rate("flat", FLAT))) == 5_400


def test_the_time_of_use_example() -> None:
    peak, night = steady(local("2025-01-06T06:00"), 60, KWH), steady(local("2025-01-06T22:00"), 32, KWH)
    more = steady(local("2025-01-08T22:00"), 8, KWH)
    done = priced(pl.concat([peak, night, more]), tariffs(rate("time_of_use", DAY_AND_NIGHT)), BERLIN)
    assert done["cost_micros"].sum() == 12_200_000
    by_band = dict(done.group_by("band").agg(pl.col("energy_micro_kwh").sum()).iter_rows())
    assert by_band == {"06–22": 60 * KWH, "22–06": 40 * KWH}


def test_the_tiered_example() -> None:
    done = priced(steady(JANUARY, 750, KWH), tariffs(rate("tiered", {"tier_rates": TIERS})), BERLIN)
    by_tier = done.group_by("tier").agg(pl.col("cost_micros").sum()).sort("tier")
    assert by_tier.rows() == [(1, 50_000_000), (2, 30_000_000)]
    assert done["unpriced_micro_kwh"].sum() == 0


def test_a_quarter_that_crosses_a_threshold_is_split_there() -> None:
    valid = tariffs(rate("tiered", {"tier_rates": TIERS}))
    frame = quarters(("10.0.0.1", JANUARY, 499 * KWH), ("10.0.0.1", JANUARY + QUARTER, 3 * KWH))
    done = priced(frame, valid, BERLIN)
    assert done["cost_micros"].to_list() == [49_900_000, 1 * 100_000 + 2 * 120_000]
    assert done["tier"].to_list() == [1, 2]


def test_a_threshold_belongs_to_the_tier_below() -> None:
    valid = tariffs(rate("tiered", {"tier_rates": TIERS}))
    frame = quarters(("10.0.0.1", JANUARY, 500 * KWH), ("10.0.0.1", JANUARY + QUARTER, 1))
    assert priced(frame, valid, BERLIN)["tier"].to_list() == [1, 2]


def test_one_quarter_may_climb_all_tiers() -> None:
    valid = tariffs(rate("tiered", {"tier_rates": TIERS}))
    assert cost(steady(JANUARY, 1, 2000 * KWH), valid) == 50_000_000 + 60_000_000 + 150_000_000


def test_all_devices_of_an_account_climb_together_and_ties_are_in_order_of_address() -> None:
    frame = quarters(("10.0.0.2", JANUARY, 300 * KWH), ("10.0.0.1", JANUARY, 300 * KWH))
    done = priced(frame, tariffs(rate("tiered", {"tier_rates": TIERS})), BERLIN)
    assert dict(done.select("device_ip", "cost_micros").iter_rows()) == {
        "10.0.0.1": 30_000_000,
        "10.0.0.2": 20_000_000 + 12_000_000,
    }


def test_each_device_climbs_alone_where_the_rate_says_so() -> None:
    frame = quarters(("10.0.0.2", JANUARY, 300 * KWH), ("10.0.0.1", JANUARY, 300 * KWH))
    config = {"tier_rates": TIERS, "tier_scope": "device"}
    assert priced(frame, tariffs(rate("tiered", config)), BERLIN)["cost_micros"].to_list() == [30_000_000] * 2


@pytest.mark.parametrize(("reset_day", "fresh"), [(1, "2025-02-01T00:00"), (15, "2025-02-15T00:00")])
def test_the_climb_begins_again_with_the_local_billing_month(reset_day: int, fresh: str) -> None:
    valid = tariffs(rate("tiered", {"tier_rates": TIERS, "reset_day": reset_day}))
    start = local(fresh)
    frame = quarters(
        ("10.0.0.1", start - 2 * QUARTER, 900 * KWH),
        ("10.0.0.1", start - QUARTER, KWH),
        ("10.0.0.1", start, KWH),
    )
    assert priced(frame, valid, BERLIN)["tier"].to_list() == [2, 2, 1]


def test_the_energy_above_the_last_tier_is_unpriced() -> None:
    valid = tariffs(rate("tiered", {"tier_rates": TIERS[:2]}))
    done = priced(steady(JANUARY, 1, 1500 * KWH), valid, BERLIN)
    assert done.select("cost_micros", "unpriced_micro_kwh", "tier").rows() == [(110_000_000, 500 * KWH, None)]


def test_the_first_band_that_covers_an_hour_decides() -> None:
    weekend = {"start_hour": 0, "end_hour": 0, "rate_per_kwh": 0.10, "days_of_week": [5, 6], "description": "Weekend"}
    listed = [{**PEAK, "days_of_week": [0, 1, 2, 3, 4]}, OFF_PEAK, weekend]
    frame = quarters(
        ("10.0.0.1", local("2025-01-11T05:45"), KWH),  # a Saturday
        ("10.0.0.1", local("2025-01-11T06:00"), KWH),
        ("10.0.0.1", local("2025-01-11T22:00"), KWH),
    )
    last = priced(frame, tariffs(rate("time_of_use", {"time_of_use_rates": listed})), BERLIN)
    assert last["band"].to_list() == ["22–06", "Weekend", "22–06"]
    first = priced(frame, tariffs(rate("time_of_use", {"time_of_use_rates": listed[::-1]})), BERLIN)
    assert first["band"].to_list() == ["Weekend"] * 3


def test_a_night_belongs_to_the_weekday_of_the_clock() -> None:
    friday_nights = {**OFF_PEAK, "days_of_week": [4]}
    valid = tariffs(rate("time_of_use", {"time_of_use_rates": [friday_nights]}))
    frame = quarters(
        ("10.0.0.1", local("2025-01-10T05:00"), KWH),  # a Friday
        ("10.0.0.1", local("2025-01-10T23:00"), KWH),
        ("10.0.0.1", local("2025-01-11T05:00"), KWH),
    )
    assert priced(frame, valid, BERLIN)["band"].to_list() == ["22–06", "22–06", None]


@pytest.mark.parametrize(("flat", "expected"), [({}, (0, KWH)), ({"flat_rate": 0.2}, (200_000, 0))])
def test_an_hour_no_band_covers_costs_the_flat_rate_or_is_unpriced(
    flat: dict[str, float], expected: tuple[int, int]
) -> None:
    valid = tariffs(rate("time_of_use", {"time_of_use_rates": [PEAK], **flat}))
    assert sums(steady(MONDAY, 1, KWH), valid) == expected


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-06-01", 24)])
def test_a_repeated_hour_is_priced_twice_and_a_skipped_one_never(day: str, hours: int) -> None:
    every_hour = [{"start_hour": h, "end_hour": h + 1, "rate_per_kwh": h} for h in range(24)]
    valid = tariffs(rate("time_of_use", {"time_of_use_rates": every_hour}))
    twice = {23: sum(range(24)) - 2, 24: sum(range(24)), 25: sum(range(24)) + 2}[hours]
    assert cost(whole_day(day, KWH // 4), valid) == twice * KWH
    assert cost(whole_day(day, KWH // 4), tariffs(rate("flat", FLAT))) == hours * 120_000


def test_seasons_wrap_the_year_and_the_first_that_holds_a_month_decides() -> None:
    seasons = [
        {"start_month": 11, "end_month": 2, "base_rate": 0.3},
        {"start_month": 1, "end_month": 6, "time_of_use_rates": [PEAK], "base_rate": 0.2},
        {"start_month": 7, "end_month": 8, "tier_rates": TIERS, "base_rate": 0.9},
    ]
    frame = quarters(*(("10.0.0.1", local(f"2025-{month:02}-10T12:00"), KWH) for month in range(1, 13)))
    expected = [300_000] * 2 + [150_000] * 4 + [100_000] * 2 + [0] * 2 + [300_000] * 2
    valid = tariffs(rate("seasonal", {"seasonal_rates": seasons}))
    assert priced(frame, valid, BERLIN)["cost_micros"].to_list() == expected
    assert sums(frame, valid)[1] == 2 * KWH
    with_flat = tariffs(rate("seasonal", {"seasonal_rates": seasons, "flat_rate": 0.5}))
    assert sums(frame, with_flat) == (sum(expected) + 1_000_000, 0)


def test_a_seasons_hours_without_band_cost_its_base_rate() -> None:
    seasons = [{"start_month": 1, "end_month": 12, "time_of_use_rates": [PEAK], "base_rate": 0.2}]
    assert cost(steady(MONDAY, 1, KWH), tariffs(rate("seasonal", {"seasonal_rates": seasons}))) == 200_000


def test_a_seasons_tiers_are_climbed_by_billing_month() -> None:
    seasons = [
        {"start_month": 1, "end_month": 1, "tier_rates": TIERS},
        {"start_month": 2, "end_month": 12, "tier_rates": [{**tier, "rate_per_kwh": 1} for tier in TIERS]},
    ]
    valid = tariffs(rate("seasonal_tiered", {"seasonal_rates": seasons}))
    assert cost(steady(JANUARY, 1, 750 * KWH), valid) == 80_000_000
    both = pl.concat([steady(JANUARY, 1, 750 * KWH), steady(local("2025-02-01T00:00"), 1, KWH)])
    assert priced(both, valid, BERLIN)["cost_micros"].to_list() == [80_000_000, 1_000_000]


def test_combined_multipliers_act_on_the_tiers_prices() -> None:
    config = {
        "time_of_use_rates": [{**PEAK, "rate_per_kwh": 1.5}],
        "time_of_use_values": "multiplier",
        "tier_rates": TIERS,
    }
    valid = tariffs(rate("combined", config))
    frame = quarters(("10.0.0.1", MONDAY, 499 * KWH), ("10.0.0.1", local("2025-01-06T12:00"), 2 * KWH))
    done = priced(frame, valid, BERLIN)
    assert done["cost_micros"].to_list() == [49_900_000, 150_000 + 180_000]
    assert done["tier"].to_list() == [1, 2]


def test_combined_absolute_prices_stand_in_the_place_of_the_tiers_which_are_climbed_all_the_same() -> None:
    config = {"time_of_use_rates": [PEAK], "time_of_use_values": "absolute", "tier_rates": TIERS}
    frame = quarters(("10.0.0.1", local("2025-01-06T12:00"), 600 * KWH), ("10.0.0.1", local("2025-01-06T23:00"), KWH))
    assert priced(frame, tariffs(rate("combined", config)), BERLIN)["cost_micros"].to_list() == [90_000_000, 120_000]


def test_each_interval_is_priced_by_the_rate_that_was_valid_then() -> None:
    valid = tariffs(
        rate("flat", {"flat_rate": 3}, rate_id="3", created_at=datetime(2025, 1, 1, tzinfo=UTC), is_active=True)
        | {"config": '{"flat_rate": 3, "effective_date": "2025-01-10"}'},
        rate("flat", {"flat_rate": 1}, rate_id="1", created_at=datetime(2025, 1, 2, tzinfo=UTC), is_active=False),
        rate("flat", {"flat_rate": 2}, rate_id="2", created_at=datetime(2025, 1, 5, 12, 7, tzinfo=UTC)),
    )
    moments = ("2025-01-02T00:45", "2025-01-02T01:00", "2025-01-05T13:00", "2025-01-05T13:15", "2025-01-10T00:00")
    frame = quarters(*(("10.0.0.1", local(moment), KWH) for moment in moments))
    done = priced(frame, valid, BERLIN)
    assert done["cost_micros"].to_list() == [0, KWH, KWH, 2 * KWH, 3 * KWH]
    assert done["unpriced_micro_kwh"].to_list() == [KWH, 0, 0, 0, 0]


def test_an_unknown_kind_of_rate_prices_nothing() -> None:
    valid = tariffs_of(rates(rate("barter", FLAT)), None, BERLIN)
    assert sums(steady(MONDAY, 4, KWH), valid) == (0, 4 * KWH)
    assert len(valid.problems) == 1


def test_without_any_rate_all_energy_is_unpriced() -> None:
    done = priced(steady(MONDAY, 1, KWH), Tariffs(), BERLIN)
    assert done.select("cost_micros", "unpriced_micro_kwh", "currency").rows() == [(0, KWH, None)]


def test_nothing_used_gives_nothing_with_the_same_columns() -> None:
    for valid in (Tariffs(), tariffs(rate("tiered", {"tier_rates": TIERS}))):
        done = priced(quarters(), valid, BERLIN)
        assert done.is_empty()
        assert done.schema == priced(steady(MONDAY, 1, KWH), valid, BERLIN).schema


def test_unknown_energy_has_an_unknown_cost() -> None:
    frame = quarters(("10.0.0.1", MONDAY, None), ("10.0.0.1", MONDAY + QUARTER, 600 * KWH))
    done = priced(frame, tariffs(rate("tiered", {"tier_rates": TIERS})), BERLIN)
    assert done["cost_micros"].to_list() == [None, 62_000_000]
    assert done["unpriced_micro_kwh"].to_list() == [None, 0]


def test_negative_prices_are_paid_out() -> None:
    assert cost(steady(MONDAY, 4, KWH), tariffs(rate("flat", {"flat_rate": -0.025}))) == -100_000


@pytest.mark.parametrize(("energy", "expected"), [(1, 0), (3, 2), (5, 2), (7, 4)])
def test_a_cost_is_rounded_half_even_to_the_micro(energy: int, expected: int) -> None:
    assert cost(steady(MONDAY, 1, energy), tariffs(rate("flat", {"flat_rate": 0.5}))) == expected
    assert cost(steady(MONDAY, 1, energy), tariffs(rate("flat", {"flat_rate": -0.5}))) == -expected


def test_further_columns_and_the_order_of_rows_stay() -> None:
    frame = steady(MONDAY, 4, KWH, ["10.0.0.2", "10.0.0.1"]).with_columns(tag=pl.int_range(8))
    shuffled = frame.sample(fraction=1, shuffle=True, seed=7)
    done = priced(shuffled, tariffs(rate("tiered", {"tier_rates": TIERS})), BERLIN)
    assert_frame_equal(done.select(shuffled.columns), shuffled)


def test_prices_by_the_half_hour(tmp_path: Path) -> None:
    file = price_file(
        tmp_path, "2025-01-06T00:00,2025-01-06T00:30,0.10", "2025-01-06T00:30+01:00,2025-01-06T01:00+01:00,-0.20"
    )
    valid = tariffs_of(rates(), file, BERLIN, currency="GBP")
    assert valid.problems == ()
    done = priced(steady(MONDAY, 5, KWH), valid, BERLIN)
    assert done["cost_micros"].to_list() == [100_000, 100_000, -200_000, -200_000, 0]
    assert done["unpriced_micro_kwh"].to_list() == [0, 0, 0, 0, KWH]
    assert done["currency"].unique().to_list() == ["GBP"]


def test_an_interval_of_any_length_prices_its_part_of_a_quarter(tmp_path: Path) -> None:
    file = price_file(
        tmp_path,
        "2025-01-06T00:00,2025-01-06T00:05,0.30",
        "2025-01-06T00:05,2025-01-06T00:10,0.60",
        header="from,to,price",
    )
    done = priced(steady(MONDAY, 1, 900), tariffs_of(rates(), file, BERLIN), BERLIN)
    assert done.select("cost_micros", "unpriced_micro_kwh").rows() == [(90 + 180, 300)]


@given(st.lists(st.integers(0, 5 * KWH), min_size=1, max_size=8), st.integers(0, 95), st.integers(-2000, 2000))
@BRIEF
def test_a_flat_price_said_in_any_other_way_costs_the_same(
    tmp_path_factory: pytest.TempPathFactory, energies: list[int], first: int, millis: int
) -> None:
    amount = millis / 1000
    start = MONDAY + first * QUARTER
    frame = quarters(*(("10.0.0.1", start + n * QUARTER, energy) for n, energy in enumerate(energies)))
    tiers = [
        {**tier, "rate_per_kwh": amount, "max_kwh": (n + 1) * 3 if n < 2 else None} for n, tier in enumerate(TIERS)
    ]
    tiers = [{**tier, "min_kwh": 3 * n} for n, tier in enumerate(tiers)]
    bands = [{**PEAK, "rate_per_kwh": amount}, {**OFF_PEAK, "rate_per_kwh": amount}]
    season = {"start_month": 3, "end_month": 2, "base_rate": amount}
    ways: list[dict[str, Any]] = [
        rate("flat", {"flat_rate": amount}),
        rate("time_of_use", {"time_of_use_rates": bands}),
        rate("time_of_use", {"time_of_use_rates": bands[:1], "flat_rate": amount}),
        rate("tiered", {"tier_rates": tiers}),
        rate("seasonal", {"seasonal_rates": [season]}),
        rate("seasonal_tiered", {"seasonal_rates": [{**season, "tier_rates": tiers}]}),
        rate("combined", {"time_of_use_rates": bands, "time_of_use_values": "absolute", "tier_rates": tiers}),
    ]
    expected = priced(frame, tariffs(ways[0]), BERLIN)["cost_micros"]
    for way in ways[1:]:
        assert priced(frame, tariffs(way), BERLIN)["cost_micros"].equals(expected)
    file = price_file(tmp_path_factory.mktemp("prices"), f"2025-01-05,2025-01-08,{amount}")
    assert priced(frame, tariffs_of(rates(), file, BERLIN), BERLIN)["cost_micros"].equals(expected)


@given(st.lists(st.tuples(st.integers(0, 40 * KWH), st.integers(0, 40 * KWH)), min_size=1, max_size=12))
@BRIEF
def test_energy_measured_in_finer_parts_costs_the_same(parts: list[tuple[int, int]]) -> None:
    valid = tariffs(rate("tiered", {"tier_rates": TIERS, "tier_scope": "account"}))
    fine = quarters(
        *(("10.0.0.1", JANUARY + n * QUARTER, one) for n, (one, _) in enumerate(parts)),
        *(("10.0.0.2", JANUARY + n * QUARTER, other) for n, (_, other) in enumerate(parts)),
    )
    coarse = quarters(*(("10.0.0.1", JANUARY + n * QUARTER, sum(pair)) for n, pair in enumerate(parts)))
    assert cost(fine, valid) - cost(coarse, valid) in range(-len(parts), len(parts) + 1)
    whole = [(one // 1000 * 1000, other // 1000 * 1000) for one, other in parts]
    fine, coarse = (frame.with_columns(pl.col("energy_micro_kwh") // 1000 * 1000) for frame in (fine, coarse))
    coarse = quarters(*(("10.0.0.1", JANUARY + n * QUARTER, sum(pair)) for n, pair in enumerate(whole)))
    assert cost(fine, valid) == cost(coarse, valid)


@given(st.lists(st.integers(0, 200 * KWH), min_size=1, max_size=20))
@BRIEF
def test_marginal_tiers_cost_what_the_months_total_costs_by_hand(energies: list[int]) -> None:
    valid = tariffs(rate("tiered", {"tier_rates": TIERS}))
    frame = quarters(*(("10.0.0.1", JANUARY + n * QUARTER, energy) for n, energy in enumerate(energies)))
    total = sum(energies)
    first, second, third = min(total, 500 * KWH), min(max(total - 500 * KWH, 0), 500 * KWH), max(total - 1000 * KWH, 0)
    by_hand = first * Fraction("0.10") + second * Fraction("0.12") + third * Fraction("0.15")
    assert abs(cost(frame, valid) - by_hand) <= Fraction(len(energies), 2)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 50), st.integers(0, KWH)), max_size=30),
    st.randoms(),
)
@BRIEF
def test_the_order_of_rows_does_not_matter(rows: list[tuple[str, int, int]], random: Any) -> None:
    unique = list({(device, n): (device, JANUARY + n * QUARTER, energy) for device, n, energy in rows}.values())
    valid = tariffs(rate("tiered", {"tier_rates": [{**TIERS[0], "max_kwh": 2}, {**TIERS[2], "min_kwh": 2}]}))
    expected = priced(quarters(*unique), valid, BERLIN)
    random.shuffle(unique)
    shuffled = priced(quarters().vstack(_as_listed(unique)), valid, BERLIN)
    assert_frame_equal(shuffled.sort("started_at", "device_ip"), expected)


def _as_listed(rows: list[tuple[str, datetime, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=quarters().schema, orient="row")


@pytest.mark.parametrize("config", [{"tier_rates": TIERS}, {"tier_rates": TIERS, "reset_day": 15}])
def test_a_day_priced_alone_with_what_it_looks_back_on_costs_what_it_costs_in_the_month(config: dict[str, Any]) -> None:
    valid = tariffs(rate("tiered", config))
    frame = steady(local("2025-01-01T00:00"), 31 * 96, 400_000)
    day = local("2025-01-20T00:00")
    ends = day + timedelta(days=1)
    is_day = (pl.col("started_at") >= day) & (pl.col("started_at") < ends)
    alone = frame.filter((pl.col("started_at") >= valid.looks_back(day, BERLIN)) & (pl.col("started_at") < ends))
    found = priced(alone, valid, BERLIN).filter(is_day)
    assert_frame_equal(found, priced(frame, valid, BERLIN).filter(is_day))
    assert alone.height < frame.height
