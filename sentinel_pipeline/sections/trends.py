"""Counts over time: every bucket of the window present, zero where nothing happened, NULL where nobody could see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import polars as pl

from sentinel_pipeline.domain.period import Period, day_of, first_of, midnight
from sentinel_pipeline.domain.tables import INSTANT

Interval = Literal["hour", "day", "week", "month"]
CADENCE = {"week": "weekly", "month": "monthly"}
SEEN = ("received", "partial", "no events")
NEVER = "not extracted"


def interval_of(period: Period) -> Interval:
    """The grain a report of this period shows: hours of a day, else days."""
    return "hour" if period.is_day else "day"


def bucket_starts(period: Period, interval: Interval) -> tuple[datetime, ...]:
    """UTC starts of all buckets; a first week or month that began before the period keeps its own nominal start."""
    if interval == "hour":
        return period.hour_starts
    if interval == "day":
        return period.day_starts
    firsts = sorted({first_of(CADENCE[interval], day) for day in period.days})
    return tuple(midnight(first, period.zone) for first in firsts)


def trend(
    statistic: pl.DataFrame,
    values: Sequence[str],
    period: Period,
    unseen: Sequence[str] = (),
    interval: Interval | None = None,
) -> pl.DataFrame:
    """Sums of `values` per bucket: columns timestamp, then `values`, in time order.

    `statistic` has `hour_at`; buckets of which every day is among `unseen` (day keys) are NULL, not zero.
    """
    grain = interval or interval_of(period)
    starts = bucket_starts(period, grain)
    buckets = pl.DataFrame({"timestamp": starts}, schema={"timestamp": INSTANT})
    sums = (
        statistic.sort("hour_at")
        .join_asof(buckets.with_columns(hour_at="timestamp"), on="hour_at", strategy="backward")
        .group_by("timestamp")
        .agg(pl.col(value).sum().cast(pl.Int64) for value in values)
    )
    whole = buckets.join(sums, on="timestamp", how="left", maintain_order="left").with_columns(
        pl.col(value).fill_null(0) for value in values
    )
    gaps = [set(_days_of(start, grain, period)) <= set(unseen) for start in starts]
    return whole.with_columns(
        pl.when(~pl.Series(gaps, dtype=pl.Boolean)).then(pl.col(value)).alias(value) for value in values
    )


def _days_of(start: datetime, grain: Interval, period: Period) -> list[str]:
    """Keys of the period's days that lie in the bucket."""
    first = day_of(start, period.zone)
    if grain in CADENCE:
        return [day.isoformat() for day in period.days if first_of(CADENCE[grain], day) == first]
    return [first.isoformat()]


def grouped_trend(
    statistic: pl.DataFrame,
    group: str,
    value: str,
    series: Sequence[str],
    period: Period,
    unseen: Sequence[str] = (),
    interval: Interval | None = None,
) -> pl.DataFrame:
    """`trend` for each member of `series`, in that order: columns timestamp, series, count."""
    hours = statistic.group_by("hour_at", group).agg(pl.col(value).sum())
    parts = [
        trend(hours.filter(pl.col(group) == name), [value], period, unseen, interval).select(
            "timestamp", pl.lit(name).alias("series"), pl.col(value).alias("count")
        )
        for name in series
    ]
    empty = pl.DataFrame(schema={"timestamp": INSTANT, "series": pl.String, "count": pl.Int64})
    return pl.concat(parts) if parts else empty


def unseen_days(completeness: pl.DataFrame, table: str, period: Period) -> tuple[str, ...]:
    """Days of the period on which no source of a table could be read."""
    seen = completeness.filter((pl.col("table") == table) & pl.col("status").is_in(SEEN))["day"].unique().to_list()
    return tuple(key for key in period.day_keys if key not in seen)


def missing_reads(completeness: pl.DataFrame, table: str, period: Period) -> int:
    """How many (source, day) reads of a table are missing in the period; 0 means all of it was seen.

    A source that has no such table at all is not missed.
    """
    of_table = completeness.filter((pl.col("table") == table) & (pl.col("status") != "not in source"))
    sources = of_table["source"].n_unique()
    seen = of_table.filter(pl.col("status").is_in(SEEN)).select("source", "day").n_unique()
    return max(sources, 1) * len(period.day_keys) - seen


def never_read(completeness: pl.DataFrame) -> pl.DataFrame:
    """Reads (source, table, day) that nobody ever tried; none where any was tried in vain."""
    missing = completeness.filter(~pl.col("status").is_in([*SEEN, "not in source"]))
    return missing if (missing["status"] == NEVER).all() else missing.clear()
