"""CSV layouts that source systems document for their own exports: their headers, their order, their spelling.

A layout is all text: what came from the source is made inert here, so that a negative number stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.severity import RANK
from sentinel_pipeline.rendering.casts import iso_time
from sentinel_pipeline.rendering.inert import inert

UTC_INSTANT = pl.Datetime("us", "UTC")
Select = Callable[[pl.LazyFrame, ZoneInfo], pl.LazyFrame]


@dataclass(frozen=True)
class Layout:
    """How a system's documentation lays out a table; `select` gives its columns as text, in its order."""

    table: str
    system: str
    select: Select


def devices(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Devices, last seen first; whatever is missing is 'Unknown'."""
    return frame.sort("last_seen_at", "device_ip", descending=[True, False], nulls_last=True).select(
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
    rank = pl.col("severity").replace_strict(RANK, default=len(RANK), return_dtype=pl.Int64)
    return frame.sort(rank, "name", numeric("rule_id"), "rule_id", nulls_last=True).select(
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
    """Incidents, newest first; labels sorted and joined by ';', booleans True and False."""
    labels = pl.col("data_types").list.drop_nulls().list.sort().list.join(";")
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


def widget_logs(frame: pl.LazyFrame, zone: ZoneInfo) -> pl.LazyFrame:
    """Logs of a fleet, newest first; time and type as the machine wrote them, its id where it has no serial number."""
    arrived = iso_time(pl.col("logged_at"), UTC_INSTANT, zone)
    ordered = frame.sort(
        "logged_at", "machine_id", numeric("log_id"), "log_id", descending=[True, False, True, True], nulls_last=True
    )
    return ordered.select(
        text("log_id").alias("ID"),
        inert(pl.coalesce("serial_number", "machine_id")).alias("Serial Number"),
        inert(pl.coalesce("log_timestamp", arrived)).alias("Timestamp"),
        text("level").alias("Level"),
        text("raw_widget_type").alias("Widget Type"),
        text("message").alias("Message"),
        text("data").alias("Data"),
    )


LAYOUTS = (
    Layout("connections", "iotsentinel", connections),
    Layout("devices", "iotsentinel", devices),
    Layout("alerts", "iotsentinel", alerts),
    Layout("alert_rules", "iotsentinel", alert_rules),
    Layout("incidents", "cybersentinel", incidents),
    Layout("widget_logs", "atlas", widget_logs),
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


def newest_first(frame: pl.LazyFrame, time: str, key: str) -> pl.LazyFrame:
    """Time descending, then the id descending: as a number where it is one."""
    return frame.sort(time, numeric(key), key, descending=True, nulls_last=True)


def numeric(key: str) -> pl.Expr:
    return pl.col(key).cast(pl.Int64, strict=False)


def text(column: str, missing: str | None = None) -> pl.Expr:
    """Inert text; `missing` for NULL and for nothing but space, if given."""
    source = pl.col(column)
    if missing is None:
        return inert(source)
    return pl.when(source.str.strip_chars() != "").then(inert(source)).otherwise(pl.lit(missing))


def local_time(column: str, zone: ZoneInfo, missing: str | None = None) -> pl.Expr:
    """`YYYY-MM-DD HH:MM:SS` in the zone."""
    local = pl.col(column).dt.convert_time_zone(zone.key).dt.strftime("%Y-%m-%d %H:%M:%S")
    return local if missing is None else local.fill_null(missing)


def upper(column: str) -> pl.Expr:
    """Upper-case text, UNKNOWN where there is none."""
    return inert(pl.col(column).str.to_uppercase()).fill_null("UNKNOWN")


def number(column: str, missing: str | None = None) -> pl.Expr:
    """A number as text, as short as it can be read back."""
    written = pl.col(column).cast(pl.String)
    return written if missing is None else written.fill_null(missing)


def fixed(column: str, places: int) -> pl.Expr:
    """A number with a fixed count of decimals; N/A where there is none, zero is a number."""
    return pl.col(column).cast(pl.Decimal(38, places), strict=False).cast(pl.String).fill_null("N/A")


def yes_no(column: str) -> pl.Expr:
    return flag(column, "Yes", "No").fill_null("Unknown")


def flag(column: str, yes: str, no: str) -> pl.Expr:
    """One of two words, NULL where it is not known."""
    return pl.when(pl.col(column).is_null()).then(None).when(column).then(pl.lit(yes)).otherwise(pl.lit(no))
