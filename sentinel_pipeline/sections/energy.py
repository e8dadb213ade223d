"""What the report says about energy and what it costs.

Money of several currencies is never added up: where there are several, the cost of a whole is NULL. Nor is it 0 where
no tariff prices the energy.
"""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.energy_findings import (
    band_finding,
    cost_of_one_currency,
    device_finding,
    metering_finding,
    peak_finding,
    trend_finding,
    week_finding,
)
from sentinel_pipeline.sections.section import Bars, HeatMap, Lines, Section
from sentinel_pipeline.sections.security import with_device_names
from sentinel_pipeline.sections.shares import percents, ranked
from sentinel_pipeline.sections.trends import Interval, trend, unseen_days
from sentinel_pipeline.sections.weeks import by_hour_of_week

MICRO = 1_000_000
MINUTE = 60
KNOWN = ("energy_micro_kwh", "cost_micros", "unpriced_micro_kwh")
TIMES = ("metered_seconds", "unmetered_seconds", "estimated_seconds")
PEAKS_SHOWN = 10


def one_currency(frame: pl.DataFrame) -> str | None:
    """The currency that everything was priced in; None when there are several, or none."""
    found = frame.filter(pl.col("cost_micros").is_not_null())["currency"].drop_nulls().unique()
    return str(found[0]) if len(found) == 1 else None


def energy_by_device(
    energy_hours: pl.DataFrame, energy_standby: pl.DataFrame, device_inventory: pl.DataFrame
) -> pl.DataFrame:
    """Energy and its cost per device, with highest power and the lowest mean power of an hour (standby)."""
    keys = ["source", "device_ip"]
    standby = energy_standby.group_by(keys).agg(pl.col("standby_micro_w").min())
    is_priced = pl.col("cost_micros").is_not_null()
    table = (
        energy_hours.group_by(keys)
        .agg(
            pl.col("device_name").drop_nulls().last(),
            *_known_sums(),
            pl.col(*TIMES).sum(),
            pl.col("max_power_micro_w").max(),
            pl.col("currency").filter(is_priced).drop_nulls().unique().alias("currencies"),
        )
        .join(standby, on=keys, how="left")
        .pipe(with_device_names, device_inventory)
    )
    parts = table["energy_micro_kwh"].fill_null(0)
    return ranked(
        _priced_in(table).with_columns(
            *_kwh_and_cost(),
            peak_power_w=_in("max_power_micro_w", MICRO),
            percentage=percents(parts, int(parts.sum())),
            standby_w=_in("standby_micro_w", MICRO),
            unmetered_minutes=_in("unmetered_seconds", MINUTE),
        ),
        "energy_kwh",
        ["device_ip", "source"],
    ).select(
        "device_ip",
        "device_name",
        "energy_kwh",
        "cost",
        "peak_power_w",
        "percentage",
        "standby_w",
        "unmetered_minutes",
        "currency",
        "source",
    )


def energy_trend(energy_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Energy and its cost over time: by hour in a daily report, else by day. What nobody metered is left empty."""
    return energy_over_time(energy_hours, completeness, period)


def energy_peaks(energy_demand: pl.DataFrame, device_inventory: pl.DataFrame) -> pl.DataFrame:
    """The quarter-hours in which the devices of a source together drew most, with the device that drew most of it."""
    highest = ranked(energy_demand, "demand_micro_kw", ["started_at", "source"]).head(PEAKS_SHOWN)
    return (
        with_device_names(highest, device_inventory)
        .sort("demand_micro_kw", "started_at", "source", descending=[True, False, False])
        .select(
            pl.col("started_at").alias("timestamp"),
            _in("demand_micro_kw", MICRO).alias("demand_kw"),
            "device_ip",
            "device_name",
            _in("device_micro_kw", MICRO).alias("device_kw"),
            "source",
        )
    )


def energy_hours_of_week(energy_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Energy by weekday and hour of the day on the report's clock; a cell that nobody metered is left empty."""
    return by_hour_of_week(energy_over_time(energy_hours, completeness, period, interval="hour"), "energy_kwh", period)


def energy_by_band(energy_bands: pl.DataFrame) -> pl.DataFrame:
    """Energy and its cost per band (time of use) and tier of the tariff; what no tariff prices is unpriced."""
    keys = ["source", "band", "tier", "currency"]
    table = energy_bands.group_by(keys).agg(_known_sums())
    parts = table["energy_micro_kwh"].fill_null(0)
    shares = percents(parts, int(parts.sum()))
    return ranked(table.with_columns(*_kwh_and_cost(), percentage=shares), "energy_kwh", keys).select(
        "band", "tier", "energy_kwh", "percentage", "cost", "unpriced_kwh", "currency", "source"
    )


def energy_metering(energy_hours: pl.DataFrame, device_inventory: pl.DataFrame, period: Period) -> pl.DataFrame:
    """How well each device was metered: minutes without any knowledge, minutes whose energy is known but not when in
    them it was used, and resets of its counter that were not due, with the hour in which most of them were.
    """
    keys = ["source", "device_ip"]
    hour = pl.col("hour_at").dt.convert_time_zone(period.zone.key).dt.hour().cast(pl.Int64)
    by_hour = energy_hours.filter(pl.col("resets") > 0).group_by(*keys, hour.alias("reset_hour"))
    most = by_hour.agg(pl.col("resets").sum()).sort("resets", "reset_hour", descending=[True, False])
    table = (
        energy_hours.group_by(keys)
        .agg(pl.col("device_name").drop_nulls().last(), pl.col(*TIMES, "resets", "jumps", "readings").sum())
        .join(most.unique(keys, keep="first", maintain_order=True).drop("resets"), on=keys, how="left")
        .pipe(with_device_names, device_inventory)
        .with_columns(
            unmetered_minutes=_in("unmetered_seconds", MINUTE),
            estimated_minutes=_in("estimated_seconds", MINUTE),
        )
    )
    return ranked(table, "unmetered_minutes", ["device_ip", "source"]).select(
        "device_ip",
        "device_name",
        "readings",
        "unmetered_minutes",
        "estimated_minutes",
        "resets",
        "reset_hour",
        "jumps",
        "source",
    )


def _known_sums() -> list[pl.Expr]:
    """Sums of what is known; NULL where nothing is."""
    return [pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in KNOWN]


def _priced_in(table: pl.DataFrame) -> pl.DataFrame:
    """With the one currency of each row, and without the cost of a row that has several."""
    count = pl.col("currencies").list.len()
    return table.with_columns(
        currency=pl.when(count == 1).then(pl.col("currencies").list.first()),
        cost_micros=pl.when(count <= 1).then("cost_micros"),
    )


def _kwh_and_cost() -> list[pl.Expr]:
    shown = {"energy_micro_kwh": "energy_kwh", "cost_micros": "cost", "unpriced_micro_kwh": "unpriced_kwh"}
    return [_in(name, MICRO).alias(label) for name, label in shown.items()]


def _in(column: str, scale: int) -> pl.Expr:
    """A column of integers in a larger unit, to 6 decimals."""
    return (pl.col(column) / scale).round(6, mode="half_to_even")


def energy_over_time(
    energy_hours: pl.DataFrame, completeness: pl.DataFrame, period: Period, interval: Interval | None = None
) -> pl.DataFrame:
    """Columns timestamp, energy_kwh, cost, unpriced_kwh, unmetered_minutes; NULL where nothing of a bucket is known."""
    known = [pl.col(name).is_not_null().cast(pl.Int64).alias(f"{name}_known") for name in KNOWN]
    marked = energy_hours.with_columns(known)
    names = [*KNOWN, *(f"{name}_known" for name in KNOWN), "unmetered_seconds"]
    sums = trend(marked, names, period, unseen_days(completeness, "energy_intervals", period), interval)
    is_one = one_currency(energy_hours) is not None
    cleared = [pl.when(pl.col(f"{name}_known") > 0).then(name).alias(name) for name in KNOWN]
    return (
        sums.with_columns(cleared)
        .with_columns(cost_micros=pl.when(is_one).then("cost_micros"))
        .select("timestamp", *_kwh_and_cost(), _in("unmetered_seconds", MINUTE).alias("unmetered_minutes"))
    )


SECTIONS = (
    Section(
        "Energy by device",
        "energy",
        energy_by_device,
        device_finding,
        chart=Bars("device_name", "energy_kwh", otherwise="device_ip"),
        shown=10,
        totals=("energy_kwh", "cost", "unmetered_minutes"),
        whole=(("cost", cost_of_one_currency),),
        is_told=True,
        about="energy_intervals",
        hidden=("currency", "source"),
    ),
    Section(
        "Energy over time",
        "energy",
        energy_trend,
        trend_finding,
        chart=Lines("timestamp", ("energy_kwh",)),
        shown=0,
        about="energy_intervals",
    ),
    Section(
        "Highest demand",
        "energy",
        energy_peaks,
        peak_finding,
        shown=5,
        about="energy_intervals",
        hidden=("source",),
    ),
    Section(
        "Energy by weekday and hour",
        "energy",
        energy_hours_of_week,
        week_finding,
        chart=HeatMap("weekday", "hour", "energy_kwh"),
        shown=0,
        cadences=("weekly", "monthly"),
        about="energy_intervals",
    ),
    Section(
        "Energy by tariff band",
        "energy",
        energy_by_band,
        band_finding,
        totals=("energy_kwh", "cost", "unpriced_kwh"),
        whole=(("cost", cost_of_one_currency),),
        about="energy_intervals",
    ),
    Section("Metering", "energy", energy_metering, metering_finding, about="energy_intervals", hidden=("source",)),
)
