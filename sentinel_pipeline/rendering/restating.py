"""Figures that one revision tells otherwise than another, and which late rows of which days are why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.tables import TABLE
from sentinel_pipeline.rendering.report import KeyFigure
from sentinel_pipeline.rendering.values import bare, written_figure
from sentinel_pipeline.sections.figures import FIGURES
from sentinel_pipeline.sections.findings import listed

MOST_DAYS, MOST_CAUSES = 4, 3
ABOUT = {figure.id: figure.about for figure in FIGURES}
KEYS = ["source", "table"]


@dataclass(frozen=True)
class Restated:
    """A figure as it was told (None: it was not) and as it is told now, with the reason in words."""

    was: KeyFigure | None
    now: KeyFigure
    why: str

    @property
    def before(self) -> str:
        return "not told" if self.was is None else written_figure(bare(self.was))

    @property
    def after(self) -> str:
        return written_figure(bare(self.now))


def restated(
    before: Sequence[KeyFigure], now: Sequence[KeyFigure], arrived_before: pl.DataFrame, arrived: pl.DataFrame
) -> tuple[Restated, ...]:
    """Figures that differ, in reading order; `arrived` are the tables of the section data_completeness."""
    earlier = {figure.id: figure for figure in before}
    rows = _changed_rows(arrived_before, arrived)
    pairs = [(earlier.get(figure.id), figure) for figure in now]
    return tuple(Restated(was, figure, _why(was, figure, rows)) for was, figure in pairs if _differs(was, figure))


def _differs(was: KeyFigure | None, now: KeyFigure) -> bool:
    return was is None or (was.value, was.is_lower_bound, was.unit) != (now.value, now.is_lower_bound, now.unit)


def _changed_rows(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Columns source, table, was, rows (NULL where it could not be read) of event tables that hold other rows."""
    snapshots = [name for name, table in TABLE.items() if table.is_snapshot]
    pairs = now.select(*KEYS, "rows").join(before.select(*KEYS, was="rows"), on=KEYS, how="left")
    return pairs.filter(pl.col("rows").ne_missing(pl.col("was")) & ~pl.col("table").is_in(snapshots)).sort(KEYS)


def _why(was: KeyFigure | None, now: KeyFigure, rows: pl.DataFrame) -> str:
    """Which source has which rows more, of which days; or that only the counting changed."""
    if was is None:
        return "the figure is new"
    days = sorted({day for _, day, _ in set(was.inputs) ^ set(now.inputs)})
    if not days:
        return "counted by another version of Sentinel Pipeline, from the same data"
    of = listed(days) if len(days) <= MOST_DAYS else f"{counted(len(days), 'day')} from {days[0]} to {days[-1]}"
    causes = _causes(rows, ABOUT.get(now.id, ""))
    return f"{'; '.join(causes)}, of {of}" if causes else f"data of {of} arrived or changed since"


def _causes(rows: pl.DataFrame, about: str) -> list[str]:
    """What came of the table that a figure speaks of; of one that is made from others, whatever came."""
    direct = rows.filter(pl.col("table") == about)
    found = [_cause(**row) for row in (rows if direct.is_empty() else direct).iter_rows(named=True)]
    return found[:MOST_CAUSES] + ([f"and {len(found) - MOST_CAUSES:,} more"] if len(found) > MOST_CAUSES else [])


def _cause(source: str, table: str, rows: int | None, was: int | None) -> str:
    if was is None or rows is None:
        return f"{source}: {table} could {'not ' if rows is None else ''}be read now"
    number = counted(abs(rows - was), "row")
    return f"{source}: {number} of {table} {'came late' if rows > was else 'fewer than before'}"
