"""The demo as a whole: the same every time, made once, and never over somebody else's files."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline.demo import make_demo
from sentinel_pipeline.demo.crew import Crew
from sentinel_pipeline.demo.rooms import ROOMS
from sentinel_pipeline.demo.systems import made_systems
from sentinel_pipeline.domain.errors import UsageError

FRIDAY = date(2026, 11, 20)
MAKE = """
import sys
from datetime import date
from pathlib import Path
from sentinel_pipeline.demo import make_demo
from sentinel_pipeline.demo.crew import Crew, hired
with hired(2) as hands:
    make_demo(Path(sys.argv[1]), date(2026, 11, 20), days=2, scale=0.1, crew=Crew(print, hands))
"""


def fingerprints(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def times_of_writing(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_other_processes_in_another_zone_make_the_same_bytes(tmp_path: Path) -> None:
    make_demo(tmp_path / "here", FRIDAY, days=2, scale=0.1)
    environment = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "4711"}
    subprocess.run([sys.executable, "-c", MAKE, str(tmp_path / "there")], check=True, env=environment)
    here, there = fingerprints(tmp_path / "here"), fingerprints(tmp_path / "there")
    assert here == there
    assert len(here) > 50


def test_another_seed_makes_other_bytes(tmp_path: Path) -> None:
    one = make_demo(tmp_path / "one", FRIDAY, days=1, scale=0.05)
    two = make_demo(tmp_path / "two", FRIDAY, days=1, scale=0.05, seed=8)
    assert (one.room("home") / "iotsentinel.db").read_bytes() != (two.room("home") / "iotsentinel.db").read_bytes()


def test_a_day_is_the_same_whichever_days_are_made_with_it(tmp_path: Path) -> None:
    short = make_demo(tmp_path / "short", FRIDAY, days=1, scale=0.1)
    long = make_demo(tmp_path / "long", FRIDAY, days=3, scale=0.1)
    noon = "2026-11-20/conn.12_00_00-16_00_00.log.gz"
    assert (short.room("gateway") / noon).read_bytes() == (long.room("gateway") / noon).read_bytes()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    make_demo(tmp_path, FRIDAY, days=1, scale=0.05)
    before = times_of_writing(tmp_path)
    make_demo(tmp_path, FRIDAY, days=1, scale=0.05, crew=Crew(lambda room, done, total: told.append(room)))
    assert times_of_writing(tmp_path) == before
    assert told == []


def test_other_days_are_made_anew_and_nothing_old_remains(tmp_path: Path) -> None:
    make_demo(tmp_path, FRIDAY, days=2, scale=0.05)
    systems = make_demo(tmp_path, date(2026, 6, 10), days=1, scale=0.05)
    assert sorted(path.name for path in systems.room("gateway").iterdir()) == ["2026-06-09", "2026-06-10", "2026-06-11"]
    assert made_systems(tmp_path) == systems
    assert not (tmp_path / "systems" / ".making").exists()


def test_a_system_that_was_lost_is_made_anew(tmp_path: Path) -> None:
    systems = make_demo(tmp_path, FRIDAY, days=1, scale=0.05)
    office = systems.room("office") / "cybersentinel.db"
    content = office.read_bytes()
    office.unlink()
    office.parent.rmdir()
    make_demo(tmp_path, FRIDAY, days=1, scale=0.05)
    assert office.read_bytes() == content


def test_somebody_elses_folder_stays_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "systems" / "home" / "iotsentinel.db"
    mine.parent.mkdir(parents=True)
    mine.write_text("my own")
    with pytest.raises(UsageError, match="was not made by the demo"):
        make_demo(tmp_path, FRIDAY, days=1, scale=0.05)
    assert mine.read_text() == "my own"


@pytest.mark.parametrize(("days", "scale"), [(0, 1.0), (3, 0.0), (3, -1.0), (3, float("nan"))])
def test_impossible_wishes_are_refused(tmp_path: Path, days: int, scale: float) -> None:
    with pytest.raises(UsageError, match="at least one day"):
        make_demo(tmp_path, FRIDAY, days=days, scale=scale)


def test_progress_counts_the_days_that_were_asked_for_in_every_room(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    make_demo(tmp_path, FRIDAY, days=2, scale=0.02, crew=Crew(lambda *step: told.append(step)))
    names = [room.name for room in ROOMS]
    assert told == [(room, done, 2) for room in names for done in (0, 0, 1, 2)]


def test_an_unreadable_marker_is_no_demo(tmp_path: Path) -> None:
    assert made_systems(tmp_path) is None
    (tmp_path / "systems").mkdir()
    (tmp_path / "systems" / "demo.json").write_text('{"is_finished": true, "version": 2}')
    assert made_systems(tmp_path) is None
    (tmp_path / "systems" / "demo.json").write_text("{")
    assert made_systems(tmp_path) is None


@pytest.mark.parametrize("last_day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_days_on_which_clocks_change_are_made(tmp_path: Path, last_day: date) -> None:
    systems = make_demo(tmp_path, last_day, days=1, scale=0.05, zone=ZoneInfo("Europe/Berlin"))
    names = sorted(path.name for path in (systems.room("gateway") / last_day.isoformat()).glob("conn.*"))
    assert len(names) == 6
    assert names[0] == "conn.00_00_00-04_00_00.log.gz"
