"""A SQLite database of an Atlas fleet, opened with what its sealed fields and its times are read by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sources.atlas_keys import KeyRing
from sentinel_pipeline.sources.atlas_logs import Clock
from sentinel_pipeline.sources.databases import Selection
from sentinel_pipeline.sources.marks import Marks, database_marks
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline.sources.sqlite import SqliteDatabase
from sentinel_pipeline.sources.timestamps import Zones

TIME = "timestamp"


class AtlasDatabase:
    """Closes the database at the end of the block."""

    def __init__(self, settings: SourceSettings, ring: KeyRing, clock: Clock, database: SqliteDatabase) -> None:
        self.settings = settings
        self._ring = ring
        self._clock = clock
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def _marks_of(self, tables: Iterable[str], days: Sequence[Period]) -> dict[str, Marks]:
        """On the clock of the source: machines with a zone of their own are some hours off."""
        zones = Zones(self._clock.zone, self._clock.zone)
        return database_marks(self._database, (Selection(name, "id", (), zones, TIME) for name in tables), days)
