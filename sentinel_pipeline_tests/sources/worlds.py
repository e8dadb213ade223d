"""Small databases of the systems we read, with the tables and columns those systems have."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import psycopg2
from hypothesis import strategies as st

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import Source, SourceSettings

Row = Mapping[str, object]

# Each looks like a time, and is none or none that is plausible.
NO_TIMES = (
    "2026-02-30 25:61:00",
    "2026-02-30 10:00:00",
    "2026-02-29T10:00:00",
    "2026-04-31T10:00:00.123456",
    "2026-13-01 10:00:00",
    "2026-00-10 10:00:00",
    "2026-11-00T10:00:00Z",
    "2026-11-20 24:00:00",
    "2026-11-20 10:60:00",
    "2026-11-20T10:00:60+00:00",
    "2026-11-20T10:00:00.123+24:00",
    "2026-11-20T10:00:00.1234567890",
    "2026-11-20 10:00",
    "2026-11-20",
    "2026-11-20T10:00Z  ",
    "2026-11-20 10:00:00 PM",
    "2026-11-20 10:00:00  +01:00",
    "2026-11-20\t10:00:00",
    "2026-11-20 1٠:00:00",
    "2026-11-20 10:00:00é",
    "2026/11/20 10:00:00",
    "20261120T100000",
    "2099-12-31T23:59:60Z",
    "1999-12-31 05:00:00",
    "1999-12-31T23:59:59.999999Z",
    "2100-01-01 00:00:00",
)
_numbers = st.tuples(*(st.integers(0, most) for most in (13, 32, 25, 61, 61)))
_day_like = st.builds(
    lambda year, numbers, mark, tail: "{}-{:02}-{:02}{}{:02}:{:02}:{:02}{}".format(
        year, *numbers[:2], mark, *numbers[2:], tail
    ),
    st.sampled_from((1999, 2000, 2024, 2026, 2099, 2100)),
    _numbers,
    st.sampled_from(" Tt_"),
    st.sampled_from(("", "Z", "z", ".5", ".123", ".123456", ".123456789", ".1234567890", "+05:30", "-0930", " +02"))
    | st.text("0123456789 .:+-TZz\n", max_size=8),
)
# Times in the four spellings of real systems, times that cannot be, and any text at all.
stored_times = (
    _day_like
    | st.sampled_from(NO_TIMES)
    | st.text(st.characters(codec="utf-8"), max_size=25)
    | st.from_regex(r"2[0-9]{9,12}", fullmatch=True)
)

IOTSENTINEL_SCHEMA = """
CREATE TABLE devices (
    device_ip TEXT PRIMARY KEY, device_name TEXT, custom_name TEXT, device_type TEXT, category TEXT DEFAULT 'other',
    icon TEXT, confidence TEXT DEFAULT 'low', mac_address TEXT, manufacturer TEXT, model TEXT, firmware_version TEXT,
    first_seen TEXT DEFAULT CURRENT_TIMESTAMP, last_seen TEXT DEFAULT CURRENT_TIMESTAMP, last_activity TEXT,
    is_trusted INTEGER DEFAULT 0, is_blocked INTEGER DEFAULT 0, is_kids_device INTEGER DEFAULT 0, notes TEXT,
    manufacturing_date DATE, hardware_eol_date DATE, total_connections INTEGER DEFAULT 0);
CREATE TABLE connections (
    id INTEGER PRIMARY KEY, timestamp TEXT DEFAULT CURRENT_TIMESTAMP,
    device_ip TEXT NOT NULL REFERENCES devices(device_ip), dest_ip TEXT, dest_port INTEGER, protocol TEXT,
    service TEXT, duration REAL, bytes_sent INTEGER, bytes_received INTEGER, packets_sent INTEGER,
    packets_received INTEGER, conn_state TEXT, processed INTEGER DEFAULT 0);
CREATE INDEX idx_connections_timestamp ON connections(timestamp);
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY, timestamp TEXT DEFAULT CURRENT_TIMESTAMP, device_ip TEXT NOT NULL,
    severity TEXT CHECK (severity IN ('low', 'medium', 'high', 'critical')), anomaly_score REAL, explanation TEXT,
    plain_explanation TEXT, top_features TEXT, plain_explanation_ai INTEGER DEFAULT 0, ai_source TEXT,
    acknowledged INTEGER DEFAULT 0, acknowledged_at TEXT, mitre_tactic TEXT);
CREATE INDEX idx_alerts_timestamp ON alerts(timestamp);
CREATE TABLE alert_rules (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, description TEXT, rule_type TEXT, condition_operator TEXT,
    threshold_value REAL, threshold_value_2 REAL, time_window_hours INTEGER DEFAULT 1, severity TEXT DEFAULT 'medium',
    device_filter TEXT, port_filter TEXT, protocol_filter TEXT, time_filter TEXT, is_enabled INTEGER DEFAULT 1,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP, created_by TEXT, last_triggered TEXT, trigger_count INTEGER DEFAULT 0);
CREATE TABLE users (
    id INTEGER PRIMARY KEY, username TEXT UNIQUE, password_hash TEXT, email TEXT, email_verified INTEGER,
    role TEXT CHECK (role IN ('admin', 'viewer')), created_at TEXT, last_login TEXT, is_active INTEGER,
    must_change_password INTEGER);
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY, timestamp TEXT DEFAULT CURRENT_TIMESTAMP, user_id INTEGER, username TEXT, event_type TEXT,
    severity TEXT, resource TEXT, details TEXT, result TEXT, request_id TEXT);
CREATE TABLE security_audit_log (
    id INTEGER PRIMARY KEY, timestamp TEXT, user_id INTEGER, username TEXT, event_type TEXT, severity TEXT,
    resource TEXT, details TEXT, result TEXT, request_id TEXT);
PRAGMA user_version = 10;
"""

# `{stamp}`, `{uuid}`, `{json}` and `{inet}` are types that SQLite takes as names and PostgreSQL as they are.
CYBERSENTINEL_SCHEMAS = {
    1: """
CREATE TABLE events (
    id {uuid} PRIMARY KEY, event_id varchar(64), event_type varchar(50), event_subtype varchar(50),
    agent_id varchar(64), source_type varchar(50), source_id varchar(64), user_email varchar(255),
    username varchar(255), user_id varchar(64), description text, severity varchar(20), action varchar(50),
    file_path text, file_name text, file_size bigint, file_hash varchar(64), classification {json},
    confidence_score double precision, policy_id {uuid}, policy_name varchar(255), policy_violated text,
    destination text, destination_details {json}, details {json}, tags {json}, source_ip varchar(45),
    destination_ip varchar(45), protocol varchar(20), status varchar(20) DEFAULT 'new',
    reviewed varchar(10) DEFAULT 'no', reviewed_by varchar(64), reviewed_at {stamp}, timestamp {stamp},
    created_at {stamp}, updated_at {stamp}{further});
CREATE INDEX idx_events_timestamp ON events(timestamp);
CREATE TABLE agents (
    id {uuid} PRIMARY KEY, agent_id varchar(64), name varchar(255), hostname varchar(255), os varchar(20),
    ip_address {inet}, version varchar(20), status varchar(20), last_seen {stamp}, last_heartbeat {stamp});
CREATE TABLE policies (
    id {uuid} PRIMARY KEY, name varchar(255), description text, priority integer, enabled boolean, conditions {json},
    actions {json}, compliance_tags {json}, created_at {stamp}, updated_at {stamp});
""",
    2: """
CREATE TABLE events (
    id {uuid} PRIMARY KEY, event_id varchar(64), event_type varchar(50), event_subtype varchar(50),
    agent_id varchar(64), endpoint_id varchar(64), user_email varchar(255), username varchar(255), user_id {uuid},
    description text, severity varchar(20), action varchar(50), file_name text, file_size bigint,
    classification {json}, classification_label {uuid}, classification_level varchar(20),
    confidence_score double precision, policy_id {uuid}, policy_name varchar(255), channel varchar(50),
    decision varchar(50), department varchar(50) DEFAULT 'DEFAULT', required_clearance integer, details {json},
    source_ip {inet}, destination_ip {inet}, protocol varchar(20), status varchar(20) DEFAULT 'new',
    timestamp {stamp}, created_at {stamp}, updated_at {stamp}{further});
CREATE INDEX idx_events_timestamp ON events(timestamp);
CREATE TABLE agents (
    id {uuid} PRIMARY KEY, agent_id varchar(64), agent_code varchar(64), name varchar(255), hostname varchar(255),
    os varchar(20), ip_address {inet}, version varchar(20), status varchar(20), last_seen {stamp},
    last_heartbeat {stamp}, deleted_at {stamp});
CREATE TABLE policies (
    id {uuid} PRIMARY KEY, name varchar(255), description text, priority integer, status varchar(20), type varchar(50),
    domain varchar(50), severity varchar(20), conditions {json}, actions {json}, created_at {stamp},
    updated_at {stamp}, deleted_at {stamp});
CREATE TABLE audit_logs (
    id {uuid} PRIMARY KEY, user_id {uuid}, action varchar(100), details {json}, created_at {stamp});
""",
}
# Generations of IoT Hub's `events`; the other tables are the same in all of them.
IOTHUB_EVENTS = {
    1: "id {big} PRIMARY KEY, timestamp {stamp}, created_at {stamp}, rule_id int, acknowledged boolean DEFAULT false,"
    " trigger_telemetry_id bigint, trigger_device_id bigint",
    2: "id {uuid} PRIMARY KEY, timestamp {stamp}, created_at {stamp}, rule_id int, acknowledged boolean DEFAULT false,"
    " trigger_device_serial_id varchar(255), trigger_context {json}",
    3: "id {uuid} PRIMARY KEY, rule_triggered_at {stamp}, created_at {stamp}, rule_id int,"
    " acknowledged boolean DEFAULT false, trigger_device_serial_id varchar(255), trigger_context {json}",
    4: "id {big} PRIMARY KEY, event_uuid {uuid} UNIQUE, rule_triggered_at {stamp}, created_at {stamp}, rule_id int,"
    " acknowledged boolean DEFAULT false, trigger_device_serial_id varchar(255), trigger_context {json}",
    5: "id {big} PRIMARY KEY, event_uuid {uuid} UNIQUE, rule_triggered_at {stamp}, created_at {stamp}, rule int,"
    " acknowledged boolean DEFAULT false, trigger_device_serial_id varchar(255), trigger_context {json},"
    " is_external boolean DEFAULT false",
}
IOTHUB_SCHEMA = """
CREATE TABLE events ({events}{further});
CREATE INDEX events_time ON events({time});
CREATE TABLE rules (
    id int PRIMARY KEY, name varchar(255), description text, condition {json}, action {json}, is_active {bool},
    device_metric_id int);
CREATE TABLE devices (
    id bigint PRIMARY KEY, serial_id varchar(255) UNIQUE, name varchar(255), description text, user_id int,
    is_active boolean, created_at {stamp});
CREATE TABLE audit_logs (
    audit_event_id {uuid} PRIMARY KEY, actor_type varchar(20), actor_id varchar(64), entity_type varchar(64),
    entity_id varchar(64), event_type varchar(64), severity varchar(20), occurred_at {stamp}, details {json});
"""
IOTHUB_TIME = {1: "timestamp", 2: "timestamp", 3: "rule_triggered_at", 4: "rule_triggered_at", 5: "rule_triggered_at"}
SQLITE_TYPES = {"uuid": "TEXT", "json": "TEXT", "inet": "TEXT", "stamp": "TEXT"}
POSTGRESQL_TYPES = {
    1: {"uuid": "uuid", "json": "json", "inet": "inet", "stamp": "timestamp"},
    2: {"uuid": "uuid", "json": "json", "inet": "inet", "stamp": "timestamptz"},
}


def iotsentinel_database(
    path: Path,
    *,
    connections: Iterable[Row] = (),
    devices: Iterable[Row] = (),
    alerts: Iterable[Row] = (),
    alert_rules: Iterable[Row] = (),
    audit_log: Iterable[Row] = (),
    security_audit_log: Iterable[Row] = (),
    journal: str = "wal",
) -> Path:
    """An IoTSentinel database (version 10) at rest: log-mode like the original, without files beside it.

    Rows are mappings from source columns; connections and alerts need only what a test is about.
    """
    tables = {
        "devices": devices,
        "connections": [
            {"device_ip": "192.168.1.10", "timestamp": "2026-11-20 12:00:00"} | dict(row) for row in connections
        ],
        "alerts": [{"device_ip": "192.168.1.10", "timestamp": "2026-11-20 12:00:00"} | dict(row) for row in alerts],
        "alert_rules": [{"name": "rule"} | dict(row) for row in alert_rules],
        "audit_log": audit_log,
        "security_audit_log": security_audit_log,
    }
    return sqlite_database(path, IOTSENTINEL_SCHEMA, tables, journal)


def cybersentinel_database(
    path: Path,
    generation: int = 2,
    *,
    events: Iterable[Row] = (),
    agents: Iterable[Row] = (),
    policies: Iterable[Row] = (),
    audit_logs: Iterable[Row] = (),
    further: Mapping[str, str] | None = None,
) -> Path:
    """A SQLite copy of a CyberSentinel database; `further` are more columns of events, with their types."""
    schema = _cybersentinel_schema(generation, SQLITE_TYPES, further)
    return sqlite_database(path, schema, _cybersentinel_rows(generation, events, agents, policies, audit_logs))


def cybersentinel_server(
    url: str,
    generation: int = 2,
    *,
    events: Iterable[Row] = (),
    agents: Iterable[Row] = (),
    policies: Iterable[Row] = (),
    audit_logs: Iterable[Row] = (),
    further: Mapping[str, str] | None = None,
    stamp: str | None = None,
) -> str:
    """CyberSentinel's tables in an empty PostgreSQL database; `stamp` is another type for its timestamps."""
    types = POSTGRESQL_TYPES[generation] | ({"stamp": stamp} if stamp else {})
    rows = _cybersentinel_rows(generation, events, agents, policies, audit_logs)
    return _served(url, _cybersentinel_schema(generation, types, further), rows)


def iothub_schema(generation: int, types: Mapping[str, str], further: str = "") -> str:
    known = {"big": "bigint", "bool": "boolean", **types}
    events = IOTHUB_EVENTS[generation].format(**known)
    return IOTHUB_SCHEMA.format(**known, events=events, further=further, time=IOTHUB_TIME[generation])


def iothub_database(path: Path, generation: int = 5, *, further: str = "", **tables: Iterable[Row]) -> Path:
    """A SQLite copy of an IoT Hub database; `further` are more columns of events."""
    rows = {table: [_cells(row) for row in members] for table, members in tables.items()}
    return sqlite_database(path, iothub_schema(generation, SQLITE_TYPES, further), rows)


def iothub_server(
    url: str, generation: int = 5, *, further: str = "", json: str = "jsonb", **tables: Iterable[Row]
) -> str:
    """IoT Hub's tables in an empty PostgreSQL database; `json` is the type of its JSON columns."""
    types = POSTGRESQL_TYPES[2] | {"json": json}
    return _served(url, iothub_schema(generation, types, further), tables)


def _cells(row: Row) -> dict[str, object]:
    return {name: _cell(value) for name, value in row.items()}


def _served(url: str, schema: str, tables: Mapping[str, Iterable[Row]]) -> str:
    """A schema and rows in an empty PostgreSQL database."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(schema)
        for table, rows in tables.items():
            for row in map(_cells, rows):
                marks = ", ".join(["%s"] * len(row))
                names = ", ".join(f'"{name}"' for name in row)
                cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
    return url


def _cybersentinel_schema(generation: int, types: Mapping[str, str], further: Mapping[str, str] | None) -> str:
    more = "".join(f", {name} {type_}" for name, type_ in (further or {}).items())
    return CYBERSENTINEL_SCHEMAS[generation].format(**types, further=more)


def _cybersentinel_rows(
    generation: int, events: Iterable[Row], agents: Iterable[Row], policies: Iterable[Row], audit_logs: Iterable[Row]
) -> dict[str, list[dict[str, object]]]:
    base = {"timestamp": "2026-11-20 12:00:00"}
    rows = {
        "events": [{"id": uuid(n), "event_id": f"evt-{n}"} | base | dict(row) for n, row in enumerate(events, 1)],
        "agents": [{"id": uuid(100 + n)} | dict(row) for n, row in enumerate(agents, 1)],
        "policies": [{"id": uuid(200 + n)} | dict(row) for n, row in enumerate(policies, 1)],
    }
    if generation == 2:
        rows["audit_logs"] = [{"id": uuid(300 + n)} | dict(row) for n, row in enumerate(audit_logs, 1)]
    return {table: [{k: _cell(v) for k, v in row.items()} for row in members] for table, members in rows.items()}


def _cell(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def sqlite_database(path: Path, schema: str, tables: Mapping[str, Iterable[Row]], journal: str = "wal") -> Path:
    """A SQLite database with these rows, closed properly."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.executescript(schema)
        insert(connection, tables)
    return path


def insert(connection: sqlite3.Connection, tables: Mapping[str, Iterable[Row]]) -> None:
    """Rows given as mappings, committed."""
    for table, rows in tables.items():
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" * len(row))
            sql = f"INSERT INTO {table} ({names}) VALUES ({marks})" if row else f"INSERT INTO {table} DEFAULT VALUES"
            connection.execute(sql, list(row.values()))
    connection.commit()


def at(text: str) -> datetime:
    """The UTC instant written so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str, days: int = 1) -> Window:
    """The UTC window of whole days that begins on this day."""
    return Window(at(text), at(text) + timedelta(days=days))


def settings(kind: str, location: str | Path, *, zone: str = "UTC", **options: str) -> SourceSettings:
    """Settings of a source called 'home'; a path stands for a SQLite location."""
    where = f"sqlite:///{location}" if isinstance(location, Path) else location
    return SourceSettings("home", kind, where, str(location).rpartition("@")[2], ZoneInfo(zone), {**options})


def whole(
    source: Source, table: Table, window: Window | None = None, quarantine: Quarantine | None = None
) -> pl.DataFrame:
    """All batches of a table as one frame; no rows have the table's schema too."""
    batches = list(source.read(table, window, quarantine or Quarantine(source.settings.name)))
    return pl.concat(batches) if batches else table.empty()


def apart(
    rows: pl.DataFrame, quarantine: Sequence[Mapping[str, object]], table: Table, window: Window
) -> list[list[str]]:
    """Keys and faults of a whole reading that belong to the window, as a reading of the window alone must give them."""
    time, key = str(table.time), rows[table.key]
    inside = (rows[time] >= window.start) & (rows[time] < window.end)
    timeless = [str(row["location"]) for row in quarantine if row["occurred_at"] is None]
    return [sorted(key.filter(inside)), sorted(timeless)]


def read_alone_and_whole(source: Source, table: Table, window: Window) -> tuple[list[list[str]], list[list[str]]]:
    """What a reading of the window gives, and what of a reading of everything belongs to it."""
    near, far = Kept(), Kept()
    alone = whole(source, table, window, Quarantine("home", near))
    everything = whole(source, table, None, Quarantine("home", far))
    return apart(alone, near.rows, table, window), apart(everything, far.rows, table, window)


class Kept:
    """A quarantine's sink that remembers what it was given."""

    def __init__(self) -> None:
        self.frames: list[pl.DataFrame] = []

    def __call__(self, frame: pl.DataFrame) -> None:
        self.frames.append(frame)

    @property
    def rows(self) -> list[dict[str, object]]:
        return [row for frame in self.frames for row in frame.to_dicts()]

    def column(self, name: str) -> Sequence[object]:
        return [row[name] for row in self.rows]
