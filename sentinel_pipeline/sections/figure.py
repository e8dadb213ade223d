"""A figure of the report: its label, unit, definition, and the measure that computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from sentinel_pipeline.domain.calling import called
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.measures import Compute, Statistics, Value
from sentinel_pipeline.sections.trends import trend, unseen_days

Course = tuple[str, pl.Expr]


@dataclass(frozen=True)
class Figure:
    """A figure of the report; its value None means it cannot be told, never zero.

    `about` is the canonical table it speaks of, `statistics` what it is computed from, `good` the direction a reader
    wants. `course` (statistic, value per row) gives its run over the period; `unit_of` the unit of a figure
    whose unit depends on the data. `levels` are the severities it cannot be told without.
    """

    id: str
    label: str
    unit: str
    definition: str
    about: str
    statistics: tuple[str, ...]
    compute: Compute
    good: str | None = None
    course: Course | None = None
    unit_of: Callable[[Statistics], str] | None = None
    levels: tuple[str, ...] = ()

    def value(self, statistics: Statistics, period: Period) -> Value:
        """The figure of the period; None where it cannot be told."""
        return called(self.compute, {"statistics": statistics, "period": period})

    def unit_for(self, statistics: Statistics) -> str:
        return self.unit if self.unit_of is None else self.unit_of(statistics)

    def sparkline(self, statistics: Statistics, period: Period) -> tuple[int | None, ...]:
        """The figure per hour (daily report) or day, None where nobody could see; empty when it has no course."""
        if self.course is None:
            return ()
        name, expression = self.course
        rows = statistics[name].select("hour_at", value=expression.cast(pl.Int64))
        unseen = unseen_days(statistics["completeness"], self.about, period)
        return tuple(trend(rows, ["value"], period, unseen)["value"].to_list())
