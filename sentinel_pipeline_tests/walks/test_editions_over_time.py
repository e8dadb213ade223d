"""Weeks and months, corrections, and the same bytes wherever they are made."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_pipeline_tests.walks.household import DAY, Said, add_alert, make_house, sentinel


def value(edition: Path, fact: str) -> object:
    return next(f["value"] for f in json.loads((edition / "facts.json").read_text())["facts"] if f["id"] == fact)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    house = make_house(tmp_path_factory.mktemp("house"))
    return house, sentinel(house, "publish", "weekly", "2025-03-10")


def test_a_week_is_the_sum_of_its_days(week: tuple[Path, Said]) -> None:
    house, said = week
    assert said.code == 0, said.err
    database = sqlite3.connect(house / "home.db")
    expected = database.execute(
        "SELECT count(*) FROM alerts WHERE timestamp BETWEEN '2025-03-09 23:00:00' AND '2025-03-16 22:59:59.999999'"
    ).fetchone()[0]
    database.close()
    assert value(Path(said.last), "total_alerts") == expected


def test_a_week_lists_every_day_even_those_on_which_nothing_happened(week: tuple[Path, Said]) -> None:
    trends = (Path(week[1].last) / "tables" / "connection_trends.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in trends[1:]] == [f"2025-03-{n}T00:00:00+01:00" for n in range(10, 17)]
    assert trends[-1].split(",")[1] == "0"


@pytest.mark.slow
def test_the_same_inputs_give_the_same_bytes_in_another_world(week: tuple[Path, Said], tmp_path: Path) -> None:
    """Another process, folder, time zone, locale and hash seed; the signing key is an input too."""
    elsewhere = make_house(tmp_path / "somewhere else")
    shutil.copytree(week[0] / "keys", elsewhere / "keys")
    said = sentinel(
        elsewhere,
        "publish",
        "weekly",
        "2025-03-10",
        TZ="Pacific/Apia",
        LC_ALL="C",
        PYTHONHASHSEED="12345",
        POLARS_MAX_THREADS="4",
    )
    assert said.code == 0, said.err
    here, there = Path(week[1].last), Path(said.last)
    names = {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()}
    assert names == {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
    assert [name for name in sorted(names) if (here / name).read_bytes() != (there / name).read_bytes()] == []


@pytest.mark.slow
def test_late_rows_make_a_second_revision_and_leave_the_first(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    first = Path(sentinel(house, "publish", "daily", DAY).last)
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    with sqlite3.connect(house / "home.db") as database:
        add_alert(database, 5000, datetime(2025, 3, 12, 12, 0, tzinfo=UTC))
    database.close()
    second = Path(sentinel(house, "publish", "daily", DAY).last)
    assert (first.name, second.name) == ("r1", "r2")
    assert (value(first, "total_alerts"), value(second, "total_alerts")) == (24, 25)
    assert {path: path.read_bytes() for path in first.rglob("*") if path.is_file()} == before
    for edition, count in ((first, 24), (second, 25)):
        assert sentinel(house, "verify", str(edition)).code == 0
        traced = sentinel(house, "trace", str(edition), "total_alerts")
        assert (traced.code, f"recomputed {count}" in traced.out) == (0, True), traced.err


@pytest.mark.slow
def test_a_damaged_edition_is_said_and_published_again_beside_it(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    first = Path(sentinel(house, "publish", "daily", DAY).last)
    (first / "report.pdf").write_bytes(b"damaged")
    again = sentinel(house, "publish", "daily", DAY)
    second = Path(again.last)
    assert (again.code, second.name) == (0, "r2")
    assert f"damaged: daily/{DAY}/r1: report.pdf: has 7 bytes" in again.err
    assert (first / "report.pdf").read_bytes() == b"damaged"
    assert sentinel(house, "verify", str(second)).code == 0
    assert sentinel(house, "publish", "daily", DAY).last == str(second)


def test_a_lost_partition_is_said_and_not_confirmed(week: tuple[Path, Said], tmp_path: Path) -> None:
    house = shutil.copytree(week[0], tmp_path / "copy")
    (house / "lake" / "statistics" / "alert_hours" / f"{DAY}.parquet").unlink()
    answer = sentinel(house, "trace", str(house / "editions" / "weekly" / "2025-03-10" / "r1"), "total_alerts")
    assert answer.code == 1
    assert "1 of its 7 partitions is gone" in answer.complaints[0]


@pytest.mark.slow
def test_two_publishers_of_one_edition_publish_it_once(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    command = [sys.executable, "-m", "sentinel_pipeline", "publish", "daily", DAY]
    pair = [
        subprocess.Popen(
            ["/usr/bin/env", f"SENTINEL_DATA={house}", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate() for process in pair]
    assert [process.returncode for process in pair] == [0, 0], said
    folder = house / "editions" / "daily" / DAY
    assert [path.name for path in folder.iterdir() if path.name != ".lock"] == ["r1"]
    assert {out.strip().rpartition("\n")[2] for out, _ in said} == {str(folder / "r1")}
    assert sentinel(house, "verify", str(folder / "r1")).code == 0
