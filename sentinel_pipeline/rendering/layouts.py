"""Layouts that source systems document for their own exports: their headers, their order, their spelling.

A layout is all text: what came from the source is made inert here, so that a negative number stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.severity import RANK
from sentinel_pipeline.rendering.casts import iso_time
from sentinel_pipeline.rendering.inert import inert
from sentinel_pipeline.rendering.json_shapes import ALERTS, ATLAS, CONNECTIONS, JsonShape, iotsentinel, kasa_head
from sentinel_pipeline.rendering.layout_cells import (
    fixed,
    flag,
    local_time,
    newest_first,
    number,
    numeric,
    text,
    upper,
    yes_no,
)
from sentinel_pipeline.rendering.machine_layouts import device_data, device_intervals, hub_events, widget_logs

UTC_INSTANT = pl.Datetime("us", "UTC")
Select = Callable[[pl.LazyFrame, ZoneInfo], pl.LazyFrame]


@dataclass(frozen=True)
class Layout:
    """How a system's documentation lays out a table; `select` gives its columns in its order.

    They are text, made inert, unless it is `is_typed`: then every format can hold them, and some of them can be chosen.
    `json`: how it documents JSON, which has columns of its own.
    """

    table: str
    system: str
    select: Select
    is_newest_first: bool = True
    is_typed: bool = False
    json: JsonShape | None = None

    def selecting(self, format_name: str) -> Select:
        """What gives its columns in a format."""
        return self.json.select if self.json and format_name == "json" else self.select

    def fixes(self, format_name: str) -> bool:
        """Whether it leaves no choice of columns and decimals."""
        return not self.is_typed and (self.json is None or format_name != "json")


def devices(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Devices, last seen first; whatever is missing is 'Unknown'."""
    return last_seen_first(frame).select(
        text("device_ip", "Unknown").alias("IP Address"),
        text("device_name", "Unknown").alias("Device Name"),
        text("device_type", "Unknown").alias("Type"),
        text("mac_address", "Unknown").alias("MAC Address"),
        text("manufacturer", "Unknown").alias("Manufacturer"),
        local_time("first_seen_at", zone, "Unknown").alias("First Seen"),
        local_time("last_seen_at", zone, "Unknown").alias("Last Seen"),
        yes_no("is_trusted").alias("Trusted"),
        yes_no("is_blocked").alias("Blocked"),
    )


def alerts(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Alerts, newest first."""
    return newest_first(frame, "raised_at", "alert_id").select(
        text("alert_id").alias("Alert ID"),
        local_time("raised_at", zone).alias("Timestamp"),
        text("device_ip").alias("Device IP"),
        text("device_name", "Unknown").alias("Device Name"),
        upper("severity").alias("Severity"),
        fixed("anomaly_score", 4).alias("Anomaly Score"),
        text("explanation").alias("Explanation"),
        yes_no("is_acknowledged").alias("Acknowledged"),
    )


def connections(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Connections, newest first; an unknown volume is 0, as the documentation has it."""
    return newest_first(frame, "started_at", "connection_id").select(
        local_time("started_at", zone).alias("Timestamp"),
        text("device_ip", "Unknown").alias("Source IP"),
        text("destination_ip", "Unknown").alias("Destination IP"),
        number("destination_port", "N/A").alias("Destination Port"),
        text("protocol", "Unknown").alias("Protocol"),
        text("service", "Unknown").alias("Service"),
        fixed("duration_seconds", 2).alias("Duration (s)"),
        number("bytes_sent", "0").alias("Bytes Sent"),
        number("bytes_received", "0").alias("Bytes Received"),
        number("packets_sent", "0").alias("Packets Sent"),
        number("packets_received", "0").alias("Packets Received"),
        text("connection_state", "Unknown").alias("Connection State"),
    )


def alert_rules(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Alert rules, most severe first, then by name."""
    return most_severe_first(frame).select(
        text("rule_id").alias("Rule ID"),
        text("name").alias("Name"),
        text("description").alias("Description"),
        text("rule_type").alias("Type"),
        text("condition").alias("Condition"),
        number("threshold", "N/A").alias("Threshold"),
        number("time_window_hours").str.replace(r"\.0$", "").alias("Time Window (hrs)"),
        upper("severity").alias("Severity"),
        yes_no("is_enabled").alias("Enabled"),
        number("trigger_count", "0").alias("Trigger Count"),
        local_time("last_triggered_at", zone, "Never").alias("Last Triggered"),
        local_time("created_at", zone).alias("Created At"),
    )


def incidents(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Incidents, newest first; labels sorted and joined by commas, booleans True and False."""
    labels = pl.col("data_types").list.drop_nulls().list.sort().list.join(", ")
    return frame.sort("occurred_at", "incident_id", descending=[True, False], nulls_last=True).select(
        text("incident_id").alias("event_id"),
        iso_time(pl.col("occurred_at"), UTC_INSTANT, zone).alias("timestamp"),
        text("severity").alias("severity"),
        text("incident_type").alias("event_type"),
        text("agent_name").alias("agent_name"),
        text("hostname").alias("hostname"),
        text("user").alias("username"),
        text("source_ip").alias("source_ip"),
        inert(pl.when(labels != "").then(labels)).alias("classification_type"),
        number("confidence").alias("confidence"),
        flag("is_blocked", "True", "False").alias("blocked"),
        text("policy_id").alias("policy_id"),
        text("policy_name").alias("policy_name"),
    )


def last_seen_first(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.sort("last_seen_at", "device_ip", descending=[True, False], nulls_last=True)


def most_severe_first(frame: pl.LazyFrame) -> pl.LazyFrame:
    rank = pl.col("severity").replace_strict(RANK, default=len(RANK), return_dtype=pl.Int64)
    return frame.sort(rank, "name", numeric("rule_id"), "rule_id", nulls_last=True)


DEVICES, RULES = iotsentinel("devices", last_seen_first), iotsentinel("rules", most_severe_first)
READINGS, INTERVALS = (JsonShape(select, kasa_head, "data") for select in (device_data, device_intervals))
LAYOUTS = (
    Layout("connections", "iotsentinel", connections, json=CONNECTIONS),
    Layout("devices", "iotsentinel", devices, is_newest_first=False, json=DEVICES),
    Layout("alerts", "iotsentinel", alerts, json=ALERTS),
    Layout("alert_rules", "iotsentinel", alert_rules, is_newest_first=False, json=RULES),
    Layout("incidents", "cybersentinel", incidents),
    Layout("energy_readings", "kasa", device_data, is_newest_first=False, is_typed=True, json=READINGS),
    Layout("energy_intervals", "kasa", device_intervals, is_newest_first=False, is_typed=True, json=INTERVALS),
    Layout("rule_events", "iothub", partial(hub_events, generation="v4")),
    *(Layout("rule_events", f"iothub_{name}", partial(hub_events, generation=name)) for name in ("v1", "v2", "v3")),
    Layout("widget_logs", "atlas", widget_logs, json=ATLAS),
)


def layout(table_name: str, system: str) -> Layout:
    """The layout of a table; raises UsageError where the system documents none."""
    for known in LAYOUTS:
        if (known.table, known.system) == (table_name, system):
            return known
    tables = [known.table for known in LAYOUTS if known.system == system]
    if tables:
        raise UsageError(f"the layout '{system}' has no table '{table_name}'; it has {', '.join(tables)}")
    systems = ", ".join(sorted({"canonical", *(known.system for known in LAYOUTS)}))
    raise UsageError(f"'{system}' is no layout; choose one of {systems}")
