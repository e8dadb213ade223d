"""Days whose rows came after they were read, in real databases: noticed, and never because we read them ourselves."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_pipeline.lake.extraction import extract
from sentinel_pipeline.lake.lateness import late_days
from sentinel_pipeline.lake.readings import asset_of
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline_tests.clocks import day

DAYS = [day(f"2025-03-{n}") for n in (10, 11, 12)]
KIND = KINDS["iotsentinel"]
NOW = datetime(2025, 3, 14, tzinfo=UTC)
TABLE = "CREATE TABLE alerts (id INTEGER PRIMARY KEY, timestamp TEXT, device_ip TEXT, severity TEXT)"


class Home:
    """A monitor with one alert a day, and the lake that its days are read into."""

    def __init__(self, folder: Path) -> None:
        self.path, self.lake = folder / "home.db", Lake(folder / "lake")
        self.settings = SourceSettings(name="home", kind="iotsentinel", location=f"sqlite:///{self.path}", place="home")
        self.run(TABLE)
        for number in (10, 11, 12):
            self.add(number)

    def run(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(statement)

    def add(self, number: int) -> None:
        values = f"'2025-03-{number} 12:00:00', '192.168.1.2', 'low'"
        self.run(f"INSERT INTO alerts (timestamp, device_ip, severity) VALUES ({values})")

    def read(self) -> None:
        extract(KIND, self.settings, DAYS, self.lake)

    @property
    def late(self) -> list[str]:
        return [one.key for one, _ in late_days(KIND, self.settings, DAYS, self.lake, NOW)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.read()
    return made


def test_nothing_is_late_when_nothing_came(home: Home) -> None:
    assert home.late == []
    home.run("ALTER TABLE alerts ADD COLUMN acknowledged INTEGER DEFAULT 1")
    home.add(14)
    assert home.late == [], "other days, and what became of alerts"


def test_a_severity_that_was_changed_is_noticed_until_its_day_is_read_again(home: Home) -> None:
    home.run("UPDATE alerts SET severity = 'high' WHERE timestamp LIKE '2025-03-11%'")
    assert home.late == ["2025-03-11"]
    home.read()
    assert home.late == []
    assert home.lake.read(asset_of("home", "alerts"), "2025-03-11")["severity"].to_list() == ["high"]


def test_days_read_by_a_version_that_saw_no_changes_are_not_late_for_it(home: Home) -> None:
    memory = home.lake.folder(asset_of("home", "receipts"), "2025-03-11.json")
    known = json.loads(memory.read_text())
    known["marks"] = {name: mark[:2] for name, mark in known["marks"].items()}
    memory.write_text(json.dumps(known))
    assert home.late == []
    home.add(11)
    assert home.late == ["2025-03-11"]


def test_late_rows_are_noticed_until_their_day_is_read_again(home: Home) -> None:
    home.add(11)
    assert (home.late, home.late) == (["2025-03-11"], ["2025-03-11"])
    home.read()
    assert home.late == []
    assert home.lake.read(asset_of("home", "alerts"), "2025-03-11").height == 2


def test_what_the_source_threw_away_is_no_correction(home: Home) -> None:
    home.run("DELETE FROM alerts WHERE timestamp LIKE '2025-03-10%'")
    assert home.late == []


def test_days_that_nobody_read_are_not_late(tmp_path: Path) -> None:
    assert Home(tmp_path).late == []


def test_a_source_that_was_away_when_its_days_were_read_is_late_when_it_is_back(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.path.rename(tmp_path / "gone")
    home.read()
    (tmp_path / "gone").rename(home.path)
    assert home.late == [one.key for one in DAYS]
    home.read()
    assert home.late == []


def test_a_source_that_is_read_otherwise_now_waits_for_whoever_publishes(home: Home) -> None:
    home.add(11)
    home.settings = replace(home.settings, options={"local_timezone": "Asia/Kolkata"})
    assert home.late == []


def test_days_read_by_a_version_without_marks_are_read_once_more(home: Home) -> None:
    memory = home.lake.folder(asset_of("home", "receipts"), "2025-03-11.json")
    known = memory.read_text()
    memory.write_text(known[: known.index('"marks"')] + '"version": "0.1.0"}')
    assert home.late == ["2025-03-11"]
    home.read()
    assert home.late == []
