"""How a statistic of a day is put together from parts of the day, so that a day may be larger than memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from sentinel_pipeline.domain.sums import exact_sum

GROUP = "_group"


@dataclass(frozen=True)
class Added:
    """Rows of several parts that are equal in all other columns are one row.

    `sums` are added up, of `largest` the largest stands, and of `anywhere` it is true once one is.
    """

    sums: tuple[str, ...] = ()
    largest: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()

    def merged(self, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """The parts as one, sorted by the other columns."""
        rows = pl.concat(parts)
        keys = [name for name in rows.columns if name not in (*self.sums, *self.largest, *self.anywhere)]
        together = (
            rows.lazy()
            .group_by(keys)
            .agg(*map(exact_sum, self.sums), pl.col(self.largest).max(), pl.col(self.anywhere).any())
        )
        return together.select(rows.columns).sort(keys).collect(engine="streaming")


@dataclass(frozen=True, eq=False)  # an expression is equal to nothing and has no hash
class Foremost:
    """So many rows are kept of a day: they are among those that each part would keep."""

    number: int
    by: tuple[str | pl.Expr, ...]
    descending: tuple[bool, ...]
    nulls_last: bool = False

    def of(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The first rows of a table in this order."""
        return rows.sort(*self.by, descending=list(self.descending), nulls_last=self.nulls_last).head(self.number)

    def merged(self, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
        return self.of(pl.concat(parts).lazy()).collect()


@dataclass(frozen=True)
class Grouped:
    """Rows equal in all columns `by` are looked at together, and only where there are at least `fewest` of them.

    So a part must hold all rows of a group: the day is cut by groups, not by time. Of the parts `best` are kept.
    """

    by: tuple[str, ...]
    fewest: int
    best: Foremost

    @property
    def hash(self) -> pl.Expr:
        return pl.struct(self.by).hash().alias(GROUP)


class Tally:
    """How many rows a group has at most, of any number of groups in little memory: those of one bucket count as one."""

    def __init__(self, rows: int) -> None:
        bits = max(rows.bit_length() - 1, 1)
        self._shift = np.uint64(64 - bits)
        self._counts = np.zeros(2**bits, dtype=np.uint32)

    def add(self, hashes: pl.Series) -> None:
        np.add.at(self._counts, self._buckets(hashes), 1)

    def rows(self, fewest: int) -> int:
        """How many rows are in buckets of at least so many."""
        return int(self._counts[self._counts >= fewest].sum(dtype=np.int64))

    def holds(self, hashes: pl.Series, fewest: int) -> pl.Series:
        """Whether each row's bucket has at least so many: true for every row of a group that has."""
        return pl.Series(self._counts[self._buckets(hashes)] >= fewest)

    def _buckets(self, hashes: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        return (hashes.to_numpy() >> self._shift).astype(np.intp)
