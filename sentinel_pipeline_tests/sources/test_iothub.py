"""What IoT Hub's tables become, in all five generations of `events`, on a server and in a copy."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import psycopg2
import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.tables import ALERT_RULES, AUDIT_EVENTS, RULE_EVENTS, Table
from sentinel_pipeline.sources.iothub import KIND, open_iothub
from sentinel_pipeline.sources.json_text import sorted_json
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline_tests.sources.worlds import (
    IOTHUB_TIME,
    Kept,
    at,
    day,
    insert,
    iothub_database,
    iothub_server,
    settings,
    uuid,
    whole,
)

DAY = day("2026-11-20")
NOON = "2026-11-20 12:00:00+00:00"
SECRET = "https://hooks.example/T0/b1-token"
RULES: list[dict[str, Any]] = [
    {"id": 1, "name": "Frost", "is_active": True},
    {"id": 2, "name": "Zu heiß", "is_active": True},
    {"id": 3, "name": "Frost", "is_active": True},
    {"id": 4, "name": " ", "is_active": False},
]
DEVICES: list[dict[str, Any]] = [{"id": 7, "serial_id": "GH-07", "name": "Fühler 7"}]
CONTEXT = {"value": "31.20", "unit": "°C", "threshold": 30, "metric": "temperature"}
World = Callable[..., "Hub"]


class Hub:
    """A made-up installation and how to read it."""

    def __init__(self, location: str | Path, generation: int) -> None:
        self.settings = settings("iothub", location)
        self.generation = generation
        self.kept = Kept()

    def read(self, table: Table = RULE_EVENTS) -> pl.DataFrame:
        with KIND.open(self.settings, None) as source:
            return whole(source, table, DAY, Quarantine("home", self.kept))

    @property
    def reasons(self) -> list[tuple[object, object]]:
        return sorted(zip(self.kept.column("location"), self.kept.column("reason"), strict=True), key=str)


def event(generation: int, number: int = 1, **changes: Any) -> dict[str, Any]:
    """An event in the columns of a generation; `rule`, `device`, `context` and `time` stand for their columns."""
    given = {"rule": 1, "device": 7 if generation == 1 else "GH-07", "context": CONTEXT, "time": NOON, **changes}
    row = {
        "id": uuid(number) if generation in (2, 3) else number,
        IOTHUB_TIME[generation]: given.pop("time"),
        "rule" if generation == 5 else "rule_id": given.pop("rule"),
        "trigger_device_id" if generation == 1 else "trigger_device_serial_id": given.pop("device"),
    }
    context = given.pop("context")
    if generation > 1:
        row["trigger_context"] = context
    if generation > 3:
        row["event_uuid"] = uuid(number)
    return {**row, **given}


@pytest.fixture(params=[(n, system) for n in range(1, 6) for system in ("sqlite", "postgresql")], ids=str)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Makes an installation of each generation in each database system, with RULES and DEVICES unless told others."""
    generation, system = request.param

    def made(*events: dict[str, Any], **tables: Any) -> Hub:
        rows = {"rules": RULES, "devices": DEVICES, **tables}
        rows["events"] = [event(generation, number, **changes) for number, changes in enumerate(events, 1)]
        if system == "sqlite":
            return Hub(iothub_database(tmp_path / "hub.db", generation, **rows), generation)
        return Hub(iothub_server(request.getfixturevalue("postgresql_url"), generation, **rows), generation)

    return made


def test_an_event_keeps_every_value(world: World) -> None:
    hub = world({"acknowledged": True, "created_at": "2026-11-20 12:00:07.5+00:00"})
    is_first = hub.generation == 1
    assert hub.read().to_dicts() == [
        {
            "source": "home",
            "event_id": "1" if is_first else uuid(1),
            "triggered_at": at("2026-11-20 12:00:00"),
            "rule": "Frost",
            "is_acknowledged": True,
            "device": "GH-07",
            "context": None if is_first else '{"metric":"temperature","threshold":30,"unit":"°C","value":"31.20"}',
            "rule_id": "1",
            "device_id": "7",
            "created_at": at("2026-11-20 12:00:07.500000"),
            "is_external": False,
            "device_name": "Fühler 7",
            "is_device_known": True,
        }
    ]
    assert hub.reasons == []


def test_events_of_missing_rules_and_devices_stay_and_say_so(world: World) -> None:
    hub = world({"rule": 99, "device": 12}, {"rule": 4, "device": None}, {"rule": 2})
    unknown = "device #12 (deleted)" if hub.generation == 1 else "12"
    id_ = "12" if hub.generation == 1 else None
    columns = ("rule", "rule_id", "device", "device_id", "device_name", "is_device_known")
    assert hub.read().sort("event_id").select(columns).rows() == [
        ("rule #99 (deleted)", "99", unknown, id_, None, False),
        ("rule #4", "4", None, None, None, None),
        ("Zu heiß", "2", "GH-07", "7", "Fühler 7", True),
    ]
    assert hub.reasons == []


def test_a_day_begins_and_ends_at_the_time_an_event_fired(world: World) -> None:
    times = ["2026-11-19 23:59:59.999999", "2026-11-20 00:00:00", "2026-11-20 23:59:59.999999", "2026-11-21 00:00:00"]
    created = "2026-11-25 00:00:00+00:00"
    hub = world(*({"time": f"{time}+00:00", "created_at": created} for time in times))
    assert hub.read()["triggered_at"].sort().to_list() == [at(times[1]), at(times[2])]
    with open_iothub(hub.settings) as source:
        assert source.first_at() == at(times[0])
        assert {table.name: source.has(table) for table in KIND.tables} == dict.fromkeys(
            ("rule_events", "alert_rules", "audit_events"), True
        )


def test_an_empty_table_is_no_events_and_not_missing(world: World) -> None:
    hub = world()
    assert hub.read().is_empty()
    with open_iothub(hub.settings) as source:
        assert source.has(RULE_EVENTS)


def test_without_rules_and_devices_events_are_called_by_number(tmp_path: Path) -> None:
    file = iothub_database(tmp_path / "hub.db", events=[event(5)])
    with closing(sqlite3.connect(file)) as database:
        database.executescript("DROP TABLE rules; DROP TABLE devices; DROP TABLE audit_logs")
    hub = Hub(file, 5)
    assert hub.read().select("rule", "device", "is_device_known").rows() == [("rule #1", "GH-07", False)]
    with open_iothub(hub.settings) as source:
        assert not source.has(ALERT_RULES)
        assert not source.has(AUDIT_EVENTS)


def test_events_from_outside_are_told_apart(tmp_path: Path) -> None:
    rows = [event(5, 1, is_external=True), event(5, 2, is_external=False), event(5, 3, is_external=None)]
    frame = Hub(iothub_database(tmp_path / "hub.db", events=rows), 5).read()
    assert frame["is_external"].to_list() == [True, False, False]


def test_the_first_generation_keeps_which_measurement_fired(tmp_path: Path) -> None:
    rows = [event(1, trigger_telemetry_id=2**62), event(1, 2)]
    frame = Hub(iothub_database(tmp_path / "hub.db", 1, events=rows), 1).read()
    assert frame["context"].to_list() == ['{"trigger_telemetry_id":4611686018427387904}', None]


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ('{"b": 1, "a": {"d": true, "c": null}}', '{"a":{"c":null,"d":true},"b":1}'),
        ('{"reason": "Grüße, 客厅"}', '{"reason":"Grüße, 客厅"}'),
        ('{"value": "31.20", "n": 12345678901234567890123}', '{"n":12345678901234567890123,"value":"31.20"}'),
        ('["not", "an", "object"]', '["not","an","object"]'),
        ("31.5", "31.5"),
        ('"text"', '"text"'),
        ("null", None),
        (None, None),
    ],
)
def test_a_context_is_strict_json_whatever_it_holds(
    postgresql_url: str, tmp_path: Path, stored: str | None, expected: str | None
) -> None:
    rows = [event(5, context=stored)]
    for location in (iothub_server(postgresql_url, events=rows), iothub_database(tmp_path / "hub.db", events=rows)):
        assert Hub(location, 5).read()["context"].to_list() == [expected]


@pytest.mark.parametrize("broken", ['{"value": NaN}', '{"value": Infinity}', "{'value': 1}", '{"a"', '{"a": 1e400}'])
def test_a_context_that_is_no_json_is_kept_aside_and_the_event_stays(tmp_path: Path, broken: str) -> None:
    hub = Hub(iothub_database(tmp_path / "hub.db", events=[event(5, context=broken)]), 5)
    assert hub.read()["context"].to_list() == [None]
    assert hub.reasons == [("events#1", "bad_trigger_context")]
    assert broken in json.loads(str(hub.kept.column("record")[0])).values()


@pytest.mark.parametrize(
    ("changes", "reason", "is_read"),
    [
        ({"time": "soon"}, "bad_time", False),
        ({"time": None}, "bad_time", False),
        ({"time": "1970-01-01 00:00:00+00:00"}, "implausible_time", False),
        ({"created_at": "later"}, "bad_created_at", True),
        ({"acknowledged": "perhaps"}, "bad_acknowledged", True),
        ({"is_external": 7}, "bad_is_external", True),
    ],
)
def test_a_broken_record_is_kept_aside(tmp_path: Path, changes: dict[str, Any], reason: str, is_read: bool) -> None:
    hub = Hub(iothub_database(tmp_path / "hub.db", events=[event(5, 1, **changes), event(5, 2)]), 5)
    assert hub.read()["event_id"].to_list() == [uuid(1)] * is_read + [uuid(2)]
    assert hub.reasons == [("events#1", reason)]


def test_times_outside_reason_are_kept_aside_on_a_server(postgresql_url: str) -> None:
    times = ["infinity", "-infinity", "1970-01-01 00:00:00+00", NOON]
    hub = Hub(iothub_server(postgresql_url, events=[event(5, n, time=time) for n, time in enumerate(times)]), 5)
    assert hub.read()["event_id"].to_list() == [uuid(3)]
    assert [location for location, _ in hub.reasons] == ["events#0", "events#1", "events#2"]


@pytest.mark.parametrize(
    "further",
    [
        ", rule_id int",
        ", timestamp text",
        ", trigger_device_id int",
    ],
)
def test_an_unknown_combination_of_columns_is_told_and_nothing_is_read(tmp_path: Path, further: str) -> None:
    file = iothub_database(tmp_path / "hub.db", 5, further=further, events=[event(5)])
    with pytest.raises(SourceUnreachableError) as told:
        KIND.open(settings("iothub", file), None)
    line = str(told.value)
    assert "\n" not in line
    for column in ("event_uuid", "rule_triggered_at", further.split()[1]):
        assert column in line


def test_a_column_of_ones_own_does_not_matter(tmp_path: Path) -> None:
    file = iothub_database(tmp_path / "hub.db", 4, further=", site text", events=[event(4, site="west")])
    assert Hub(file, 4).read().height == 1


def test_a_database_of_another_system_is_told(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE alerts (id INTEGER)")
    with pytest.raises(SourceUnreachableError, match="none of IoT Hub's tables"):
        KIND.open(settings("iothub", file), None)


def test_rules_are_told_without_their_secret_addresses(world: World) -> None:
    condition = {"type": "threshold", "operator": ">", "threshold": "30.5", "duration_minutes": 90}
    rules = [
        {
            "id": 1,
            "name": "Zu heiß",
            "description": "Dach auf",
            "condition": condition,
            "action": {"webhook": {"url": SECRET, "enabled": True}, "severity": "High"},
            "is_active": True,
        },
        {"id": 2, "name": "plain", "condition": {"type": "boolean", "value": True}, "is_active": False},
        {"id": 3, "name": "odd", "condition": [1], "action": None, "is_active": None},
    ]
    hub = world({}, rules=rules)
    frame = hub.read(ALERT_RULES)
    assert frame.drop("trigger_count", "last_triggered_at", "created_at", "source").rows() == [
        (
            *("1", "Zu heiß", "Dach auf", "threshold"),
            '{"duration_minutes":90,"operator":">","threshold":"30.5","type":"threshold"}',
            *(30.5, 1.5, "high", True),
        ),
        ("2", "plain", None, "boolean", '{"type":"boolean","value":true}', None, None, "unknown", False),
        ("3", "odd", None, None, "[1]", None, None, "unknown", None),
    ]
    assert hub.reasons == []


def test_a_broken_rule_is_kept_without_its_secret_addresses(tmp_path: Path, postgresql_url: str) -> None:
    action = json.dumps({"webhook": {"url": SECRET}})
    rows = [{"id": 1, "name": "x", "is_active": "perhaps", "action": action}]
    file = Hub(iothub_database(tmp_path / "hub.db", events=[event(5)], rules=rows), 5)
    iothub_server(postgresql_url, events=[event(5)], json="text")
    with closing(psycopg2.connect(postgresql_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO rules (id, name, condition, action) VALUES (1, 'x', '{', %s)", [action])
    for hub, reason in ((file, "bad_is_active"), (Hub(postgresql_url, 5), "bad_condition")):
        assert hub.read(ALERT_RULES).height == 1
        assert hub.reasons == [("rules#1", reason)]
        record = str(hub.kept.column("record")[0])
        assert '"name":"x"' in record
        assert SECRET not in record


def test_the_audit_log_says_who_did_what_to_what(world: World) -> None:
    row = {
        "actor_type": "user",
        "actor_id": "5",
        "entity_type": "event",
        "entity_id": "9",
        "event_type": "events.EVENT_CREATED",
        "details": {"by": "Zoë"},
        "occurred_at": NOON,
    }
    levels = ("info", "warning", "error", None)
    hub = world({}, audit_logs=[{"audit_event_id": uuid(n), "severity": one, **row} for n, one in enumerate(levels)])
    frame = hub.read(AUDIT_EVENTS)
    assert frame["severity"].to_list() == ["info", "medium", "high", "unknown"]
    assert frame.drop("severity").row(0) == (
        *("home", f"audit_logs:{uuid(0)}", at("2026-11-20 12:00:00"), "user 5", "events.EVENT_CREATED"),
        *("event 9", '{"by":"Zoë"}'),
    )


def test_every_table_is_read_from_one_state_of_the_server(postgresql_url: str) -> None:
    iothub_server(postgresql_url, events=[event(5)], rules=RULES)
    with open_iothub(settings("iothub", postgresql_url)) as source:
        with closing(psycopg2.connect(postgresql_url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM rules; DELETE FROM events")
        assert whole(source, RULE_EVENTS, DAY)["rule"].to_list() == ["Frost"]
        told = source.fingerprint()
    with open_iothub(settings("iothub", postgresql_url)) as source:
        assert told is not None
        assert source.fingerprint() != told
    assert Hub(postgresql_url, 5).read().is_empty()


def test_a_server_refuses_to_be_written_to(postgresql_url: str) -> None:
    iothub_server(postgresql_url, events=[event(5)])
    with open_iothub(settings("iothub", postgresql_url)) as source:
        database: Any = source.database
        with pytest.raises(SourceUnreachableError, match="read-only transaction"):
            database._rows(database._first, "DELETE FROM events")


def test_events_come_in_batches_and_the_fingerprint_follows_the_file(tmp_path: Path) -> None:
    file = iothub_database(tmp_path / "hub.db", events=[event(5, n) for n in range(70_000)])
    with open_iothub(settings("iothub", file)) as source:
        before = source.fingerprint()
        batches = [batch.height for batch in source.read(RULE_EVENTS, DAY, Quarantine("home"))]
    assert sum(batches) == 70_000
    assert len(batches) > 1
    with closing(sqlite3.connect(file)) as database:
        insert(database, {"events": [event(5, 80_000, context=None)]})
    with open_iothub(settings("iothub", file)) as source:
        assert source.fingerprint() != before


def test_sorted_json_refuses_what_is_none() -> None:
    assert sorted_json(" ") is None
    with pytest.raises(ValueError, match="end of data"):
        sorted_json("{")
