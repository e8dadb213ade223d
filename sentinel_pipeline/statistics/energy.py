"""What is counted of metered energy: millionths of a kWh and of the currency unit, and whole seconds."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.sums import exact_sum
from sentinel_pipeline.statistics.merging import Added
from sentinel_pipeline.statistics.statistic import Statistic, count, hour_at, number_of, total

PEAKS_KEPT = 10
HOUR_SECONDS = 3_600
QUARTERS_PER_HOUR = 4
MICRO_W_PER_MICRO_KWH = 1_000  # of an hour's energy
TIMES = ("metered_seconds", "unmetered_seconds", "estimated_seconds")


def known_total(column: str) -> pl.Expr:
    """Sum that skips NULL; a group of nothing but NULL has no sum."""
    return pl.when(pl.col(column).is_not_null().any()).then(exact_sum(column)).alias(column)


def energy_hours(energy_intervals: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Energy, its cost, how much of the time was metered, and highest power per hour and device.

    Energy and cost are NULL where nothing of them is known.
    """
    keys = ["source", "device_ip", "hour_at", "currency"]
    return (
        energy_intervals.with_columns(hour_at=hour_at("started_at", day))
        .group_by(keys)
        .agg(
            pl.col("device_name").max(),
            count("intervals"),
            *(known_total(column) for column in ("energy_micro_kwh", "cost_micros", "unpriced_micro_kwh")),
            *(total(column) for column in (*TIMES, "on_seconds", "resets", "jumps", "readings")),
            pl.col("max_power_micro_w").max(),
        )
        .sort(keys)
    )


def energy_bands(energy_intervals: pl.LazyFrame) -> pl.LazyFrame:
    """Energy and its cost per time-of-use band and tier of the tariff."""
    keys = ["source", "currency", "band", "tier"]
    known = ("energy_micro_kwh", "cost_micros", "unpriced_micro_kwh")
    return (
        energy_intervals.group_by(keys).agg(count("intervals"), *(known_total(column) for column in known)).sort(keys)
    )


def energy_demand(energy_intervals: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """The ten quarter-hours of a day in which a source's devices drew most together: their mean power in millionths of
    a kW, with the device that drew most of it.
    """
    known = energy_intervals.filter(pl.col("energy_micro_kwh").is_not_null())
    first = known.sort("energy_micro_kwh", "device_ip", descending=[True, False])
    return (
        first.group_by("source", "started_at", maintain_order=True)
        .agg(
            (pl.col("energy_micro_kwh").sum() * QUARTERS_PER_HOUR).alias("demand_micro_kw"),
            (pl.col("energy_micro_kwh").first() * QUARTERS_PER_HOUR).alias("device_micro_kw"),
            pl.col("device_ip", "device_name").first(),
        )
        .sort("demand_micro_kw", "started_at", descending=[True, False])
        .group_by("source", maintain_order=True)
        .head(PEAKS_KEPT)
        .with_columns(day=pl.lit(day.key))
        .sort("source", "started_at")
    )


def energy_standby(energy_intervals: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """The lowest mean power of an hour of each device, in millionths of a W, among hours metered without a gap."""
    keys = ["source", "device_ip"]
    hours = (
        energy_intervals.with_columns(hour_at=hour_at("started_at", day))
        .group_by(*keys, "hour_at")
        .agg(total("energy_micro_kwh"), total("metered_seconds"), total("estimated_seconds"))
    )
    whole = hours.filter((pl.col("metered_seconds") == HOUR_SECONDS) & (pl.col("estimated_seconds") == 0))
    lowest = pl.col("energy_micro_kwh").min() * MICRO_W_PER_MICRO_KWH
    return whole.group_by(keys).agg(lowest.alias("standby_micro_w")).with_columns(day=pl.lit(day.key)).sort(keys)


def reading_hours(energy_readings: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Readings per hour and device, and how many of them are without power."""
    keys = ["source", "device_ip", "hour_at"]
    without_power = number_of(pl.col("power_w").is_null()).alias("without_power")
    hours = energy_readings.with_columns(hour_at=hour_at("read_at", day))
    return hours.group_by(keys).agg(count("readings"), without_power).sort(keys)


STATISTICS = (
    Statistic("energy_readings", reading_hours, total="readings", merge=Added(("readings", "without_power"))),
    Statistic("energy_intervals", energy_hours, total="intervals"),
    Statistic("energy_intervals", energy_bands, total="intervals"),
    Statistic("energy_intervals", energy_demand),
    Statistic("energy_intervals", energy_standby),
)
