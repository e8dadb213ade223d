"""A SQLite database of an Atlas fleet, opened with what its sealed fields and its times are read by."""

from __future__ import annotations

from typing import Self

from sentinel_pipeline.sources.atlas_keys import KeyRing
from sentinel_pipeline.sources.atlas_logs import Clock
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline.sources.sqlite import SqliteDatabase


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
