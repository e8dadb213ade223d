"""What IoTSentinel and CyberSentinel document for their own exports, column by column, in whatever cells are wanted."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.severity import RANK
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.rendering.casts import iso_time
from sentinel_pipeline.rendering.inert import inert
from sentinel_pipeline.rendering.layout_cells import CSV, Cells, flag, newest_first, numeric


def devices(frame: pl.LazyFrame, zone: ZoneInfo, cells: Cells = CSV) -> pl.LazyFrame:
    """Devices, last seen first; whatever is missing is 'Unknown'."""
    return last_seen_first(frame).select(
        cells.text("device_ip", "Unknown").alias("IP Address"),
        cells.text("device_name", "Unknown").alias("Device Name"),
        cells.text("device_type", "Unknown").alias("Type"),
        cells.text("mac_address", "Unknown").alias("MAC Address"),
        cells.text("manufacturer", "Unknown").alias("Manufacturer"),
        cells.time("first_seen_at", zone, "Unknown").alias("First Seen"),
        cells.time("last_seen_at", zone, "Unknown").alias("Last Seen"),
        cells.yes_no("is_trusted").alias("Trusted"),
        cells.yes_no("is_blocked").alias("Blocked"),
    )


def alerts(frame: pl.LazyFrame, zone: ZoneInfo, cells: Cells = CSV) -> pl.LazyFrame:
    """Alerts, newest first."""
    return newest_first(frame, "raised_at", "alert_id").select(
        cells.text("alert_id").alias("Alert ID"),
        cells.time("raised_at", zone).alias("Timestamp"),
        cells.text("device_ip").alias("Device IP"),
        cells.text("device_name", "Unknown").alias("Device Name"),
        cells.upper("severity").alias("Severity"),
        cells.fixed("anomaly_score", 4).alias("Anomaly Score"),
        cells.text("explanation").alias("Explanation"),
        cells.yes_no("is_acknowledged").alias("Acknowledged"),
    )


def connections(frame: pl.LazyFrame, zone: ZoneInfo, cells: Cells = CSV) -> pl.LazyFrame:
    """Connections, newest first; as text, an unknown volume is 0, as the documentation has it."""
    return newest_first(frame, "started_at", "connection_id").select(
        cells.time("started_at", zone).alias("Timestamp"),
        cells.text("device_ip", "Unknown").alias("Source IP"),
        cells.text("destination_ip", "Unknown").alias("Destination IP"),
        cells.number("destination_port", "N/A").alias("Destination Port"),
        cells.text("protocol", "Unknown").alias("Protocol"),
        cells.text("service", "Unknown").alias("Service"),
        cells.fixed("duration_seconds", 2).alias("Duration (s)"),
        cells.number("bytes_sent", "0").alias("Bytes Sent"),
        cells.number("bytes_received", "0").alias("Bytes Received"),
        cells.number("packets_sent", "0").alias("Packets Sent"),
        cells.number("packets_received", "0").alias("Packets Received"),
        cells.text("connection_state", "Unknown").alias("Connection State"),
    )


def alert_rules(frame: pl.LazyFrame, zone: ZoneInfo, cells: Cells = CSV) -> pl.LazyFrame:
    """Alert rules, most severe first, then by name."""
    hours = cells.number("time_window_hours")
    return most_severe_first(frame).select(
        cells.text("rule_id").alias("Rule ID"),
        cells.text("name").alias("Name"),
        cells.text("description").alias("Description"),
        cells.text("rule_type").alias("Type"),
        cells.text("condition").alias("Condition"),
        cells.number("threshold", "N/A").alias("Threshold"),
        (hours if cells.is_typed else hours.str.replace(r"\.0$", "")).alias("Time Window (hrs)"),
        cells.upper("severity").alias("Severity"),
        cells.yes_no("is_enabled").alias("Enabled"),
        cells.number("trigger_count", "0").alias("Trigger Count"),
        cells.time("last_triggered_at", zone, "Never").alias("Last Triggered"),
        cells.time("created_at", zone).alias("Created At"),
    )


def incidents(frame: pl.LazyFrame, zone: ZoneInfo, cells: Cells = CSV) -> pl.LazyFrame:
    """Incidents, newest first; labels sorted and joined by semicolons, booleans True and False."""
    labels = pl.col("data_types").list.drop_nulls().list.sort().list.join(";")
    found = pl.when(labels != "").then(labels)
    at = pl.col("occurred_at")
    return frame.sort("occurred_at", "incident_id", "source", descending=[True, False, False], nulls_last=True).select(
        cells.text("incident_id").alias("event_id"),
        (at if cells.is_typed else iso_time(at, INSTANT, zone)).alias("timestamp"),
        cells.text("severity").alias("severity"),
        cells.text("incident_type").alias("event_type"),
        cells.text("agent_name").alias("agent_name"),
        cells.text("hostname").alias("hostname"),
        cells.text("user").alias("username"),
        cells.text("source_ip").alias("source_ip"),
        (inert(found) if cells.is_inert else found).alias("classification_type"),
        cells.number("confidence").alias("confidence"),
        flag("is_blocked", "True", "False").alias("blocked"),
        cells.text("policy_id").alias("policy_id"),
        cells.text("policy_name").alias("policy_name"),
    )


def last_seen_first(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.sort("last_seen_at", "device_ip", "source", descending=[True, False, False], nulls_last=True)


def most_severe_first(frame: pl.LazyFrame) -> pl.LazyFrame:
    rank = pl.col("severity").replace_strict(RANK, default=len(RANK), return_dtype=pl.Int64)
    return frame.sort(rank, "name", numeric("rule_id"), "rule_id", "source", nulls_last=True)
