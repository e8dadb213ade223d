"""Dagster's SQLite event log with its connections kept open, and events that come together written together.

The stock one builds an engine, connects and syncs the disk for each of the several statements of every event, some
40 ms of them for one materialization; a run of 31 days has thousands. In WAL mode `synchronous=NORMAL` cannot damage
the file; a power loss may cost the last events, which nothing of ours relies on: what was published is told by the
editions themselves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagster import EventLogEntry
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.storage.event_log import AssetKeyTable, SqlEventLogStorageTable, SqliteEventLogStorage
from sqlalchemy import create_engine, event, inspect
from sqlalchemy.engine import Connection, Engine

if TYPE_CHECKING:
    from dagster_postgres import PostgresEventLogStorage

Row = dict[str, Any]
INSERT = SqlEventLogStorageTable.insert()
BUSY_SECONDS = 60
KEPT_OPEN = 8


class KeptOpenEventLog(SqliteEventLogStorage):
    """The stock event log; the shards used last keep their engine."""

    def __init__(self, base_dir: str) -> None:
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        self._asset_columns: set[str] = set()
        super().__init__(base_dir)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None) or self._new_engine(shard)
        self._engines[shard] = engine
        while len(self._engines) > KEPT_OPEN:
            self._engines.pop(next(iter(self._engines))).dispose()
        return engine

    def _new_engine(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            pool_size=1,
        )
        event.listen(engine, "connect", _relax)
        return engine

    def has_table(self, table_name: str) -> bool:
        """The stock one opens a connection each time it is asked; tables and columns that are there stay."""
        if table_name not in self._tables:
            if not super().has_table(table_name):
                return False
            self._tables.add(table_name)
        return True

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        if column_name not in self._asset_columns:
            self._asset_columns.update(column["name"] for column in inspect(conn).get_columns(AssetKeyTable.name))
        return column_name in self._asset_columns

    def store_event(self, event: EventLogEntry) -> None:
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Events of one run, in one transaction for the run and one for what all runs know of assets.

        The stock one serializes an event anew for each of the places it is written to.
        """
        rows = [self._event_to_row(entry) for entry in events]
        told = list(zip(events, rows, strict=True))
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(INSERT, rows)
        of_assets = [(entry, row) for entry, row in told if entry.dagster_event_type in ASSET_EVENTS]
        if of_assets:
            with self.index_transaction() as connection:
                numbers = [_numbered(connection, row) for _, row in of_assets]
                tell_assets(self, connection, [entry for entry, _ in of_assets], numbers)
        for entry, row in told:
            if entry.dagster_event_type in ASSET_CHECK_EVENTS:
                with self.index_connection() as connection:
                    number = _numbered(connection, row)
                self.store_asset_check_event(entry, number)
            elif entry.dagster_event_type in EVENT_TYPE_TO_PIPELINE_RUN_STATUS:
                with self.index_connection() as connection:
                    connection.execute(INSERT, row)

    def dispose(self) -> None:
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()
        super().dispose()


def tell_assets(
    log: SqliteEventLogStorage | PostgresEventLogStorage,
    connection: Connection,
    entries: Sequence[EventLogEntry],
    numbers: Sequence[int],
) -> None:
    """Writes what all runs know of assets, by events of theirs and the numbers of these; of each asset the newest."""
    log._store_asset_event_tags(connection, entries, numbers)
    newest = {_asset(entry): (entry, number) for entry, number in zip(entries, numbers, strict=True)}
    for entry, number in newest.values():
        log._store_asset_event(connection, entry, number)


def _numbered(connection: Connection, row: Row) -> int:
    """The number of an event written to the index."""
    return int(connection.execute(INSERT, row).lastrowid)


def _asset(entry: EventLogEntry) -> str | None:
    told = entry.dagster_event
    return told.asset_key.to_string() if told and told.asset_key else None


def _relax(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")
