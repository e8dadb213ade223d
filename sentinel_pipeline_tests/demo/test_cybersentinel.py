"""The office's CyberSentinel database, as a SQLite file and in PostgreSQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg2
import pytest

from sentinel_pipeline.demo import demo_configuration_text, make_demo
from sentinel_pipeline.demo.crew import Crew
from sentinel_pipeline.demo.cybersentinel import write_office
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rooms import ROOMS
from sentinel_pipeline.demo.systems import silent
from sentinel_pipeline.domain.errors import SourceUnreachableError, UsageError

FRIDAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    folder = tmp_path_factory.mktemp("office")
    write_office(folder, Plan(FRIDAY, 14, 1.0, ZoneInfo("Europe/Berlin"), 7), silent)
    connection = sqlite3.connect(f"file:{folder / 'cybersentinel.db'}?mode=ro", uri=True)
    yield connection
    connection.close()


def count(database: sqlite3.Connection, condition: str) -> int:
    found = database.execute(f"SELECT count(*) FROM events WHERE {condition}").fetchone()[0]
    assert isinstance(found, int)
    return found


def test_workdays_are_full_and_weekends_nearly_empty(office: sqlite3.Connection) -> None:
    assert all(40 < count(office, f"timestamp LIKE '2026-11-{day}%'") < 130 for day in range(16, 19))
    assert all(count(office, f"timestamp LIKE '2026-11-{day}%'") < 25 for day in (14, 15))


def test_times_are_aware_text_and_ids_unique(office: sqlite3.Connection) -> None:
    assert count(office, "timestamp NOT GLOB '????-??-?? ??:??:??.??????+00:00'") == 0
    assert office.execute("SELECT count(DISTINCT event_id) = count(*) FROM events").fetchone() == (1,)
    assert count(office, "endpoint_id IS NULL AND channel IS NOT NULL") == count(office, "1")


def test_rows_lie_on_both_sides_and_on_mondays_midnight(office: sqlite3.Connection) -> None:
    assert count(office, "timestamp < '2026-11-06 23:00'") > 0
    assert count(office, "timestamp > '2026-11-20 23:00'") > 0
    assert count(office, "timestamp = '2026-11-15 23:00:00.000000+00:00'") == 1


def test_somebody_copies_a_share_to_a_stick_on_thursday(office: sqlite3.Connection) -> None:
    copies = "event_type = 'usb' AND username = 'mira.falk' AND timestamp LIKE '2026-11-19%'"
    assert count(office, copies) > 70
    assert count(office, copies + " AND lower(action) IN ('blocked', 'block')") > count(office, copies) * 0.6


def test_one_policy_blocks_most_and_one_fails_to(office: sqlite3.Connection) -> None:
    cards, keys = "policy_name LIKE 'Card numbers%'", "policy_name LIKE 'Keys%'"
    assert count(office, cards + " AND lower(action) LIKE 'block%'") > count(office, cards) * 0.85
    assert count(office, keys + " AND action = 'block_failed'") > count(office, keys) * 0.25
    assert count(office, "policy_id IS NULL") > 0
    assert count(office, "action <> lower(action)") > 0


def test_classification_has_all_its_shapes(office: sqlite3.Connection) -> None:
    found = [
        json.loads(text) for (text,) in office.execute("SELECT classification FROM events WHERE classification <> ''")
    ]
    objects = [value for value in found if isinstance(value, dict)]
    lists = [value for value in found if isinstance(value, list)]
    assert any(len(value["labels"]) > 1 for value in objects)
    assert any(len(value) > 1 and isinstance(value[0], dict) for value in lists)
    assert any(len(value) > 1 and isinstance(value[0], str) for value in lists)
    assert any(isinstance(value, str) for value in found)
    assert count(office, "classification IS NULL") > 0


def test_an_unregistered_agent_and_a_forgotten_policy_are_named(office: sqlite3.Connection) -> None:
    assert count(office, "agent_id NOT IN (SELECT agent_id FROM agents)") > 0
    assert count(office, "policy_id NOT IN (SELECT id FROM policies)") > 0
    assert office.execute("SELECT count(*) FROM agents").fetchone() == (24,)
    assert office.execute("SELECT count(*) FROM audit_logs WHERE user_id IS NULL").fetchone() != (0,)


def test_postgresql_holds_the_same_office(tmp_path: Path, postgresql_url: str) -> None:
    make_demo(tmp_path / "file", FRIDAY, days=1, scale=0.5)
    systems = make_demo(tmp_path / "server", FRIDAY, days=1, scale=0.5, postgresql_url=postgresql_url)
    assert systems.is_office_in_postgresql
    assert "env:SENTINEL_DEMO_POSTGRESQL_URL" in demo_configuration_text(tmp_path / "server")
    query = "SELECT event_id, action, source_ip, classification FROM events ORDER BY event_id"
    file = sqlite3.connect(tmp_path / "file" / "systems" / "office" / "cybersentinel.db")
    with psycopg2.connect(postgresql_url) as server, server.cursor() as cursor:
        cursor.execute(query.replace("source_ip", "host(source_ip)").replace("classification", "classification::text"))
        assert sorted(cursor.fetchall()) == sorted(file.execute(query).fetchall())
        cursor.execute("SELECT timestamp FROM events LIMIT 1")
        assert cursor.fetchall()[0][0].tzinfo is not None
    server.close()
    file.close()


def test_postgresql_is_made_once_and_anew_for_other_days(tmp_path: Path, postgresql_url: str) -> None:
    told: list[str] = []
    crew = Crew(lambda *step: told.append(""))
    make_demo(tmp_path, FRIDAY, days=2, scale=0.1, postgresql_url=postgresql_url)
    make_demo(tmp_path, FRIDAY, days=2, scale=0.1, postgresql_url=postgresql_url, crew=crew)
    assert told == []
    make_demo(tmp_path, FRIDAY, days=1, scale=0.1, postgresql_url=postgresql_url, crew=crew)
    assert len(told) == 3 * len(ROOMS)


def test_tables_of_somebody_else_stay(tmp_path: Path, postgresql_url: str) -> None:
    with psycopg2.connect(postgresql_url) as server, server.cursor() as cursor:
        cursor.execute("CREATE TABLE events (mine TEXT)")
    server.close()
    with pytest.raises(UsageError, match="did not make"):
        make_demo(tmp_path, FRIDAY, days=1, scale=0.05, postgresql_url=postgresql_url)
    with psycopg2.connect(postgresql_url) as server, server.cursor() as cursor:
        cursor.execute("SELECT mine FROM events")
    server.close()


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://demo:secret@127.0.0.1:9/demo"
    with pytest.raises(SourceUnreachableError, match="cannot open the demo's PostgreSQL") as caught:
        make_demo(tmp_path, FRIDAY, days=1, scale=0.02, postgresql_url=url)
    assert "secret" not in str(caught.value)
