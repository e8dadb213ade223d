"""IoTSentinel: a home network monitor with one SQLite database (schema version 10 and its forerunners)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sentinel_pipeline.domain.severity import severity
from sentinel_pipeline.domain.tables import ALERT_RULES, ALERTS, AUDIT_EVENTS, CONNECTIONS, DEVICES
from sentinel_pipeline.sources.databases import unreachable
from sentinel_pipeline.sources.fields import ROW, counts, filled, flags, moments, ports, reals, texts
from sentinel_pipeline.sources.json_text import details_json
from sentinel_pipeline.sources.origins import DatabaseSource, Origin, opened
from sentinel_pipeline.sources.source import SourceKind, SourceSettings

# Owns the alerts of the monitor itself; it is no device.
SYSTEM = "SYSTEM"

DEVICE_NAMES = texts("device_ip", "custom_name", "device_name")
AUDIT_TABLES = ("audit_log", "security_audit_log")
RULE_DEFINITION = (
    "name",
    "description",
    "rule_type",
    "condition_operator",
    "threshold_value",
    "threshold_value_2",
    "time_window_hours",
    "severity",
    "device_filter",
    "port_filter",
    "protocol_filter",
    "time_filter",
    "is_enabled",
)


def connections(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "started_at",
        "device_ip",
        "bytes_sent",
        "bytes_received",
        "packets_sent",
        "packets_received",
        connection_id="id",
        destination_ip=filled("dest_ip"),
        destination_port="dest_port",
        protocol=filled("protocol").str.to_lowercase(),
        service=filled("service"),
        duration_seconds="duration",
        connection_state="conn_state",
        source_port=None,
        is_inbound=pl.lit(False),
    )


def devices(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    """`SYSTEM` is left out."""
    return rows.filter(pl.col("device_ip").ne_missing(SYSTEM)).select(
        "device_ip",
        "device_type",
        "mac_address",
        "manufacturer",
        "is_trusted",
        "is_blocked",
        device_name=filled("custom_name", "device_name"),
        first_seen_at="first_seen",
        last_seen_at="last_seen",
    )


def alerts(source: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    known = source.looked_up("devices", "device_ip", DEVICE_NAMES)
    names = known.select("device_ip", device_name=filled("custom_name", "device_name"))
    return rows.join(names, on="device_ip", how="left", maintain_order="left").select(
        "raised_at",
        "device_ip",
        "device_name",
        "anomaly_score",
        "explanation",
        "acknowledged_at",
        alert_id="id",
        severity=severity("severity"),
        is_acknowledged=pl.col("acknowledged").fill_null(False),
        rule=None,
    )


def alert_rules(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "name",
        "description",
        "rule_type",
        "time_window_hours",
        "is_enabled",
        "trigger_count",
        "created_at",
        rule_id="id",
        condition="condition_operator",
        threshold="threshold_value",
        severity=severity("severity"),
        last_triggered_at="last_triggered",
    )


def audit_events(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "occurred_at",
        event_id=pl.format("{}:{}", pl.lit(table), pl.coalesce("id", pl.format("row {}", ROW))),
        user=filled("username", "user_name", "user", "user_id"),
        event_type=filled("event_type", "action_type", "action"),
        severity=severity("severity"),
        resource=filled("resource", "target_resource", "resource_type"),
        details=pl.Series(
            [details_json(*row) for row in rows.select(filled("details", "action_description"), "result").iter_rows()],
            dtype=pl.String,
        ),
    )


def _audit_origin(table: str) -> Origin:
    return Origin(
        AUDIT_EVENTS,
        table,
        "id",
        texts("id", "username", "user_name", "user", "user_id", "event_type", "action_type", "action", "severity")
        + texts("resource", "target_resource", "resource_type", "details", "action_description", "result"),
        lambda _, rows: audit_events(table, rows),
        times=("timestamp", "created_at", "occurred_at"),
    )


ORIGINS = (
    Origin(
        CONNECTIONS,
        "connections",
        "id",
        texts("id", "device_ip", "dest_ip", "protocol", "service", "conn_state")
        + ports("dest_port")
        + reals("duration", least=0)
        + counts("bytes_sent", "bytes_received", "packets_sent", "packets_received"),
        connections,
        times=("timestamp",),
    ),
    Origin(
        DEVICES,
        "devices",
        "device_ip",
        DEVICE_NAMES
        + texts("device_type", "mac_address", "manufacturer")
        + moments("first_seen", "last_seen")
        + flags("is_trusted", "is_blocked"),
        devices,
    ),
    Origin(
        ALERTS,
        "alerts",
        "id",
        texts("id", "device_ip", "severity", "explanation")
        + reals("anomaly_score")
        + flags("acknowledged")
        + moments("acknowledged_at"),
        alerts,
        times=("timestamp",),
        watched=("device_ip", "severity"),
    ),
    Origin(
        ALERT_RULES,
        "alert_rules",
        "id",
        texts("id", "name", "description", "rule_type", "condition_operator", "severity")
        + texts("device_filter", "port_filter", "protocol_filter", "time_filter")
        + reals("threshold_value", "threshold_value_2")
        + reals("time_window_hours", least=0)
        + flags("is_enabled")
        + counts("trigger_count")
        + moments("last_triggered", "created_at"),
        alert_rules,
        definition=RULE_DEFINITION,
        duplicate="duplicate_rule",
    ),
    *(_audit_origin(table) for table in AUDIT_TABLES),
)


def open_iotsentinel(settings: SourceSettings, _: Path | None = None) -> DatabaseSource:
    """Opens the monitor's database. Raises SourceUnreachableError."""
    if not settings.location.startswith("sqlite:"):
        raise unreachable(settings, "IoTSentinel keeps its data in SQLite", "write 'location' as sqlite:///FILE")
    return opened(settings, "IoTSentinel", ORIGINS, ("connections", "devices", "alerts"))


KIND = SourceKind(
    "iotsentinel",
    tables=(CONNECTIONS, DEVICES, ALERTS, ALERT_RULES, AUDIT_EVENTS),
    open=open_iotsentinel,
)
