"""What CyberSentinel's tables become, in both generations, on a server and in a copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.domain.tables import AGENTS, AUDIT_EVENTS, INCIDENTS, POLICIES, Table
from sentinel_pipeline.sources.cybersentinel import KIND, open_cybersentinel
from sentinel_pipeline.sources.json_text import labels
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline_tests.sources.worlds import (
    Kept,
    Row,
    at,
    cybersentinel_database,
    cybersentinel_server,
    day,
    settings,
    uuid,
    whole,
)

DAY = day("2026-11-20")
World = Callable[..., "Dlp"]


class Dlp:
    """A made-up installation and how to read it."""

    def __init__(self, location: str | Path, zone: str = "UTC") -> None:
        self.settings = settings("cybersentinel", location, zone=zone)
        self.kept = Kept()

    def read(self, table: Table) -> pl.DataFrame:
        with KIND.open(self.settings, None) as source:
            return whole(source, table, DAY, Quarantine("home", self.kept))


@pytest.fixture(params=[(1, "sqlite"), (2, "sqlite"), (1, "postgresql"), (2, "postgresql")], ids=str)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Makes an installation of each generation in each database system."""
    generation, system = request.param

    def made(zone: str = "UTC", **rows: Any) -> Dlp:
        if system == "sqlite":
            return Dlp(cybersentinel_database(tmp_path / "dlp.db", generation, **rows), zone)
        return Dlp(cybersentinel_server(request.getfixturevalue("postgresql_url"), generation, **rows), zone)

    return made


def test_an_incident_keeps_every_value(world: World) -> None:
    event = {
        "event_id": "evt-9", "event_type": "usb", "timestamp": "2026-11-20 08:09:10.123456", "severity": "High",
        "agent_id": "agent-1", "username": "ada", "user_email": "ada@example.com", "action": "BLOCKED ",
        "source_ip": "10.0.0.7", "classification": {"labels": ["PAN"], "score": 1}, "confidence_score": 0.25,
        "policy_id": uuid(201), "policy_name": "old name",
    }  # fmt: skip
    dlp = world(
        events=[event],
        agents=[{"agent_id": "agent-1", "name": "Front desk", "hostname": "pc-1"}],
        policies=[{"name": "Cards"}],
    )
    assert dlp.read(INCIDENTS).to_dicts() == [
        {
            "source": "home", "incident_id": "evt-9", "occurred_at": at("2026-11-20 08:09:10.123456"),
            "severity": "high", "incident_type": "usb", "agent_id": "agent-1", "agent_name": "Front desk",
            "hostname": "pc-1", "user": "ada", "source_ip": "10.0.0.7", "action": "BLOCKED ", "is_blocked": True,
            "data_types": ["PAN"], "confidence": 0.25, "policy_id": uuid(201), "policy_name": "Cards",
            "is_prevented": True, "is_agent_registered": True,
        }
    ]  # fmt: skip
    assert dlp.kept.rows == []


def test_midnight_belongs_to_the_day_it_begins(world: World) -> None:
    edges = ("2026-11-19 23:59:59.999999", "2026-11-20 00:00:00", "2026-11-20 23:59:59.999999", "2026-11-21 00:00:00")
    dlp = world(events=[{"timestamp": edge} for edge in edges])
    assert dlp.read(INCIDENTS)["incident_id"].to_list() == ["evt-2", "evt-3"]


def test_what_was_done_decides_whether_it_was_blocked_or_prevented(world: World) -> None:
    actions = ["blocked", " Block ", "block_failed", "quarantined", "DISALLOWED", "allowed", "logged", "", None]
    frame = world(events=[{"action": action} for action in actions]).read(INCIDENTS)
    assert frame["is_blocked"].to_list() == [True, True] + [False] * 7
    assert frame["is_prevented"].to_list() == [True, True, False, True, True, False, False, False, False]


def test_a_blocked_column_wins_over_the_action_where_it_is_filled(world: World) -> None:
    events = [
        {"blocked": True, "action": "logged"},
        {"blocked": False, "action": "blocked"},
        {"blocked": None, "action": "blocked"},
    ]
    frame = world(events=events, further={"blocked": "boolean"}).read(INCIDENTS)
    assert frame["is_blocked"].to_list() == [True, False, True]


def test_documented_columns_win_where_an_installation_has_them(world: World) -> None:
    events = [
        {"classification_type": "PCI", "confidence": 0.9, "confidence_score": 0.1, "classification": ["SSN"]},
        {"classification_type": None, "confidence": None, "confidence_score": 0.1, "classification": ["SSN"]},
    ]
    further = {"classification_type": "varchar(50)", "confidence": "double precision"}
    frame = world(events=events, further=further).read(INCIDENTS)
    assert frame.select("data_types", "confidence").rows() == [(["PCI"], 0.9), (["SSN"], 0.1)]


@pytest.mark.parametrize(
    ("classification", "expected"),
    [
        ('{"labels": ["SSN", "PAN", "SSN"], "method": "regex"}', ["PAN", "SSN"]),
        ('[{"type": "pii", "label": "EMAIL"}, {"type": "PHONE", "confidence": 0.5}]', ["EMAIL", "PHONE"]),
        ('["b", "a", " a ", ""]', ["a", "b"]),
        ('["ssn", "Zip", "SSN", "Ssn"]', ["SSN", "Zip"]),
        ('{"label": "PAN"}', ["PAN"]),
        ('{"labels": null}', []),
        ('{"labels": "PAN"}', []),
        ("[1, null, [], {}]", []),
        *((scalar, []) for scalar in ('"PAN"', "3", "true", "null", "[]", "{}", "", " ")),
        (None, []),
    ],
)
def test_labels_of_a_classification_in_any_shape(classification: str | None, expected: list[str]) -> None:
    assert labels(classification) == expected


def test_an_incident_without_classification_has_no_data_types(world: World) -> None:
    frame = world(events=[{"classification": None}, {"classification": "3"}]).read(INCIDENTS)
    assert frame["data_types"].to_list() == [[], []]


def test_a_classification_that_is_no_json_is_kept_in_quarantine(tmp_path: Path) -> None:
    dlp = Dlp(cybersentinel_database(tmp_path / "dlp.db", events=[{"classification": "{broken"}]))
    assert dlp.read(INCIDENTS)["data_types"].to_list() == [[]]
    assert [(row["reason"], row["location"]) for row in dlp.kept.rows] == [("bad_classification", f"events#{uuid(1)}")]


def test_a_confidence_beyond_certainty_is_null_and_kept(world: World) -> None:
    dlp = world(events=[{"confidence_score": value} for value in (0, 1, 1.01, -0.1)])
    assert dlp.read(INCIDENTS)["confidence"].to_list() == [0.0, 1.0, None, None]
    assert [row["reason"] for row in dlp.kept.rows] == ["bad_confidence_score"] * 2
    assert "1.01" in str(dlp.kept.rows[0]["record"])


def test_agents_nobody_registered_stay_in_the_count(world: World) -> None:
    events = [{"agent_id": "a"}, {"agent_id": "ghost"}, {"agent_id": None}, {"agent_id": ""}]
    agents = [{"agent_id": "a", "name": "A", "hostname": "h"}, {"agent_id": "a", "name": "again", "hostname": "h"}]
    frame = world(events=events, agents=agents).read(INCIDENTS)
    assert frame.select("agent_id", "agent_name", "hostname", "is_agent_registered").rows() == [
        ("a", "A", "h", True),
        ("ghost", "Unknown", None, False),
        (None, None, None, None),
        (None, None, None, None),
    ]


def test_a_policy_that_is_gone_goes_by_the_name_the_event_remembers(world: World) -> None:
    events: list[Row] = [
        {"policy_id": uuid(201), "policy_name": "event's"},
        {"policy_id": uuid(777), "policy_name": "remembered"},
        {"policy_id": uuid(777)},
        {"policy_id": None},
    ]
    frame = world(events=events, policies=[{"name": "Cards"}]).read(INCIDENTS)
    assert frame["policy_name"].to_list() == ["Cards", "remembered", "Unknown", None]


def test_a_user_goes_by_name_alone(world: World) -> None:
    events = [
        {"username": "ada", "user_email": "a@x", "user_id": uuid(1)},
        {"username": "", "user_email": "a@x"},
        {"user_id": uuid(1)},
        {},
    ]
    assert world(events=events).read(INCIDENTS)["user"].to_list() == ["ada", None, None, None]


def test_severities_of_either_generation_are_understood(world: World) -> None:
    events = [{"severity": value} for value in ("CRITICAL", " low", "info", "3", "0", "9", "urgent", None)]
    assert world(events=events).read(INCIDENTS)["severity"].to_list() == [
        *("critical", "low", "info", "high", "info"),
        *("unknown", "unknown", "unknown"),
    ]


def test_times_outside_reason_are_kept_and_no_incidents(world: World) -> None:
    times: list[object] = [None, "infinity", "-infinity", "1970-01-01 00:00:00", "2100-06-01 00:00:00"]
    dlp = world(events=[{"timestamp": time} for time in times])
    assert dlp.read(INCIDENTS).is_empty()
    assert sorted(map(str, dlp.kept.column("location"))) == [f"events#{uuid(n)}" for n in range(1, 6)]
    assert set(dlp.kept.column("reason")) <= {"bad_time", "implausible_time"}
    with open_cybersentinel(dlp.settings) as source:
        assert source.first_at() is None


@pytest.mark.parametrize("generation", [1, 2])
def test_naive_times_are_in_the_zone_of_the_source(postgresql_url: str, generation: int) -> None:
    events = [{"timestamp": "2026-11-20 00:30:00"}, {"timestamp": "2026-10-25 02:30:00"}]
    url = cybersentinel_server(postgresql_url, generation, events=events, stamp="timestamp")
    with open_cybersentinel(settings("cybersentinel", url, zone="Europe/Berlin")) as source:
        assert whole(source, INCIDENTS, day("2026-11-19"))["occurred_at"].to_list() == [at("2026-11-19 23:30:00")]
        assert source.first_at() == at("2026-10-25 00:30:00")


@pytest.mark.parametrize("stamp", ["timestamptz", "text", "varchar(40)"])
def test_times_with_an_offset_need_no_zone(postgresql_url: str, stamp: str) -> None:
    events = [{"timestamp": "2026-11-20 00:30:00+02:00"}, {"timestamp": "2026-11-20 23:30:00-02:00"}]
    url = cybersentinel_server(postgresql_url, events=events, stamp=stamp)
    with open_cybersentinel(settings("cybersentinel", url, zone="Asia/Tokyo")) as source:
        assert whole(source, INCIDENTS, day("2026-11-19"))["occurred_at"].to_list() == [at("2026-11-19 22:30:00")]
        assert whole(source, INCIDENTS, day("2026-11-21"))["occurred_at"].to_list() == [at("2026-11-21 01:30:00")]
        assert source.first_at() == at("2026-11-19 22:30:00")


def test_garbage_in_text_columns_of_a_server_is_kept(postgresql_url: str) -> None:
    events = [{"timestamp": "soon"}, {"confidence": "high"}, {"confidence": " 0.5 "}, {"timestamp": "1795176000"}]
    url = cybersentinel_server(postgresql_url, events=events, stamp="text", further={"confidence": "text"})
    dlp = Dlp(url)
    frame = dlp.read(INCIDENTS).sort("incident_id")
    assert frame["confidence"].to_list() == [None, 0.5, None]
    assert sorted(map(str, dlp.kept.column("reason"))) == ["bad_confidence", "bad_time"]


def test_policies_of_the_first_generation_have_a_switch(tmp_path: Path) -> None:
    rows: list[Row] = [{"name": "on", "enabled": True, "priority": 5}, {"name": "off", "enabled": False}, {"name": "?"}]
    frame = Dlp(cybersentinel_database(tmp_path / "dlp.db", 1, policies=rows)).read(POLICIES)
    assert frame.select("name", "is_enabled", "status", "priority").rows() == [
        ("on", True, "active", 5),
        ("off", False, "inactive", None),
        ("?", None, None, None),
    ]


def test_policies_of_the_second_generation_have_a_status(postgresql_url: str) -> None:
    rows = [
        {"name": "a", "status": "active", "type": "pci", "severity": "HIGH", "created_at": "2026-01-01 00:00:00"},
        {"name": "b", "status": "draft"},
        {"name": "gone", "status": "active", "deleted_at": "2026-01-01 00:00:00"},
    ]
    frame = Dlp(cybersentinel_server(postgresql_url, policies=rows)).read(POLICIES)
    assert frame.select("name", "policy_type", "severity", "is_enabled", "status").rows() == [
        ("a", "pci", "high", True, "active"),
        ("b", None, "unknown", False, "draft"),
    ]
    assert frame["created_at"].to_list() == [at("2026-01-01 00:00:00"), None]


def test_deleted_agents_are_not_listed_but_still_named(postgresql_url: str) -> None:
    agents: list[Row] = [
        {"agent_id": "a", "name": "A", "ip_address": "10.0.0.1", "last_heartbeat": "2026-11-20 10:00:00"},
        {"agent_id": "b", "name": "B", "deleted_at": "2026-11-20 10:00:00"},
    ]
    dlp = Dlp(cybersentinel_server(postgresql_url, agents=agents, events=[{"agent_id": "b"}]))
    assert dlp.read(AGENTS).select("agent_id", "name", "ip_address", "last_seen_at").rows() == [
        ("a", "A", "10.0.0.1", at("2026-11-20 10:00:00"))
    ]
    assert dlp.read(INCIDENTS)["agent_name"].to_list() == ["B"]


def test_only_the_second_generation_has_an_audit_log(world: World) -> None:
    dlp = world(
        events=[{}],
        audit_logs=[
            {"created_at": "2026-11-20 01:00:00", "action": "auth.login", "user_id": uuid(7), "details": {"ok": 1}}
        ],
    )
    with open_cybersentinel(dlp.settings) as source:
        expected = [(f"audit_logs:{uuid(301)}", uuid(7), "auth.login", '{"ok":1}')] if source.has(AUDIT_EVENTS) else []
    assert dlp.read(AUDIT_EVENTS).select("event_id", "user", "event_type", "details").rows() == expected


def test_the_same_event_twice_is_left_to_whoever_counts(world: World) -> None:
    frame = world(events=[{"event_id": "same"}, {"event_id": "same"}, {"event_id": None}]).read(INCIDENTS)
    assert frame["incident_id"].to_list() == ["same", "same", uuid(3)]
