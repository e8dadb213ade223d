"""What a section of a report is: a table, how it is drawn, and the sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from sentinel_pipeline.domain.calling import Result, called, named_by
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.severity import LEVELS

BEFORE = "_before"


Topic = Literal["security", "network", "data loss", "energy", "automation", "fleet", "audit", "method", "corrections"]


@dataclass(frozen=True)
class Lines:
    """Values over time: one line for each value column, or stacked severity bars when `series` names a column."""

    time: str
    values: tuple[str, ...]
    series: str | None = None


@dataclass(frozen=True)
class Bars:
    """Sorted horizontal bars: `label` against `value`, at most the section's `shown` rows.

    A row whose label is 'Unknown' is called by its `otherwise` column, so that two of them can be told apart.
    """

    label: str
    value: str
    otherwise: str | None = None

    def labelled(self, table: pl.DataFrame) -> pl.DataFrame:
        """Two columns: what each bar is called, and its value."""
        return table.select(
            named(self.label, self.otherwise) if self.otherwise else pl.col(self.label), pl.col(self.value)
        )

    def ranked(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows from the largest value down, those without one last, equal ones in their order."""
        return rows.sort(self.value, descending=True, nulls_last=True, maintain_order=True)


@dataclass(frozen=True)
class HeatMap:
    """Weekday against hour of day, in the report's zone, with printed values."""

    row: str
    column: str
    value: str


def named(label: str, otherwise: str) -> pl.Expr:
    """The label, or the other column where the label is 'Unknown'."""
    unnamed = (pl.col(label) == "Unknown") & pl.col(otherwise).is_not_null()
    return pl.when(unnamed).then(pl.col(otherwise)).otherwise(pl.col(label)).alias(label)


Chart = Lines | Bars | HeatMap


@dataclass(frozen=True)
class Section:
    """A section of the report, named like its function.

    - `table` takes statistics (parameters named after them) and, where it needs it, `period`; returns the whole table.
    - `finding` says in one sentence what the table shows; see `found`.
    - `shown`: rows a person's document prints before it points to the file; None all, 0 leaves it to chart and file.
    - `totals`: columns that add up in "other (n)" and "total" rows; `whole`: the exact total of those whose values are
      rounded, so that it is not a sum of rounded parts.
    - `about`: the canonical table the section speaks of.
    - `excluded` counts, from statistics like `table`, the rows left out because their key is unknown.
    - `is_told`: its finding is among those that the first page tells.
    - `compares_sources`: only shown where several sources give the table it speaks of.
    - `hidden` columns stand in the files only, not in what a person's document prints.
    - `levels`: the severities it speaks of; it says nothing in a report of none of them.
    """

    title: str
    topic: Topic
    table: Callable[..., pl.DataFrame]
    finding: Callable[..., str]
    chart: Chart | None = None
    shown: int | None = None
    totals: tuple[str, ...] = ()
    cadences: tuple[str, ...] = ("daily", "weekly", "monthly")
    about: str = ""
    excluded: Callable[..., int] | None = None
    whole: tuple[tuple[str, Callable[[pl.DataFrame], float | None]], ...] = ()
    hidden: tuple[str, ...] = ()
    is_told: bool = False
    compares_sources: bool = False
    levels: tuple[str, ...] = LEVELS

    @property
    def name(self) -> str:
        return str(self.table.__name__)

    @property
    def description(self) -> str:
        return (self.table.__doc__ or "").strip()

    def found(self, table: pl.DataFrame, period: Period, levels: Sequence[str] = ()) -> str:
        """The finding of a table; a finding that speaks of times takes the period too, of severities those there are.

        `levels`: the severities that the report was narrowed to, none for all.
        """
        told = tuple(level for level in self.levels if not levels or level in levels)
        more = {"period": period, "levels": told}
        return self.finding(table, **{name: more[name] for name in named_by(self.finding) if name in more})

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the statistics the table is made from; those ending in BEFORE are of the period before."""
        return tuple(name for name in named_by(self.table) if name != "period")

    @property
    def looks_back(self) -> bool:
        """Whether the table compares with the period before."""
        return any(name.endswith(BEFORE) for name in self.statistics)


def applied(function: Callable[..., Result], statistics: Mapping[str, pl.DataFrame], period: Period) -> Result:
    """The function's result for the statistics (and period) its parameters name."""
    return called(function, {**statistics, "period": period})
