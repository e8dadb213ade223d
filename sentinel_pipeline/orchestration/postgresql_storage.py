"""Dagster's storage on PostgreSQL with its connections kept open, and planned events written together.

The stock one connects anew for each statement. A run of ten days plans a thousand events, for each of which it connects
three times: handing such a run out took it 13 to 28 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster import EventLogEntry
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, BATCH_WRITABLE_EVENTS
from dagster._core.storage.event_log import SqlEventLogStorageTable
from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)
from sqlalchemy import create_engine

from sentinel_pipeline.orchestration.event_log import tell_assets

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData

SECONDS_KEPT = 3600
# One for a statement, and one for what is asked meanwhile.
KEPT = 2
MOST_AT_ONCE = 20


class Pooled:
    """A part of the stock storage; its connections are made anew when they were cut, and closed with it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)  # type: ignore[call-arg] # of the part that it is mixed into
        self._engine = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            pool_size=KEPT,
            max_overflow=MOST_AT_ONCE,
            pool_recycle=SECONDS_KEPT,
            pool_pre_ping=True,
        )

    def dispose(self) -> None:
        super().dispose()  # type: ignore[misc] # of the part that it is mixed into
        self._engine.dispose()


class PooledRuns(Pooled, PostgresRunStorage):
    """The stock runs."""


class PooledSchedules(Pooled, PostgresScheduleStorage):
    """The stock ticks of schedules and sensors."""


class PooledEventLog(Pooled, PostgresEventLogStorage):
    """The stock event log; events that come together are one statement, and one transaction for what assets know."""

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Events get their numbers in one statement of its own: a transaction that lasts would hide lower numbers.

        Whoever reads on from the last number he saw would miss them.
        """
        entries = [one for one in events if not one.get_dagster_event().is_asset_failed_to_materialize]
        if not {one.get_dagster_event().event_type for one in entries} <= BATCH_WRITABLE_EVENTS or not entries:
            super().store_event_batch(events)
            return
        with self.run_connection() as connection:
            statement = self.prepare_insert_event_batch(entries).returning(SqlEventLogStorageTable.c.id)
            numbers = [int(number) for (number,) in connection.execute(statement)]
        told = list(zip(entries, numbers, strict=True))
        of_assets = [(entry, number) for entry, number in told if entry.dagster_event_type in ASSET_EVENTS]
        if of_assets:
            with self.index_transaction() as connection:
                tell_assets(self, connection, [entry for entry, _ in of_assets], [number for _, number in of_assets])
        for entry, number in told:
            if entry.dagster_event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(entry, number)


class PooledStorage(DagsterPostgresStorage):
    """The stock storage; between statements each of its three parts keeps its connections."""

    def __init__(self, url: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.postgres_url = url
        self.should_autocreate_tables = True
        self._inst_data = inst_data
        self._event_log_storage = PooledEventLog(url)
        self._run_storage = PooledRuns(url)
        self._schedule_storage = PooledSchedules(url)
        super(DagsterPostgresStorage, self).__init__()  # type: ignore[no-untyped-call] # its own would make each part a second time
