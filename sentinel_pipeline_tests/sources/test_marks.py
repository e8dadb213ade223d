"""Marks of days: they change when rows of the day come, or when what figures count by is changed in place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline.sources.marks import Marks, came
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.walks.household import ZEEK_HEADER

DAYS = [Period.parse("daily", f"2025-03-{n}", BERLIN) for n in range(10, 16)]
SPELLINGS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S+00:00")
ALERTS = "CREATE TABLE alerts (id INTEGER PRIMARY KEY, timestamp {type}, device_ip TEXT, severity TEXT)"
EVENTS = "CREATE TABLE events (id uuid PRIMARY KEY, event_id text, severity text, timestamp {type})"


def at(text: str) -> datetime:
    """An instant by Berlin's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def marks(kind: str, location: str, days: Sequence[Period] = DAYS, before: datetime | None = None) -> dict[str, Marks]:
    given = SourceSettings(name="home", kind=kind, location=location, place=location)
    with KINDS[kind].open(given, None) as source:
        return {day: dict(found) for day, found in source.marks(days, before).items()}


class Home:
    """A database with alerts; `index` is what is indexed."""

    def __init__(self, path: Path, index: str = "", declared: str = "TEXT") -> None:
        self.path, self.rows = path, 0
        self.run(ALERTS.format(type=declared))
        if index:
            self.run(f"CREATE INDEX by_time ON alerts ({index})")

    def run(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(statement, values)

    def add(self, time: object) -> None:
        self.rows += 1
        self.run("INSERT INTO alerts VALUES (?, ?, '192.168.1.2', 'low')", self.rows, time)

    def marks(self, days: Sequence[Period] = DAYS) -> dict[str, Marks]:
        return marks("iotsentinel", f"sqlite:///{self.path}", days)


@pytest.fixture(params=["", "timestamp", "device_ip, timestamp"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    return Home(tmp_path / "home.db", request.param)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_row_marks_its_own_day_and_no_other(home: Home, spelling: str) -> None:
    for edge in ("2025-03-11T00:00:00", "2025-03-12T23:59:59"):
        home.add(at(edge).strftime(spelling))
    assert {day: found["alerts"][:2] for day, found in home.marks().items() if found} == {
        "2025-03-11": (1, 1),
        "2025-03-12": (1, 2),
    }


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("severity = 'high' WHERE id = 1", ["2025-03-11"]),
        ("severity = 'lwo' WHERE id = 2", ["2025-03-12"]),
        ("severity = NULL WHERE id = 2", ["2025-03-12"]),
        ("severity = '' WHERE id = 2", ["2025-03-12"]),
        ("device_ip = '192.168.1.3' WHERE id = 2", ["2025-03-12"]),
        ("severity = CASE id WHEN 2 THEN 'high' ELSE 'low' END", ["2025-03-12"]),
        ("acknowledged = 1, acknowledged_at = '2025-03-20 10:00:00'", []),
        ("severity = 'low'", ["2025-03-12"]),
    ],
)
def test_a_change_in_place_of_what_figures_count_by_marks_its_day(home: Home, change: str, changed: list[str]) -> None:
    for edge in ("2025-03-11T00:00:00", "2025-03-12T22:00:00", "2025-03-12T23:59:59"):
        home.add(at(edge).strftime(SPELLINGS[0]))
    home.run("ALTER TABLE alerts ADD COLUMN acknowledged INTEGER DEFAULT 0")
    home.run("ALTER TABLE alerts ADD COLUMN acknowledged_at TEXT")
    home.run("UPDATE alerts SET severity = 'high' WHERE id = 3")
    before = home.marks()
    home.run(f"UPDATE alerts SET {change}")
    after = home.marks()
    assert [day for day in before if came(before[day], after[day])] == changed


@pytest.mark.parametrize("unit", [1, 1_000])
def test_numbers_are_times_too(tmp_path: Path, unit: int) -> None:
    home = Home(tmp_path / "home.db", declared="INTEGER")
    home.add(int(at("2025-03-12T00:00:00").timestamp()) * unit)
    assert [day for day, found in home.marks().items() if found] == ["2025-03-12"]


def test_a_mark_is_the_same_whatever_days_are_asked_with_it(home: Home) -> None:
    for hour in range(0, 24 * 6, 7):
        moment = at("2025-03-10T00:00:00") + timedelta(hours=hour)
        home.add(moment.strftime(SPELLINGS[hour % len(SPELLINGS)]))
        home.add(moment.astimezone(BERLIN).isoformat(sep=" "))
    together = home.marks()
    for day in DAYS:
        assert home.marks([day]) == {day.key: together[day.key]}
    assert home.marks(DAYS[1::2][::-1]) == {day.key: together[day.key] for day in DAYS[1::2]}


def test_what_is_no_time_marks_no_day(home: Home) -> None:
    for odd in (None, "soon", "", b"2025", "1970-01-01 00:00:00"):
        home.add(odd)
    assert not any(home.marks().values())


@pytest.mark.parametrize("declared", ["timestamp", "timestamptz", "text"])
def test_a_server_tells_which_day_has_more_rows(postgresql_url: str, declared: str) -> None:
    def run(statement: str, *values: object) -> None:
        with closing(psycopg2.connect(postgresql_url)) as server, server, server.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            cursor.execute(statement, values)

    def add(number: int, time: str) -> None:
        key = f"00000000-0000-4000-8000-{number:012}"
        run(f"INSERT INTO events VALUES (%s, %s, 'low', %s::{declared})", key, str(number), time)

    run(EVENTS.format(type=declared))
    add(1, f"{at('2025-03-12T12:00:00'):%Y-%m-%d %H:%M:%S}")
    before = marks("cybersentinel", postgresql_url)
    assert before["2025-03-12"]["events"][0] == 1
    add(2, f"{at('2025-03-12T12:30:00'):%Y-%m-%d %H:%M:%S}")
    after = marks("cybersentinel", postgresql_url)
    assert came(before["2025-03-12"], after["2025-03-12"]) == ["events"]
    assert {day for day in before if before[day] != after[day]} <= (
        {"2025-03-12"} if declared != "text" else {"2025-03-11", "2025-03-12", "2025-03-13", "2025-03-14"}
    )
    run("DELETE FROM events WHERE event_id = '1'")
    add(3, f"{at('2025-03-12T12:00:00'):%Y-%m-%d %H:%M:%S}")
    replaced = marks("cybersentinel", postgresql_url)
    assert came(after["2025-03-12"], replaced["2025-03-12"]) == ["events"], "others in the place of those"
    assert marks("cybersentinel", postgresql_url, [DAYS[2]]) == {"2025-03-12": replaced["2025-03-12"]}


def test_a_server_tells_which_day_was_changed_in_place(postgresql_url: str) -> None:
    def run(statement: str) -> dict[str, Marks]:
        with closing(psycopg2.connect(postgresql_url)) as server, server, server.cursor() as cursor:
            cursor.execute(statement)
        return marks("cybersentinel", postgresql_url)

    run(
        "CREATE TABLE events (id text PRIMARY KEY, severity text, policy_id uuid, blocked boolean, reviewed text,"
        " timestamp timestamptz)"
    )
    before = run(
        "INSERT INTO events (id, severity, timestamp) VALUES ('1', 'low', '2025-03-11 12:00+00'),"
        " ('2', 'high', '2025-03-12 12:00+00'), ('3', 'low', '2025-03-12 13:00+00')"
    )
    changes = {
        "severity = 'high' WHERE id = '1'": ["2025-03-11"],
        "severity = CASE id WHEN '2' THEN 'low' ELSE 'high' END WHERE id > '1'": ["2025-03-12"],
        "policy_id = '00000000-0000-4000-8000-000000000001' WHERE id = '2'": ["2025-03-12"],
        "blocked = false": ["2025-03-11", "2025-03-12"],
        "reviewed = 'yes'": [],
    }
    for change, changed in changes.items():
        after = run(f"UPDATE events SET {change}")
        assert [day for day in before if came(before[day], after[day])] == changed, change
        before = after


def test_a_log_that_came_marks_the_days_it_may_tell_of(tmp_path: Path) -> None:
    def write(name: str, *times: str, written: str) -> None:
        rows = (
            f"{at(time).timestamp():.6f}\tC\t10.9.0.1\t1\t203.0.113.1\t443\ttcp\tssl\t1\t1\t1\tSF\n" for time in times
        )
        (tmp_path / name).write_text(ZEEK_HEADER + "".join(rows))
        os.utime(tmp_path / name, (at(written).timestamp(),) * 2)

    write("conn.1.log", "2025-03-11T10:00:00", written="2025-03-11T11:00:00")
    write("conn.2.log", "2025-03-12T23:00:00", "2025-03-13T01:00:00", written="2025-03-13T01:10:00")
    write("conn.log", "2025-03-12T08:00:00", written="2025-03-15T12:00:00")
    named = {day: sorted(found) for day, found in marks("zeek", str(tmp_path), before=at("2025-03-15T11:45")).items()}
    assert named == {
        "2025-03-10": [],
        "2025-03-11": ["conn.1.log"],
        "2025-03-12": ["conn.2.log"],
        "2025-03-13": ["conn.2.log"],
        "2025-03-14": [],
        "2025-03-15": [],
    }, "a log that is still written to is left for later"
    assert "conn.log" in marks("zeek", str(tmp_path))["2025-03-14"]


CAME: list[tuple[Marks, Marks, list[str]]] = [
    ({}, {}, []),
    ({}, {"alerts": (1, 7)}, ["alerts"]),
    ({"alerts": (2, 7)}, {"alerts": (3, 8)}, ["alerts"]),
    ({"alerts": (2, 7)}, {"alerts": (2, 8)}, ["alerts"]),
    ({"alerts": (2, 7)}, {"alerts": (2, 7)}, []),
    ({"alerts": (2, 7)}, {"alerts": (1, 7)}, []),
    ({"alerts": (2, 7), "audit": (1, 1)}, {"audit": (4, 4)}, []),
    ({"conn.log": (0, 7)}, {"conn.log": (0, 9), "conn.1.log": (0, 9)}, ["conn.1.log", "conn.log"]),
    ({"conn.log": (0, 7)}, {}, []),
    ({"alerts": (2, 7, 1)}, {"alerts": (2, 7, 2)}, ["alerts"]),
    ({"alerts": (2, 7)}, {"alerts": (2, 7, 2)}, []),
    ({"alerts": (2, 7, 1)}, {"alerts": (1, 7, 2)}, []),
]


@pytest.mark.parametrize(("then", "now", "late"), CAME)
def test_what_came_is_told_from_what_was_thrown_away(then: Marks, now: Marks, late: list[str]) -> None:
    assert came(then, now) == late
