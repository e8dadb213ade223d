"""Retention as somebody types it: what it deletes, and that what was published stays provable and is never emptied."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from sentinel_pipeline_tests.walks.household import DAY, make_house, sentinel

pytestmark = pytest.mark.slow  # a month is made of sixty days
MONTH = "2025-03-01"


def rules(house: Path, written: str) -> None:
    config = house / "config" / "sentinel.yaml"
    text = config.read_text().partition("retention:")[0]
    config.write_text(f"{text}retention: {written}\n")


def lake_files(house: Path, *rooms: str) -> set[str]:
    return {str(path) for room in rooms for path in (house / "lake" / room).rglob("????-??-??.*")}


def edition(house: Path, cadence: str, key: str) -> Path:
    return house / "editions" / cadence / key / "r1"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house whose month and one of its days were published, and whose facts retention then deleted."""
    house = make_house(tmp_path_factory.mktemp("house"))
    for cadence, key in (("monthly", MONTH), ("daily", DAY)):
        said = sentinel(house, "publish", cadence, key)
        assert said.code == 0, said.err
    rules(house, "{facts: 90, quarantine: 90, notice_days: 0}")
    before = {path: path.stat().st_mtime_ns for path in house.rglob("*") if "dagster" not in path.parts}
    dry = sentinel(house, "retention", "--dry-run")
    assert dry.code == 0, dry.err
    assert dry.last.startswith("dry run, nothing was changed: 44 items would be deleted, ")
    assert {path: path.stat().st_mtime_ns for path in house.rglob("*") if "dagster" not in path.parts} == before
    said = sentinel(house, "retention")
    assert said.code == 0, said.err
    assert said.last.startswith("44 items deleted, ")
    assert "facts: 22 due (2025-03-10 to 2025-03-31)" in said.out
    return house


def test_all_that_was_read_is_gone_and_what_was_counted_is_not(house: Path) -> None:
    assert lake_files(house, "facts", "extracts") == set()
    assert len(lake_files(house, "statistics")) > 22
    again = sentinel(house, "retention", "--json")
    assert (again.code, again.out) == (0, "")


def test_the_month_outlives_its_days_and_still_verifies(house: Path) -> None:
    said = sentinel(house, "verify", str(edition(house, "monthly", MONTH)))
    assert (said.code, said.err) == (0, "")
    assert "0 faults; signed with the key" in said.last


def test_a_figure_is_recomputed_from_statistics_and_says_that_their_facts_are_gone(house: Path) -> None:
    said = sentinel(house, "trace", str(edition(house, "monthly", MONTH)), "total_alerts")
    assert said.code == 0, said.err
    assert said.out.count("(its facts were deleted by retention on ") == 22 * len(
        {line.split()[0] for line in said.out.splitlines() if line.startswith("statistics/")}
    )
    assert said.last == "total_alerts is confirmed by 22 partitions"


def test_check_and_publishing_again_miss_nothing(house: Path) -> None:
    assert sentinel(house, "check").code == 0
    for cadence, key in (("monthly", MONTH), ("daily", DAY)):
        said = sentinel(house, "publish", cadence, key)
        assert said.code == 0, said.err
        assert "unchanged" in said.err
    assert lake_files(house, "facts", "extracts") == set(), "a day that was deleted is not read again"


def test_what_the_source_has_lost_since_makes_no_emptier_revision(house: Path, tmp_path: Path) -> None:
    copy = tmp_path / "house"
    shutil.copytree(house, copy)
    with sqlite3.connect(copy / "home.db") as database:
        database.execute("DELETE FROM alerts")
    database.close()
    (copy / "office.db").unlink()
    for place in ("lake/daily", "editions/.drafts/daily"):
        shutil.rmtree(copy / place)
    said = sentinel(copy, "publish", "daily", DAY)
    assert (said.code, said.last) == (0, str(edition(copy, "daily", DAY)))
    assert [path.name for path in edition(copy, "daily", DAY).parent.glob("r*")] == ["r1"]


def test_without_statistics_a_figure_says_so_and_nothing_is_made_of_nothing(house: Path, tmp_path: Path) -> None:
    copy = tmp_path / "house"
    shutil.copytree(house, copy)
    rules(copy, "{statistics: 93, notice_days: 0}")
    assert sentinel(copy, "retention").code == 0
    said = sentinel(copy, "trace", str(edition(copy, "monthly", MONTH)), "total_alerts")
    assert said.code == 1
    assert "22 of its 22 partitions are gone, 22 of them deleted by retention" in said.err
    assert said.out.count("(deleted by retention on ") == 22
    assert sentinel(copy, "verify", str(edition(copy, "monthly", MONTH))).code == 0
    for cadence, key in (("monthly", MONTH), ("daily", "2025-03-11")):
        refused = sentinel(copy, "publish", cadence, key)
        assert refused.code == 1
        (line,) = refused.complaints
        assert line.startswith(f"sentinel: {cadence} {key} cannot be made: the statistics of ")
    assert [path.name for path in edition(copy, "monthly", MONTH).parent.glob("r*")] == ["r1"]
    assert not (copy / "editions/daily/2025-03-11").exists()


def test_an_edition_that_went_is_told_apart_from_one_that_was_damaged(house: Path, tmp_path: Path) -> None:
    copy = tmp_path / "house"
    shutil.copytree(house, copy)
    rules(copy, "{daily_editions: 1, drafts: 1, notice_days: 0}")
    for path in copy.rglob("*"):
        if path.is_file() and DAY in str(path):
            os.utime(path, (1_750_000_000, 1_750_000_000))
    assert sentinel(copy, "retention").code == 0
    folder = edition(copy, "daily", DAY)
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    files = len(json.loads((folder / "manifest.json").read_text())["files"])
    said = sentinel(copy, "verify", str(folder))
    assert said.code == 1
    (line,) = said.complaints
    assert line.startswith(f"sentinel: {files} files were deleted by retention on ")
    assert "1 fault; signed with the key" in said.last
    for command in ("publish", "deliver"):
        refused = sentinel(copy, command, "daily", DAY)
        assert refused.code == 1
        assert "was deleted by retention on" in refused.err
    assert [path.name for path in folder.parent.glob("r*")] == ["r1"]


def test_a_disk_that_is_nearly_full_is_told_by_every_command(house: Path, tmp_path: Path) -> None:
    copy = tmp_path / "house"
    shutil.copytree(house, copy, ignore=shutil.ignore_patterns("dagster", "lake"))
    rules(copy, "{low_disk_mb: 1000000000000}")
    for command in (("check",), ("retention", "--dry-run")):
        said = sentinel(copy, *command)
        assert said.code == 0
        assert f"the disk of {copy} is nearly full: " in said.err
