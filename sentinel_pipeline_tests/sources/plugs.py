"""Small databases of Kasa Monitor."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sentinel_pipeline_tests.sources.worlds import Row, sqlite_database

SCHEMA = """
CREATE TABLE device_readings (
    id INTEGER PRIMARY KEY AUTOINCREMENT, device_ip TEXT NOT NULL, timestamp TEXT NOT NULL, is_on BOOLEAN,
    current_power_w REAL, voltage REAL, current REAL, today_energy_kwh REAL, month_energy_kwh REAL,
    total_energy_kwh REAL, rssi INTEGER);
CREATE TABLE device_info (
    device_ip TEXT PRIMARY KEY, alias TEXT, model TEXT, device_type TEXT, mac TEXT, last_seen TEXT, metadata TEXT,
    is_monitored BOOLEAN DEFAULT 1, discovered_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, user_notes TEXT);
CREATE TABLE electricity_rates (
    id INTEGER PRIMARY KEY, name TEXT, rate_type TEXT, rate_config TEXT, currency TEXT DEFAULT 'USD',
    is_active BOOLEAN DEFAULT 1, created_at TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE users (
    id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, totp_secret TEXT, temp_totp_secret TEXT);
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY, event_type TEXT, severity TEXT, user_id INTEGER, username TEXT, ip_address TEXT,
    action TEXT, details TEXT, success BOOLEAN, error_message TEXT, timestamp TEXT, checksum TEXT);
"""
INDEX = "CREATE INDEX idx_device_readings_ip_timestamp ON device_readings(device_ip, timestamp DESC);"
PLUG = "192.168.1.201"


def kasa_database(
    path: Path,
    *,
    readings: Iterable[Row] = (),
    devices: Iterable[Row] = ({"device_ip": PLUG, "alias": "Fridge", "device_type": "DeviceType.Plug"},),
    rates: Iterable[Row] = (),
    audit_log: Iterable[Row] = (),
    is_indexed: bool = True,
) -> Path:
    """A database of the monitor at rest; readings need only what a test is about."""
    tables = {
        "device_info": devices,
        "device_readings": [{"device_ip": PLUG, "timestamp": "2026-11-20 12:00:00+00:00"} | dict(r) for r in readings],
        "electricity_rates": [{"created_at": "2026-01-01 00:00:00"} | dict(rate) for rate in rates],
        "users": [{"username": "anna", "password_hash": "SECRET-HASH", "totp_secret": "SECRET-TOTP"}],
        "audit_log": audit_log,
    }
    return sqlite_database(path, SCHEMA + (INDEX if is_indexed else ""), tables)


def rate(kind: str, config: dict[str, Any], currency: str = "EUR", **more: object) -> Row:
    return {"name": kind, "rate_type": kind, "rate_config": json.dumps(config), "currency": currency, **more}


def polls(first: datetime, count: int, every: timedelta, **counted: Any) -> list[Row]:
    """Polls at a regular distance; each of `counted` gives a column's value of the n-th."""
    moments = [first + n * every for n in range(count)]
    return [
        {"timestamp": spelled(moment), **{name: value(n) for name, value in counted.items()}}
        for n, moment in enumerate(moments)
    ]


def spelled(moment: datetime) -> str:
    """As the monitor writes times: without a fraction when it is zero."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}+00:00".replace(".000000", "")
