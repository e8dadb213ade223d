"""Reads PostgreSQL databases: one read-only snapshot, session time zone UTC, rows streamed in binary batches.

A connection that streams can do nothing else, so every stream has its own, in the snapshot of the first one.
"""
# ruff: noqa: S608 - every name in a query is quoted and every value a literal of ours

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import polars as pl
import pyarrow as pa
from adbc_driver_manager import Error
from adbc_driver_postgresql import StatementOptions, dbapi  # type: ignore[import-untyped]  # it ships no types

from sentinel_pipeline.domain.errors import SourceUnreachableError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.sources.databases import SLOW, Selection, paced, unreachable
from sentinel_pipeline.sources.fields import ROW, Field
from sentinel_pipeline.sources.postgresql_values import expression, first_times, hashed, quoted, windowed, within
from sentinel_pipeline.sources.source import SourceSettings

ROW_BYTES = 128  # the driver counts a batch in bytes
CONNECT_SECONDS = 10
BEHIND_SECONDS = 60
STATEMENT_SECONDS = 1_800
PROBED = 1_000
TRANSACTION = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
SESSION = (
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL lock_timeout = '30s'",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)
COLUMNS = (
    "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns"
    " WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
)
# What decides which transactions' rows a snapshot sees, now and after a crash; and whether it is not all that decides:
# other servers' tables, views and policies that may go by the clock, tables that a crash empties, and a server that
# follows another one, whose snapshots do not name what is under way.
CONTROLLED = "SELECT has_function_privilege('pg_control_checkpoint()', 'execute')"
STATE = (
    "SELECT txid_current_snapshot()::text, pg_postmaster_start_time()::text, redo_lsn::text, current_database()::text,"
    " current_user::text, current_schemas(true)::text,"
    " (SELECT count(*) FROM pg_class WHERE relkind = 'f' OR (relnamespace = current_schema()::regnamespace"
    " AND (relkind = 'v' OR relpersistence = 'u' OR relrowsecurity)))"
    " + (pg_is_in_recovery() AND txid_snapshot_xmin(txid_current_snapshot())"
    " <> txid_snapshot_xmax(txid_current_snapshot()))::int FROM pg_control_checkpoint()"
)
# A server that follows another one, and whether it is late: it gets nothing, or has not caught up for a while.
FOLLOWING = (
    "SELECT pg_is_in_recovery() AND (NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL)"
    " OR (pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()"
    f" AND coalesce(pg_last_xact_replay_timestamp() < now() - interval '{BEHIND_SECONDS} seconds', true)))"
)
# The driver quotes parts of the URL, and so of the password; what a person reads is therefore said in our words.
REFUSALS = (
    ("password authentication failed", "the password or user is wrong", "check both in 'location'"),
    ("no password supplied", "the server asks for a password", "give one in 'location' as env:NAME or file:PATH"),
    ("role", "the server does not know this user", "check the user in 'location'"),
    ("pg_hba.conf", "the server does not let this user in from here", "ask its administrator for access"),
    ("authentication", "the server refuses this user", "check user and password in 'location'"),
    ("does not exist", "the database does not exist on this server", "check the name at the end of 'location'"),
    ("permission denied for database", "this user may not connect to the database", "grant it CONNECT"),
    ("translate host name", "the host cannot be found", "check the host in 'location'"),
    ("timeout", f"no answer within {CONNECT_SECONDS} seconds", "check host, port and firewall"),
    ("No such file", "no server listens at this socket", "start the server or check the host in 'location'"),
    ("refused", "no server listens there", "start the server or check host and port in 'location'"),
    ("too many", "the server has no free connection", "try again later"),
    ("starting up", "the server is still starting", "try again in a moment"),
    ("SSL", "no agreement on encryption", "check sslmode in 'location'"),
)
TIMEOUT = "statement timeout"
PASSING = ("translate host name", "timeout", "No such file", "refused", "too many", "starting up")
LASTING = ("permission denied", "does not exist")
UNKNOWN = ("the connection failed or the URL is not well formed", "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE")


def connection_uri(location: str) -> str:
    """The location as libpq takes it, giving up after CONNECT_SECONDS unless it says otherwise."""
    rest = location.partition("://")[2]
    if "connect_timeout=" in rest:
        return f"postgresql://{rest}"
    return f"postgresql://{rest}{'&' if '?' in rest else '?'}connect_timeout={CONNECT_SECONDS}"


def refusal(error: Exception) -> tuple[str, str]:
    """What is wrong with a connection that could not be made, and how to mend it."""
    said = str(error)
    return next(((wrong, mend) for sign, wrong, mend in REFUSALS if sign in said), UNKNOWN)


def gist(error: Exception) -> str:
    """What the server says went wrong while reading, on one line and without the query."""
    said = str(error).partition("Query was:")[0].partition("\nLINE ")[0].partition("SQLSTATE")[0]
    return " ".join(said.rpartition("ERROR:")[2].split()).strip(" .")


def may_pass(error: Exception) -> bool:
    """Whether a connection that could not be made may be made in a moment."""
    said = str(error)
    return next((sign for sign, *_ in REFUSALS if sign in said), "") in PASSING


class PostgresqlDatabase:
    """An open PostgreSQL database: one connection keeps the snapshot, another one streams, a third looks names up."""

    def __init__(self, settings: SourceSettings) -> None:
        self.settings = settings
        self._location, self._first = self._served()
        self._free: list[dbapi.Connection] = []
        try:
            [(self._snapshot,)] = self._rows(self._first, "SELECT pg_export_snapshot()")
            self._columns: dict[str, dict[str, str]] = {}
            for table, column, declared in self._rows(self._first, COLUMNS):
                self._columns.setdefault(str(table), {})[str(column)] = str(declared)
        except BaseException:
            self._first.close()
            raise

    def _served(self) -> tuple[str, dbapi.Connection]:
        """The first replica that answers and is not late, else the location itself."""
        for replica in self.settings.replicas:
            with suppress(SourceUnreachableError):
                connection = self._connected(replica)
                with suppress(SourceUnreachableError):
                    if self._rows(connection, FOLLOWING) == [(False,)]:
                        return replica, connection
                connection.close()
        return self.settings.location, self._connected(self.settings.location)

    def _connected(self, location: str, snapshot: str | None = None) -> dbapi.Connection:
        """A connection in a transaction of its own, in the given snapshot."""
        try:
            connection = dbapi.connect(connection_uri(location), autocommit=False)
        except (Error, OSError, ValueError) as error:
            raise unreachable(self.settings, *refusal(error), may_pass=may_pass(error)) from None
        seconds = self.settings.pace.statement_timeout_seconds or STATEMENT_SECONDS
        limit = f"SET LOCAL statement_timeout = '{seconds}s'"
        try:
            shared = [f"SET TRANSACTION SNAPSHOT '{snapshot}'"] if snapshot else []
            for statement in (TRANSACTION, *shared, *SESSION, limit):
                self._rows(connection, statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def columns(self, table: str) -> Mapping[str, str]:
        return self._columns.get(table, {})

    def select(self, selection: Selection) -> Iterator[pl.DataFrame]:
        columns = self.columns(selection.table)
        names = ", ".join(f"{expression(field, columns)} AS {quoted(field.name)}" for field in selection.fields)
        where = ""
        if selection.window is not None and selection.time is not None and selection.time in columns:
            where = f" WHERE {windowed(selection.time, columns[selection.time], selection.window, selection.zones)}"
        yield from self._stream(f"SELECT {names}, NULL::int8 AS {ROW} FROM {quoted(selection.table)}{where}")

    def earliest(self, table: str, time: str) -> Iterator[pl.DataFrame]:
        columns = self.columns(table)
        chosen = f"SELECT {expression(Field(time, 'time'), columns)} AS {quoted(time)}, NULL::int8 AS {ROW}"
        order, plausible = first_times(time, columns[time])
        yield from self._stream(f"{chosen} FROM {quoted(table)} WHERE {plausible} ORDER BY {order} LIMIT {PROBED}")

    def records(self, table: str, rows: Sequence[int]) -> dict[int, str]:  # noqa: ARG002 - part of the seam
        """None: columns have one type here, and what was read is what is stored."""
        return {}

    def fingerprint(self) -> str | None:
        """Of the very snapshot that is read: with the same transactions to be seen every table holds the same rows."""
        if self._rows(self._first, CONTROLLED) != [(True,)]:
            return None
        [(*state, others)] = self._rows(self._first, STATE)
        return None if others else hashlib.sha256("\n".join(map(str, state)).encode()).hexdigest()

    def marks(self, selection: Selection, windows: Sequence[Window]) -> list[tuple[int, ...]]:
        """The numbers are sums over keys and contents of rows: they may be of any type, and need not grow."""
        columns, time = self.columns(selection.table), selection.time or ""
        zones, whole = selection.zones, Window(windows[0].start, windows[-1].end)
        days = [within(time, columns[time], window, zones) for window in windows]
        named = [f"{quoted(name)}::text" for name in (selection.key, *selection.watched) if name in columns]
        keys = [hashed(named[0])] if selection.key in columns else ["0"]
        contents = [hashed(*named)] if {*selection.watched} & {*columns} else []
        sums = ["1", *keys, *contents]
        counts = ", ".join(f"coalesce(sum({one}) FILTER (WHERE {day}), 0)::int8" for day in days for one in sums)
        where = within(time, columns[time], whole, zones)
        [found] = self._rows(self._first, f"SELECT {counts} FROM {quoted(selection.table)} WHERE {where}")
        return [tuple(map(int, found[n : n + len(sums)])) for n in range(0, len(found), len(sums))]

    def close(self) -> None:
        for connection in (*self._free, self._first):
            connection.close()

    def _stream(self, query: str) -> Iterator[pl.DataFrame]:
        hint = str(ROW_BYTES * self.settings.pace.batch_rows)
        try:
            with self._connection() as connection, connection.cursor() as cursor:
                cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: hint})
                cursor.execute(query)
                yield from paced(self.settings, cursor.fetch_record_batch())
        except (Error, OSError, pa.ArrowException) as error:
            raise self._failed(error) from None

    @contextmanager
    def _connection(self) -> Iterator[dbapi.Connection]:
        """One that is free, else another one; it is free again once all of its rows were fetched."""
        connection = self._free.pop() if self._free else self._connected(self._location, self._snapshot)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._free.append(connection)

    def _rows(self, connection: dbapi.Connection, query: str) -> list[tuple[Any, ...]]:
        """All rows of a small query; none for a statement that gives none."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []
        except (Error, OSError, pa.ArrowException) as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> SourceUnreachableError:
        if TIMEOUT in str(error):
            return unreachable(self.settings, *SLOW)
        mend = "grant it SELECT" if "permission denied" in str(error) else "check the server and read again"
        passes = not any(sign in str(error) for sign in LASTING)
        return unreachable(self.settings, f"reading failed ({gist(error)})", mend, may_pass=passes)
