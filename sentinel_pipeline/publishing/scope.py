"""What a deployment's reports speak of: only systems that are configured."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from inspect import signature
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.sums import refusing, require_summable
from sentinel_pipeline.domain.tables import QUARANTINE, RECEIPTS, TABLE, Table
from sentinel_pipeline.lake.store import Lake, Stamp
from sentinel_pipeline.sections import SECTIONS
from sentinel_pipeline.sections.figures import FIGURES, Figure
from sentinel_pipeline.sections.section import BEFORE, Section
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline.statistics.statistic import Statistic

ALWAYS = (RECEIPTS.name, QUARANTINE.name)


@dataclass(frozen=True)
class Scope:
    """The sources of a deployment, each with the names of the tables its kind gives."""

    sources: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        """Facts tables, canonical order; receipts and quarantine are always there."""
        given = {table for _, tables in self.sources for table in tables} | set(ALWAYS)
        return tuple(table for name, table in TABLE.items() if name in given)

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        given = {table.name for table in self.tables}
        return tuple(statistic for statistic in STATISTICS if statistic.table in given)

    @property
    def sections(self) -> tuple[Section, ...]:
        given = {table.name for table in self.tables}
        return tuple(
            section
            for section in SECTIONS
            if section.about in given and (not section.compares_sources or self._has_several(section.about))
        )

    def _has_several(self, table: str) -> bool:
        return sum(table in tables for _, tables in self.sources) > 1

    @property
    def figures(self) -> tuple[Figure, ...]:
        given = {table.name for table in self.tables}
        return tuple(figure for figure in FIGURES if figure.about in given)

    def sections_of(self, cadence: str) -> tuple[Section, ...]:
        return tuple(section for section in self.sections if cadence in section.cadences)


def statistic_asset(name: str) -> str:
    """Lake asset of a statistic."""
    return f"statistics/{name}"


@cache
def statistic_schema(statistic: Statistic) -> pl.Schema:
    """Columns and types of a statistic, found by computing it for an empty day."""
    day = Period("daily", date(2001, 1, 1), ZoneInfo("UTC"))
    return statistic.of(TABLE[statistic.table].empty().lazy(), day).collect_schema()


def statistics_of(
    scope: Scope, period: Period, lake: Lake, names: Collection[str] | None = None
) -> dict[str, pl.DataFrame]:
    """Statistics of the period (None: all), each its days one after another; days never made are missing, not zero.

    Whatever is counted in them can be added up. Raises SumTooLargeError where it cannot.
    """
    return {
        statistic.name: completeness_of(scope, period, lake)
        if statistic.name == "completeness"
        else _put_together(statistic, period, lake)
        for statistic in STATISTICS
        if names is None or statistic.name in names
    }


def with_before(
    scope: Scope, period: Period, lake: Lake, names: Collection[str] | None = None
) -> dict[str, pl.DataFrame]:
    """`statistics_of` where a name that ends in BEFORE is the statistic of the period before, missing days left out.

    None: all that the sections of the period are made from.
    """
    if names is None:
        names = {name for section in scope.sections_of(period.cadence) for name in needed_by(section)}
    before = {name.removesuffix(BEFORE) for name in names if name.endswith(BEFORE)}
    now = statistics_of(scope, period, lake, {name for name in names if not name.endswith(BEFORE)})
    earlier = statistics_of(scope, period.previous, lake, before) if before else {}
    return now | {f"{name}{BEFORE}": frame for name, frame in earlier.items()}


def needed_by(section: Section) -> tuple[str, ...]:
    """Statistics that a section's table and the words beside it are made from."""
    return tuple(dict.fromkeys((*section.statistics, *spoken_of(section))))


def spoken_of(section: Section) -> tuple[str, ...]:
    """Statistics that the words beside a section's table are made from: what was seen, and what it leaves out."""
    excluded = tuple(signature(section.excluded).parameters) if section.excluded else ()
    return (*excluded, "completeness", *((f"completeness{BEFORE}",) if section.looks_back else ()))


def _put_together(statistic: Statistic, period: Period, lake: Lake) -> pl.DataFrame:
    asset = statistic_asset(statistic.name)
    return _read(statistic, period, lake, tuple(lake.stamp(asset, key) for key in period.day_keys))


@lru_cache(maxsize=2 * len(STATISTICS))
def _read(
    statistic: Statistic,
    period: Period,
    lake: Lake,
    stamps: tuple[Stamp | None, ...],  # noqa: ARG001 - part of what the cache remembers by
) -> pl.DataFrame:
    """Read once for all the sections and figures of an edition: `stamps` tell whether a day was made again since."""
    asset, schema = statistic_asset(statistic.name), statistic_schema(statistic)
    what = f"{statistic.name} of the {period.cadence} period {period.key}"
    with refusing(what):
        if statistic.whole_day is None or period.cadence == "daily":
            table = lake.read_all(asset, period.day_keys, schema, statistic.sums)
        else:
            days = (Period("daily", first, period.zone) for first in period.days)
            table = pl.concat([statistic.whole_day(lake.read_all(asset, [day.key], schema), day) for day in days])
    require_summable(table, what)
    return table


def completeness_of(scope: Scope, period: Period, lake: Lake) -> pl.DataFrame:
    """The completeness statistic with a row 'not extracted' for every (source, table, day) that was never read."""
    statistic = next(s for s in STATISTICS if s.name == "completeness")
    known = _put_together(statistic, period, lake)
    expected = [(source, table, day) for source, tables in scope.sources for table in tables for day in period.day_keys]
    wanted = pl.DataFrame(expected, schema={"source": pl.String, "table": pl.String, "day": pl.String}, orient="row")
    snapshots = [table.name for table in TABLE.values() if table.is_snapshot]
    missing = wanted.join(known, on=["source", "table", "day"], how="anti").with_columns(
        status=pl.lit("not extracted"),
        reason=pl.lit("the day was never read from the source"),
        is_snapshot=pl.col("table").is_in(snapshots),
        quarantined=pl.lit(0, pl.Int64),
    )
    return pl.concat([known, missing], how="diagonal").sort("source", "table", "day")
