"""Canonical tables: their columns in order, types, keys, and what identifies a person.

Instants are UTC microseconds and end in `_at`, booleans start with `is_`, units are in names; every table has
`source`. `severity` is text, one of `severity.LEVELS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Column:
    name: str
    dtype: pl.DataType | type[pl.DataType]
    is_personal: bool = False


@dataclass(frozen=True)
class Table:
    """A canonical table. `time` is the column that decides the day a row belongs to; None for a snapshot."""

    name: str
    columns: tuple[Column, ...]
    key: str
    time: str | None = None

    @cached_property
    def schema(self) -> pl.Schema:
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def is_snapshot(self) -> bool:
        return self.time is None

    @property
    def personal(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_personal)

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.String) for name in names)


def _personal(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.String, is_personal=True) for name in names)


def _integer(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.Int64) for name in names)


def _real(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.Float64) for name in names)


def _flag(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, pl.Boolean) for name in names)


def _instant(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, INSTANT) for name in names)


CONNECTIONS = Table(
    "connections",
    _text("source", "connection_id")
    + _instant("started_at")
    + _personal("device_ip", "destination_ip")
    + _integer("destination_port")
    + _text("protocol", "service")
    + _real("duration_seconds")
    + _integer("bytes_sent", "bytes_received", "packets_sent", "packets_received")
    + _text("connection_state")
    + _integer("source_port")
    + _flag("is_inbound"),
    key="connection_id",
    time="started_at",
)

DEVICES = Table(
    "devices",
    _text("source")
    + _personal("device_ip", "device_name")
    + _text("device_type")
    + _personal("mac_address")
    + _text("manufacturer")
    + _instant("first_seen_at", "last_seen_at")
    + _flag("is_trusted", "is_blocked"),
    key="device_ip",
)

ALERTS = Table(
    "alerts",
    _text("source", "alert_id")
    + _instant("raised_at")
    + _personal("device_ip", "device_name")
    + _text("severity")
    + _real("anomaly_score")
    + _text("explanation")
    + _flag("is_acknowledged")
    + _instant("acknowledged_at")
    + _text("rule"),
    key="alert_id",
    time="raised_at",
)

ALERT_RULES = Table(
    "alert_rules",
    _text("source", "rule_id", "name", "description", "rule_type", "condition")
    + _real("threshold", "time_window_hours")
    + _text("severity")
    + _flag("is_enabled")
    + _integer("trigger_count")
    + _instant("last_triggered_at", "created_at"),
    key="rule_id",
)

INCIDENTS = Table(
    "incidents",
    _text("source", "incident_id")
    + _instant("occurred_at")
    + _text("severity", "incident_type", "agent_id", "agent_name")
    + _personal("hostname", "user", "source_ip")
    + _text("action")
    + _flag("is_blocked")
    + (Column("data_types", pl.List(pl.String)),)
    + _real("confidence")
    + _text("policy_id", "policy_name")
    + _flag("is_prevented", "is_agent_registered"),
    key="incident_id",
    time="occurred_at",
)

POLICIES = Table(
    "policies",
    _text("source", "policy_id", "name", "description", "policy_type", "severity")
    + _integer("priority")
    + _flag("is_enabled")
    + _text("status")
    + _instant("created_at", "updated_at"),
    key="policy_id",
)

AGENTS = Table(
    "agents",
    _text("source", "agent_id", "name")
    + _personal("hostname")
    + _text("os")
    + _personal("ip_address")
    + _text("version", "status")
    + _instant("last_seen_at"),
    key="agent_id",
)

AUDIT_EVENTS = Table(
    "audit_events",
    _text("source", "event_id")
    + _instant("occurred_at")
    + _personal("user")
    + _text("event_type", "severity", "resource", "details"),
    key="event_id",
    time="occurred_at",
)

ENERGY_READINGS = Table(
    "energy_readings",
    _text("source")
    + _personal("device_ip", "device_name")
    + _instant("read_at")
    + _flag("is_on")
    + _real("power_w", "voltage_v", "current_a", "energy_today_kwh", "energy_total_kwh", "rssi_dbm")
    + _text("reading_id")
    + _real("energy_month_kwh"),
    key="reading_id",
    time="read_at",
)

RULE_EVENTS = Table(
    "rule_events",
    _text("source", "event_id")
    + _instant("triggered_at")
    + _text("rule")
    + _flag("is_acknowledged")
    + _personal("device")
    + _text("context", "rule_id", "device_id")
    + _instant("created_at")
    + _flag("is_external"),
    key="event_id",
    time="triggered_at",
)

WIDGET_LOGS = Table(
    "widget_logs",
    _text("source", "log_id")
    + _personal("machine_id", "serial_number")
    + _instant("logged_at")
    + _text("level", "widget_type")
    + _personal("message", "data")
    + _text("log_timestamp", "raw_widget_type", "zone", "flags"),
    key="log_id",
    time="logged_at",
)
"""`zone` is the one `log_timestamp` was read in, NULL where it says its own offset."""

MACHINES = Table(
    "machines",
    _text("source")
    + _personal("machine_id", "machine_name", "serial_number", "local_ip")
    + _text("os")
    + _instant("first_seen_at", "last_seen_at"),
    key="machine_id",
)

DECRYPTIONS = Table(
    "decryptions",
    _text("source", "decryption_id")
    + _instant("received_at")
    + _personal("machine_id")
    + _text("unit", "verdict", "flags", "key_fingerprint")
    + _integer("logs"),
    key="decryption_id",
    time="received_at",
)
"""What became of every envelope, file or row that was sealed or should have been; `machine_id` is claimed, not proven.

`received_at` is the time of its newest log, of one that could not be read when it arrived.
"""

QUARANTINE = Table(
    "quarantine",
    _text("source", "table", "location", "reason", "record") + _instant("occurred_at"),
    key="location",
)

RECEIPTS = Table(
    "receipts",
    _text("source", "table")
    + _integer("rows")
    + _instant("first_at", "last_at")
    + _integer("quarantined")
    + _text("status", "reason"),
    key="table",
)
"""What arrived of each table of a source for a day: the pipeline's own record, beside the canonical tables."""

TABLES = (
    CONNECTIONS,
    DEVICES,
    ALERTS,
    ALERT_RULES,
    INCIDENTS,
    POLICIES,
    AGENTS,
    WIDGET_LOGS,
    MACHINES,
    DECRYPTIONS,
    AUDIT_EVENTS,
    QUARANTINE,
)
TABLE = {table.name: table for table in (*TABLES, RECEIPTS)}
