"""What Kasa Monitor documents as a report of the system: figures of each device, and hours of the day, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.sums import exact_sum, quotient
from sentinel_pipeline.exports.aggregating import START
from sentinel_pipeline.exports.measures import MILLION

DEVICE: Final = ("device_ip", "device_name")
SECONDS: Final = 3600
Figure = tuple[str, str, pl.Expr]
Part = Callable[[pl.LazyFrame, ZoneInfo], pl.LazyFrame]


def _of(column: str, share: int) -> pl.Expr:
    return quotient(exact_sum(column), share)


def _by_device(rows: pl.LazyFrame, figures: Sequence[Figure]) -> pl.LazyFrame:
    """Rows of one figure each, those of a device together; a figure is its name, its unit and how it is summed."""
    order = {name: place for place, (name, _, _) in enumerate(figures)}
    units = {name: unit for name, unit, _ in figures}
    summed = rows.group_by(DEVICE).agg(told.cast(pl.Float64).alias(name) for name, _, told in figures)
    long = summed.unpivot(index=DEVICE, variable_name="figure", value_name="value")
    named = long.with_columns(pl.col("figure").replace_strict(units, return_dtype=pl.String).alias("unit"))
    place = pl.col("figure").replace_strict(order, return_dtype=pl.Int64)
    return named.sort("device_name", "device_ip", place, nulls_last=True)


def device_summary(rows: pl.LazyFrame, _: ZoneInfo) -> pl.LazyFrame:
    highest = quotient(pl.col("max_power_micro_w").max(), MILLION)
    figures = [
        ("readings", "readings", exact_sum("readings")),
        ("switched on", "h", _of("on_seconds", SECONDS)),
        ("highest power", "W", highest),
    ]
    return _by_device(rows, figures)


def energy_consumption(rows: pl.LazyFrame, _: ZoneInfo) -> pl.LazyFrame:
    return _by_device(rows, [("energy", "kWh", _of("energy_micro_kwh", MILLION))])


def cost_breakdown(rows: pl.LazyFrame, _: ZoneInfo) -> pl.LazyFrame:
    """Costs by device and band of the tariff, those of two currencies never added; without a tariff there are none."""
    priced = rows.filter(pl.col("currency").is_not_null())
    costs = priced.group_by(*DEVICE, "band", "currency").agg(_of("cost_micros", MILLION).alias("value"))
    figure = pl.concat_str(pl.lit("cost"), pl.col("band"), separator=", ", ignore_nulls=True)
    named = costs.with_columns(figure.alias("figure"), pl.col("currency").alias("unit"))
    return named.sort("device_name", "device_ip", "figure", "unit", nulls_last=True)


def system_health(rows: pl.LazyFrame, _: ZoneInfo) -> pl.LazyFrame:
    names = {"metered": "metered_seconds", "estimated": "estimated_seconds", "not metered": "unmetered_seconds"}
    hours: list[Figure] = [(name, "h", _of(column, SECONDS)) for name, column in names.items()]
    return _by_device(rows, [*hours, ("resets of the counter", "times", exact_sum("resets"))])


def usage_patterns(rows: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Energy of all devices by hour of the local day."""
    hour = pl.col(START).dt.convert_time_zone(zone.key).dt.strftime("%H:00").alias("figure")
    used = rows.group_by(hour).agg(_of("energy_micro_kwh", MILLION).alias("value"))
    nobody = [pl.lit(None, pl.String).alias(name) for name in DEVICE]
    return used.sort("figure").with_columns(*nobody, pl.lit("kWh").alias("unit"))


SECTIONS: Final[dict[str, Part]] = {
    "device_summary": device_summary,
    "energy_consumption": energy_consumption,
    "cost_breakdown": cost_breakdown,
    "system_health": system_health,
    "usage_patterns": usage_patterns,
}


@dataclass(frozen=True)
class SystemReport:
    """The sections asked for, one after the other, from metered quarter-hours: one figure to a row."""

    sections: Sequence[str]
    zone: ZoneInfo

    def __call__(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        value = pl.col("value").cast(pl.Float64).round(6, mode="half_to_even")
        return pl.concat(
            SECTIONS[name](rows, self.zone).select(pl.lit(name).alias("section"), *DEVICE, "figure", value, "unit")
            for name in self.sections
        )
