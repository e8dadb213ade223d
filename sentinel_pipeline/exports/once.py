"""A table as editions count it: each key once a day, copies in quarantine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.lake.copies import KeyHashes, copies_among, dated, hashes_of, keep_copies
from sentinel_pipeline.sources.quarantine import Quarantine
from sentinel_pipeline.sources.source import Source


def ignore(_: pl.DataFrame) -> None:
    """For readings nobody listens to."""


@dataclass
class Once:
    """One reading of a table of an opened source; days are those of `zone`."""

    source: Source
    table: Table
    window: Window | None
    zone: ZoneInfo
    heard: Callable[[pl.DataFrame], None] = ignore
    _hashes: KeyHashes = field(default_factory=KeyHashes)

    def read(self, quarantine: Quarantine) -> Iterator[pl.DataFrame]:
        """All rows as the source has them; what copies are among them is told by `keep_copies`."""
        for batch in self.source.read(self.table, self.window, quarantine):
            self.heard(batch)
            self._hashes.add(hashes_of(dated(batch, self.table, self.zone), self.table))
            yield batch

    def keep_copies(self, quarantine: Quarantine, again: Iterable[pl.DataFrame] | None = None) -> pl.DataFrame:
        """The copies among the rows read, also kept in quarantine; only if there may be some, rows are gone through
        `again`, or read again from the source.
        """
        hashes = self._hashes.repeated()
        if hashes.is_empty():
            return pl.DataFrame()
        unheard = Quarantine(self.source.settings.name)
        rows = self.source.read(self.table, self.window, unheard) if again is None else again
        found = copies_among(rows, hashes, self.table, self.zone)
        if not found.is_empty():
            keep_copies(found, self.table, quarantine)
        return found
