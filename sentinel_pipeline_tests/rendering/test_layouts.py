from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.tables import ALERT_RULES, ALERTS, CONNECTIONS, DEVICES, INCIDENTS, WIDGET_LOGS, Table
from sentinel_pipeline.rendering.layout_cells import CSV
from sentinel_pipeline.rendering.layouts import LAYOUTS, layout
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import write_csv_as_is

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)


def laid_out(table: Table, system: str, path: Path, *rows: dict[str, Any]) -> list[dict[str, str]]:
    frame = pl.DataFrame(list(rows), schema=table.schema)
    file = path / "layout.csv"
    assert write_csv_as_is(layout(table.name, system).select(frame.lazy(), BERLIN), file, Spelling(BERLIN)) == len(rows)
    return list(csv.DictReader(StringIO(file.read_bytes().decode(), newline="")))


@pytest.mark.parametrize(
    ("table", "system", "header"),
    [
        (
            DEVICES,
            "iotsentinel",
            "IP Address,Device Name,Type,MAC Address,Manufacturer,First Seen,Last Seen,Trusted,Blocked",
        ),
        (
            ALERTS,
            "iotsentinel",
            "Alert ID,Timestamp,Device IP,Device Name,Severity,Anomaly Score,Explanation,Acknowledged",
        ),
        (
            CONNECTIONS,
            "iotsentinel",
            "Timestamp,Source IP,Destination IP,Destination Port,Protocol,Service,Duration (s),Bytes Sent,"
            "Bytes Received,Packets Sent,Packets Received,Connection State",
        ),
        (
            ALERT_RULES,
            "iotsentinel",
            "Rule ID,Name,Description,Type,Condition,Threshold,Time Window (hrs),Severity,Enabled,Trigger Count,"
            "Last Triggered,Created At",
        ),
        (
            INCIDENTS,
            "cybersentinel",
            "event_id,timestamp,severity,event_type,agent_name,hostname,username,source_ip,classification_type,"
            "confidence,blocked,policy_id,policy_name",
        ),
        (WIDGET_LOGS, "atlas", "ID,Serial Number,Timestamp,Level,Widget Type,Message,Data"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_header_is_the_documented_one_even_without_rows(
    table: Table, system: str, header: str, tmp_path: Path
) -> None:
    assert laid_out(table, system, tmp_path) == []
    assert (tmp_path / "layout.csv").read_bytes() == f"{header}\r\n".encode()


def test_fleet_logs_say_what_the_machine_wrote(tmp_path: Path) -> None:
    log = {"machine_id": "mac-1", "logged_at": NOON, "level": "INFO", "message": "=cmd", "data": '{"a":"1,5"}'}
    rows = laid_out(
        WIDGET_LOGS,
        "atlas",
        tmp_path,
        {
            **log,
            "log_id": "9",
            "machine_id": "mac-2",
            "serial_number": "C02,AB",
            "log_timestamp": "2026-07-01T12:00:00",
        },
        {**log, "log_id": "9", "log_timestamp": "2026-07-01T12:00:00"},
        {**log, "log_id": "10", "raw_widget_type": "Ping Monitor"},
    )
    assert [(row["ID"], row["Serial Number"], row["Timestamp"]) for row in rows] == [
        ("10", "mac-1", "2026-07-01T12:00:00+02:00"),
        ("9", "mac-1", "2026-07-01T12:00:00"),
        ("9", "C02,AB", "2026-07-01T12:00:00"),
    ]
    assert (rows[0]["Widget Type"], rows[0]["Message"], rows[0]["Data"]) == ("Ping Monitor", "'=cmd", '{"a":"1,5"}')


def test_devices_are_sorted_by_last_seen_and_say_unknown(tmp_path: Path) -> None:
    rows = laid_out(
        DEVICES,
        "iotsentinel",
        tmp_path,
        {"device_ip": "10.0.0.9", "device_name": "=cmd", "is_trusted": True, "is_blocked": False},
        {"device_ip": "10.0.0.2", "device_name": " ", "last_seen_at": NOON},
        {"device_ip": "10.0.0.1", "last_seen_at": NOON},
    )
    assert [row["IP Address"] for row in rows] == ["10.0.0.1", "10.0.0.2", "10.0.0.9"]
    assert [row["Device Name"] for row in rows] == ["Unknown", "Unknown", "'=cmd"]
    assert (rows[0]["Last Seen"], rows[2]["Last Seen"]) == ("2026-07-01 12:00:00", "Unknown")
    assert (rows[2]["Trusted"], rows[2]["Blocked"]) == ("Yes", "No")


def test_alerts_keep_negative_scores_and_tell_zero_from_nothing(tmp_path: Path) -> None:
    scores = {"1": -0.2, "10": 0.0, "9": None}
    rows = laid_out(
        ALERTS,
        "iotsentinel",
        tmp_path,
        *({"alert_id": key, "raised_at": NOON, "anomaly_score": score} for key, score in scores.items()),
    )
    assert [(row["Alert ID"], row["Anomaly Score"]) for row in rows] == [
        ("10", "0.0000"),
        ("9", "N/A"),
        ("1", "-0.2000"),
    ]
    assert rows[0]["Severity"] == "UNKNOWN"


def test_connections_follow_the_documented_words_for_nothing(tmp_path: Path) -> None:
    zero = {"connection_id": "2", "destination_port": 0, "duration_seconds": 0.0, "service": "", "bytes_sent": 7}
    first, second = laid_out(CONNECTIONS, "iotsentinel", tmp_path, {"connection_id": "1"}, zero)
    assert (first["Destination Port"], first["Duration (s)"], first["Service"]) == ("0", "0.00", "Unknown")
    assert (second["Destination Port"], second["Duration (s)"], second["Bytes Sent"]) == ("N/A", "N/A", "0")


def test_rules_are_sorted_by_severity_then_name_then_number(tmp_path: Path) -> None:
    rules = [("10", "b", "low"), ("9", "b", "low"), ("2", "a", "low"), ("1", "z", "critical")]
    rows = laid_out(
        ALERT_RULES,
        "iotsentinel",
        tmp_path,
        *({"rule_id": key, "name": name, "severity": level, "time_window_hours": 1.0} for key, name, level in rules),
    )
    assert [row["Rule ID"] for row in rows] == ["1", "2", "9", "10"]
    assert rows[0] | {"Severity": "CRITICAL", "Threshold": "N/A", "Last Triggered": "Never"} == rows[0]
    assert rows[0]["Time Window (hrs)"] == "1"


def test_incidents_join_their_labels_and_spell_booleans_like_python(tmp_path: Path) -> None:
    common = {"occurred_at": NOON, "confidence": 0.5}
    first, second = laid_out(
        INCIDENTS,
        "cybersentinel",
        tmp_path,
        common | {"incident_id": "b", "data_types": [], "is_blocked": None},
        common | {"incident_id": "a", "data_types": ["ssn", "credit_card"], "is_blocked": True, "user": "@eve"},
    )
    assert (first["event_id"], first["classification_type"], first["blocked"]) == ("a", "credit_card;ssn", "True")
    assert (first["timestamp"], first["username"]) == ("2026-07-01T12:00:00+02:00", "'@eve")
    assert (second["classification_type"], second["blocked"]) == ("", "")


@settings(deadline=None)
@given(st.floats(allow_nan=False, min_value=-1e12, max_value=1e12))
def test_fixed_decimals_are_rounded_half_even(value: float) -> None:
    text = pl.select(x=pl.lit(value)).select(CSV.fixed("x", 4)).item()
    assert abs(float(text) - value) <= 0.5001e-4 + abs(value) * 1e-15


def test_a_layout_nobody_documents_is_refused() -> None:
    with pytest.raises(UsageError, match="has no table 'audit_events'; it has connections, devices"):
        layout("audit_events", "iotsentinel")
    with pytest.raises(UsageError, match="choose one of atlas, canonical, cybersentinel, iothub,"):
        layout("devices", "splunk")
    assert len({(known.table, known.system) for known in LAYOUTS}) == len(LAYOUTS)
