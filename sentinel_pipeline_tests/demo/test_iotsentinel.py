"""The household's IoTSentinel database: its own schema, a believable week, and the defects readers must survive."""

from __future__ import annotations

import ipaddress
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.demo.iotsentinel import write_home
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.systems import silent

FRIDAY = date(2026, 11, 20)
DOCUMENTATION = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "192.168.0.0/16", "10.0.0.0/8")
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    folder = tmp_path_factory.mktemp("home")
    write_home(folder, Plan(FRIDAY, 7, 1.0, ZoneInfo("Europe/Berlin"), 7), silent)
    connection = sqlite3.connect(f"file:{folder / 'iotsentinel.db'}?mode=ro", uri=True)
    yield connection
    connection.close()


def one(database: sqlite3.Connection, query: str) -> object:
    return database.execute(query).fetchone()[0]


def column(database: sqlite3.Connection, query: str) -> list[object]:
    return [row[0] for row in database.execute(query)]


def test_the_file_is_whole_and_of_the_documented_version(home: sqlite3.Connection) -> None:
    assert one(home, "PRAGMA integrity_check") == "ok"
    assert one(home, "PRAGMA user_version") == 10
    assert one(home, "PRAGMA journal_mode") == "delete"


def test_a_day_has_about_three_thousand_connections(home: sqlite3.Connection) -> None:
    days = home.execute("SELECT substr(timestamp, 1, 10) AS day, count(*) FROM connections GROUP BY day").fetchall()
    counts = {day: count for day, count in days if "2026-11-14" <= day <= "2026-11-20"}
    assert len(counts) == 7
    assert all(2_000 < count < 4_500 for count in counts.values())


def test_rows_lie_on_both_sides_of_the_days_and_at_midnight_itself(home: sqlite3.Connection) -> None:
    first, end = "2026-11-13 23:00:00", "2026-11-20 23:00:00"
    assert one(home, f"SELECT count(*) FROM connections WHERE timestamp BETWEEN '2026-11-13 21' AND '{first}'") != 0
    assert one(home, f"SELECT count(*) FROM connections WHERE timestamp > '{end}' AND timestamp < '2026-11-21 02'") != 0
    midnights = "SELECT count(DISTINCT timestamp) FROM connections WHERE timestamp LIKE '% 23:00:00%'"
    assert one(home, midnights) == 8


def test_times_have_all_spellings_and_some_cannot_be_read(home: sqlite3.Connection) -> None:
    for table in ("connections", "alerts"):
        assert one(home, f"SELECT count(*) FROM {table} WHERE timestamp GLOB '????-??-?? ??:??:??'") != 0
        assert one(home, f"SELECT count(*) FROM {table} WHERE timestamp GLOB '????-??-??T??:??:??.??????'") != 0
        assert one(home, f"SELECT count(*) FROM {table} WHERE timestamp GLOB '????-??-?? ??:??:??.??????'") != 0
    assert one(home, "SELECT count(*) FROM connections WHERE timestamp = ''") != 0
    assert one(home, "SELECT count(*) FROM alerts WHERE timestamp = 'yesterday evening'") == 1


def test_what_may_be_missing_is_missing_somewhere(home: sqlite3.Connection) -> None:
    for name in ("dest_ip", "dest_port", "service", "duration", "bytes_sent", "bytes_received"):
        assert one(home, f"SELECT count(*) FROM connections WHERE {name} IS NULL") != 0
    assert one(home, "SELECT count(*) FROM connections WHERE dest_port = 0") != 0
    assert one(home, "SELECT count(*) FROM connections WHERE service = ''") != 0
    assert one(home, "SELECT count(*) FROM connections WHERE duration <> cast(duration AS INTEGER)") == 0


def test_the_television_is_the_top_talker(home: sqlite3.Connection) -> None:
    talkers = "SELECT device_ip FROM connections GROUP BY 1 ORDER BY sum(bytes_sent + bytes_received) DESC LIMIT 1"
    assert one(home, talkers) == "192.168.1.100"


def test_every_public_address_is_reserved_for_documentation(home: sqlite3.Connection) -> None:
    addresses = column(home, "SELECT DISTINCT dest_ip FROM connections WHERE dest_ip IS NOT NULL")
    assert all(any(ipaddress.ip_address(str(ip)) in network for network in DOCUMENTATION) for ip in addresses)


def test_evenings_are_busy_and_nights_are_quiet(home: sqlite3.Connection) -> None:
    film = "SELECT count(*) FROM connections WHERE device_ip = '192.168.1.100' AND substr(timestamp, 12, 2) "
    evening, night = one(home, film + "IN ('19', '20')"), one(home, film + "IN ('01', '02')")
    assert isinstance(evening, int)
    assert isinstance(night, int)
    assert evening > 8 * night


def test_a_stranger_joins_in_the_last_week_and_scans(home: sqlite3.Connection) -> None:
    seen = home.execute("SELECT first_seen, device_name FROM devices WHERE device_ip = '192.168.1.77'").fetchone()
    assert seen == ("2026-11-16 01:15:00", None)
    scan = "SELECT count(*) FROM connections WHERE device_ip = '192.168.1.77' AND dest_port IN (23, 445)"
    assert one(home, scan + " AND conn_state IN ('S0', 'REJ')") == one(home, scan) != 0


def test_passwords_are_guessed_in_tuesdays_night(home: sqlite3.Connection) -> None:
    critical = column(home, "SELECT timestamp FROM alerts WHERE severity = 'critical' AND explanation LIKE 'Brute%'")
    assert len(critical) == 14
    assert all("2026-11-17 21" <= str(time).replace("T", " ") < "2026-11-18 02" for time in critical)


def test_one_alert_has_no_severity_and_some_are_acknowledged(home: sqlite3.Connection) -> None:
    assert one(home, "SELECT count(*) FROM alerts WHERE severity IS NULL") == 1
    acknowledged, every = one(home, "SELECT sum(acknowledged) FROM alerts"), one(home, "SELECT count(*) FROM alerts")
    assert isinstance(acknowledged, int)
    assert isinstance(every, int)
    assert 0 < acknowledged < every
    assert 7 * 7 < every < 7 * 25
    assert one(home, "SELECT count(*) FROM alerts WHERE device_ip = 'SYSTEM'") != 0


def test_default_rules_stand_twice(home: sqlite3.Connection) -> None:
    assert one(home, "SELECT count(*) FROM alert_rules WHERE name = 'High Data Transfer'") == 2
    assert one(home, "SELECT count(*) FROM alert_rules") == 10


def test_devices_have_names_as_people_and_attackers_give_them(home: sqlite3.Connection) -> None:
    names = column(home, "SELECT device_name FROM devices")
    assert {"客厅灯", "Küche-Licht", '=HYPERLINK("http://example.invalid")', "<b>Router</b>", None, ""} <= set(names)
    assert one(home, "SELECT count(*) FROM connections WHERE device_ip NOT IN (SELECT device_ip FROM devices)") == 0


def test_both_audit_logs_have_rows_in_their_own_spelling(home: sqlite3.Connection) -> None:
    assert one(home, "SELECT count(*) FROM audit_log WHERE timestamp GLOB '????-??-?? ??:??:??'") != 0
    assert one(home, "SELECT count(*) FROM security_audit_log WHERE timestamp GLOB '????-??-??T*.??????'") != 0
    assert one(home, "SELECT count(*) FROM security_audit_log WHERE timestamp NOT GLOB '????-??-??T*.??????'") == 0


def test_twice_the_scale_is_about_twice_the_rows(tmp_path: Path) -> None:
    counts = []
    for scale in (0.2, 0.4):
        write_home(tmp_path / str(scale), Plan(FRIDAY, 2, scale, ZoneInfo("Europe/Berlin"), 7), silent)
        connection = sqlite3.connect(tmp_path / str(scale) / "iotsentinel.db")
        counts.append(connection.execute("SELECT count(*) FROM connections").fetchone()[0])
        connection.close()
    assert 1.8 < counts[1] / counts[0] < 2.2
