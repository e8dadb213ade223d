"""What a deployment's reports speak of: only systems that are configured."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property, lru_cache
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.calling import named_by
from sentinel_pipeline.domain.period import CUSTOM, Period
from sentinel_pipeline.domain.redaction import Redaction
from sentinel_pipeline.domain.sums import refusing, require_summable
from sentinel_pipeline.domain.tables import QUARANTINE, RECEIPTS, TABLE, Table
from sentinel_pipeline.lake.store import Lake, Stamp
from sentinel_pipeline.publishing.narrowing import WHOLE, Narrowing
from sentinel_pipeline.sections import SECTIONS
from sentinel_pipeline.sections.figures import FIGURES, Figure
from sentinel_pipeline.sections.findings import listed
from sentinel_pipeline.sections.section import BEFORE, Section
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline.statistics.statistic import Statistic

TOLD_ANYWAY = "data_completeness"  # of the sources, whatever a report is cut down to
ALWAYS = (RECEIPTS.name, QUARANTINE.name)


@dataclass(frozen=True)
class Scope:
    """The sources of a deployment, each with the names of the tables its kind gives, and what is left of it all."""

    sources: tuple[tuple[str, tuple[str, ...]], ...]
    narrowing: Narrowing = WHOLE

    def narrowed(self, narrowing: Narrowing) -> Scope:
        """The scope of a report that speaks of less."""
        wanted = narrowing.sources
        return Scope(tuple(one for one in self.sources if not wanted or one[0] in wanted), narrowing)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Facts tables, canonical order; receipts and quarantine are always there."""
        given = {table for _, tables in self.sources for table in tables} | set(ALWAYS)
        return tuple(table for name, table in TABLE.items() if name in given)

    @cached_property
    def statistics(self) -> tuple[Statistic, ...]:
        given = {table.name for table in self.tables}
        return tuple(statistic for statistic in STATISTICS if statistic.table in given)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        given = {table.name for table in self.tables}
        return tuple(
            section
            for section in self._wanted
            if section.about in given
            and (not section.compares_sources or self._has_several(section.about))
            and (section.name == TOLD_ANYWAY or can_be_told(section, self.narrowing))
        )

    @cached_property
    def left_out(self) -> tuple[Section, ...]:
        """Sections that are wanted, but cannot be told of single devices or severities."""
        return (*self.not_of_devices, *self.not_of_severities)

    @property
    def not_of_devices(self) -> tuple[Section, ...]:
        """Sections that are wanted, but cannot be told of single devices."""
        return self._lost(replace(self.narrowing, devices=(), severities=()), replace(self.narrowing, severities=()))

    @property
    def not_of_severities(self) -> tuple[Section, ...]:
        """Sections that could be told of the devices, but not of single severities."""
        return self._lost(replace(self.narrowing, severities=()), self.narrowing)

    def _lost(self, wider: Narrowing, narrower: Narrowing) -> tuple[Section, ...]:
        kept = replace(self, narrowing=narrower).sections
        return tuple(section for section in replace(self, narrowing=wider).sections if section not in kept)

    @property
    def _wanted(self) -> tuple[Section, ...]:
        names = self.narrowing.sections
        return tuple(one for one in SECTIONS if not names or one.name in names or one.name == TOLD_ANYWAY)

    def _has_several(self, table: str) -> bool:
        return sum(table in tables for _, tables in self.sources) > 1

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """Figures of the tables that the sections speak of."""
        given = {table.name for table in self.tables}
        if self.narrowing.sections:
            given &= {section.about for section in self._wanted}
        return tuple(self._told(one) for one in FIGURES if one.about in given and self._can_tell(one))

    def _can_tell(self, figure: Figure) -> bool:
        return self.narrowing.keeps(figure.statistics) and self.narrowing.tells_all(figure.levels)

    def _told(self, figure: Figure) -> Figure:
        """The figure as this report tells it: which severities it counts, and without a course that it cannot show."""
        course = figure.course if figure.course and self.narrowing.keeps(figure.course[:1]) else None
        only = f" Only of severity {listed(self.narrowing.severities)}." if self.narrowing.severities else ""
        return replace(figure, course=course, definition=figure.definition + only)

    def sections_of(self, cadence: str) -> tuple[Section, ...]:
        """Sections of a report; days of one's own choice may be so many that any section says something of them."""
        return tuple(section for section in self.sections if cadence == CUSTOM or cadence in section.cadences)


def can_be_told(section: Section, narrowing: Narrowing) -> bool:
    """Whether a section can be told of the devices and severities that a report is cut down to."""
    return narrowing.keeps(needed_by(section)) and narrowing.tells(section.levels)


def tell_severities(sections: Collection[str], levels: tuple[str, ...]) -> bool:
    """Whether any of the sections says something of these severities alone."""
    narrowing = Narrowing(severities=levels)
    return any(can_be_told(one, narrowing) for one in SECTIONS if one.name in sections and one.name != TOLD_ANYWAY)


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
        else scope.narrowing.cut(statistic.name, _put_together(statistic, period, lake))
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


def redaction_of(scope: Scope, period: Period, lake: Lake) -> Redaction | None:
    """What hides names and addresses in a report: a text may name a device that the report does not speak of."""
    if not scope.narrowing.privacy:
        return None
    whole = replace(scope, narrowing=WHOLE)
    frames = [*statistics_of(whole, period.previous, lake).values(), *statistics_of(whole, period, lake).values()]
    return scope.narrowing.redaction(frames)


def needed_by(section: Section) -> tuple[str, ...]:
    """Statistics that a section's table and the words beside it are made from."""
    return tuple(dict.fromkeys((*section.statistics, *spoken_of(section))))


def spoken_of(section: Section) -> tuple[str, ...]:
    """Statistics that the words beside a section's table are made from: what was seen, and what it leaves out."""
    excluded = named_by(section.excluded) if section.excluded else ()
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
        if statistic.whole_day is None or period.is_day:
            table = lake.read_all(asset, period.day_keys, schema, statistic.sums)
        else:
            days = (Period("daily", first, period.zone) for first in period.days)
            table = pl.concat([statistic.whole_day(lake.read_all(asset, [day.key], schema), day) for day in days])
    require_summable(table, what)
    return table


def completeness_of(scope: Scope, period: Period, lake: Lake) -> pl.DataFrame:
    """The completeness statistic with a row 'not extracted' for every (source, table, day) that was never read."""
    statistic = next(s for s in STATISTICS if s.name == "completeness")
    known = scope.narrowing.cut(statistic.name, _put_together(statistic, period, lake))
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
