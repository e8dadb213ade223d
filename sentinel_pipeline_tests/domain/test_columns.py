from datetime import date

import polars as pl
import pytest

from sentinel_pipeline.domain.columns import DISPLAY, display
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.publishing.scope import statistic_schema
from sentinel_pipeline.sections import SECTIONS
from sentinel_pipeline.sections.section import BEFORE, Bars, HeatMap, Lines, Section, applied
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline_tests.clocks import BERLIN

NOW = {statistic.name: pl.DataFrame(schema=statistic_schema(statistic)) for statistic in STATISTICS}
QUIET = NOW | {f"{name}{BEFORE}": table for name, table in NOW.items()}


def quiet_table(section: Section) -> pl.DataFrame:
    cadence = section.cadences[0]
    first = {"daily": date(2025, 1, 1), "weekly": date(2025, 1, 6), "monthly": date(2025, 1, 1)}[cadence]
    return applied(section.table, QUIET, Period(cadence, first, BERLIN))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_every_column_of_every_section_has_a_name_for_people(section: Section) -> None:
    for column in quiet_table(section).columns:
        assert display(column).label


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_charts_and_totals_name_columns_their_table_has(section: Section) -> None:
    match section.chart:
        case Lines(time, values, series):
            drawn = {time, *values} | ({series} if series else set())
        case Bars(label, value):
            drawn = {label, value}
        case HeatMap(row, column, value):
            drawn = {row, column, value}
        case _:
            drawn = set()
    assert drawn | set(section.totals) <= set(quiet_table(section).columns)


def test_a_column_without_an_entry_is_not_shown_nameless() -> None:
    with pytest.raises(KeyError):
        display("no_such_column")


def test_entries_stand_in_order() -> None:
    assert list(DISPLAY) == sorted(DISPLAY)
