"""A window of a PostgreSQL database holds its times, and every record that has no usable time."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sentinel_pipeline.domain.tables import INCIDENTS
from sentinel_pipeline.sources.cybersentinel import open_cybersentinel
from sentinel_pipeline_tests.sources.worlds import (
    NO_TIMES,
    Row,
    cybersentinel_server,
    day,
    read_alone_and_whole,
    settings,
    stored_times,
    uuid,
)

DAYS = ("2011-01-01", "2026-02-28", "2026-11-20", "2099-12-31")


@pytest.mark.parametrize("generation", [1, 2])
def test_what_only_looks_like_a_time_is_kept_whatever_day_is_read(postgresql_url: str, generation: int) -> None:
    events: list[Row] = [{"timestamp": time} for time in (*NO_TIMES, "2026-11-20 12:00:00")]
    cybersentinel_server(postgresql_url, generation, events=events, stamp="text")
    with open_cybersentinel(settings("cybersentinel", postgresql_url)) as source:
        for asked in DAYS:
            alone, everything = read_alone_and_whole(source, INCIDENTS, day(asked))
            assert alone == everything
            assert alone[1] == sorted(f"events#{uuid(n)}" for n in range(1, len(NO_TIMES) + 1))


@pytest.mark.parametrize(
    ("stamp", "zone", "implausible"),
    [("timestamp", "Pacific/Kiritimati", (1, 2, 3, 6)), ("timestamptz", "UTC", (1, 5, 6))],
)
def test_the_edges_of_plausible_time_are_kept_whatever_day_is_read(
    postgresql_url: str, stamp: str, zone: str, implausible: tuple[int, ...]
) -> None:
    edges = ("1999-12-31 23:59:59", "2000-01-01 00:00:00", "2000-01-01 13:59:59", "2099-12-31 23:59:59", "2100-01-01")
    cybersentinel_server(postgresql_url, events=[{"timestamp": edge} for edge in (*edges, "infinity")], stamp=stamp)
    with open_cybersentinel(settings("cybersentinel", postgresql_url, zone=zone)) as source:
        alone, everything = read_alone_and_whole(source, INCIDENTS, day("2026-11-20"))
    assert alone == everything
    assert alone[1] == [f"events#{uuid(n)}" for n in implausible]


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(stored_times.filter(lambda text: "\0" not in text) | st.none(), max_size=40), st.sampled_from(DAYS))
def test_a_day_read_alone_gives_what_a_reading_of_everything_gives_of_it(
    postgresql_url: str, times: list[str | None], asked: str
) -> None:
    with closing(psycopg2.connect(postgresql_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS events (id integer, event_id text, timestamp text)")
        cursor.execute("TRUNCATE events")
        cursor.executemany("INSERT INTO events VALUES (%s, %s, %s)", [(n, n, time) for n, time in enumerate(times)])
    with open_cybersentinel(settings("cybersentinel", postgresql_url)) as source:
        alone, everything = read_alone_and_whole(source, INCIDENTS, day(asked))
    assert alone == everything
