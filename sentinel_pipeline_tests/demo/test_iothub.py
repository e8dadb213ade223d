"""The greenhouse's IoT Hub: rules that fire, one that was deleted, one that never does, and events from outside."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.demo.greenhouse import DEVICES, RULES, STRANGE_SERIAL
from sentinel_pipeline.demo.iothub import write_hub
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.systems import silent
from sentinel_pipeline.sources.iothub import generation


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    folder = tmp_path_factory.mktemp("hub")
    write_hub(folder, Plan(date(2026, 11, 20), 14, 1.0, ZoneInfo("Europe/Berlin"), 7), silent)
    connection = sqlite3.connect(f"file:{folder / 'iothub.db'}?mode=ro", uri=True)
    yield connection
    connection.close()


def ask(database: sqlite3.Connection, question: str) -> list[tuple[Any, ...]]:
    return database.execute(question).fetchall()


def test_events_are_of_the_fifth_generation(hub: sqlite3.Connection) -> None:
    columns = {name: "" for _, name, *_ in ask(hub, "PRAGMA table_info(events)")}
    assert generation(columns) == "v5"


def test_every_day_has_dozens_of_events_in_order(hub: sqlite3.Connection) -> None:
    days = dict(ask(hub, "SELECT substr(rule_triggered_at, 1, 10), count(*) FROM events GROUP BY 1"))
    assert all(15 < days[f"2026-11-{day:02}"] < 120 for day in range(7, 21))
    times = [time for (time,) in ask(hub, "SELECT rule_triggered_at FROM events ORDER BY id")]
    assert times == sorted(times)


def test_most_rules_fire_but_not_all(hub: sqlite3.Connection) -> None:
    fired = {rule for (rule,) in ask(hub, "SELECT DISTINCT rule FROM events")}
    known = {rule for (rule,) in ask(hub, "SELECT id FROM rules")}
    assert fired - known == {14}
    assert {rule.number for rule in RULES if not rule.daily} == known - fired == {12, 13}
    assert ask(hub, "SELECT count(*) FROM rules WHERE name = 'Soil too dry'") == [(2,)]


def test_others_send_events_late_and_of_devices_nobody_knows(hub: sqlite3.Connection) -> None:
    serials = {serial for (serial,) in ask(hub, "SELECT DISTINCT trigger_device_serial_id FROM events")}
    assert serials - {serial for serial, _ in DEVICES} == {STRANGE_SERIAL}
    external = ask(hub, "SELECT rule_triggered_at, created_at FROM events WHERE is_external")
    assert external
    assert all(fired != created for fired, created in external)


def test_contexts_are_json_but_for_a_few(hub: sqlite3.Connection) -> None:
    broken = 0
    for (context,) in ask(hub, "SELECT trigger_context FROM events"):
        try:
            json.loads(context)
        except ValueError:
            broken += 1
    assert 1 <= broken <= 4


def test_old_events_are_mostly_acknowledged(hub: sqlite3.Connection) -> None:
    [(old, new)] = ask(
        hub,
        "SELECT avg(acknowledged) FILTER (WHERE rule_triggered_at < '2026-11-14'),"
        " avg(acknowledged) FILTER (WHERE rule_triggered_at > '2026-11-17') FROM events",
    )
    assert new < old < 1
