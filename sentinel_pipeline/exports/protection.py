"""Rows without what identifies people and devices: columns and every text beside them, before anything is written.

Numbers, times and the count of rows stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from sentinel_pipeline.domain.addresses import address
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.privacy import Substitutes
from sentinel_pipeline.domain.redaction import Names, Redaction, is_somebody
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.exports.mentions import mentioning
from sentinel_pipeline.exports.origins import Origin, spooled
from sentinel_pipeline.exports.privacy import ADDRESSES, DROP, PSEUDONYMS, Privacy
from sentinel_pipeline.exports.wanted import Wanted
from sentinel_pipeline.lake.storage import SPOOLS

BATCH_ROWS: Final = 8_192
NOTHING: Final = pl.Series([], dtype=pl.String)
HARDWARE: Final = "mac_address"
# Personal, but nothing that would be called by it elsewhere.
PASSAGES: Final = frozenset({"message", "data", "record", "interval_id"})
# A closed vocabulary, and numbers with dots that are no addresses.
PLAIN: Final = frozenset({"severity", "version"})
# Its names are the configuration's own: only addresses are looked for.
OURS: Final = "source"


def protected(wanted: Wanted, rows: pl.LazyFrame, origin: Origin, folder: Path, called: str = "") -> pl.LazyFrame:
    """The rows as they may be seen, in `folder`, in the same order. What the origin knows of devices is looked for too.

    Raises UsageError when the file is to be `called` what it must not tell.
    """
    if not wanted.privacy:
        return rows
    hiding = Hiding.of(wanted, rows, origin)
    ours = called.replace(wanted.table.name, "").replace(wanted.layout, "")
    if hiding.redaction(ours) != ours:
        raise UsageError("the name of the file tells what --privacy keeps out of it; choose another --output")
    batches = rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
    path = spooled(map(hiding.batch, batches), wanted.table.schema, folder / "protected.parquet")
    return SPOOLS.scan(path)


@dataclass(frozen=True)
class Hiding:
    """A table's columns, and how each is hidden: `values` of columns that identify give way to those of `instead`."""

    table: Table
    substitutes: Substitutes
    redaction: Redaction
    values: pl.Series
    instead: pl.Series

    @classmethod
    def of(cls, wanted: Wanted, rows: pl.LazyFrame, origin: Origin) -> Hiding:
        """Reads the names once before any row is written: a text may hold the name of another row."""
        measures = wanted.privacy.measures
        named = [(wanted.table, rows), *((table, frame.lazy()) for table, frame in origin.inventories())]
        machines: set[str] = set()
        called: set[str] = set()
        values = pl.concat([NOTHING, *(one for table, frame in named for one in _values(frame, table, wanted.privacy))])
        values = values.unique()
        for value in values:
            found = address(value)
            if found and wanted.privacy.tells_machines_apart:
                machines.add(found.known_as)
            if found is None or found.family == "mac":
                called.add(found.known_as if found else value)
        substitutes = Substitutes(wanted.privacy, frozenset(machines))
        mail = substitutes.mail if measures & {PSEUDONYMS, DROP} else None
        redaction = Redaction(Names(called), substitutes.value, substitutes.address, mail)
        return cls(wanted.table, substitutes, redaction, values, replaced(values, substitutes.value))

    def batch(self, batch: pl.DataFrame) -> pl.DataFrame:
        hidden = self.substitutes.privacy.hidden(self.table)
        return batch.with_columns(
            self._covered(column) if column.name in hidden else self._read(column) for column in batch
        )

    def _covered(self, column: pl.Series) -> pl.Series:
        """A column that identifies: pseudonyms, or nothing where it is left out."""
        privacy = self.substitutes.privacy
        if DROP in privacy.measures and not privacy.has_pseudonyms:
            return pl.Series(column.name, [None] * len(column), column.dtype)
        if column.name in PASSAGES:
            return mapped(column, lambda value: self.substitutes.value(value) if is_somebody(value) else value)
        return column.replace(self.values, self.instead) if len(self.values) else column

    def _read(self, column: pl.Series) -> pl.Series:
        """A column in which something may be mentioned."""
        if column.name in PLAIN:
            return column
        if column.name == OURS:
            return mapped(column, Redaction(Names(()), str, self.substitutes.address, None))
        if column.dtype == pl.List(pl.String):
            lists = [items and [item and self.redaction(item) for item in items] for items in column.to_list()]
            return pl.Series(column.name, lists, column.dtype)
        return self._redacted(column) if column.dtype == pl.String else column

    def _redacted(self, column: pl.Series) -> pl.Series:
        """Texts, of which those that mention nothing are not read."""
        values = mentioning(column.drop_nulls().unique(), self.redaction)
        return column if values.is_empty() else column.replace(values, replaced(values, self.redaction))


def mapped(column: pl.Series, replace: Callable[[str], str]) -> pl.Series:
    """The column with each of its values replaced; what is unknown stays so."""
    values = column.drop_nulls().unique()
    if values.is_empty():
        return column
    return column.replace_strict(values, replaced(values, replace), default=None, return_dtype=pl.String)


def replaced(values: pl.Series, replace: Callable[[str], str]) -> pl.Series:
    return pl.Series([replace(value) for value in values], dtype=pl.String)


def _values(rows: pl.LazyFrame, table: Table, privacy: Privacy) -> Iterator[pl.Series]:
    """What identifies in the rows, each value once a column, as text in Arrow: as strings they take thrice the room."""
    hardware = [HARDWARE] if ADDRESSES in privacy.measures and HARDWARE in table.schema else []
    for name in dict.fromkeys([*privacy.hidden(table), *hardware]):
        if name not in PASSAGES:
            values = rows.select(pl.col(name).drop_nulls().unique()).collect(engine="streaming")[name]
            yield values.filter(pl.Series([is_somebody(value) for value in values], dtype=pl.Boolean)).alias("")
