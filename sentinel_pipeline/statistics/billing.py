"""What a bill is made of: each day's energy by band and tier, and the rates that were in force."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.statistics.statistic import Statistic, count, total

CHARGED = ("energy_micro_kwh", "cost_micros", "unpriced_micro_kwh")


def energy_charges(energy_intervals: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Energy, its cost and what no price covers, per device, tariff band and tier of a day."""
    keys = ["source", "day", "device_ip", "band", "tier", "currency"]
    return (
        energy_intervals.with_columns(day=pl.lit(day.key))
        .group_by(keys)
        .agg(count("intervals"), *(total(name) for name in CHARGED))
        .sort(keys)
    )


def rate_inventory(energy_rates: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """The rates a system held when the day was read, older ones included."""
    return energy_rates.with_columns(day=pl.lit(day.key)).sort("source", "rate_id")


STATISTICS = (
    Statistic("energy_intervals", energy_charges, total="intervals"),
    Statistic("energy_rates", rate_inventory),
)
