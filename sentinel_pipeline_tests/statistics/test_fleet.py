"""What is counted of a fleet: hours, machines, measured values, seals."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.tables import DECRYPTIONS, MACHINES, WIDGET_LOGS
from sentinel_pipeline_tests.clocks import BRIEF, day
from sentinel_pipeline_tests.statistics.frames import counted, facts, instants, utc

TODAY = day("2025-10-26")
NOON = utc("2025-10-26T11:00:00")


def log(**more: Any) -> dict[str, Any]:
    return {"logged_at": NOON, "machine_id": "m", "level": "INFO", "widget_type": "ping", "data": "{}"} | more


def test_logs_count_per_hour_type_and_level() -> None:
    rows = [log(), log(logged_at=utc("2025-10-26T11:59:59")), log(level="ERROR"), log(widget_type="wifi")]
    assert counted("fleet_hours", facts(WIDGET_LOGS, rows), TODAY).rows() == [
        ("home", NOON, "ping", "ERROR", 1),
        ("home", NOON, "ping", "INFO", 2),
        ("home", NOON, "wifi", "INFO", 1),
    ]


def test_machines_have_their_logs_errors_and_last_time() -> None:
    rows = [log(level="ERROR"), log(logged_at=utc("2025-10-26T12:00:00"), level="FATAL"), log(machine_id="other")]
    assert counted("fleet_machine_logs", facts(WIDGET_LOGS, rows), TODAY).rows() == [
        ("home", "m", 2, 2, utc("2025-10-26T12:00:00")),
        ("home", "other", 1, 0, NOON),
    ]


def test_measured_values_are_kept_with_how_often_they_were_measured() -> None:
    rows = [
        log(data='{"latency": 12.5}'),
        log(data='{"latency": 12.5}'),
        log(data='{"latency": null}'),
        log(data='{"latency": "soon"}'),
        log(data='{"latency": 1e300}'),
        log(data=None),
        log(widget_type="wifi", data='{"latency": 1, "rssi": -63, "snr": 29}'),
        log(widget_type="speedtest", data='{"download": 0.1234567}'),
        log(widget_type="unknown", data='{"download": 5}'),
    ]
    assert counted("fleet_samples", facts(WIDGET_LOGS, rows), TODAY).rows() == [
        ("home", "ping", "latency", 12_500_000, 2),
        ("home", "speedtest", "download", 123_457, 1),
        ("home", "wifi", "rssi", -63_000_000, 1),
        ("home", "wifi", "snr", 29_000_000, 1),
    ]


def test_a_machine_first_seen_after_the_day_was_not_known_on_it() -> None:
    rows = [
        {"machine_id": "early", "first_seen_at": NOON, "last_seen_at": utc("2025-10-28T00:00:00")},
        {"machine_id": "late", "first_seen_at": TODAY.window.end},
        {"machine_id": "old", "machine_name": "Old", "last_seen_at": NOON},
    ]
    assert counted("machine_inventory", facts(MACHINES, rows), TODAY).rows() == [
        ("home", "early", None, None, "2025-10-26"),
        ("home", "old", "Old", NOON, "2025-10-26"),
    ]


def test_seals_count_per_machine_verdict_and_key() -> None:
    unit = {"received_at": NOON, "machine_id": "m", "unit": "envelope", "verdict": "ok", "key_fingerprint": "ab"}
    rows = [
        {**unit, "logs": 3},
        {**unit, "logs": 2, "flags": "nonce_reuse,version"},
        {**unit, "logs": 1, "flags": "non_finite", "key_since_at": NOON - timedelta(days=2)},
        {"received_at": NOON, "unit": "envelope", "verdict": "auth_failed", "logs": 0},
    ]
    assert counted("decryption_outcomes", facts(DECRYPTIONS, rows), TODAY).rows() == [
        ("home", None, "envelope", "auth_failed", None, 1, 0, 0, 0, None, NOON),
        ("home", "m", "envelope", "ok", "ab", 3, 2, 1, 6, NOON - timedelta(days=2), NOON),
    ]


@BRIEF
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "logged_at": instants(TODAY.window),
                "machine_id": st.sampled_from(["a", "b"]),
                "level": st.sampled_from(["INFO", "ERROR", "ODD"]),
                "widget_type": st.sampled_from(["ping", "wifi", "new"]),
                "data": st.floats(allow_nan=False, allow_infinity=False).map(lambda x: json.dumps({"latency": x})),
            }
        ),
        max_size=30,
    )
)
def test_every_log_counts_once_everywhere(rows: list[dict[str, Any]]) -> None:
    frame = facts(WIDGET_LOGS, rows)
    hours, machines = (counted(name, frame, TODAY) for name in ("fleet_hours", "fleet_machine_logs"))
    assert hours["logs"].sum() == machines["logs"].sum() == len(rows)
    assert set(hours["hour_at"]) <= set(TODAY.hour_starts)
    assert machines["errors"].sum() == sum(row["level"] == "ERROR" for row in rows)
    assert counted("fleet_samples", frame, TODAY)["samples"].sum() <= len(rows)
