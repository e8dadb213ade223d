"""The seam to SQL databases: what a source module asks for and what `sqlite.py` and `postgresql.py` give."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl
import pyarrow as pa

from sentinel_pipeline.domain.errors import SourceAwayError, SourceUnreachableError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.sources.fields import Field
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline.sources.timestamps import Zones

SLOW = ("a query took too long", "give the table an index on its time, or raise 'statement_timeout_seconds'")


@dataclass(frozen=True)
class Selection:
    """Rows of one source table. `key` is its primary key; `time` decides which rows a window holds, read in `zones`.

    What stands in columns that are `secrets` is never kept, not even of a bad record. `is_dated`: rows whose time
    cannot be read are not asked for, which spares looking for them in the whole table. `watched`: columns in which a
    change in place changes the mark of a day.
    """

    table: str
    key: str
    fields: tuple[Field, ...]
    zones: Zones
    time: str | None = None
    window: Window | None = None
    secrets: tuple[str, ...] = ()
    is_dated: bool = False
    watched: tuple[str, ...] = ()


class Database(Protocol):
    """An opened database, read-only, all reads from one snapshot.

    `select` gives one column per field (Binary or String for text, flags and times; also Datetime for times), missing
    ones NULL, and ROW, and at least the rows of the window and those whose time may be unreadable. Raises
    SourceUnreachableError.
    """

    def columns(self, table: str) -> Mapping[str, str]:
        """Declared types of a table's columns; empty when there is no such table."""

    def select(self, selection: Selection) -> Iterator[pl.DataFrame]: ...

    def earliest(self, table: str, time: str) -> Iterator[pl.DataFrame]:
        """A few rows (column `time`) among which is the earliest plausible time of the table."""

    def records(self, table: str, rows: Sequence[int]) -> dict[int, str]:
        """Rows as they are stored, as JSON text by ROW; empty where typed columns already say everything."""

    def fingerprint(self) -> str | None: ...

    def marks(self, selection: Selection, windows: Sequence[Window]) -> list[tuple[int, ...]]:
        """For each window within that of the selection: its rows, and a number that changes when they are others.

        Where columns are watched another one, that changes when what stands in them does.
        """

    def close(self) -> None: ...


def paced(settings: SourceSettings, batches: Iterable[pa.RecordBatch]) -> Iterator[pl.DataFrame]:
    """Batches that hold rows, with the rest that the source is due after each.

    Raises SourceUnreachableError for a query that takes too long where no server ends it.
    """
    limit = settings.pace.statement_timeout_seconds
    until = None if limit is None else time.monotonic() + limit
    for batch in batches:
        if until is not None and time.monotonic() > until:
            raise unreachable(settings, *SLOW)
        if batch.num_rows:
            yield pl.DataFrame(batch)
            time.sleep(settings.pace.pause_milliseconds / 1_000)


def unreachable(settings: SourceSettings, wrong: str, mend: str, *, may_pass: bool = False) -> SourceUnreachableError:
    """The one line a person gets when a source cannot be read; `may_pass`: it may be readable again in a moment."""
    error = SourceAwayError if may_pass else SourceUnreachableError
    return error(f"source '{settings.name}' at {settings.place}: {wrong}; {mend}")
