"""What IoTSentinel's tables become."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.tables import ALERT_RULES, ALERTS, AUDIT_EVENTS, CONNECTIONS, DEVICES, INCIDENTS, Table
from sentinel_pipeline.sources.iotsentinel import KIND, open_iotsentinel
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline_tests.sources.worlds import Kept, Row, at, day, iotsentinel_database, settings, whole

DAY = day("2026-11-20")


def read(path: Path, table: Table, kept: Kept | None = None, **options: str) -> pl.DataFrame:
    quarantine = Quarantine("home", kept or Kept())
    with KIND.open(settings("iotsentinel", path, **options), None) as source:
        return whole(source, table, DAY, quarantine)


def test_a_connection_keeps_every_value(tmp_path: Path) -> None:
    row = {
        "id": 17, "timestamp": "2026-11-20 08:09:10", "device_ip": "192.168.1.10", "dest_ip": "8.8.8.8",
        "dest_port": 53, "protocol": "UDP", "service": "dns", "duration": 2.5, "bytes_sent": 0,
        "bytes_received": 2**40, "packets_sent": 1, "packets_received": None, "conn_state": "SF",
    }  # fmt: skip
    frame = read(iotsentinel_database(tmp_path / "home.db", connections=[row]), CONNECTIONS)
    assert frame.to_dicts() == [
        {
            "source": "home", "connection_id": "17", "started_at": at("2026-11-20 08:09:10"),
            "device_ip": "192.168.1.10", "destination_ip": "8.8.8.8", "destination_port": 53, "protocol": "udp",
            "service": "dns", "duration_seconds": 2.5, "bytes_sent": 0, "bytes_received": 2**40, "packets_sent": 1,
            "packets_received": None, "connection_state": "SF", "source_port": None, "is_inbound": False,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("service", ["", "  ", None])
def test_a_service_that_is_not_known_is_null(tmp_path: Path, service: str | None) -> None:
    frame = read(iotsentinel_database(tmp_path / "home.db", connections=[{"service": service}]), CONNECTIONS)
    assert frame["service"].to_list() == [None]


def test_values_that_cannot_be_are_null_and_the_row_is_kept_in_quarantine_too(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"dest_port": 65_535}, {"dest_port": 65_536}, {"dest_port": 0}, {"duration": -1}, {"duration": "long"},
        {"packets_sent": "many", "bytes_sent": -5},
    ]  # fmt: skip
    kept = Kept()
    frame = read(iotsentinel_database(tmp_path / "home.db", connections=rows), CONNECTIONS, kept)
    assert frame["destination_port"].to_list() == [65_535, None, 0, None, None, None]
    assert frame["duration_seconds"].null_count() == 6
    assert {row["location"]: row["reason"] for row in kept.rows} == {
        "connections#2": "bad_dest_port",
        "connections#4": "bad_duration",
        "connections#5": "bad_duration",
        "connections#6": "bad_bytes_sent,bad_packets_sent",
    }
    assert set(kept.column("occurred_at")) == {at("2026-11-20 12:00:00")}


def test_a_record_outside_the_window_is_kept_with_its_own_day_only(tmp_path: Path) -> None:
    rows = [{"timestamp": "2026-11-21 00:00:00", "dest_port": -1}]
    kept = Kept()
    assert read(iotsentinel_database(tmp_path / "home.db", connections=rows), CONNECTIONS, kept).is_empty()
    assert kept.rows == []


def test_sums_agree_with_sql(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"timestamp": f"2026-11-{19 + n % 3} 00:00:0{n % 7}", "bytes_sent": None if n % 5 == 0 else n * 10**9}
        for n in range(1_000)
    ]
    path = iotsentinel_database(tmp_path / "home.db", connections=rows)
    with closing(sqlite3.connect(path)) as connection:
        expected = connection.execute(
            "SELECT count(*), sum(bytes_sent), count(bytes_sent) FROM connections"
            " WHERE timestamp >= '2026-11-20 00:00:00' AND timestamp < '2026-11-21 00:00:00'"
        ).fetchone()
    frame = read(path, CONNECTIONS)
    assert (frame.height, frame["bytes_sent"].sum(), frame["bytes_sent"].count()) == expected


def test_the_host_zone_is_for_spellings_the_host_writes(tmp_path: Path) -> None:
    rows = [{"timestamp": "2026-11-20 12:00:00"}, {"timestamp": "2026-11-20T12:00:00.000001"}]
    path = iotsentinel_database(tmp_path / "home.db", connections=rows)
    frame = read(path, CONNECTIONS, local_timezone="Europe/Berlin")
    assert frame["started_at"].to_list() == [at("2026-11-20 12:00:00"), at("2026-11-20 11:00:00.000001")]
    assert read(path, CONNECTIONS)["started_at"].to_list()[1] == at("2026-11-20 12:00:00.000001")


def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = iotsentinel_database(tmp_path / "home.db")
    with pytest.raises(SourceUnreachableError, match="'Europe/Atlantis' in local_timezone is no time zone"):
        open_iotsentinel(settings("iotsentinel", path, local_timezone="Europe/Atlantis"))


def test_a_device_goes_by_the_name_its_owner_gave_it(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"device_ip": "1", "custom_name": "Den", "device_name": "tv-7"},
        {"device_ip": "2", "custom_name": "", "device_name": "tv-8"},
        {"device_ip": "3", "custom_name": None, "device_name": " "},
    ]
    frame = read(iotsentinel_database(tmp_path / "home.db", devices=rows), DEVICES)
    assert frame["device_name"].to_list() == ["Den", "tv-8", None]


def test_the_system_itself_is_no_device_but_has_alerts(tmp_path: Path) -> None:
    path = iotsentinel_database(
        tmp_path / "home.db",
        devices=[{"device_ip": "SYSTEM", "device_name": "Monitor"}, {"device_ip": "192.168.1.10"}],
        alerts=[{"device_ip": "SYSTEM"}],
    )
    assert read(path, DEVICES)["device_ip"].to_list() == ["192.168.1.10"]
    assert read(path, ALERTS).select("device_ip", "device_name").rows() == [("SYSTEM", "Monitor")]


def test_a_device_keeps_its_flags_and_times(tmp_path: Path) -> None:
    row = {
        "device_ip": "1", "is_trusted": 1, "is_blocked": None, "first_seen": "2026-01-01 00:00:00",
        "last_seen": "soon", "device_type": "tv", "mac_address": "aa:bb", "manufacturer": "Acme",
    }  # fmt: skip
    kept = Kept()
    frame = read(iotsentinel_database(tmp_path / "home.db", devices=[row]), DEVICES, kept)
    assert frame.drop("source", "device_ip", "device_name").row(0) == (
        *("tv", "aa:bb", "Acme", at("2026-01-01 00:00:00")),
        *(None, True, None),
    )
    assert kept.rows[0]["location"] == "devices#1"
    assert kept.rows[0]["reason"] == "bad_last_seen"
    assert kept.rows[0]["occurred_at"] is None


def test_a_null_severity_counts_as_unknown(tmp_path: Path) -> None:
    rows: list[Row] = [{"severity": None}, {"severity": "critical"}]
    frame = read(iotsentinel_database(tmp_path / "home.db", alerts=rows), ALERTS)
    assert frame["severity"].to_list() == ["unknown", "critical"]


def test_an_alert_keeps_zero_apart_from_nothing(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"anomaly_score": 0, "acknowledged": 1, "acknowledged_at": "2026-11-20 13:00:00", "explanation": "=1+1"},
        {"anomaly_score": None, "acknowledged": None},
        {"anomaly_score": -0.7, "acknowledged": 0},
    ]
    frame = read(iotsentinel_database(tmp_path / "home.db", alerts=rows), ALERTS)
    assert frame["anomaly_score"].to_list() == [0.0, None, -0.7]
    assert frame["is_acknowledged"].to_list() == [True, False, False]
    assert frame["acknowledged_at"].to_list() == [at("2026-11-20 13:00:00"), None, None]
    assert frame["explanation"].to_list() == ["=1+1", None, None]
    assert frame["rule"].to_list() == [None] * 3


def test_an_alert_of_a_device_nobody_knows_has_no_name(tmp_path: Path) -> None:
    frame = read(iotsentinel_database(tmp_path / "home.db", alerts=[{"device_ip": "10.9.9.9"}]), ALERTS)
    assert frame["device_name"].to_list() == [None]


def test_rules_that_were_set_up_twice_count_once(tmp_path: Path) -> None:
    rule: dict[str, object] = {
        "name": "Large upload", "rule_type": "data_volume", "condition_operator": "gt", "threshold_value": 1000,
        "severity": "HIGH", "trigger_count": 3,
    }  # fmt: skip
    rows = [rule | {"id": 9}, rule | {"id": 10, "trigger_count": 0}, rule | {"id": 11, "threshold_value": 2000}]
    kept = Kept()
    frame = read(iotsentinel_database(tmp_path / "home.db", alert_rules=rows), ALERT_RULES, kept)
    assert frame.select(
        "rule_id", "condition", "threshold", "time_window_hours", "severity", "trigger_count"
    ).rows() == [
        ("9", "gt", 1000.0, 1.0, "high", 3),
        ("11", "gt", 2000.0, 1.0, "high", 3),
    ]
    assert [(row["location"], row["reason"]) for row in kept.rows] == [("alert_rules#10", "duplicate_rule")]
    assert '"trigger_count":0' in str(kept.rows[0]["record"])


def test_no_rules_are_no_rows(tmp_path: Path) -> None:
    assert read(iotsentinel_database(tmp_path / "home.db"), ALERT_RULES).is_empty()


def test_both_audit_logs_are_read_and_tell_their_records_apart(tmp_path: Path) -> None:
    path = iotsentinel_database(
        tmp_path / "home.db",
        audit_log=[
            {"timestamp": "2026-11-20 01:00:00", "event_type": "data_export", "severity": "info", "username": "ada"},
            {"timestamp": "2026-11-20 02:00:00", "details": '{"rows": 3}', "result": "success", "user_id": 7},
        ],
        security_audit_log=[{"timestamp": "2026-11-20T03:00:00.5", "details": "free text", "resource": "alerts"}],
    )
    frame = read(path, AUDIT_EVENTS)
    assert frame.drop("source", "occurred_at").rows() == [
        ("audit_log:1", "ada", "data_export", "info", None, None),
        ("audit_log:2", "7", None, "unknown", None, '{"rows":3,"result":"success"}'),
        ("security_audit_log:1", None, None, "unknown", "alerts", '"free text"'),
    ]


def test_the_first_time_is_the_earliest_of_all_events(tmp_path: Path) -> None:
    path = iotsentinel_database(
        tmp_path / "home.db",
        connections=[{"timestamp": "garbage"}, {"timestamp": "2026-11-20 12:00:00"}],
        alerts=[{"timestamp": "2026-11-19T23:30:00-02:00"}, {"timestamp": "2026-11-20 01:00:00"}],
        audit_log=[{"timestamp": ""}],
    )
    with open_iotsentinel(settings("iotsentinel", path)) as source:
        assert source.first_at() == at("2026-11-20 01:00:00")


def test_a_system_without_events_has_no_first_time(tmp_path: Path) -> None:
    with open_iotsentinel(settings("iotsentinel", iotsentinel_database(tmp_path / "home.db"))) as source:
        assert source.first_at() is None
        assert all(source.has(table) for table in KIND.tables)
        assert not source.has(INCIDENTS)


def test_only_a_file_can_be_this_system() -> None:
    with pytest.raises(SourceUnreachableError, match="keeps its data in SQLite"):
        open_iotsentinel(settings("iotsentinel", "postgresql://host/db"))
