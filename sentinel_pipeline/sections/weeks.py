"""Hours of the week: what falls on each weekday and hour of the day on the report's clock."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def by_hour_of_week(hours: pl.DataFrame, value: str, period: Period) -> pl.DataFrame:
    """Sums of a value per weekday and hour: columns weekday, hour, and the value; in the order of the week.

    `hours` has `timestamp`. Both runs of a repeated hour count together; a cell none of whose hours is known is NULL.
    """
    local = pl.col("timestamp").dt.convert_time_zone(period.zone.key)
    known = pl.col(value).drop_nulls()
    cells = hours.group_by(weekday=local.dt.weekday(), hour=local.dt.hour()).agg(
        pl.when(known.len() > 0).then(known.sum()).alias(value)
    )
    return (
        cells.sort("weekday", "hour")
        .with_columns(
            weekday=pl.col("weekday").replace_strict(dict(enumerate(WEEKDAYS, start=1)), return_dtype=pl.String),
            hour=pl.col("hour").cast(pl.Int64),
        )
        .select("weekday", "hour", value)
    )
