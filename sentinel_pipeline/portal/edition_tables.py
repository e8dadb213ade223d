"""Sections of a published edition as a page shows them, read from the edition's own files."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from sentinel_pipeline.domain.columns import DISPLAY
from sentinel_pipeline.domain.tables import TABLES
from sentinel_pipeline.rendering.report import SectionResult
from sentinel_pipeline.rendering.values import ShownTable, shown_rows
from sentinel_pipeline.sections import SECTIONS
from sentinel_pipeline.sections.section import Section

MOST_ROWS: Final = 50
# What takes longer to read than a page may is for the file.
MOST_BYTES: Final = 4 * 1024 * 1024
SECTION = {section.name: section for section in SECTIONS}
# Columns that tell who or where, and text in which they may be named.
PERSONAL = frozenset(name for table in TABLES for name in table.personal) | {"ip_address", "explanation", "context"}


@dataclass(frozen=True)
class Order:
    """By which column a table is sorted; an empty one leaves it as published."""

    column: str = ""
    is_descending: bool = False


def columns_of(folder: Path, name: str) -> tuple[str, ...]:
    """Columns of a section's table, from the head of its CSV; none when there is no such file."""
    try:
        with (folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return tuple(next(csv.reader(file), []))
    except (OSError, ValueError, csv.Error):
        return ()


def is_personal(folder: Path, name: str) -> bool:
    """Whether a section tells who or where; one whose columns cannot be told counts as telling."""
    columns = columns_of(folder, name)
    return not columns or not PERSONAL.isdisjoint(columns)


def shown_section(folder: Path, name: str, zone: ZoneInfo, order: Order) -> ShownTable | None:
    """The first rows of a section's table, sorted, and what the rest adds up to; None where only the file can tell."""
    section = SECTION.get(name)
    path = folder / "tables" / f"{name}.json"
    try:
        if section is None or path.stat().st_size > MOST_BYTES:
            return None
        table = _table(orjson.loads(path.read_bytes()), columns_of(folder, name))
        if not set(table.columns) <= set(DISPLAY):
            return None
        return shown_rows(SectionResult(_unhidden(section, table), _sorted(table, order), ""), zone, MOST_ROWS)
    except (OSError, ValueError, TypeError, pl.exceptions.PolarsError):  # of a version with other columns
        return None


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pl.DataFrame:
    """Rows of a JSON table with their times as times; a table without rows has its columns all the same."""
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    times = [name for name in rows[0] if DISPLAY.get(name) is not None and DISPLAY[name].kind == "time"]
    for row in rows:
        for name in times:
            if row[name] is not None:
                row[name] = datetime.fromisoformat(row[name])
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(pl.col(name).cast(pl.Datetime("us", "UTC")) for name in times)


def _sorted(table: pl.DataFrame, order: Order) -> pl.DataFrame:
    if order.column not in table.columns:
        return table
    return table.sort(order.column, descending=order.is_descending, nulls_last=True, maintain_order=True)


def _unhidden(section: Section, table: pl.DataFrame) -> Section:
    """The section as far as the table goes: an earlier version may have had other columns; charts that hide all rows
    in a document hide none here."""
    totals = tuple(name for name in section.totals if name in table.columns and table[name].dtype.is_numeric())
    return replace(section, totals=totals, shown=section.shown or None)
