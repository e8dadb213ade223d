"""The figures of a report: each with its label, unit, definition, and the measure that computes it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections import measures
from sentinel_pipeline.sections.measures import VIOLATION, Compute, Statistics, Value, summed
from sentinel_pipeline.sections.trends import trend, unseen_days

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
        measures.block_rate,
        good="up",
    ),
    Figure(
        "active_devices",
        "Active devices (24 h)",
        "devices",
        "Distinct devices seen in the last 24 hours of the period; by connections and alerts where the inventory"
        " knows of later activity.",
        "devices",
        ("device_inventory", "connection_devices", "alert_devices", "completeness"),
        measures.active_devices,
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
        measures.data_transferred_mb,
        course=("connection_hours", pl.col("bytes_sent") + pl.col("bytes_received")),
    ),
    Figure(
        "quarantined_records",
        "Unreadable records",
        "records",
        "Distinct records of the sources that could not be read in full; they are kept, and counted once. One without a"
        " usable time belongs to no day and is counted in every edition.",
        "quarantine",
        ("quarantined",),
        measures.quarantined_records,
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
        measures.policy_block_rate,
        good="up",
    ),
    Figure(
        "unblocked_violations",
        "Policy violations not blocked",
        "incidents",
        "Policy violations that the system does not say it blocked.",
        "incidents",
        ("incident_hours",),
        measures.unblocked_violations,
        good="down",
    ),
    Figure(
        "active_agents",
        "Active agents",
        "agents",
        "Distinct agents that reported an incident, agents that nobody registered included.",
        "incidents",
        ("incident_agents",),
        measures.active_agents,
    ),
    Figure(
        "most_common_data_type",
        "Most common data type",
        "",
        "The data type that most incidents carry; ties by name.",
        "incidents",
        ("incident_data_types", "incident_hours"),
        measures.most_common_data_type,
    ),
    Figure(
        "total_devices",
        "Devices",
        "devices",
        "Devices in the inventory taken with the last day of the period; the entry SYSTEM is not a device.",
        "devices",
        ("device_inventory", "completeness"),
        measures.total_devices,
    ),
    Figure(
        "blocked_devices",
        "Blocked devices",
        "devices",
        "Devices marked as blocked in the inventory taken with the last day of the period.",
        "devices",
        ("device_inventory", "completeness"),
        measures.blocked_devices,
    ),
    Figure(
        "bytes_sent",
        "Bytes sent",
        "bytes",
        "Bytes from the side that opened the connection to the other; unknown volumes count nothing.",
        "connections",
        ("connection_hours",),
        summed("connection_hours", "bytes_sent"),
    ),
    Figure(
        "bytes_received",
        "Bytes received",
        "bytes",
        "Bytes to the side that opened the connection from the other; unknown volumes count nothing.",
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
        measures.unique_destinations,
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

__all__ = ["FIGURES", "Figure", "Value"]
