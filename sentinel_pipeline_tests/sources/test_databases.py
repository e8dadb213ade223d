"""SQL databases are read whole, typed, from one state, and left as they were."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import psycopg2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.origin import Pace
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, DEVICES, INCIDENTS
from sentinel_pipeline.sources.cybersentinel import open_cybersentinel
from sentinel_pipeline.sources.iotsentinel import open_iotsentinel
from sentinel_pipeline.sources.postgresql import connection_uri, refusal
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import UTC_ZONE
from sentinel_pipeline.sources.sqlite_files import opening
from sentinel_pipeline.sources.sqlite_windows import outside, ranges
from sentinel_pipeline.sources.timestamps import Zones
from sentinel_pipeline_tests.sources.worlds import (
    IOTSENTINEL_SCHEMA,
    Kept,
    Row,
    at,
    cybersentinel_server,
    day,
    insert,
    iotsentinel_database,
    settings,
    sqlite_database,
    whole,
)

DAY = day("2026-11-20")
UTC_ZONES = Zones(UTC_ZONE, UTC_ZONE)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "odd ?#%20 folder"
    folder.mkdir()
    return iotsentinel_database(folder / "home.db", connections=[{}] * 3, devices=[{"device_ip": "192.168.1.10"}])


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def count(path: Path, window: Window | None = None) -> int:
    with open_iotsentinel(settings("iotsentinel", path)) as source:
        return whole(source, CONNECTIONS, window).height


def refused(path: Path) -> str:
    with pytest.raises(SourceUnreachableError) as caught:
        open_iotsentinel(settings("iotsentinel", path))
    message = str(caught.value)
    assert "'home'" in message
    assert str(path) in message
    assert "\n" not in message
    return message


def crash_while_writing(path: Path, statements: str) -> None:
    """Another process writes and dies without closing."""
    script = f"import os, sqlite3\nc = sqlite3.connect({str(path)!r})\n{statements}\nos._exit(9)"
    subprocess.run([sys.executable, "-c", script], check=False, timeout=60)


APPEND = (
    "c.execute('PRAGMA wal_autocheckpoint = 0')\n"
    "c.execute(\"INSERT INTO connections (device_ip, timestamp) VALUES ('a', '2026-11-20 12:00:00')\")\nc.commit()"
)
SPILL = (
    "c.execute('PRAGMA cache_size = 1')\n"
    "c.executemany(\"INSERT INTO connections (device_ip, timestamp) VALUES (?, '2026-11-20')\", [('x' * 3000,)] * 500)"
)


def test_reading_leaves_every_file_as_it_was(home: Path) -> None:
    before = digests(home.parent)
    assert count(home) == 3
    assert digests(home.parent) == before
    assert list(before) == ["home.db"]


def test_an_empty_log_beside_the_database_is_no_obstacle(home: Path) -> None:
    home.with_name("home.db-wal").touch()
    before = digests(home.parent)
    assert count(home) == 3
    assert digests(home.parent) == before


def test_rows_that_are_only_in_the_log_are_read_without_touching_it(home: Path) -> None:
    crash_while_writing(home, APPEND)
    before = digests(home.parent)
    assert sorted(before) == ["home.db", "home.db-shm", "home.db-wal"]
    assert count(home) == 4
    assert digests(home.parent) == before


def test_a_log_without_its_index_is_read_from_a_copy(home: Path) -> None:
    crash_while_writing(home, APPEND)
    home.with_name("home.db-shm").unlink()
    before = digests(home.parent)
    assert count(home) == 4
    assert digests(home.parent) == before


def test_private_copies_are_thrown_away(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    crash_while_writing(home, APPEND)
    home.with_name("home.db-shm").unlink()
    with open_iotsentinel(settings("iotsentinel", home)):
        assert len(list(copies.iterdir())) == 1
    assert list(copies.iterdir()) == []


def test_an_unfinished_transaction_is_not_read(tmp_path: Path) -> None:
    path = iotsentinel_database(tmp_path / "home.db", connections=[{}], journal="delete")
    crash_while_writing(path, SPILL)
    before = digests(tmp_path)
    assert sorted(before) == ["home.db", "home.db-journal"]
    assert count(path) == 1
    assert digests(tmp_path) == before


def test_a_database_that_is_written_to_all_the_while_is_read_as_it_was_when_opened(home: Path) -> None:
    crash_while_writing(home, APPEND)
    with open_iotsentinel(settings("iotsentinel", home)) as source:
        assert whole(source, CONNECTIONS).height == 4
        crash_while_writing(home, APPEND)
        assert whole(source, CONNECTIONS).height == 4
    assert count(home) == 5


def test_a_file_read_without_locks_that_changes_is_reported(home: Path) -> None:
    with open_iotsentinel(settings("iotsentinel", home)) as source:
        with closing(sqlite3.connect(home)) as connection:
            insert(connection, {"connections": [{"device_ip": "a"}]})
        with pytest.raises(SourceUnreachableError, match=r"changed while it was read; read it again"):
            whole(source, CONNECTIONS)


def test_a_read_only_folder_is_enough(home: Path) -> None:
    home.chmod(0o444)
    home.parent.chmod(0o555)
    try:
        assert count(home) == 3
    finally:
        home.parent.chmod(0o755)


def test_a_database_without_a_log_is_opened_with_locks(tmp_path: Path) -> None:
    path = iotsentinel_database(tmp_path / "home.db", journal="delete")
    assert opening(path).uri.endswith("?mode=ro")
    assert count(path) == 0


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "folder" in refused(tmp_path)


def test_an_empty_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    assert "empty" in refused(path)
    assert path.stat().st_size == 0


def test_an_encrypted_or_other_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "secret.db"
    path.write_bytes(os.urandom(8192))
    assert "encrypted" in refused(path)


def test_a_file_that_may_not_be_read_is_named_as_such(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root, who may read everything
    assert "may not be read" in refused(home)


def test_a_database_of_another_system_is_refused(tmp_path: Path) -> None:
    path = sqlite_database(tmp_path / "other.db", "CREATE TABLE notes (text TEXT)", {})
    assert "none of IoTSentinel's tables" in refused(path)


def test_a_truncated_database_is_refused_or_fails_with_one_line(tmp_path: Path) -> None:
    path = iotsentinel_database(tmp_path / "home.db", connections=[{"service": "x" * 500}] * 2_000)
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2 // 4096 * 4096
    damaged[middle : middle + 16_384] = b"\xff" * 16_384
    path.write_bytes(damaged)
    with pytest.raises(SourceUnreachableError, match=r"malformed.*integrity_check") as caught:
        count(path)
    assert "\n" not in str(caught.value)


def test_a_fingerprint_is_of_before_the_rows_and_changes_with_the_file_and_with_its_log(home: Path) -> None:
    seen = []
    for _ in range(3):
        with open_iotsentinel(settings("iotsentinel", home)) as source:
            crash_while_writing(home, APPEND)
            seen.append(source.fingerprint())
    with open_iotsentinel(settings("iotsentinel", home)) as source:
        assert source.fingerprint() not in seen
        assert len(set(seen)) == 3


def test_values_of_every_storage_class_in_one_column_are_told_apart(tmp_path: Path) -> None:
    odd = [None, 7, "8", 9.0, "abc", "", -1, 1.5, 2.0**63, b"\x01", "9e99", "12abc", 2**53 + 1, 2**53]
    schema = IOTSENTINEL_SCHEMA.replace("bytes_sent INTEGER", "bytes_sent")
    rows = [{"device_ip": "a", "timestamp": "2026-11-20 12:00:00", "bytes_sent": value} for value in odd]
    path = sqlite_database(tmp_path / "home.db", schema, {"connections": rows})
    kept = Kept()
    with open_iotsentinel(settings("iotsentinel", path)) as source:
        frame = whole(source, CONNECTIONS, DAY, Quarantine("home", kept))
    expected = [None, 7, 8, 9, None, None, None, None, None, None, None, None, None, 2**53]
    assert frame["bytes_sent"].to_list() == expected
    assert kept.column("location") == [f"connections#{n}" for n in range(5, 14)]
    assert set(kept.column("reason")) == {"bad_bytes_sent"}
    assert '"bytes_sent":"abc"' in str(kept.rows[0]["record"])


def test_a_column_that_begins_with_ever_so_many_nulls_is_read(tmp_path: Path) -> None:
    rows: list[Row] = [{}] * 70_000
    path = iotsentinel_database(tmp_path / "home.db", connections=[*rows, {"service": "dns", "duration": 0.5}])
    with open_iotsentinel(settings("iotsentinel", path)) as source:
        heights = [frame.height for frame in source.read(CONNECTIONS, DAY, Quarantine("home"))]
        last = whole(source, CONNECTIONS, DAY).row(-1, named=True)
    assert sum(heights) == 70_001
    assert max(heights) <= 65_536
    assert (last["service"], last["duration_seconds"]) == ("dns", 0.5)


def test_text_that_is_no_text_becomes_null_and_is_kept(tmp_path: Path) -> None:
    rows: list[Row] = [{"service": b"\xff\xfe"}, {"service": b"dns"}, {"service": "nul\0inside"}]
    path = iotsentinel_database(tmp_path / "home.db", connections=rows)
    kept = Kept()
    with open_iotsentinel(settings("iotsentinel", path)) as source:
        frame = whole(source, CONNECTIONS, DAY, Quarantine("home", kept))
    assert frame["service"].to_list() == [None, "dns", "nul\0inside"]
    assert kept.column("reason") == ["bad_service"]
    assert '"service":"\\\\xff\\\\xfe"' in str(kept.rows[0]["record"])
    assert kept.rows[0]["occurred_at"] == at("2026-11-20 12:00:00")


@pytest.mark.parametrize("has_index", [True, False])
@pytest.mark.parametrize("declared", ["TEXT", "TIMESTAMP", ""])
def test_times_that_cannot_be_read_are_kept_whatever_day_is_asked_for(
    tmp_path: Path, declared: str, has_index: bool
) -> None:
    times: list[object] = ["2026-11-20 12:00:00", 1795176000, 1795176000123, 1795176000.5, "1795176000"]
    bad: list[object] = [None, "", "x", "-", "n/a", "~", b"\xff", "0", 0, -5, 1e20, "0000-00-00 00:00:00"]
    strange: list[object] = ["1970-01-01 00:00:00", "1601-01-01T00:00:00", "2100-01-05T00:00:00", "9999-12-31 00:00:00"]
    schema = IOTSENTINEL_SCHEMA.replace(
        "id INTEGER PRIMARY KEY, timestamp TEXT", f"id INTEGER PRIMARY KEY, timestamp {declared}"
    )
    schema = (
        schema if has_index else schema.replace("CREATE INDEX idx_connections_timestamp ON connections(timestamp);", "")
    )
    rows = [{"device_ip": "a", "timestamp": time} for time in [*times, *bad, *strange]]
    path = sqlite_database(tmp_path / "home.db", schema, {"connections": rows})
    kept = Kept()
    with open_iotsentinel(settings("iotsentinel", path)) as source:
        frame = whole(source, CONNECTIONS, DAY, Quarantine("home", kept))
        elsewhere, everything = Kept(), Kept()
        assert whole(source, CONNECTIONS, day("2011-01-01"), Quarantine("home", elsewhere)).is_empty()
        assert whole(source, CONNECTIONS, None, Quarantine("home", everything)).height == frame.height
        assert source.first_at() == at("2026-11-20 12:00:00")
    assert frame.height == len(times)
    for sink in (kept, elsewhere, everything):
        assert sorted(sink.column("location"), key=str) == sorted(
            (f"connections#{n}" for n in range(len(times) + 1, len(rows) + 1)), key=str
        )
        assert set(sink.column("reason")) == {"bad_time", "implausible_time"}
        assert set(sink.column("occurred_at")) == {None}


def test_a_window_is_found_by_the_index(home: Path) -> None:
    with closing(sqlite3.connect(home)) as connection:
        for arm in (*ranges("timestamp", "TEXT", DAY, UTC_ZONES), *outside("timestamp", "TEXT")):
            plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM connections WHERE {arm}").fetchall()
            assert "SEARCH connections USING INDEX idx_connections_timestamp" in plan[0][-1]


@pytest.mark.parametrize("hour", range(0, 24, 5))
@pytest.mark.parametrize("host_zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_day_of_one_row_an_hour_has_24_rows_at_any_hour_anywhere(
    tmp_path: Path, hour: int, host_zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", host_zone)
    hours = [at("2026-11-18 00:00:00") + timedelta(hours=n) for n in range(120)]
    spellings = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%SZ")
    rows = [{"timestamp": f"{moment:{spellings[n % 3]}}"} for n, moment in enumerate(hours)]
    path = iotsentinel_database(tmp_path / "home.db", connections=rows)
    start = at("2026-11-20 00:00:00") + timedelta(hours=hour)
    assert count(path, Window(start, start + timedelta(hours=24))) == 24


offsets = st.sampled_from(("", "Z", "+00:00", "+14:00", "-1200", "+05:30", "-09"))
times = st.datetimes(datetime(2026, 11, 17), datetime(2026, 11, 24))  # noqa: DTZ001 - local times
spelled = st.tuples(times, st.sampled_from(" T"), st.sampled_from((0, 3, 6)), offsets)


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(spelled, max_size=30), times, st.timedeltas(timedelta(), timedelta(days=3)), st.booleans())
def test_a_window_holds_what_python_finds_in_it(
    tmp_path: Path, rows: list[tuple[datetime, str, int, str]], start: datetime, span: timedelta, has_index: bool
) -> None:
    texts = [
        f"{moment:%Y-%m-%d}{mark}{f'{moment:%H:%M:%S.%f}'[: 9 + n if n else 8]}{zone}" for moment, mark, n, zone in rows
    ]
    window = Window(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + span)
    expected = [n for n, text in enumerate(texts, 1) if window.start <= meant(text) < window.end]
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        path = iotsentinel_database(Path(folder) / "home.db", connections=[{"timestamp": text} for text in texts])
        if not has_index:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("DROP INDEX idx_connections_timestamp")
        with open_iotsentinel(settings("iotsentinel", path)) as source:
            found = whole(source, CONNECTIONS, window)["connection_id"].to_list()
            assert source.first_at() == min(map(meant, texts), default=None)
    assert sorted(map(int, found)) == expected


def meant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def test_columns_and_tables_an_old_version_lacks_read_as_null_or_nothing(tmp_path: Path) -> None:
    schema = "CREATE TABLE connections (id INTEGER PRIMARY KEY, timestamp TEXT, device_ip TEXT)"
    rows = {"connections": [{"timestamp": "2026-11-20 00:00:00", "device_ip": "a"}]}
    path = sqlite_database(tmp_path / "old.db", schema, rows)
    with open_iotsentinel(settings("iotsentinel", path)) as source:
        frame = whole(source, CONNECTIONS)
        assert frame.select("bytes_sent", "service", "duration_seconds").row(0) == (None, None, None)
        assert not source.has(ALERTS)
        assert whole(source, ALERTS).schema == ALERTS.schema
        assert list(source.read(DEVICES, DAY, Quarantine("home"))) == []


def test_a_table_without_row_numbers_is_read(tmp_path: Path) -> None:
    schema = "CREATE TABLE devices (device_ip TEXT PRIMARY KEY, is_trusted) WITHOUT ROWID"
    rows = {"devices": [{"device_ip": "a", "is_trusted": "perhaps"}, {"device_ip": "b", "is_trusted": "yes"}]}
    path = sqlite_database(tmp_path / "old.db", schema, rows)
    kept = Kept()
    with open_iotsentinel(settings("iotsentinel", path)) as source:
        assert whole(source, DEVICES, None, Quarantine("home", kept))["is_trusted"].to_list() == [None, True]
    assert kept.column("location") == ["devices#a"]
    assert '"is_trusted":"perhaps"' in str(kept.rows[0]["record"])


def test_a_copy_of_a_database_reads_the_same(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copyfile(home, copy)
    assert count(copy) == count(home)


def test_a_file_is_read_in_batches_of_the_size_that_is_set(tmp_path: Path) -> None:
    path = iotsentinel_database(tmp_path / "home.db", connections=[{}] * 2_500)
    gentle = replace(settings("iotsentinel", path), pace=Pace(batch_rows=1_000, pause_milliseconds=1))
    with open_iotsentinel(gentle) as source:
        heights = [batch.height for batch in source.read(CONNECTIONS, None, Quarantine("home"))]
    assert sum(heights) == 2_500
    assert max(heights) <= 1_000


STORED = st.sampled_from([None, 5, 7.5, "x", "6", b"y"])


@given(st.lists(st.tuples(STORED, STORED), min_size=1, max_size=12), st.integers(1, 5))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_that_are_none_are_set_aside_in_whatever_batch_they_come(
    tmp_path: Path, pairs: list[tuple[object, object]], rows: int
) -> None:
    path = tmp_path / "home.db"
    path.unlink(missing_ok=True)
    stored = [{"dest_port": port, "duration": seconds} for port, seconds in pairs]
    kept = Kept()
    slow = replace(settings("iotsentinel", iotsentinel_database(path, connections=stored)), pace=Pace(batch_rows=rows))
    with open_iotsentinel(slow) as source:
        found = whole(source, CONNECTIONS, None, Quarantine("home", kept))
    assert found["connection_id"].to_list() == [str(n + 1) for n in range(len(pairs))]
    ports = {5: 5, "6": 6}  # SQLite stores '6' as the number it is
    assert found["destination_port"].to_list() == [ports.get(port) for port, _ in pairs]
    lengths = {5: 5.0, 7.5: 7.5, "6": 6.0}
    assert found["duration_seconds"].to_list() == [lengths.get(seconds) for _, seconds in pairs]
    bad = {
        f"connections#{n + 1}" for n, (port, length) in enumerate(pairs) if {port, length} & {"x", b"y"} or port == 7.5
    }
    assert set(kept.column("location")) == bad


def test_a_file_that_takes_too_long_is_left_alone(home: Path) -> None:
    hasty = replace(settings("iotsentinel", home), pace=Pace(statement_timeout_seconds=0))
    with open_iotsentinel(hasty) as source, pytest.raises(SourceUnreachableError, match="a query took too long; give"):
        whole(source, CONNECTIONS)


def test_a_server_is_read_in_one_read_only_snapshot(postgresql_url: str) -> None:
    cybersentinel_server(postgresql_url, events=[{}] * 3)
    with open_cybersentinel(settings("cybersentinel", postgresql_url)) as source:
        before = source.fingerprint()
        with closing(psycopg2.connect(postgresql_url)) as other, other, other.cursor() as cursor:
            cursor.execute("DELETE FROM events")
        assert whole(source, INCIDENTS, DAY).height == 3
        assert source.fingerprint() == before  # what others wrote meanwhile is not read, and makes the days stale
    with open_cybersentinel(settings("cybersentinel", postgresql_url)) as source:
        assert whole(source, INCIDENTS, DAY).height == 0


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+psycopg2"])
def test_other_spellings_of_a_server_url_are_taken(postgresql_url: str, scheme: str) -> None:
    cybersentinel_server(postgresql_url, events=[{}])
    url = postgresql_url.replace("postgresql", scheme, 1)
    with open_cybersentinel(settings("cybersentinel", url)) as source:
        assert whole(source, INCIDENTS).height == 1


def test_connecting_gives_up_after_a_while_unless_told_otherwise() -> None:
    assert connection_uri("postgres://u@h/d") == "postgresql://u@h/d?connect_timeout=10"
    assert connection_uri("postgresql://u@h/d?sslmode=require").endswith("?sslmode=require&connect_timeout=10")
    assert connection_uri("postgresql://u@h/d?connect_timeout=3") == "postgresql://u@h/d?connect_timeout=3"


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("postgresql://user:hunter2@127.0.0.1:1/dlp", "no server listens there"),
        ("postgresql://user:hunter2@no.such.host.invalid/dlp", "host cannot be found"),
        ("postgresql://user:hun ter2%zz@/dlp", "not well formed"),
        ("postgresql://user:hunter2@127.0.0.1:port/dlp", "not well formed"),
        ("mysql://user:hunter2@host/dlp", "no database this kind of source reads"),
    ],
)
def test_a_server_that_cannot_be_reached_is_named_without_its_password(url: str, wrong: str) -> None:
    with pytest.raises(SourceUnreachableError, match=wrong) as caught:
        open_cybersentinel(settings("cybersentinel", url))
    assert "hun" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_database_or_user_is_said_plainly(postgresql_url: str) -> None:
    for url, wrong in (
        (postgresql_url.replace("/test_", "/nothing_"), "database does not exist"),
        (postgresql_url.replace("postgres:@", "nobody:hunter2@"), "does not know this user"),
    ):
        with pytest.raises(SourceUnreachableError, match=wrong):
            open_cybersentinel(settings("cybersentinel", url))


def test_a_wrong_password_is_said_plainly() -> None:
    said = 'connection to server at "h" failed: FATAL:  password authentication failed for user "u"'
    assert refusal(OSError(said))[0] == "the password or user is wrong"


def test_a_server_without_the_tables_is_refused(postgresql_url: str) -> None:
    with pytest.raises(SourceUnreachableError, match="none of CyberSentinel's tables"):
        open_cybersentinel(settings("cybersentinel", postgresql_url))


def test_a_table_that_may_not_be_read_is_said_plainly(postgresql_url: str) -> None:
    cybersentinel_server(postgresql_url, events=[{}])
    role = "reader_" + postgresql_url.partition("/test_")[2].partition("?")[0]
    with closing(psycopg2.connect(postgresql_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN; GRANT INSERT ON events TO {role}")
    try:
        denied = pytest.raises(SourceUnreachableError, match=r"permission denied for table events.*grant it SELECT")
        url = postgresql_url.replace("postgres:@", f"{role}:@")
        with open_cybersentinel(settings("cybersentinel", url)) as source, denied:
            whole(source, INCIDENTS)
    finally:
        with closing(psycopg2.connect(postgresql_url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_all_frames_have_exactly_the_schema_of_their_table(home: Path) -> None:
    with open_iotsentinel(settings("iotsentinel", home)) as source:
        for frame in source.read(CONNECTIONS, None, Quarantine("home")):
            assert isinstance(frame, pl.DataFrame)
            assert frame.schema == CONNECTIONS.schema
