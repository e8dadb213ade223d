"""A window of a SQLite database holds its times, and every record that has no usable time."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sentinel_pipeline.domain.tables import CONNECTIONS, INCIDENTS
from sentinel_pipeline.sources.cybersentinel import open_cybersentinel
from sentinel_pipeline.sources.databases import Selection
from sentinel_pipeline.sources.fields import ROW, Field, typed
from sentinel_pipeline.sources.iotsentinel import open_iotsentinel
from sentinel_pipeline.sources.sqlite import SqliteDatabase
from sentinel_pipeline.sources.sqlite_windows import doubtful
from sentinel_pipeline.sources.timestamps import Zones
from sentinel_pipeline_tests.sources.worlds import (
    IOTSENTINEL_SCHEMA,
    NO_TIMES,
    Row,
    cybersentinel_database,
    day,
    read_alone_and_whole,
    settings,
    sqlite_database,
    stored_times,
)

DAYS = ("2011-01-01", "2026-02-28", "2026-11-20", "2099-12-31")


def connections_database(
    path: Path, times: Sequence[object], declared: str = "TEXT", *, has_index: bool = True
) -> Path:
    schema = IOTSENTINEL_SCHEMA.replace(
        "id INTEGER PRIMARY KEY, timestamp TEXT", f"id INTEGER PRIMARY KEY, timestamp {declared}"
    )
    index = "CREATE INDEX idx_connections_timestamp ON connections(timestamp);"
    rows: list[Row] = [{"device_ip": "a", "timestamp": time} for time in times]
    return sqlite_database(path, schema if has_index else schema.replace(index, ""), {"connections": rows})


@pytest.mark.parametrize("asked", DAYS)
def test_what_only_looks_like_a_time_is_kept_whatever_day_is_read(tmp_path: Path, asked: str) -> None:
    path = connections_database(tmp_path / "home.db", ["2026-11-20 12:00:00", *NO_TIMES])
    with open_iotsentinel(settings("iotsentinel", path)) as source:
        alone, everything = read_alone_and_whole(source, CONNECTIONS, day(asked))
    assert alone == everything
    assert alone[1] == sorted(f"connections#{n}" for n in range(2, len(NO_TIMES) + 2))


@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Los_Angeles"])
def test_both_generations_of_incidents_keep_what_only_looks_like_a_time(
    tmp_path: Path, generation: int, zone: str
) -> None:
    events: list[Row] = [{"timestamp": time} for time in (*NO_TIMES, "2026-11-20 12:00:00")]
    path = cybersentinel_database(tmp_path / "dlp.db", generation, events=events)
    with open_cybersentinel(settings("cybersentinel", path, zone=zone)) as source:
        for asked in DAYS:
            alone, everything = read_alone_and_whole(source, INCIDENTS, day(asked))
            assert alone == everything


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(stored_times | st.none() | st.integers(-(2**40), 2**42) | st.floats(0, 5e12), max_size=40),
    st.sampled_from(DAYS),
    st.sampled_from(("TEXT", "TIMESTAMP", "")),
    st.booleans(),
)
def test_a_day_read_alone_gives_what_a_reading_of_everything_gives_of_it(
    tmp_path: Path, times: list[object], asked: str, declared: str, has_index: bool
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        path = connections_database(Path(folder) / "home.db", times, declared, has_index=has_index)
        zones = {"zone": "America/New_York", "local_timezone": "Asia/Kolkata"}
        with open_iotsentinel(settings("iotsentinel", path, **zones)) as source:
            alone, everything = read_alone_and_whole(source, CONNECTIONS, day(asked))
    assert alone == everything


SPELLED = st.builds(
    "2026-11-{:02}{}{:02}:{:02}:00{}{}".format,
    st.integers(19, 21),
    st.sampled_from(" Tt"),
    st.integers(0, 23),
    st.sampled_from((0, 30)),
    st.sampled_from(("", ".5", ".999999")),
    st.sampled_from(("", "Z", "z", " Z", "Z ", " z", "+00:00", "-00:00", "+0530", "-05", "+23:59", "+00")),
)


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SPELLED, min_size=20, max_size=60), st.sampled_from(("UTC", "Asia/Kolkata", "America/New_York")))
def test_readings_that_can_be_dated_are_all_asked_for_and_all_marked(
    tmp_path: Path, times: list[str], zone: str
) -> None:
    zones, window = Zones(ZoneInfo(zone), ZoneInfo("Asia/Kolkata")), day("2026-11-20")
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        path = connections_database(Path(folder) / "home.db", times, "TEXT", has_index=True)
        with closing(SqliteDatabase(settings("iotsentinel", path))) as database:
            every = Selection("connections", "id", (Field("timestamp", "time"),), zones, "timestamp", window)
            asked = replace(every, is_dated=True)
            found = [_within(database, selection) for selection in (every, asked)]
            ((marked, *_),) = database.marks(asked, [window])
    assert found[0] == found[1]
    assert marked >= len(found[0])


def _within(database: SqliteDatabase, selection: Selection) -> list[int]:
    frames = (typed(raw, selection.fields, selection.zones) for raw in database.select(selection))
    window = day("2026-11-20")
    inside = (pl.col("timestamp") >= window.start) & (pl.col("timestamp") < window.end)
    return sorted(row for frame in frames for row in frame.filter(inside)[ROW])


@pytest.mark.parametrize("tail", ["", ".123", ".123456", "Z", ".123Z", "+00:00", ".123456-05:30", ".999999"])
@pytest.mark.parametrize("mark", [" ", "T"])
def test_times_as_systems_write_them_are_not_doubted(mark: str, tail: str) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        for text in ("2026-11-20{}12:00:59", "2024-02-29{}00:00:00", "2026-12-31{}23:59:59"):
            stored = text.format(mark) + tail
            assert database.execute(f"SELECT {doubtful('t')} FROM (SELECT ? AS t)", (stored,)).fetchall() == [(0,)]
