"""Canonical tables: their columns in order, types, keys, and what identifies a person.

Instants are UTC microseconds and end in `_at`, booleans start with `is_`, units are in names; every table has
`source`. `severity` is text, one of `severity.LEVELS`.
"""

from __future__ import annotations

import polars as pl

from sentinel_pipeline.domain.table import INSTANT, Column, Table, flags, instants, integers, personal, reals, texts

CONNECTIONS = Table(
    "connections",
    texts("source", "connection_id")
    + instants("started_at")
    + personal("device_ip", "destination_ip")
    + integers("destination_port")
    + texts("protocol", "service")
    + reals("duration_seconds")
    + integers("bytes_sent", "bytes_received", "packets_sent", "packets_received")
    + texts("connection_state")
    + integers("source_port")
    + flags("is_inbound"),
    key="connection_id",
    time="started_at",
)

DEVICES = Table(
    "devices",
    texts("source")
    + personal("device_ip", "device_name")
    + texts("device_type")
    + personal("mac_address")
    + texts("manufacturer")
    + instants("first_seen_at", "last_seen_at")
    + flags("is_trusted", "is_blocked"),
    key="device_ip",
)

ALERTS = Table(
    "alerts",
    texts("source", "alert_id")
    + instants("raised_at")
    + personal("device_ip", "device_name")
    + texts("severity")
    + reals("anomaly_score")
    + texts("explanation")
    + flags("is_acknowledged")
    + instants("acknowledged_at")
    + texts("rule"),
    key="alert_id",
    time="raised_at",
)

ALERT_RULES = Table(
    "alert_rules",
    texts("source", "rule_id", "name", "description", "rule_type", "condition")
    + reals("threshold", "time_window_hours")
    + texts("severity")
    + flags("is_enabled")
    + integers("trigger_count")
    + instants("last_triggered_at", "created_at"),
    key="rule_id",
)

INCIDENTS = Table(
    "incidents",
    texts("source", "incident_id")
    + instants("occurred_at")
    + texts("severity", "incident_type", "agent_id", "agent_name")
    + personal("hostname", "user", "source_ip")
    + texts("action")
    + flags("is_blocked")
    + (Column("data_types", pl.List(pl.String)),)
    + reals("confidence")
    + texts("policy_id", "policy_name")
    + flags("is_prevented", "is_agent_registered"),
    key="incident_id",
    time="occurred_at",
)

POLICIES = Table(
    "policies",
    texts("source", "policy_id", "name", "description", "policy_type", "severity")
    + integers("priority")
    + flags("is_enabled")
    + texts("status")
    + instants("created_at", "updated_at"),
    key="policy_id",
)

AGENTS = Table(
    "agents",
    texts("source", "agent_id", "name")
    + personal("hostname")
    + texts("os")
    + personal("ip_address")
    + texts("version", "status")
    + instants("last_seen_at"),
    key="agent_id",
)

AUDIT_EVENTS = Table(
    "audit_events",
    texts("source", "event_id")
    + instants("occurred_at")
    + personal("user")
    + texts("event_type", "severity", "resource", "details"),
    key="event_id",
    time="occurred_at",
)

ENERGY_READINGS = Table(
    "energy_readings",
    texts("source")
    + personal("device_ip", "device_name")
    + instants("read_at")
    + flags("is_on")
    + reals("power_w", "voltage_v", "current_a", "energy_today_kwh", "energy_total_kwh", "rssi_dbm")
    + texts("reading_id")
    + reals("energy_month_kwh"),
    key="reading_id",
    time="read_at",
)

ENERGY_INTERVALS = Table(
    "energy_intervals",
    texts("source")
    + personal("interval_id", "device_ip", "device_name")
    + instants("started_at")
    + integers("energy_micro_kwh", "metered_seconds", "estimated_seconds", "unmetered_seconds")
    + flags("is_timing_estimated")
    + integers("on_seconds", "mean_power_micro_w", "max_power_micro_w", "min_power_micro_w", "readings")
    + integers("resets", "noise_drops", "jumps", "cost_micros", "unpriced_micro_kwh")
    + texts("band")
    + integers("tier")
    + texts("currency"),
    key="interval_id",
    time="started_at",
)
"""Metered energy of each device in each UTC quarter-hour, in millionths of a kWh and of the currency unit.

Every offset of a zone is a multiple of a quarter-hour, so that quarters compose local hours, days and tariff bands.
"""

ENERGY_RATES = Table(
    "energy_rates",
    texts("source", "rate_id", "name", "rate_type", "currency")
    + flags("is_active")
    + instants("created_at")
    + texts("config"),
    key="rate_id",
)

RULE_EVENTS = Table(
    "rule_events",
    texts("source", "event_id")
    + instants("triggered_at")
    + texts("rule")
    + flags("is_acknowledged")
    + personal("device")
    + texts("context", "rule_id", "device_id")
    + instants("created_at")
    + flags("is_external")
    + personal("device_name")
    + flags("is_device_known"),
    key="event_id",
    time="triggered_at",
)

WIDGET_LOGS = Table(
    "widget_logs",
    texts("source", "log_id")
    + personal("machine_id", "serial_number")
    + instants("logged_at")
    + texts("level", "widget_type")
    + personal("message", "data")
    + texts("log_timestamp", "raw_widget_type", "zone", "flags"),
    key="log_id",
    time="logged_at",
)
"""`zone` is the one `log_timestamp` was read in, NULL where it says its own offset."""

MACHINES = Table(
    "machines",
    texts("source")
    + personal("machine_id", "machine_name", "serial_number", "local_ip")
    + texts("os")
    + instants("first_seen_at", "last_seen_at"),
    key="machine_id",
)

DECRYPTIONS = Table(
    "decryptions",
    texts("source", "decryption_id")
    + instants("received_at")
    + personal("machine_id")
    + texts("unit", "verdict", "flags", "key_fingerprint")
    + integers("logs")
    + instants("key_since_at"),
    key="decryption_id",
    time="received_at",
)
"""What became of every envelope, file or row that was sealed or should have been; `machine_id` is claimed, not proven.

`received_at` is the time of its newest log, of one that could not be read when it arrived. `key_since_at` is that of
the first thing in the inbox that its key opened; rows of a store do not tell.
"""

QUARANTINE = Table(
    "quarantine",
    texts("source", "table", "location", "reason") + personal("record") + instants("occurred_at"),
    key="location",
)

RECEIPTS = Table(
    "receipts",
    texts("source", "table")
    + integers("rows")
    + instants("first_at", "last_at")
    + integers("quarantined")
    + texts("status", "reason"),
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
    ENERGY_READINGS,
    ENERGY_INTERVALS,
    ENERGY_RATES,
    RULE_EVENTS,
    WIDGET_LOGS,
    MACHINES,
    DECRYPTIONS,
    AUDIT_EVENTS,
    QUARANTINE,
)
TABLE = {table.name: table for table in (*TABLES, RECEIPTS)}

__all__ = ["INSTANT", "Column", "Table"]
