"""The ledger on both databases: made once by many at a time, writers one by one, locks that die with their holder."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import StatementError

from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.ledger.audit import first_break, history, record
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.migrations import MIGRATIONS
from sentinel_pipeline.ledger.schema import AUDIT, METADATA

AT = datetime(2025, 3, 13, 7, 0, tzinfo=UTC)


def test_the_tables_made_are_those_that_queries_see(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        seen = inspect(connection)
        for table in METADATA.sorted_tables:
            made = {column["name"]: bool(column["nullable"]) for column in seen.get_columns(table.name)}
            declared = {column.name: bool(column.nullable) for column in table.columns}
            assert {
                name: False if made[name] is True and name in _keys(table) else made[name] for name in made
            } == declared


def _keys(table: object) -> set[str]:
    """SQLite calls a key of text nullable, which it is only in name."""
    return {column.name for column in table.primary_key}  # type: ignore[attr-defined]


def test_many_processes_open_a_new_ledger_at_once(url: str) -> None:
    program = "import sys; from sentinel_pipeline.ledger.database import open_ledger; open_ledger(sys.argv[1])"
    started = [subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE) for _ in range(4)]
    said = [process.communicate()[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 4, said


def test_a_ledger_of_a_newer_version_is_left_alone(url: str) -> None:
    ledger = open_ledger(url)
    with ledger.writing() as connection:
        connection.execute(text("UPDATE ledger_version SET version = 99"))
    with pytest.raises(LedgerError, match=f"tables are of version 99, this one knows {len(MIGRATIONS)}"):
        open_ledger(url)


def test_what_a_failed_block_wrote_is_gone(ledger: Ledger) -> None:
    with suppress(ZeroDivisionError), ledger.writing() as connection:
        record(connection, AT, "planned", "x", {})
        raise ZeroDivisionError
    with ledger.reading() as connection:
        assert list(history(connection)) == []


def test_a_reader_is_answered_while_somebody_writes(ledger: Ledger) -> None:
    with ledger.writing() as writer:
        record(writer, AT, "planned", "x", {})
        with ledger.reading() as reader:
            assert list(history(reader)) == []


def test_writers_come_one_after_another_and_the_chain_holds(ledger: Ledger) -> None:
    def write(number: int) -> None:
        with ledger.writing() as connection:
            record(connection, AT + timedelta(seconds=number), "planned", f"delivery {number}", {"number": number})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    with ledger.reading() as connection:
        entries = list(history(connection))
    assert len(entries) == 40
    assert first_break(entries) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET details = '{}' WHERE number = 3",
        "UPDATE audit SET subject = 'other' WHERE number = 3",
        "UPDATE audit SET recorded_at = '2025-03-13 09:00:00' WHERE number = 3",
        "DELETE FROM audit WHERE number = 3",
    ],
)
def test_a_line_changed_or_taken_away_is_found(ledger: Ledger, statement: str) -> None:
    for number in range(5):
        with ledger.writing() as connection:
            record(connection, AT, "planned", f"delivery {number}", {"number": number})
    with ledger.writing() as connection:
        connection.execute(text(statement))
    with ledger.reading() as connection:
        assert first_break(history(connection)) == 3


def test_times_come_back_as_the_same_instant_in_utc(ledger: Ledger) -> None:
    local = datetime(2025, 3, 30, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with ledger.writing() as connection:
        record(connection, local, "planned", "x", {})
    with ledger.reading() as connection:
        found = connection.execute(select(AUDIT.c.recorded_at)).scalar_one()
        assert first_break(history(connection)) is None
    assert found == local
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises((LedgerError, StatementError), match="has no time zone"), ledger.writing() as connection:
        record(connection, datetime(2025, 3, 13), "planned", "x", {})  # noqa: DTZ001 - the very thing


HOLDER = """
import sys, time
from sentinel_pipeline.ledger.database import open_ledger
with open_ledger(sys.argv[1]).sole_sender():
    print("held", flush=True)
    time.sleep(600)
"""


def test_only_one_works_the_outbox_and_its_death_lets_the_next_in(url: str, ledger: Ledger) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE)
    entered = threading.Event()

    def enter() -> None:
        with ledger.sole_sender():
            entered.set()

    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.5)
        holder.kill()
        assert entered.wait(30)
        waiting.join()


def test_a_database_that_cannot_be_opened_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("no database at all, but long enough to be looked at as one" * 20)
    with pytest.raises(LedgerError, match=r"state\.db: file is not a database"):
        open_ledger(f"sqlite:///{tmp_path / 'state.db'}")
    with pytest.raises(LedgerError) as refusal:
        open_ledger("postgresql://user:s3cret@127.0.0.1:1/ledger")
    assert "127.0.0.1/ledger" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)
    with pytest.raises(LedgerError, match="the ledger's URL is none"):
        open_ledger("state.db")


def test_what_is_noted_outlives_the_death_of_its_process(url: str) -> None:
    program = (
        "import os, sys; from datetime import datetime, UTC; from sentinel_pipeline.ledger.audit import record;"
        "from sentinel_pipeline.ledger.database import open_ledger; ledger = open_ledger(sys.argv[1], is_served=True)\n"
        "with ledger.noting() as connection:\n"
        "    record(connection, datetime.now(UTC), 'planned', 'x', {})\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, url], check=False)
    assert done.returncode == -9
    with open_ledger(url).reading() as connection:
        assert [entry.subject for entry in history(connection)] == ["x"]


def test_many_threads_of_a_served_ledger_write_one_after_another(url: str) -> None:
    ledger = open_ledger(url, is_served=True)

    def write(number: int) -> None:
        with ledger.noting() if number % 2 else ledger.writing() as connection:
            record(connection, AT, "planned", str(number), {})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(40)))
    with ledger.reading() as connection:
        entries = list(history(connection))
    assert first_break(entries) is None
    assert sorted(int(entry.subject) for entry in entries) == list(range(40))
    ledger.close()


def test_the_server_misses_a_machine_that_lost_its_power(postgresql_url: str) -> None:
    """By itself it would for two hours keep the locks of a session that nobody is left to end."""
    asked = text("SELECT name, source FROM pg_settings WHERE name LIKE 'tcp_keepalives_%' ORDER BY name")
    with open_ledger(postgresql_url).reading() as connection:
        found = connection.execute(asked).all()
    assert [name for name, source in found if source == "session"] == [
        "tcp_keepalives_count",
        "tcp_keepalives_idle",
        "tcp_keepalives_interval",
    ]
