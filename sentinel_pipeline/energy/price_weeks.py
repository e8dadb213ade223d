"""Prices by interval as a rate beside others: what a kWh cost on the mean at each hour of the week, by month."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, cast
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.energy.grid import GRID, HOURS, WEEKDAYS
from sentinel_pipeline.energy.money import MICROS
from sentinel_pipeline.energy.pricing import priced
from sentinel_pipeline.energy.structure import EVERY_DAY
from sentinel_pipeline.energy.tariff import Tariffs

MOST_DAYS: Final = 3_660
QUARTER: Final = "15m"


def price_weeks(prices: pl.DataFrame, zone: ZoneInfo) -> str:
    """JSON of `interval_prices`: their number, first and last instant, and `weeks`, by month of the zone.

    A week is a list of seven days, Monday first, of 24 means over the quarter-hours of the month that have a price in
    full; null where there is none. Of many years it is the newest MOST_DAYS days.
    """
    if prices.is_empty():
        return json.dumps({"prices": 0, "first": None, "last": None, "weeks": {}})
    first, last = cast("datetime", prices["from_at"].min()), cast("datetime", prices["to_at"].max())
    begin = max(first, last - timedelta(days=MOST_DAYS))
    starts = pl.datetime_range(begin, last, QUARTER, closed="left", eager=True).dt.truncate(QUARTER).cast(INSTANT)
    quarters = pl.DataFrame({"device_ip": "", "started_at": starts, "energy_micro_kwh": MICROS}).cast(
        {"energy_micro_kwh": pl.Int64}
    )
    known = priced(quarters, Tariffs(prices=prices), zone).filter(pl.col("unpriced_micro_kwh") == 0)
    local = pl.col("started_at").dt.convert_time_zone(zone.key)
    hours = known.group_by(local.dt.strftime("%Y-%m").alias("month"), local.dt.weekday(), local.dt.hour().alias("hour"))
    means = hours.agg(total=pl.col("cost_micros").sum(), quarters=pl.len()).sort("month")
    weeks: dict[str, list[list[float | None]]] = {}
    for month, weekday, hour, total, count in means.iter_rows():
        week = weeks.setdefault(month, [[None] * len(HOURS) for _ in EVERY_DAY])
        week[weekday - 1][hour] = round(total / (MICROS * count), 6)
    edges = {"first": first.isoformat(), "last": last.isoformat()}
    return json.dumps({"prices": prices.height, **edges, "weeks": weeks}, separators=(",", ":"))


def price_grid(config: str | None, month: str, currency: str | None) -> pl.DataFrame:
    """What `price_weeks` says of a month (YYYY-MM), with the columns of `week_grid`."""
    weeks: dict[str, Sequence[Sequence[float | None]]] = json.loads(config or "{}").get("weeks", {})
    week = weeks.get(month) or [[None] * len(HOURS)] * len(WEEKDAYS)
    rows = [("", WEEKDAYS[day], hour, week[day][hour], None, currency) for day in EVERY_DAY for hour in HOURS]
    return pl.DataFrame(rows, schema=GRID, orient="row")
