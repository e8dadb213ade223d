"""Writes the office into PostgreSQL, and never over tables that the demo did not make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sentinel_pipeline.demo.cybersentinel_schema import COLUMNS, INDEXES, SCHEMA, TABLES
from sentinel_pipeline.demo.office_records import DAILY, STANDING
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.systems import Progress
from sentinel_pipeline.domain.errors import SourceUnreachableError, UsageError

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class with a small name

MARKER = "sentinel_demo"


def holds_demo(url: str, made_from: str) -> bool:
    """Whether the database holds the office that these wishes make."""
    with _opened(url) as cursor:
        return _made_from(cursor) == made_from


def write_office(url: str, plan: Plan, made_from: str, progress: Progress) -> None:
    """Replaces an earlier demo in one transaction. Raises UsageError when the tables are somebody else's."""
    with _opened(url) as cursor:
        _clear(cursor)
        cursor.execute(SCHEMA)
        for table, records in STANDING:
            _insert(cursor, table, records(plan))
        for done, stretch in enumerate(plan.stretches(), 1):
            for table, daily_records in DAILY:
                _insert(cursor, table, daily_records(plan, stretch))
            progress("office", plan.whole_days(done), plan.days)
        cursor.execute(INDEXES)
        cursor.execute(f"CREATE TABLE {MARKER} (made_from TEXT NOT NULL)")
        cursor.execute(f"INSERT INTO {MARKER} VALUES (%s)", (made_from,))  # noqa: S608 - a name of ours


@contextmanager
def _opened(url: str) -> Iterator[Cursor]:
    import psycopg2

    try:
        connection = psycopg2.connect(url)
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise SourceUnreachableError(f"cannot open the demo's PostgreSQL database: {reason}") from None
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _made_from(cursor: Cursor) -> str | None:
    cursor.execute("SELECT to_regclass(%s)", (MARKER,))
    if cursor.fetchone() == (None,):
        return None
    cursor.execute(f"SELECT made_from FROM {MARKER}")  # noqa: S608 - a name of ours
    row = cursor.fetchone()
    return None if row is None else str(row[0])


def _clear(cursor: Cursor) -> None:
    for table in TABLES:
        cursor.execute("SELECT to_regclass(%s)", (table,))
        if cursor.fetchone() != (None,) and _made_from(cursor) is None:
            raise UsageError(f"the database has a table {table} that the demo did not make; give it an empty database")
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join((*TABLES, MARKER))}")


def _insert(cursor: Cursor, table: str, records: Iterator[tuple[object, ...]]) -> None:
    from psycopg2.extras import execute_values

    columns = ", ".join(COLUMNS[table])
    execute_values(cursor, f"INSERT INTO {table} ({columns}) VALUES %s", records, page_size=500)  # noqa: S608
