"""The seam to a source system: what every kind of source offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import polars as pl

from sentinel_pipeline.domain.origin import UTC_ZONE, SourceSettings
from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.sources.quarantine import Quarantine

__all__ = ["UTC_ZONE", "Dated", "Source", "SourceKind", "SourceSettings"]


class Source(Protocol):
    """An opened source system, read-only; every read of one opening sees the same state where the system can."""

    settings: SourceSettings

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def has(self, table: Table) -> bool:
        """Whether the system holds this table at all; a table it lacks reads as no rows."""

    def read(self, table: Table, window: Window | None, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        """Batches of rows with exactly `table.schema`, times in `window` (None: all); bad records go to `quarantine`.

        Snapshot tables ignore the window. Raises SourceUnreachableError when the system cannot be read.
        """

    def first_at(self) -> datetime | None:
        """Earliest time of any event, cheaply; None when there is none."""

    def fingerprint(self) -> str | None:
        """Changes whenever the system's content may have changed; None when it cannot be told cheaply."""

    def marks(self, days: Sequence[Period], before: datetime | None) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
        """By day and table or file what tells whether records of the day came since, without reading them.

        Files written to since `before` are left out (None: none). See `marks.came`.
        """


@runtime_checkable
class Dated(Protocol):
    """A source whose snapshots are told by what is dated: each day has its own, whichever days are read together."""

    def inventories(self, table: Table, windows: Sequence[Window | None]) -> list[pl.DataFrame]:
        """What a snapshot table held at the end of each window."""


@dataclass(frozen=True)
class SourceKind:
    """A kind of source: its name in the configuration, the tables it gives, and how it is opened.

    `open` raises SourceUnreachableError with one line that says what is wrong and how to mend it.
    The second argument is a folder the source may keep derived notes in, such as an index of files; None: keep none.
    """

    kind: str
    tables: tuple[Table, ...]
    open: Callable[[SourceSettings, Path | None], Source]
