"""Reads SQLite databases: one snapshot, nothing written, and column types that are certain.

SQLite lets any column hold anything, and the driver takes a column's type from the first rows it sees, or fails. So
numbers are first read as their columns declare them; once one is none, every expression has one type whatever is
stored. A first row, dropped again, shows the types to the driver.
"""
# ruff: noqa: S608 - every name in a query is quoted and every value a literal of ours

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl
import pyarrow as pa
from adbc_driver_manager import Error
from adbc_driver_sqlite import StatementOptions, dbapi

from sentinel_pipeline.domain.errors import SourceChangedError, SourceUnreachableError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.sources.databases import Selection, paced, unreachable
from sentinel_pipeline.sources.fields import Field
from sentinel_pipeline.sources.source import SourceSettings
from sentinel_pipeline.sources.sqlite_files import Opening, fingerprint, state, trouble
from sentinel_pipeline.sources.sqlite_nearest import Nearest, distinct, nearest_queries
from sentinel_pipeline.sources.sqlite_opening import gist, is_locked, opened
from sentinel_pipeline.sources.sqlite_values import (
    as_declared,
    expression,
    literal,
    quoted,
    record,
    weighed,
    witness,
    witnessed,
)
from sentinel_pipeline.sources.sqlite_windows import (
    PROBED,
    dated_ranges,
    first_dates,
    first_spellings,
    outside,
    ranges,
    within,
)

SCHEME = "sqlite:///"
ROWS_ASKED = 500
MEND_FILE = "check that the file is whole (sqlite3 FILE 'PRAGMA integrity_check') or restore it"
# The driver's words for a value that is not of its column's type.
MISMATCH = "Type mismatch in column"


class TypesDifferError(SourceUnreachableError):
    """A column holds values that are not of the type the driver was shown."""


def sqlite_path(location: str) -> Path:
    return Path(location.removeprefix(SCHEME))


class SqliteDatabase:
    """An open SQLite database."""

    def __init__(self, settings: SourceSettings) -> None:
        self.settings = settings
        self.path = sqlite_path(settings.location)
        wrong = self._checked()
        if wrong is not None:
            raise unreachable(settings, *wrong)
        self._fingerprint, self._opening, self._connection = self._opened()
        self._columns: dict[str, Mapping[str, str]] = {}
        self._numbered: dict[str, bool] = {}
        self._turn = Lock()  # rows are fetched ahead by another thread, and a connection serves one at a time

    def _checked(self) -> tuple[str, str] | None:
        try:
            return trouble(self.path)
        except OSError as error:
            return f"the file cannot be reached ({error.strerror})", "check the path and its permissions"

    def _opened(self) -> tuple[str, Opening, dbapi.Connection]:
        """The state of the files from before the snapshot, so that what comes in between makes it stale; then that."""
        try:
            return fingerprint(self.path), *opened(self.path)
        except (Error, OSError) as error:
            said = f"cannot be opened ({gist(error)})"
            raise unreachable(self.settings, said, MEND_FILE, may_pass=is_locked(error)) from None

    def columns(self, table: str) -> Mapping[str, str]:
        if table not in self._columns:
            listed = f"SELECT name, type FROM pragma_table_xinfo({literal(table)})"
            self._columns[table] = {str(name): str(type_) for name, type_ in self._rows(listed)}
        return self._columns[table]

    def select(self, selection: Selection) -> Iterator[pl.DataFrame]:
        given = 0
        if self._has_rows(selection.table):
            try:
                for frame in self._stream(self._query(selection, as_declared), selection.fields):
                    given += frame.height
                    yield frame
            except TypesDifferError:
                pass
            else:
                return
        # The same rows of the same snapshot, found in the same way: they come in the same order.
        yield from _after(given, self._stream(self._query(selection, expression)))

    def _query(self, selection: Selection, spelled: Callable[[Field, str | None], str]) -> str:
        row = "rowid" if self._has_rows(selection.table) else "NULL"
        columns = self.columns(selection.table)
        names = ", ".join(spelled(field, columns.get(field.name)) for field in selection.fields)
        chosen = f"SELECT {names}, {row} FROM {quoted(selection.table)}"
        arms = [f"{chosen}{where}" for where in self._wheres(selection)]
        return " UNION ALL ".join([witness(selection.fields), *arms])

    def _wheres(self, selection: Selection) -> list[str]:
        """Conditions that together hold every row once: one a range where the time is indexed, else one for all."""
        columns = self.columns(selection.table)
        if selection.time is None or selection.time not in columns or selection.window is None:
            return [""]
        time, declared = quoted(selection.time), columns[selection.time]
        if selection.is_dated:
            arms = dated_ranges(time, declared, selection.window, selection.zones)
        else:
            arms = [*ranges(time, declared, selection.window, selection.zones), *outside(time, declared)]
        if self._is_indexed(selection.table, selection.time):
            return [f" WHERE {arm}" for arm in arms]
        leading = self._leading(selection.table, selection.time)
        if leading is not None:
            known = f"{quoted(leading)} IN ({distinct(selection.table, leading)})"
            return [f" WHERE {which} AND ({arm})" for arm in arms for which in (known, f"{quoted(leading)} IS NULL")]
        return [" WHERE " + " OR ".join(f"({arm})" for arm in arms)]

    def earliest(self, table: str, time: str) -> Iterator[pl.DataFrame]:
        lowest = list(self._lowest(table, time, first_dates(quoted(time), self.columns(table).get(time, ""))))
        yield from lowest
        first = min((day for frame in lowest for day in _dates(frame[time])), default=None)
        if first is not None:
            yield from self._lowest(table, time, first_spellings(quoted(time), first))

    def _lowest(self, table: str, time: str, conditions: Sequence[str]) -> Iterator[pl.DataFrame]:
        field = Field(time, "time")
        chosen = f"SELECT {expression(field, self.columns(table).get(time))}, 0 FROM {quoted(table)} WHERE "
        tail = f" ORDER BY {quoted(time)} LIMIT {PROBED}"
        arms = [f"SELECT * FROM ({chosen}{condition}{tail})" for condition in conditions]
        yield from self._stream(" UNION ALL ".join([witness((field,)), *arms]))

    def nearest(self, asked: Nearest) -> Iterator[pl.DataFrame]:
        """Raw rows around an instant, as `select` gives them; a row may come twice."""
        table = asked.selection.table
        known = self._rows(f"SELECT CAST(value AS TEXT) FROM ({distinct(table, asked.by)})")
        values = [str(value) for (value,) in known]
        for query in nearest_queries(asked, self.columns(table), values):
            yield from self._stream(query)

    def records(self, table: str, rows: Sequence[int]) -> dict[int, str]:
        """Unreadable bytes are shown escaped."""
        if not self._has_rows(table):
            return {}
        columns = list(self.columns(table))
        cells = ", ".join(f"typeof({quoted(name)}), CAST({quoted(name)} AS BLOB)" for name in columns)
        shapes = ", ".join("'', x''" for _ in columns)
        found: dict[int, str] = {}
        for first in range(0, len(rows), ROWS_ASKED):
            asked = ", ".join(str(row) for row in rows[first : first + ROWS_ASKED])
            query = f"SELECT 0, {shapes} UNION ALL SELECT rowid, {cells} FROM {quoted(table)} WHERE rowid IN ({asked})"
            for number, *stored in self._rows(query)[1:]:
                found[number] = record(columns, stored)
        return found

    def _has_rows(self, table: str) -> bool:
        """Whether rows have numbers of their own; those of views and of tables WITHOUT ROWID have none."""
        if table not in self._numbered:
            listed = f"SELECT wr, type FROM pragma_table_list WHERE schema = 'main' AND name = {literal(table)}"
            self._numbered[table] = self._rows(listed) == [(0, "table")]
        return self._numbered[table]

    def _is_indexed(self, table: str, column: str) -> bool:
        query = (
            "SELECT count(*) FROM pragma_index_list(" + literal(table) + ") AS indexes, pragma_index_info(indexes.name)"
            " AS parts WHERE parts.seqno = 0 AND NOT indexes.partial AND parts.name = " + literal(column)
        )
        return self._rows(query) != [(0,)]

    def _leading(self, table: str, time: str) -> str | None:
        """The column before the time in an index of both."""
        query = (
            "SELECT first.name FROM pragma_index_list("
            + literal(table)
            + ") AS indexes, pragma_index_info(indexes.name)"
            " AS first, pragma_index_info(indexes.name) AS second WHERE first.seqno = 0 AND second.seqno = 1 AND NOT"
            " indexes.partial AND first.name IS NOT NULL AND second.name = " + literal(time) + " ORDER BY 1 LIMIT 1"
        )
        return next((str(name) for (name,) in self._rows(query)), None)

    def fingerprint(self) -> str | None:
        return self._fingerprint

    def marks(self, selection: Selection, windows: Sequence[Window]) -> list[tuple[int, ...]]:
        """The first number is the newest row's: SQLite numbers rows as they come."""
        if len(windows) > 1 and self._is_indexed(selection.table, selection.time or ""):
            # Rows that are found by their time are held against one window, not against all of them.
            return [mark for one in windows for mark in self.marks(replace(selection, window=one), [one])]
        declared = self.columns(selection.table)[selection.time or ""]
        row = "rowid" if self._has_rows(selection.table) else "0"
        time = quoted(selection.time or "")
        watched = [quoted(name) for name in selection.watched if name in self.columns(selection.table)]
        told = ["sum(1)", f"max({row})", *([f"sum({weighed(row, watched)})"] if watched else [])]
        wheres = self._wheres(selection)
        if list(windows) == [selection.window]:
            counts = ", ".join(f"coalesce({one}, 0)" for one in told)
        else:
            days = [within(time, declared, window, selection.zones) for window in windows]
            counts = ", ".join(f"coalesce({one} FILTER (WHERE {day}), 0)" for day in days for one in told)
        found = [self._rows(f"SELECT {counts} FROM {quoted(selection.table)}{where}")[0] for where in wheres]
        columns = [[int(value) for value in column] for column in zip(*found, strict=True)]
        added = [max(column) if n % len(told) == 1 else sum(column) for n, column in enumerate(columns)]
        return [tuple(added[n : n + len(told)]) for n in range(0, len(added), len(told))]

    def close(self) -> None:
        self._connection.close()
        if self._opening.copy is not None:
            self._opening.copy.cleanup()

    def _stream(self, query: str, fields: Sequence[Field] = ()) -> Iterator[pl.DataFrame]:
        """Frames of a query whose first row is its witness.

        Raises TypesDifferError for what no longer has the type that its witness has; in the first batch, of `fields`.
        """
        rows = str(self.settings.pace.batch_rows)
        with self._reading(), closing(self._connection.cursor()) as cursor:
            with self._turn:
                cursor.adbc_statement.set_options(**{StatementOptions.BATCH_ROWS.value: rows})
                cursor.execute(query)
                reader = cursor.fetch_record_batch()
            if any(reader.schema.field(field.name).type != witnessed(field) for field in fields):
                raise TypesDifferError(f"{self.settings.place}: not every number is one")
            yield from paced(self.settings, self._batches(reader))

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        batch = self._next(reader).slice(1)
        while True:
            self._check_still()
            yield batch
            try:
                batch = self._next(reader)
            except StopIteration:
                return

    def _next(self, reader: pa.RecordBatchReader) -> pa.RecordBatch:
        with self._turn:
            return reader.read_next_batch()

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a small query."""
        with self._reading(), self._turn, closing(self._connection.cursor()) as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (Error, OSError, pa.ArrowException) as error:
            said = f"reading failed ({gist(error)})"
            line = unreachable(self.settings, said, MEND_FILE, may_pass=is_locked(error))
            raise (TypesDifferError(str(line)) if MISMATCH in str(error) else line) from None

    def _check_still(self) -> None:
        """Without locks, a file that changed under our hands may have been read half old, half new."""
        if self._opening.watched is not None and state(self.path) != self._opening.watched:
            line = unreachable(self.settings, "the database changed while it was read", "read it again")
            raise SourceChangedError(str(line))


def _after(given: int, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """What comes after the first rows."""
    for frame in frames:
        if given < frame.height:
            yield frame[given:] if given else frame
        given = max(0, given - frame.height)


def _dates(times: pl.Series) -> Iterator[date]:
    for value in times.drop_nulls():
        with suppress(ValueError):
            yield date.fromisoformat(value[:10].decode())
