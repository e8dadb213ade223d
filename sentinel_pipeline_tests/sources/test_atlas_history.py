"""Speed tests the server kept, and what an agent measured and sealed for itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.tables import AUDIT_EVENTS, DECRYPTIONS, MACHINES, WIDGET_LOGS
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline_tests.sources.fleets import NEW, STRANGE, fingerprint, fleet, store, token
from sentinel_pipeline_tests.sources.worlds import Kept, Row, at, day, whole

SPEEDTESTS = """
CREATE TABLE speedtest_results (id INTEGER PRIMARY KEY, machine_id TEXT, timestamp TEXT, download_mbps REAL,
  upload_mbps REAL, ping_ms REAL, jitter_ms REAL, packet_loss REAL, server_name TEXT, server_location TEXT, isp TEXT,
  external_ip TEXT, result_url TEXT, test_duration_seconds REAL, raw_data TEXT, created_at TEXT);
CREATE TABLE speedtest_stats (id INTEGER PRIMARY KEY, machine_id TEXT, period TEXT, average REAL);
"""
METRICS = """
CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp REAL, cpu_usage REAL, memory_total INTEGER,
  battery_plugged INTEGER, temperature REAL);
CREATE TABLE metrics_v2 (id INTEGER PRIMARY KEY, timestamp REAL, encrypted_data TEXT);
CREATE TABLE alerts (id INTEGER PRIMARY KEY, timestamp REAL, alert_type TEXT, value REAL, threshold REAL, message TEXT);
"""
PLAIN_METRICS = "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp REAL, cpu_usage REAL);"
KEYS: dict[str, Any] = {"database_keys": ["env:OLD_STORE", "env:STORE"]}
NOON = at("2026-05-01 12:00:00").timestamp()


def result(number: int, stamp: str, **more: object) -> Row:
    return {"id": number, "machine_id": "mac-1", "timestamp": stamp, "download_mbps": 93.5, "upload_mbps": 21.25} | more


def test_speed_tests_are_logs_like_those_the_agents_send(tmp_path: Path) -> None:
    rows = [
        result(1, "2026-05-01T14:00:00", ping_ms=9.0, server_name="Köln", isp="Example", raw_data="{}"),
        result(2, "2026-05-01T14:00:00Z", download_mbps=None, machine_id="mac-2"),
    ]
    with fleet(store(tmp_path, SPEEDTESTS, {"speedtest_results": rows}), zone="Europe/Berlin", keys=[]) as source:
        first, second = whole(source, WIDGET_LOGS).rows(named=True)
        machines = whole(source, MACHINES)["machine_id"].to_list()
        verdicts = whole(source, DECRYPTIONS).select("decryption_id", "verdict", "unit").rows()
        started = source.first_at()
        assert not source.has(AUDIT_EVENTS)
    assert (first["log_id"], first["machine_id"], first["widget_type"]) == ("speedtest_results#1", "mac-1", "speedtest")
    assert first["logged_at"] == started == at("2026-05-01 12:00:00")
    assert json.loads(first["data"]) == {
        "download": 93.5,
        "upload": 21.25,
        "ping": 9,
        "server": "Köln",
        "isp": "Example",
    }
    assert (second["logged_at"], json.loads(second["data"])) == (at("2026-05-01 14:00:00"), {"upload": 21.25})
    assert machines == ["mac-1", "mac-2"]
    assert verdicts == [(f"speedtest_results#{number}", "plaintext", "row") for number in (1, 2)]


def test_an_agents_measurements_are_its_health_under_the_name_of_the_source(tmp_path: Path) -> None:
    tables: dict[str, list[Row]] = {
        "metrics": [{"id": 7, "timestamp": NOON, "cpu_usage": 12.5, "memory_total": 17179869184, "battery_plugged": 1}],
        "metrics_v2": [{"id": 7, "timestamp": NOON + 0.25, "encrypted_data": token('{"cpu_usage": NaN, "disk": 5}')}],
        "alerts": [
            {"id": 1, "timestamp": NOON + 60, "alert_type": "cpu", "value": 99.0, "threshold": 90.0, "message": "hot"}
        ],
    }
    with fleet(store(tmp_path, METRICS, tables), zone="Europe/Berlin", **KEYS) as source:
        rows = {row["log_id"]: row for row in whole(source, WIDGET_LOGS).rows(named=True)}
        keys = dict(whole(source, DECRYPTIONS).select("decryption_id", "key_fingerprint").rows())
    assert {row["machine_id"] for row in rows.values()} == {"fleet"}
    plain, sealed, alert = rows["metrics#7"], rows["metrics_v2#7"], rows["alerts#1"]
    assert (plain["widget_type"], plain["logged_at"]) == ("health", at("2026-05-01 12:00:00"))
    assert json.loads(plain["data"]) == {"cpu_usage": 12.5, "memory_total": 17179869184, "battery_plugged": 1}
    assert (json.loads(sealed["data"]), sealed["flags"]) == ({"cpu_usage": None, "disk": 5}, "non_finite")
    assert (alert["level"], alert["message"], json.loads(alert["data"])["threshold"]) == ("WARNING", "hot", 90)
    assert keys == {"metrics#7": None, "metrics_v2#7": fingerprint(NEW), "alerts#1": None}


def test_what_stays_closed_costs_itself_and_is_counted(tmp_path: Path) -> None:
    tables: dict[str, list[Row]] = {
        "metrics_v2": [
            {"id": 1, "timestamp": NOON, "encrypted_data": token("{}", STRANGE)},
            {"id": 2, "timestamp": NOON, "encrypted_data": "no token"},
            {"id": 3, "timestamp": None, "encrypted_data": token("{}")},
            {"id": 4, "timestamp": NOON, "encrypted_data": token("{}")},
        ]
    }
    kept = Kept()
    with fleet(store(tmp_path, METRICS, tables), **KEYS) as source:
        rows = whole(source, WIDGET_LOGS, None, Quarantine("fleet", kept)).select("log_id", "data", "flags").rows()
    assert rows == [
        ("metrics_v2#1", None, "lost_data"),
        ("metrics_v2#2", None, "lost_data"),
        ("metrics_v2#4", "{}", None),
    ]
    assert sorted((row["location"], row["reason"]) for row in kept.rows) == [
        ("metrics_v2#1", "auth_failed: data"),
        ("metrics_v2#2", "malformed: data"),
        ("metrics_v2#3", "missing_time"),
    ]


def test_a_window_holds_its_rows_only_and_machines_of_the_month_before(tmp_path: Path) -> None:
    rows = [result(number, f"2026-{date}T10:00:00", machine_id=date) for number, date in enumerate(("03-01", "04-20"))]
    with fleet(store(tmp_path, SPEEDTESTS, {"speedtest_results": rows}), keys=[]) as source:
        assert whole(source, WIDGET_LOGS, day("2026-04-20"))["machine_id"].to_list() == ["04-20"]
        assert whole(source, WIDGET_LOGS, day("2026-04-21")).is_empty()
        assert whole(source, MACHINES, day("2026-05-01"))["machine_id"].to_list() == ["04-20"]


def test_sealed_measurements_without_a_key_are_refused_and_plain_ones_are_not(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachableError, match="no key is configured; give 'database_keys'"):
        fleet(store(tmp_path, METRICS, {}), keys=[])
    plain = tmp_path / "plain"
    plain.mkdir()
    with fleet(store(plain, PLAIN_METRICS, {"metrics": [{"id": 1, "timestamp": NOON}]}), keys=[]) as source:
        assert whole(source, WIDGET_LOGS)["data"].to_list() == ["{}"]


def test_alerts_of_another_system_are_no_fleet(tmp_path: Path) -> None:
    schema = "CREATE TABLE alerts (id INTEGER PRIMARY KEY, timestamp TEXT, alert_type TEXT);"
    with pytest.raises(SourceUnreachableError, match="holds none of the fleet's tables"):
        fleet(store(tmp_path, schema, {}))
