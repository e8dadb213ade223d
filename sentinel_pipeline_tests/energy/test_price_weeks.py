"""A file of prices as a rate: the mean of each hour of the week, by month."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.energy.price_file import interval_prices
from sentinel_pipeline.energy.price_weeks import price_grid, price_weeks
from sentinel_pipeline_tests.clocks import BERLIN

UTC = ZoneInfo("UTC")


def weeks(path: Path, *lines: str, zone: ZoneInfo = UTC) -> str:
    file = path / "prices.csv"
    file.write_text("\n".join(["from,to,price", *lines]) + "\n", encoding="utf-8")
    prices, problems = interval_prices(file, zone)
    assert problems == []
    return price_weeks(prices, zone)


def price(config: str, month: str, weekday: str, hour: int) -> float | None:
    grid = price_grid(config, month, "EUR").filter((pl.col("weekday") == weekday) & (pl.col("hour") == hour))
    assert grid.height == 1
    found: float | None = grid["price"].item()
    return found


def test_half_hourly_prices_of_several_weeks_are_one_mean(tmp_path: Path) -> None:
    # Two Mondays of January 2025, noon to one o'clock: (0.1 + 0.2 + 0.5 + 0.6) / 4.
    config = weeks(
        tmp_path,
        "2025-01-06T12:00Z,2025-01-06T12:30Z,0.1",
        "2025-01-06T12:30Z,2025-01-06T13:00Z,0.2",
        "2025-01-13T12:00Z,2025-01-13T12:30Z,0.5",
        "2025-01-13T12:30Z,2025-01-13T13:00Z,0.6",
    )
    assert price(config, "2025-01", "Mon", 12) == 0.35
    assert price(config, "2025-01", "Mon", 13) is None
    assert price(config, "2025-02", "Mon", 12) is None
    assert {name: json.loads(config)[name] for name in ("prices", "first", "last")} == {
        "prices": 4,
        "first": "2025-01-06T12:00:00+00:00",
        "last": "2025-01-13T13:00:00+00:00",
    }


def test_hours_are_those_of_the_tariff_zone_and_a_repeated_one_counts_twice(tmp_path: Path) -> None:
    config = weeks(
        tmp_path,
        "2025-10-26T00:00Z,2025-10-26T01:00Z,0.2",
        "2025-10-26T01:00Z,2025-10-26T02:00Z,-0.4",
        zone=BERLIN,
    )
    assert price(config, "2025-10", "Sun", 2) == -0.1
    assert price(config, "2025-10", "Sun", 1) is None


def test_a_quarter_that_is_priced_in_part_is_not_told(tmp_path: Path) -> None:
    config = weeks(tmp_path, "2025-01-06T12:05Z,2025-01-06T12:30Z,0.3")
    assert price(config, "2025-01", "Mon", 12) == 0.3
    assert price(weeks(tmp_path, "2025-01-06T12:05Z,2025-01-06T12:10Z,0.3"), "2025-01", "Mon", 12) is None


def test_one_price_for_ever_is_told_for_its_newest_ten_years_only(tmp_path: Path) -> None:
    config = weeks(tmp_path, "1990-01-01T00:00Z,2030-01-01T00:00Z,0.25")
    assert price(config, "2029-12", "Thu", 0) == 0.25
    assert price(config, "2000-01", "Thu", 0) is None


def test_a_file_without_prices_has_an_empty_grid(tmp_path: Path) -> None:
    grid = price_grid(weeks(tmp_path), "2025-01", None)
    assert (grid.height, grid["price"].null_count()) == (168, 168)
    assert price_grid(None, "2025-01", None).equals(grid)
