"""A daily statistic: facts of one table and one day in, a small mergeable table out.

Everything counted is an integer, so that days add up exactly in any order; reals are kept in millionths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from sentinel_pipeline.domain.calling import called
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.sums import exact_sum
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.statistics.merging import Added, Foremost, Grouped

MILLIONTHS = 1_000_000


@dataclass(frozen=True)
class Statistic:
    """A statistic, named like its function; `table` is the facts table it reads.

    The function takes the facts, by the table's name, and `day` where the result depends on it.

    The sum of `total` over a day equals the number of facts of that day. `sums`, if any, are the columns that add up
    when days are put together; the others are its keys. A statistic with many keys names them, so that a month of it
    takes no more memory than its distinct keys. `whole_day`, if any, makes a day of a day's hours: all that a report
    longer than a day shows of it.

    `merge` says how the statistic of a day is made of those of its parts; None: of whole days only. `before` is what
    must be known of the whole day first: the function takes it by its name.
    """

    table: str
    function: Callable[..., pl.LazyFrame]
    total: str | None = None
    sums: tuple[str, ...] = ()
    whole_day: Callable[[pl.DataFrame, Period], pl.DataFrame] | None = None
    merge: Added | Foremost | Grouped | None = None
    before: Statistic | None = None

    @property
    def name(self) -> str:
        return str(self.function.__name__)

    def of(self, facts: pl.LazyFrame, day: Period, known: Mapping[str, pl.LazyFrame] | None = None) -> pl.LazyFrame:
        """The statistic of a day's facts; of some of them only where what comes before is `known` of all."""
        if self.before is not None:
            known = known or {self.before.name: self.before.of(facts, day)}
        return called(self.function, {self.table: facts, "day": day, **(known or {})})

    @property
    def description(self) -> str:
        return (self.function.__doc__ or "").strip()


def hour_at(column: str, day: Period) -> pl.Expr:
    """UTC start of the local clock hour an instant of the day lies in; equals one of `day.hour_starts`."""
    bucket = pl.lit(None, INSTANT)
    for start, offset in day.offsets:
        local_hour = (pl.col(column) + offset).dt.truncate("1h") - offset
        bucket = (
            pl.when(pl.col(column) >= start)
            .then(pl.max_horizontal(local_hour, pl.lit(start, INSTANT)))
            .otherwise(bucket)
        )
    return bucket


def count(name: str) -> pl.Expr:
    """Number of rows in a group."""
    return pl.len().cast(pl.Int64).alias(name)


def total(column: str) -> pl.Expr:
    """Sum that skips NULL; a group of nothing but NULL sums to 0, one beyond 64 bits raises in `sums.refusing`."""
    return exact_sum(column)


def number_of(condition: pl.Expr) -> pl.Expr:
    """How many rows of a group satisfy a condition (NULL does not)."""
    return condition.fill_null(value=False).sum().cast(pl.Int64)
