"""What is counted of alerts."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.statistics.merging import Added, Foremost
from sentinel_pipeline.statistics.statistic import Statistic, count, hour_at

NOTABLE = ("critical", "high")
NOTABLE_KEPT = 200
NEWEST_ALERTS = ("raised_at", "source", pl.col("alert_id").cast(pl.Int64, strict=False), "alert_id")
NEWEST_FIRST = [True, False, True, True]
NOTED = Foremost(NOTABLE_KEPT, NEWEST_ALERTS, tuple(NEWEST_FIRST), nulls_last=True)


def alert_hours(alerts: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Alerts per hour, severity and whether somebody acknowledged them."""
    keys = ["source", "hour_at", "severity", "is_acknowledged"]
    return (
        alerts.with_columns(
            hour_at=hour_at("raised_at", day), is_acknowledged=pl.col("is_acknowledged").fill_null(value=False)
        )
        .group_by(keys)
        .agg(count("alerts"))
        .sort(keys)
    )


def alert_devices(alerts: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Alerts per hour, device and severity."""
    keys = ["source", "device_ip", "hour_at", "severity"]
    return (
        alerts.with_columns(hour_at=hour_at("raised_at", day))
        .group_by(keys)
        .agg(pl.col("device_name").max(), count("alerts"))
        .sort(keys)
    )


def notable_alerts(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """The newest critical and high alerts themselves, at most 200 a day."""
    return NOTED.of(
        alerts.filter(pl.col("severity").is_in(NOTABLE)).select(
            "source", "alert_id", "raised_at", "severity", "device_ip", "device_name", "explanation", "is_acknowledged"
        )
    )


STATISTICS = (
    Statistic("alerts", alert_hours, total="alerts", merge=Added(("alerts",))),
    Statistic("alerts", alert_devices, total="alerts", merge=Added(("alerts",), largest=("device_name",))),
    Statistic("alerts", notable_alerts, merge=NOTED),
)
