"""A day of two IoT Hubs and a Suricata sensor, published by the command: the numbers are those counted by hand."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline_tests.sources.eve_logs import alert, flow, lines, netflow, other
from sentinel_pipeline_tests.sources.test_iothub import event
from sentinel_pipeline_tests.sources.worlds import iothub_database
from sentinel_pipeline_tests.sources.zeek_logs import put
from sentinel_pipeline_tests.walks.household import Said, sentinel

DAY = "2026-05-29"
CONFIGURATION = """
organisation: Test
timezone: Europe/Berlin
first_day: 2026-05-28
sources:
  - {name: hub, kind: iothub, location: sqlite:///hub.db}
  - {name: old-hub, kind: iothub, location: sqlite:///old.db}
  - {name: ids, kind: suricata, location: logs, alert_severity: {3: low}}
"""
RULES: list[dict[str, Any]] = [
    {"id": 1, "name": "=1+1", "is_active": True},
    {"id": 2, "name": "Never", "is_active": True},
]
DEVICES: list[dict[str, Any]] = [{"id": 7, "serial_id": "GH-07", "name": "<b>Dach</b>"}]
START, LAST, NEXT = "2026-05-28 22:00:00+00:00", "2026-05-29 21:59:59.999999+00:00", "2026-05-29 22:00:00+00:00"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("rules")
    put(data, "config/sentinel.yaml", CONFIGURATION)
    times = [START, LAST, NEXT, "2026-05-29 10:00:00+00:00", "2026-05-29 11:00:00+00:00"]
    events = [event(5, number, time=time, acknowledged=number == 1) for number, time in enumerate(times, 1)]
    events[3] |= {"rule": 99, "trigger_device_serial_id": "X-1", "is_external": True}
    events[4] |= {"trigger_context": "{'value': nan}"}
    iothub_database(data / "hub.db", 5, events=events, rules=RULES, devices=DEVICES)
    iothub_database(data / "old.db", 1, events=[event(1, 8, time=LAST)], rules=RULES[:1], devices=DEVICES)
    midnight = {"flow.start": "2026-05-29T00:00:00.0+0200", "flow.end": "2026-05-29T00:00:02.0+0200"}
    midnight["timestamp"] = "2026-05-30T09:00:00.0+0200"
    written = [flow(midnight), flow(), netflow(), other("stats"), alert({"timestamp": "2026-05-29T12:00:00.5+0200"})]
    low = alert({"timestamp": "2026-05-29T12:00:00.5+0200", "alert.severity": 3})
    put(data, "logs/eve.json-20260530.gz", lines(*written, low, low, low | {"event_type": "drop"}), packed=True)
    put(data, "logs/eve.json", "")
    return data


@pytest.fixture(scope="module")
def edition(house: Path) -> Path:
    said: Said = sentinel(house, "publish", "daily", DAY)
    assert said.code == 0, said.err
    return Path(said.last)


def rows(edition: Path, section: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((edition / f"tables/{section}.csv").read_text(encoding="utf-8"))))


def test_figures_are_those_counted_by_hand(edition: Path) -> None:
    told = {fact["id"]: fact["value"] for fact in json.loads((edition / "facts.json").read_text())["facts"]}
    expected = {
        "total_rule_events": 5,
        "unacknowledged_rule_events": 4,
        "rule_events_external": 1,
        "rule_events_unknown_device": 1,
        "total_connections": 1,
        "bytes_sent": 900,
        "total_alerts": 2,
        "alerts_high": 1,
        "alerts_low": 1,
    }
    assert {name: told[name] for name in expected} == expected


def test_rules_of_two_hubs_are_told_apart(edition: Path) -> None:
    found = [tuple(row.values()) for row in rows(edition, "rule_events_by_rule")]
    assert found == [
        ("'=1+1", "3", "2", "0", "1", "hub"),
        ("'=1+1", "1", "1", "0", "1", "old-hub"),
        ("rule #99 (deleted)", "1", "1", "1", "99", "hub"),
    ]
    assert [(row["rule"], row["source"]) for row in rows(edition, "rules_never_fired")] == [("Never", "hub")]


def test_events_that_nobody_acknowledged_are_listed_newest_first(edition: Path) -> None:
    found = [(row["triggered_at"], row["device"]) for row in rows(edition, "unacknowledged_rule_events")]
    assert found == [
        ("2026-05-29T23:59:59.999999+02:00", "GH-07"),
        ("2026-05-29T23:59:59.999999+02:00", "GH-07"),
        ("2026-05-29T13:00:00+02:00", "GH-07"),
        ("2026-05-29T12:00:00+02:00", "X-1"),
    ]


def test_what_could_not_be_read_and_what_stood_twice_is_counted(edition: Path) -> None:
    found = {
        (row["source"], row["table"], row["reason"]): row["records"] for row in rows(edition, "quarantine_reasons")
    }
    assert found == {
        ("hub", "rule_events", "bad_trigger_context"): "1",
        ("ids", "alerts", "duplicate_alert_id"): "1",
        ("ids", "connections", "empty_file"): "1",
    }


def test_only_sections_of_what_is_configured_are_there(edition: Path) -> None:
    sections = {path.stem for path in (edition / "tables").glob("*.csv")}
    assert {"rule_event_trends", "rule_events_by_device", "rule_events_lateness", "alert_trends"} <= sections
    assert not {"incident_trends", "new_devices"} & sections


def test_the_summary_has_a_block_of_rule_events(edition: Path) -> None:
    summary = (edition / "summary.txt").read_text(encoding="utf-8")
    assert "\n## Automation\n- Rule Events: 5\n- Not Acknowledged: 4\n- Acknowledged: 20.00 %" in summary


def test_the_report_speaks_of_rule_events(edition: Path) -> None:
    page = (edition / "report.html").read_text(encoding="utf-8")
    assert "2 alerts (none critical) and 5 rule events (4 not acknowledged)" in page
    assert "<b>Dach</b>" not in page


def test_the_edition_and_its_figures_are_confirmed(house: Path, edition: Path) -> None:
    assert sentinel(house, "verify", str(edition)).code == 0
    assert "published 5, recomputed 5" in sentinel(house, "trace", str(edition), "total_rule_events").out


def test_rule_events_are_exported_newest_first(house: Path, tmp_path: Path) -> None:
    target = tmp_path / "events.csv"
    window = ("--since", "2026-05-29T00:00:00+02:00", "--until", "2026-05-29")
    said = sentinel(house, "export", "rule_events", "--source", "hub", *window, "--output", str(target))
    assert (said.code, said.last) == (0, f"{target} 4 rows")
    found = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [row["rule"] for row in found] == ["'=1+1", "'=1+1", "rule #99 (deleted)", "'=1+1"]
    before = target.read_bytes()
    assert sentinel(house, "export", "rule_events", "--since", "2026-13-01", "--output", str(target)).code == 2
    assert target.read_bytes() == before
