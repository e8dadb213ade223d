"""The figures of a report: each with its label, unit, definition, and the function that computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.data_loss import data_types
from sentinel_pipeline.sections.shares import MEGABYTE, percent, ratio
from sentinel_pipeline.sections.trends import trend, unseen_days

Value = int | float | str | None
Statistics = Mapping[str, pl.DataFrame]
Compute = Callable[[Statistics, Period], Value]
Course = tuple[str, pl.Expr]


@dataclass(frozen=True)
class Figure:
    """A figure of the report; its value None means it cannot be told, never zero.

    `about` is the canonical table it speaks of, `statistics` what it is computed from, `good` the direction a reader
    wants. `course` (statistic, value per row) gives its run over the period.
    """

    id: str
    label: str
    unit: str
    definition: str
    about: str
    statistics: tuple[str, ...]
    compute: Compute
    good: str | None = None
    course: Course | None = None

    def sparkline(self, statistics: Statistics, period: Period) -> tuple[int | None, ...]:
        """The figure per hour (daily report) or day, None where nobody could see; empty when it has no course."""
        if self.course is None:
            return ()
        name, expression = self.course
        rows = statistics[name].select("hour_at", value=expression.cast(pl.Int64))
        unseen = unseen_days(statistics["completeness"], self.about, period)
        return tuple(trend(rows, ["value"], period, unseen)["value"].to_list())


def summed(statistic: str, column: str, condition: pl.Expr | None = None) -> Compute:
    """Computes the sum of a column over the rows that satisfy a condition."""

    def compute(statistics: Statistics, period: Period) -> Value:  # noqa: ARG001 - every figure takes the period
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


def block_rate(statistics: Statistics, period: Period) -> Value:  # noqa: ARG001 - every figure takes the period
    """Blocked incidents in percent of all incidents."""
    hours = statistics["incident_hours"]
    return percent(total(hours, "blocked"), total(hours, "incidents"))


def policy_block_rate(statistics: Statistics, period: Period) -> Value:  # noqa: ARG001 - every figure takes the period
    """Blocked policy violations in percent of all policy violations."""
    hours = statistics["incident_hours"]
    return percent(total(hours, "blocked", VIOLATION), total(hours, "incidents", VIOLATION))


def unblocked_violations(statistics: Statistics, period: Period) -> Value:  # noqa: ARG001 - every figure takes the period
    """Policy violations that were not blocked."""
    hours = statistics["incident_hours"]
    return total(hours, "incidents", VIOLATION) - total(hours, "blocked", VIOLATION)


def active_agents(statistics: Statistics, period: Period) -> Value:  # noqa: ARG001 - every figure takes the period
    """Distinct agents that reported an incident."""
    return distinct(statistics["incident_agents"], "source", "agent_id")


def most_common_data_type(statistics: Statistics, period: Period) -> Value:  # noqa: ARG001 - as above
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

    By the inventory's last-seen time where it was taken before the period's end; else by connections and alerts.
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


def data_transferred_mb(statistics: Statistics, period: Period) -> Value:  # noqa: ARG001 - as above
    """Bytes sent and received in units of 2^20."""
    hours = statistics["connection_hours"]
    return ratio(total(hours, "bytes_sent") + total(hours, "bytes_received"), MEGABYTE)


def unique_destinations(statistics: Statistics, period: Period) -> Value:  # noqa: ARG001 - as above
    """Distinct destination addresses."""
    return distinct(statistics["connection_destinations"], "destination_ip")


def quarantined_records(statistics: Statistics, period: Period) -> Value:  # noqa: ARG001 - as above
    """Distinct records that could not be read."""
    return distinct(statistics["quarantined"], "source", "table", "location")


def _alerts(level: str, good: str | None = "down") -> Figure:
    return Figure(
        f"alerts_{level}",
        f"{level.capitalize()} alerts",
        "alerts",
        f"Alerts of severity {level} raised in the period."
        + (" Severity missing or not one of the five levels." if level == "unknown" else ""),
        "alerts",
        ("alert_hours",),
        summed("alert_hours", "alerts", pl.col("severity") == level),
        good=good,
        course=("alert_hours", pl.when(pl.col("severity") == level).then("alerts").otherwise(0)),
    )


FIGURES = (
    Figure(
        "total_alerts",
        "Alerts",
        "alerts",
        "Alerts raised in the period, of every severity.",
        "alerts",
        ("alert_hours",),
        summed("alert_hours", "alerts"),
        good="down",
        course=("alert_hours", pl.col("alerts")),
    ),
    _alerts("critical"),
    Figure(
        "total_incidents",
        "Incidents",
        "incidents",
        "Distinct data-loss incidents that occurred in the period.",
        "incidents",
        ("incident_hours",),
        summed("incident_hours", "incidents"),
        good="down",
        course=("incident_hours", pl.col("incidents")),
    ),
    Figure(
        "critical_incidents",
        "Critical incidents",
        "incidents",
        "Incidents of severity critical.",
        "incidents",
        ("incident_hours",),
        summed("incident_hours", "incidents", pl.col("severity") == "critical"),
        good="down",
        course=("incident_hours", pl.when(pl.col("severity") == "critical").then("incidents").otherwise(0)),
    ),
    Figure(
        "block_rate",
        "Block rate",
        "%",
        "Blocked incidents in percent of all incidents.",
        "incidents",
        ("incident_hours",),
        block_rate,
        good="up",
    ),
    Figure(
        "active_devices",
        "Active devices (24 h)",
        "devices",
        "Distinct devices seen in the last 24 hours of the period; by connections and alerts where the inventory was"
        " read after the period's end.",
        "devices",
        ("device_inventory", "connection_devices", "alert_devices", "completeness"),
        active_devices,
    ),
    Figure(
        "total_connections",
        "Connections",
        "connections",
        "Connections that started in the period; a long one counts once.",
        "connections",
        ("connection_hours",),
        summed("connection_hours", "connections"),
        course=("connection_hours", pl.col("connections")),
    ),
    Figure(
        "data_transferred_mb",
        "Data transferred",
        "MB",
        "Bytes sent and received, in MB of 2^20 bytes; where only one direction is known, that one counts.",
        "connections",
        ("connection_hours",),
        data_transferred_mb,
        course=("connection_hours", pl.col("bytes_sent") + pl.col("bytes_received")),
    ),
    Figure(
        "quarantined_records",
        "Unreadable records",
        "records",
        "Distinct records of the sources that could not be read in full; they are kept, and counted once.",
        "quarantine",
        ("quarantined",),
        quarantined_records,
        good="down",
    ),
    _alerts("high"),
    _alerts("medium", None),
    _alerts("low", None),
    _alerts("info", None),
    _alerts("unknown", None),
    Figure(
        "alerts_unacknowledged",
        "Open critical and high alerts",
        "alerts",
        "Critical and high alerts that nobody had acknowledged when the day was read.",
        "alerts",
        ("alert_hours",),
        summed("alert_hours", "alerts", pl.col("severity").is_in(["critical", "high"]) & ~pl.col("is_acknowledged")),
        good="down",
    ),
    Figure(
        "blocked_incidents",
        "Blocked incidents",
        "incidents",
        "Incidents the system says it blocked; 'block_failed' is not blocked.",
        "incidents",
        ("incident_hours",),
        summed("incident_hours", "blocked"),
    ),
    Figure(
        "prevented_incidents",
        "Prevented incidents",
        "incidents",
        "Incidents blocked, quarantined or disallowed.",
        "incidents",
        ("incident_hours",),
        summed("incident_hours", "prevented"),
    ),
    Figure(
        "policy_violations",
        "Policy violations",
        "incidents",
        "Incidents that a policy had a part in.",
        "incidents",
        ("incident_hours",),
        summed("incident_hours", "incidents", VIOLATION),
        good="down",
    ),
    Figure(
        "policy_block_rate",
        "Policy block rate",
        "%",
        "Blocked policy violations in percent of all policy violations.",
        "incidents",
        ("incident_hours",),
        policy_block_rate,
        good="up",
    ),
    Figure(
        "unblocked_violations",
        "Policy violations not blocked",
        "incidents",
        "Policy violations that the system does not say it blocked.",
        "incidents",
        ("incident_hours",),
        unblocked_violations,
        good="down",
    ),
    Figure(
        "active_agents",
        "Active agents",
        "agents",
        "Distinct agents that reported an incident, agents that nobody registered included.",
        "incidents",
        ("incident_agents",),
        active_agents,
    ),
    Figure(
        "most_common_data_type",
        "Most common data type",
        "",
        "The data type that most incidents carry; ties by name.",
        "incidents",
        ("incident_data_types", "incident_hours"),
        most_common_data_type,
    ),
    Figure(
        "total_devices",
        "Devices",
        "devices",
        "Devices in the inventory taken with the last day of the period; the entry SYSTEM is not a device.",
        "devices",
        ("device_inventory", "completeness"),
        total_devices,
    ),
    Figure(
        "blocked_devices",
        "Blocked devices",
        "devices",
        "Devices marked as blocked in the inventory taken with the last day of the period.",
        "devices",
        ("device_inventory", "completeness"),
        blocked_devices,
    ),
    Figure(
        "bytes_sent",
        "Bytes sent",
        "bytes",
        "Bytes from the device (or originator) to the other side; unknown volumes count nothing.",
        "connections",
        ("connection_hours",),
        summed("connection_hours", "bytes_sent"),
    ),
    Figure(
        "bytes_received",
        "Bytes received",
        "bytes",
        "Bytes from the other side to the device (or originator); unknown volumes count nothing.",
        "connections",
        ("connection_hours",),
        summed("connection_hours", "bytes_received"),
    ),
    Figure(
        "connections_volume_unknown",
        "Connections of unknown volume",
        "connections",
        "Connections whose bytes are unknown in both directions.",
        "connections",
        ("connection_hours",),
        summed("connection_hours", "volume_unknown"),
    ),
    Figure(
        "unique_destinations",
        "Distinct destinations",
        "addresses",
        "Distinct destination addresses of connections that started in the period.",
        "connections",
        ("connection_destinations",),
        unique_destinations,
    ),
    Figure(
        "audit_events",
        "Audit events",
        "events",
        "Events in the audit trails of the sources.",
        "audit_events",
        ("audit_hours",),
        summed("audit_hours", "events"),
    ),
)
