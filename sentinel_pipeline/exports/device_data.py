"""Readings under the names that Kasa Monitor documents: rows as they are, buckets, and what energy cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.origin import UTC_ZONE
from sentinel_pipeline.domain.sums import exact_sum, quotient
from sentinel_pipeline.domain.tables import ENERGY_INTERVALS, Table
from sentinel_pipeline.exports.aggregating import KEYS, START
from sentinel_pipeline.exports.measures import MILLION
from sentinel_pipeline.lake.storage import SPOOLS
from sentinel_pipeline.rendering.layouts import layout

KASA: Final = "kasa"
READ: Final = {"voltage": "voltage_v", "current": "current_a"}
"""Fields that only readings tell of a bucket, and their columns; the others are metered."""

TRUNCATED: Final = {"hourly": "1h", "daily": "1d", "weekly": "1w", "monthly": "1mo"}
BROKEN_DOWN: Final = {"device": ("device_ip", "device_name"), "time_of_use": ("band",), "rate_tier": ("tier",)}


@dataclass(frozen=True)
class Documented:
    """Rows of a table under their documented names, by device and time."""

    table: Table
    zone: ZoneInfo

    def __call__(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return layout(self.table.name, KASA).select(rows, self.zone)

    @property
    def schema(self) -> pl.Schema:
        return self(self.table.empty().lazy()).collect_schema()


@dataclass(frozen=True)
class Buckets:
    """Metered buckets under documented names, by device and time; `read` holds the same buckets of readings, if any."""

    read: Path | None

    def __call__(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        beside = SPOOLS.scan(self.read) if self.read else None
        keys = [*KEYS, START]
        names = tuple(READ.values())
        if beside is None:
            joined = rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in names)
        else:
            joined = rows.join(beside.select(*keys, *names), on=keys, how="left", nulls_equal=True)
        return joined.sort("device_ip", START, "source", nulls_last=True).select(
            pl.col(START).alias("timestamp"),
            "device_ip",
            "device_name",
            "power_w",
            "energy_kwh",
            pl.col("voltage_v").alias("voltage"),
            pl.col("current_a").alias("current"),
            "cost",
            "is_on",
        )

    @property
    def schema(self) -> pl.Schema:
        """As of rows, but on is a share of the time."""
        return pl.Schema({**Documented(ENERGY_INTERVALS, UTC_ZONE).schema, "is_on": pl.Float64()})


@dataclass(frozen=True)
class Costs:
    """What energy cost by local hours, days, weeks or months, told apart by what was asked for; costs of two currencies
    are never added. A price per kWh is of what is priced.
    """

    grain: str
    zone: ZoneInfo
    breakdown: Sequence[str]

    def __call__(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        local = pl.col(START).dt.convert_time_zone(self.zone.key).dt.truncate(TRUNCATED[self.grain])
        keys = [name for one in self.breakdown for name in BROKEN_DOWN[one]]
        every = ["timestamp", *keys, "currency"]
        summed = ("energy_micro_kwh", "cost_micros", "unpriced_micro_kwh")
        grouped = rows.with_columns(local.dt.convert_time_zone("UTC").alias("timestamp")).group_by(every)
        costs = grouped.agg(*(exact_sum(name) for name in summed))
        priced = pl.col("energy_micro_kwh") - pl.col("unpriced_micro_kwh")
        return (
            costs.sort(every, nulls_last=True)
            .select(
                *every[:-1],
                quotient(pl.col("energy_micro_kwh"), MILLION).alias("energy_kwh"),
                quotient(pl.col("cost_micros"), MILLION).alias("cost"),
                pl.when(priced > 0)
                .then((pl.col("cost_micros") / priced).round(4, mode="half_to_even"))
                .alias("rate_per_kwh"),
                quotient(pl.col("unpriced_micro_kwh"), MILLION).alias("unpriced_kwh"),
                "currency",
            )
            .rename({"band": "time_of_use", "tier": "rate_tier"}, strict=False)
        )

    @property
    def schema(self) -> pl.Schema:
        return self(ENERGY_INTERVALS.empty().lazy()).collect_schema()
