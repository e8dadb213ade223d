import polars as pl

from sentinel_pipeline.energy.grid import overlaps, week_grid
from sentinel_pipeline.energy.tariff import tariffs_of
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.energy.worlds import DAY_AND_NIGHT, FLAT, OFF_PEAK, PEAK, TIERS, rate, rates, tariff

WEEKEND = {"start_hour": 0, "end_hour": 24, "rate_per_kwh": 0.1, "days_of_week": [5, 6], "description": "Weekend"}
DOCUMENTED = {"time_of_use_rates": [{**PEAK, "days_of_week": [0, 1, 2, 3, 4]}, OFF_PEAK, WEEKEND]}


def test_the_grid_shows_that_a_weekend_night_is_off_peak_in_the_documents_order() -> None:
    grid = week_grid(tariff("time_of_use", DOCUMENTED))
    assert grid.height == 7 * 24
    at = {(row["weekday"], row["hour"]): (row["price"], row["band"]) for row in grid.iter_rows(named=True)}
    assert at["Sat", 5] == at["Sat", 22] == at["Mon", 0] == (0.08, "22–06")
    assert at["Sat", 6] == at["Sun", 21] == (0.1, "Weekend")
    assert at["Fri", 21] == (0.15, "06–22")


def test_bands_that_overlap_are_told_with_the_one_that_decides() -> None:
    assert overlaps(tariff("time_of_use", DOCUMENTED)) == [
        "'22–06' and 'Weekend' overlap in 16 hours a week (Sat Sun 00–06 and 22–24); "
        "'22–06' is listed first and decides"
    ]


def test_hours_no_band_covers_are_told_with_what_they_cost() -> None:
    workdays = {"time_of_use_rates": [{**PEAK, "days_of_week": [0, 1, 2, 3, 4]}, OFF_PEAK]}
    (said,) = overlaps(tariff("time_of_use", workdays))
    assert said == "no band covers 32 hours a week (Sat Sun 06–22); their energy is unpriced"
    (said,) = overlaps(tariff("time_of_use", {**workdays, **FLAT}))
    assert said.endswith("they cost 0.12")


def test_a_tariff_without_surprises_has_nothing_to_tell() -> None:
    for rate_type, config in (("flat", FLAT), ("time_of_use", DAY_AND_NIGHT), ("tiered", {"tier_rates": TIERS})):
        assert overlaps(tariff(rate_type, config)) == []


def test_tiers_with_holes_and_an_end_are_told() -> None:
    holes = [{"min_kwh": 0, "max_kwh": 500, "rate_per_kwh": 0.1}, {"min_kwh": 600, "max_kwh": 700, "rate_per_kwh": 0.2}]
    assert overlaps(tariff("tiered", {"tier_rates": holes})) == [
        "a tier begins at 600 kWh, the one before ends at 500 kWh; it is taken to begin there",
        "no tier goes above 700 kWh; energy above is unpriced",
    ]


def test_seasons_that_overlap_or_leave_months_are_told() -> None:
    seasons = [
        {"start_month": 12, "end_month": 6, "base_rate": 1, "description": "Winter"},
        {"start_month": 6, "end_month": 10, "tier_rates": TIERS, "time_of_use_rates": [PEAK, OFF_PEAK]},
    ]
    said = overlaps(tariff("seasonal", {"seasonal_rates": seasons}))
    assert said == [
        "season month 6–10: it has time-of-use prices and tiers; its time-of-use prices decide",
        "month 6 is in seasons Winter, month 6–10; 'Winter' is listed first and decides",
        "month 11 is in no season; its energy is unpriced",
    ]


def test_a_season_without_price_is_told() -> None:
    (said,) = overlaps(tariff("seasonal", {"seasonal_rates": [{"start_month": 1, "end_month": 12}]}))
    assert said == "it has no price; its energy is unpriced"


def test_each_season_has_its_grid_and_months_without_season_too() -> None:
    seasons = [
        {"start_month": 6, "end_month": 9, "base_rate": 0.14, "description": "Summer"},
        {"start_month": 12, "end_month": 3, "base_rate": 0.11, "description": "Winter"},
    ]
    grid = week_grid(tariff("seasonal", {"seasonal_rates": seasons}))
    assert grid.group_by("season", maintain_order=True).agg(pl.len(), pl.col("price").first()).rows() == [
        ("Summer", 168, 0.14),
        ("Winter", 168, 0.11),
        ("other months", 168, None),
    ]


def test_the_grid_of_a_rate_that_cannot_be_read_is_empty_of_prices() -> None:
    broken = tariffs_of(rates(rate("barter", FLAT)), None, BERLIN).tariffs[0]
    assert week_grid(broken)["price"].null_count() == 168
    assert overlaps(broken) == ["its prices cannot be read; all of its energy is unpriced"]
