"""Dagster's SQLite event log with its connections kept open.

The stock one builds an engine, connects and syncs the disk for each of the several statements of every event, some
40 ms of them for one materialization; a run of 31 days has a thousand. In WAL mode `synchronous=NORMAL` cannot damage
the file; a power loss may cost the last events, which nothing of ours relies on: what was published is told by the
editions themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine

BUSY_SECONDS = 60
KEPT_OPEN = 8


class KeptOpenEventLog(SqliteEventLogStorage):
    """The stock event log; the shards used last keep their engine."""

    def __init__(self, base_dir: str) -> None:
        self._engines: dict[str, Engine] = {}
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

    def dispose(self) -> None:
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()
        super().dispose()


def _relax(connection: object, _: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")  # type: ignore[attr-defined] # a sqlite3 connection
