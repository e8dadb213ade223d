"""What is kept of inventories, audit trails, and of how well the sources could be read."""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import QUARANTINE, TABLES
from sentinel_pipeline.statistics.merging import Added
from sentinel_pipeline.statistics.statistic import Statistic, count, hour_at


def device_inventory(devices: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """The devices a system knew when the day was read."""
    return devices.with_columns(day=pl.lit(day.key)).sort("source", "device_ip")


def agent_inventory(agents: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """The agents a system knew when the day was read."""
    columns = ["source", "agent_id", "name", "hostname", "status", "last_seen_at"]
    return agents.select(*columns, pl.lit(day.key).alias("day")).sort("source", "agent_id")


def policy_inventory(policies: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """The policies a system knew when the day was read."""
    columns = ["source", "policy_id", "name", "severity", "is_enabled"]
    return policies.select(*columns, pl.lit(day.key).alias("day")).sort("source", "policy_id")


def audit_hours(audit_events: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """Audit events per hour, type and severity."""
    keys = ["source", "hour_at", "event_type", "severity"]
    return audit_events.with_columns(hour_at=hour_at("occurred_at", day)).group_by(keys).agg(count("events")).sort(keys)


def audit_users(audit_events: pl.LazyFrame) -> pl.LazyFrame:
    """Audit events per user."""
    keys = ["source", "user"]
    return audit_events.group_by(keys).agg(count("events")).sort(keys)


def completeness(receipts: pl.LazyFrame, day: Period) -> pl.LazyFrame:
    """What arrived of each table of each source on a day, and what was set aside."""
    snapshots = [table.name for table in TABLES if table.is_snapshot and table is not QUARANTINE]
    return receipts.with_columns(day=pl.lit(day.key), is_snapshot=pl.col("table").is_in(snapshots)).sort(
        "source", "table"
    )


def quarantined(quarantine: pl.LazyFrame) -> pl.LazyFrame:
    """Which records were set aside; a record that belongs to no day is named each day and counted once."""
    keys = ["source", "table", "reason", "location"]
    return quarantine.select(keys).unique().sort(keys)


STATISTICS = (
    Statistic("devices", device_inventory),
    Statistic("agents", agent_inventory),
    Statistic("policies", policy_inventory),
    Statistic("audit_events", audit_hours, total="events", merge=Added(("events",))),
    Statistic("audit_events", audit_users, total="events", merge=Added(("events",))),
    Statistic("receipts", completeness),
    Statistic("quarantine", quarantined, merge=Added()),
)
