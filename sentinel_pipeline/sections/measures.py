"""How the figures of a report are computed: statistics and a period in, one value out; None where it cannot be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.data_loss import data_types
from sentinel_pipeline.sections.shares import MEGABYTE, percent, ratio
from sentinel_pipeline.sections.trends import unseen_days

Value = int | float | str | None
Statistics = Mapping[str, pl.DataFrame]
Compute = Callable[..., Value]
"""Takes `statistics`, and `period` where the value depends on it."""


def summed(statistic: str, column: str, condition: pl.Expr | None = None) -> Compute:
    """Computes the sum of a column over the rows that satisfy a condition."""

    def compute(statistics: Statistics) -> Value:
        return total(statistics[statistic], column, condition)

    return compute


def total(frame: pl.DataFrame, column: str, condition: pl.Expr | None = None) -> int:
    """Sum of a column of integers over the rows that satisfy a condition."""
    rows = frame if condition is None else frame.filter(condition)
    return int(rows[column].sum() or 0)


def distinct(frame: pl.DataFrame, *columns: str) -> int:
    """Number of distinct combinations in which no column is NULL."""
    return frame.select(columns).drop_nulls().n_unique() if not frame.is_empty() else 0


VIOLATION = pl.col("policy_id").is_not_null()


def block_rate(statistics: Statistics) -> Value:
    """Blocked incidents in percent of all incidents."""
    hours = statistics["incident_hours"]
    return percent(total(hours, "blocked"), total(hours, "incidents"))


def policy_block_rate(statistics: Statistics) -> Value:
    """Blocked policy violations in percent of all policy violations."""
    hours = statistics["incident_hours"]
    return percent(total(hours, "blocked", VIOLATION), total(hours, "incidents", VIOLATION))


def unblocked_violations(statistics: Statistics) -> Value:
    """Policy violations that were not blocked."""
    hours = statistics["incident_hours"]
    return total(hours, "incidents", VIOLATION) - total(hours, "blocked", VIOLATION)


def active_agents(statistics: Statistics) -> Value:
    """Distinct agents that reported an incident."""
    return distinct(statistics["incident_agents"], "agent_id")


def most_common_data_type(statistics: Statistics) -> Value:
    """The data type that most incidents carry, ties by name."""
    table = data_types(statistics["incident_data_types"], statistics["incident_hours"])
    return None if table.is_empty() else str(table["data_type"][0])


def newest_inventory(statistics: Statistics) -> pl.DataFrame:
    """Each source's devices as they were on the last day of the period that was read."""
    inventory = statistics["device_inventory"]
    return inventory.filter(pl.col("day") == pl.col("day").max().over("source"))


def total_devices(statistics: Statistics, period: Period) -> Value:
    """Devices the systems know; None when no inventory was read."""
    seen = len(unseen_days(statistics["completeness"], "devices", period)) < len(period.days)
    return newest_inventory(statistics).height if seen else None


def blocked_devices(statistics: Statistics, period: Period) -> Value:
    """Devices marked as blocked; None when no inventory was read."""
    known = total_devices(statistics, period)
    return None if known is None else newest_inventory(statistics).filter(pl.col("is_blocked")).height


def active_devices(statistics: Statistics, period: Period) -> Value:
    """Devices active in the last 24 hours of the period.

    By the inventory's last-seen time while it knows of nothing after the period; else by connections and alerts.
    """
    if total_devices(statistics, period) is None:
        return None
    end = period.window.end
    since = end - timedelta(hours=24)
    inventory = newest_inventory(statistics)
    last_seen = pl.col("last_seen_at")
    is_younger = inventory.group_by("source").agg((last_seen.max() > end).fill_null(value=True).alias("is_younger"))
    seen = inventory.join(is_younger.filter(~pl.col("is_younger")), on="source", how="semi").filter(
        last_seen.is_between(since, end)
    )
    by_activity = _active(statistics, since, end).join(is_younger.filter("is_younger"), on="source", how="semi")
    return distinct(pl.concat([seen.select("source", "device_ip"), by_activity]), "source", "device_ip")


def _active(statistics: Statistics, since: datetime, end: datetime) -> pl.DataFrame:
    within = (pl.col("hour_at") >= since) & (pl.col("hour_at") < end) & (pl.col("device_ip") != "SYSTEM")
    activity = [statistics["connection_devices"], statistics["alert_devices"]]
    return pl.concat([frame.filter(within).select("source", "device_ip") for frame in activity])


def data_transferred_mb(statistics: Statistics) -> Value:
    """Bytes sent and received in units of 2^20."""
    hours = statistics["connection_hours"]
    return ratio(total(hours, "bytes_sent") + total(hours, "bytes_received"), MEGABYTE)


def unique_destinations(statistics: Statistics) -> Value:
    """Distinct destination addresses."""
    return distinct(statistics["connection_destinations"], "destination_ip")


FAILED_STATES = ("REJ", "RSTOS0", "RSTRH", "S0", "SH", "SHR")


def failed_connection_rate(statistics: Statistics) -> Value:
    """TCP connections in one of the failed states in percent of those whose state is known."""
    hours = statistics["connection_hours"]
    known = (pl.col("protocol") == "tcp") & pl.col("connection_state").is_not_null()
    failed = known & pl.col("connection_state").is_in(FAILED_STATES)
    return percent(total(hours, "connections", failed), total(hours, "connections", known))


def quarantined_records(statistics: Statistics) -> Value:
    """Distinct records that were set aside."""
    return distinct(statistics["quarantined"], "source", "table", "location")
