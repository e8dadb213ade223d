"""Trends split into series: which rows belong to which, under names that nothing else has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from sentinel_pipeline.portal.analytics_question import Answer

DEVICE = ["source", "device_ip"]


def series(rows: pl.DataFrame, names: Sequence[str], points: Callable[[pl.DataFrame], list[Answer]]) -> Answer:
    """The points of each name, from the rows that have it in the column `series`."""
    parts = rows.partition_by("series", as_dict=True)
    return {name: points(parts.get((name,), rows.clear())) for name in names}


def device_series(
    rows: pl.DataFrame, devices: pl.DataFrame, limit: int, points: Callable[[pl.DataFrame], list[Answer]]
) -> Answer:
    """The points of the first devices of a ranking, and who they are: an address that several sources have is named
    with its source.
    """
    address = pl.col("device_ip").fill_null("(none)")
    apart = pl.when(address.is_duplicated()).then(pl.format("{} ({})", address, "source")).otherwise(address)
    told = devices.select(apart.alias("series"), pl.all()).head(limit)
    named = rows.join(told.select("series", *DEVICE), on=DEVICE, nulls_equal=True)
    return {
        "limit": limit,
        "series": series(named, told["series"].to_list(), points),
        "devices": told.to_dicts(),
        "total_devices": devices.height,
    }
