"""The fleet server's store: plain and sealed, field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.tables import AUDIT_EVENTS, DECRYPTIONS, MACHINES, WIDGET_LOGS
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline_tests.sources.fleets import (
    NEW,
    PLAIN_STORE,
    SEALED_STORE,
    STRANGE,
    fingerprint,
    fleet,
    store,
    token,
)
from sentinel_pipeline_tests.sources.worlds import Kept, Row, at, day, whole

KEYS: dict[str, Any] = {"database_keys": ["env:OLD_STORE", "env:STORE"]}
INFO = {
    "hostname": "mac1.example",
    "computer_name": "=Anna's Mac",
    "serial_number": "C02AB",
    "local_ip": "192.0.2.7",
    "os": "macOS",
}


def plain_row(number: int = 1, **more: object) -> Row:
    return {
        "id": number,
        "machine_id": "mac-1",
        "timestamp": "2026-05-01T10:00:00",
        "log_level": "info",
        "widget_type": "Ping Monitor",
        "message": "ping",
        "data_json": '{"latency": 12.5}',
    } | more


def sealed_row(number: int = 1, message: str | None = None, data: str | None = None, **more: object) -> Row:
    row = plain_row(number, message_encrypted=message, data_encrypted=data, **more)
    return {name: value for name, value in row.items() if name not in ("message", "data_json")}


def plain_machine(**more: object) -> Row:
    seen = {"first_seen": "2026-04-01T08:00:00", "last_seen": "2026-05-01T12:00:00"}
    return {"machine_id": "mac-1", "info_json": json.dumps(INFO), **seen} | more


def test_a_plain_store_gives_its_logs_with_serial_numbers(tmp_path: Path) -> None:
    place = store(tmp_path, PLAIN_STORE, {"widget_logs": [plain_row()], "machines": [plain_machine()]})
    with fleet(place, zone="Europe/Berlin", keys=[]) as source:
        row = whole(source, WIDGET_LOGS).row(0, named=True)
        verdicts = whole(source, DECRYPTIONS).select("decryption_id", "verdict", "unit", "logs").rows()
    assert (row["log_id"], row["serial_number"], row["logged_at"]) == ("1", "C02AB", at("2026-05-01 08:00:00"))
    assert (row["level"], row["widget_type"], row["raw_widget_type"]) == ("INFO", "ping", "Ping Monitor")
    assert (row["message"], row["data"], row["flags"]) == ("ping", '{"latency":12.5}', None)
    assert verdicts == [("widget_logs#1", "plaintext", "row", 1)]


def test_a_sealed_store_opens_with_any_of_its_keys(tmp_path: Path) -> None:
    rows = [sealed_row(1, token("new"), token('{"latency": 1}')), sealed_row(2, None, "")]
    place = store(tmp_path, SEALED_STORE, {"widget_logs": rows})
    kept = Kept()
    with fleet(place, **KEYS) as source:
        found = whole(source, WIDGET_LOGS, None, Quarantine("fleet", kept))
        keys = whole(source, DECRYPTIONS)["key_fingerprint"].to_list()
    assert found.select("message", "data").rows() == [("new", '{"latency":1}'), ("", "{}")]
    assert keys == [fingerprint(NEW), None]
    assert kept.rows == []


def test_a_field_that_stays_closed_costs_itself_and_says_why(tmp_path: Path) -> None:
    rows = [
        sealed_row(1, token("strange", STRANGE), token('{"latency": 1}')),
        sealed_row(2, token("fine"), "never sealed"),
        sealed_row(3, token("fine"), token("no json")),
    ]
    place = store(tmp_path, SEALED_STORE, {"widget_logs": rows})
    kept = Kept()
    with fleet(place, **KEYS) as source:
        found = whole(source, WIDGET_LOGS, None, Quarantine("fleet", kept))
        verdicts = whole(source, DECRYPTIONS)["verdict"].to_list()
    assert found.select("message", "data", "flags").rows() == [
        (None, '{"latency":1}', "lost_message"),
        ("fine", None, "lost_data"),
        ("fine", '{"value":"no json"}', "bad_data,wrapped_data"),
    ]
    assert [(row["location"], row["reason"]) for row in kept.rows] == [
        ("widget_logs#1", "auth_failed: message"),
        ("widget_logs#2", "malformed: data"),
    ]
    assert verdicts == ["auth_failed", "malformed", "ok"]


def test_plain_text_where_keys_are_configured_is_a_downgrade(tmp_path: Path) -> None:
    place = store(tmp_path, PLAIN_STORE, {"widget_logs": [plain_row()]})
    kept = Kept()
    with fleet(place, **KEYS) as source:
        row = whole(source, WIDGET_LOGS, None, Quarantine("fleet", kept)).row(0, named=True)
        assert whole(source, DECRYPTIONS)["verdict"].to_list() == ["downgrade"]
    assert (row["message"], row["data"], row["level"]) == (None, None, "INFO")
    assert kept.column("reason") == ["downgrade: message", "downgrade: data"]


def test_a_sealed_store_without_a_key_is_refused(tmp_path: Path) -> None:
    place = store(tmp_path, SEALED_STORE, {})
    with pytest.raises(SourceUnreachableError, match="no key is configured; give 'database_keys'"):
        fleet(place)


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    place = store(tmp_path, "CREATE TABLE devices (id INTEGER)", {})
    with pytest.raises(SourceUnreachableError, match="none of the fleet's tables"):
        fleet(place)


def test_a_day_is_that_of_each_machines_own_zone(tmp_path: Path) -> None:
    rows = [
        plain_row(1, timestamp="2026-04-30T21:00:00", machine_id="west"),
        plain_row(2, timestamp="2026-04-30T21:00:00"),
        plain_row(3, timestamp="2026-05-01T23:59:59Z", machine_id="west"),
        plain_row(4, timestamp=1_777_630_000, machine_id="west"),
        plain_row(5, timestamp="2026-05-01T20:00:00", machine_id="west"),
    ]
    place = store(tmp_path, PLAIN_STORE, {"widget_logs": rows})
    with fleet(place, keys=[], machine_timezones={"west": "America/Los_Angeles"}) as source:
        found = whole(source, WIDGET_LOGS, day("2026-05-01"))
        assert sorted(found["log_id"]) == ["1", "3", "4"]
        assert source.first_at() == at("2026-04-30 21:00:00")


@pytest.mark.parametrize("schema", [PLAIN_STORE, SEALED_STORE])
def test_machines_come_with_what_the_store_knows_of_them(tmp_path: Path, schema: str) -> None:
    is_sealed = schema is SEALED_STORE
    machine = plain_machine()
    if is_sealed:
        machine = {name: value for name, value in machine.items() if name != "info_json"}
        machine = {**machine, "info_json_encrypted": token(json.dumps(INFO))}
    place = store(tmp_path, schema, {"machines": [machine]})
    with fleet(place, zone="Europe/Berlin", **(KEYS if is_sealed else {"keys": []})) as source:
        assert whole(source, MACHINES).row(0) == (
            "fleet",
            "mac-1",
            "=Anna's Mac",
            "C02AB",
            "192.0.2.7",
            "macOS",
            at("2026-04-01 06:00:00"),
            at("2026-05-01 10:00:00"),
        )


def test_a_machine_whose_description_stays_closed_is_still_known(tmp_path: Path) -> None:
    machine = {"machine_id": "mac-1", "info_json_encrypted": token("{}", STRANGE), "last_seen": "never"}
    place = store(tmp_path, SEALED_STORE, {"machines": [machine]})
    kept = Kept()
    with fleet(place, **KEYS) as source:
        row = whole(source, MACHINES, None, Quarantine("fleet", kept)).row(0, named=True)
    assert (row["machine_id"], row["machine_name"], row["last_seen_at"]) == ("mac-1", None, None)
    assert kept.column("reason") == ["auth_failed: info"]


def test_exports_are_audit_events_and_agents_keys_are_never_read(tmp_path: Path) -> None:
    event = {
        "id": 4,
        "machine_id": "mac-1",
        "timestamp": "2026-05-01T10:00:00",
        "local_user": "anna",
        "export_type": "ping",
        "export_format": "csv",
        "encrypted": 1,
        "encryption_mode": "password",
        "filename": "ping_all.csv.enc",
        "data_encrypted": token('{"rows": 60}'),
    }
    closed = {**event, "id": 5, "data_encrypted": token("{}", STRANGE)}
    timeless = {**event, "id": 6, "timestamp": "?"}
    secret = token("the agent's own key")
    tables: dict[str, list[Row]] = {
        "export_logs": [event, closed, timeless],
        "agent_db_keys": [{"machine_id": "m", "key_encrypted": secret}],
    }
    place = store(tmp_path, SEALED_STORE, tables)
    kept = Kept()
    with fleet(place, **KEYS) as source:
        found = whole(source, AUDIT_EVENTS, day("2026-05-01"), Quarantine("fleet", kept))
        everything = [whole(source, table) for table in (WIDGET_LOGS, MACHINES, DECRYPTIONS, AUDIT_EVENTS)]
    assert found.select("event_id", "user", "event_type", "resource").rows()[0] == (
        "export_logs:4",
        "anna",
        "export",
        "ping_all.csv.enc",
    )
    assert json.loads(found["details"][0]) == {
        "machine_id": "mac-1",
        "export_type": "ping",
        "export_format": "csv",
        "encrypted": "1",
        "encryption_mode": "password",
        "data": {"rows": 60},
    }
    assert kept.column("reason") == ["auth_failed: data", "bad_time"]
    assert not [frame for frame in everything if secret in str(frame.to_dicts())]


def test_rows_that_cannot_be_placed_are_kept(tmp_path: Path) -> None:
    place = store(tmp_path, PLAIN_STORE, {"widget_logs": [plain_row(1, machine_id=None), plain_row(2, timestamp="x")]})
    kept = Kept()
    with fleet(place, keys=[]) as source:
        assert whole(source, WIDGET_LOGS, day("2026-05-01"), Quarantine("fleet", kept)).is_empty()
    assert kept.column("reason") == ["missing_machine_id", "bad_time"]
