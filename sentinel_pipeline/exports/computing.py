"""Columns that an export computes: asked for as `name [unit] = formula`, put behind those of the table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.exports.evaluation import evaluated, totalled, totals
from sentinel_pipeline.exports.formulas import Known, Node, mistake, parsed
from sentinel_pipeline.exports.wanted import CANONICAL, Wanted, require_known

MOST_COLUMNS: Final = 32
HEAD: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*(?:\[([^\[\]]{1,32})\])?\s*=")


@dataclass(frozen=True)
class Computed:
    """A column by its name, which formulas and --columns use; its header says the unit too."""

    name: str
    unit: str | None
    formula: Node

    @property
    def header(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class Computing:
    """Puts columns behind those of rows, one after another, under their headers."""

    columns: tuple[Computed, ...]
    zone: ZoneInfo

    @property
    def has_totals(self) -> bool:
        """Whether a value depends on other rows than its own."""
        return any(totalled(column.formula) for column in self.columns)

    def __call__(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        for column in self.columns:
            rows = _with_column(rows, column, self.zone)
        return rows.rename({column.name: column.header for column in self.columns})


def with_computed(wanted: Wanted, texts: Sequence[str], zone: ZoneInfo, schema: pl.Schema | None = None) -> Wanted:
    """What is wanted, with a column more for each text; a formula may use the columns computed before it.

    `schema`: the columns that transformations have made of the table's; None where there are none.
    They stand last, or where `wanted.columns` names them. DATE is the calendar day in the zone. Raises UsageError for
    a mistake in a text, a layout, and columns there are not.
    """
    theirs = wanted.table.schema if schema is None else schema
    if not texts:
        if wanted.transformations and wanted.layout == CANONICAL:
            require_known(wanted.table, wanted.columns, theirs.names())
        return wanted
    if wanted.layout != CANONICAL:
        raise UsageError(f"the layout '{wanted.layout}' fixes the columns; leave --compute or --layout out")
    if len(texts) > MOST_COLUMNS:
        raise UsageError(f"--compute makes at most {MOST_COLUMNS} columns, not {len(texts)}")
    columns: tuple[Computed, ...] = ()
    for text in texts:
        columns = (*columns, _asked(text, wanted, theirs, columns))
    headers = {column.name: column.header for column in columns}

    computing = Computing(columns, zone)
    return replace(
        wanted, columns=_placed(wanted, theirs.names(), headers), transformations=(*wanted.transformations, computing)
    )


def _asked(text: str, wanted: Wanted, theirs: pl.Schema, before: Sequence[Computed]) -> Computed:
    head = HEAD.match(text)
    if head is None:
        raise mistake(text, 0, "write it as: name [unit] = formula; the unit may be left out")
    name, unit = head[1], (head[2] or "").strip() or None
    if name in theirs or name in [column.name for column in before]:
        raise mistake(text, head.start(1), f"there is a column '{name}' already; choose another name")
    if unit and not unit.isprintable():
        raise mistake(text, head.start(2), "a unit is letters and signs that can be seen")
    schema = {**theirs, **{column.name: pl.Float64() for column in before}}
    withheld = {*wanted.table.personal, *wanted.privacy.hidden(wanted.table)} if wanted.privacy else ()
    return Computed(name, unit, parsed(text, Known(schema, frozenset(withheld)), head.end()))


def _placed(wanted: Wanted, known: Sequence[str], headers: Mapping[str, str]) -> tuple[str, ...] | None:
    """The columns by their headers; raises UsageError for one that is neither known nor computed."""
    if wanted.columns is None:
        return None
    require_known(wanted.table, [name for name in wanted.columns if name not in headers], known)
    names = (*wanted.columns, *(name for name in headers if name not in wanted.columns))
    return tuple(headers.get(name, name) for name in names)


def _with_column(rows: pl.LazyFrame, column: Computed, zone: ZoneInfo) -> pl.LazyFrame:
    known = totals(column.formula, rows, zone)

    def wider(batch: pl.DataFrame) -> pl.DataFrame:
        return batch.with_columns(evaluated(column.formula, batch, known).alias(column.name))

    # A formula needs columns that nobody may want afterwards.
    schema = pl.Schema({**rows.collect_schema(), column.name: pl.Float64()})
    return rows.map_batches(wider, projection_pushdown=False, streamable=True, schema=schema)
