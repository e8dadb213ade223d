"""What a period's statistics hold, made from facts by the statistics themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import RECEIPTS, TABLE
from sentinel_pipeline.sections import SECTIONS
from sentinel_pipeline.sections.section import Section, applied
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline_tests.statistics.frames import Row, counted, counted_by_day, days_of, facts, nothing_seen

READ = ("alerts", "audit_events", "connections", "devices", "incidents")
ALSO_READ = ("rule_events", "widget_logs", "machines", "decryptions")
SECTION = {section.name: section for section in SECTIONS}


def world(
    period: Period, *, statuses: Mapping[str, str] | None = None, **rows: Sequence[Row]
) -> dict[str, pl.DataFrame]:
    """Statistics of a period with these facts by table; every table but those of energy was read on every day.

    `statuses` names another status of all tables for a day key, or of one table for `day/table`.
    """
    made = nothing_seen()
    for statistic in STATISTICS:
        if statistic.table in rows:
            frame = facts(TABLE[statistic.table], rows[statistic.table])
            made[statistic.name] = counted_by_day(statistic.name, frame, period)
    made["completeness"] = completeness(period, statuses or {}, sorted({*READ, *ALSO_READ, *rows}))
    return made


def completeness(period: Period, statuses: Mapping[str, str], tables: Sequence[str] = READ) -> pl.DataFrame:
    parts = []
    for day in days_of(period):
        status = {table: statuses.get(f"{day.key}/{table}", statuses.get(day.key, "received")) for table in tables}
        parts.append(receipt_rows(day, [{"table": table, **of_status(status[table])} for table in tables]))
    return pl.concat([nothing_seen()["completeness"], *parts])


def of_status(status: str) -> dict[str, Any]:
    is_unread = status in ("unreachable", "not extracted", "not in source")
    return {
        "status": status,
        "rows": None if is_unread else int(status in ("received", "partial")),
        "reason": f"it was {status}" if status in ("unreachable", "not extracted", "partial") else None,
    }


def receipt_rows(day: Period, rows: Sequence[Row]) -> pl.DataFrame:
    frame = facts(RECEIPTS, [{"quarantined": 0, "status": "received", **row} for row in rows])
    return counted("completeness", frame, day)


def table_of(name: str, statistics: Mapping[str, pl.DataFrame], period: Period) -> pl.DataFrame:
    """The table of a section."""
    return applied(section(name).table, statistics, period)


def finding_of(name: str, statistics: Mapping[str, pl.DataFrame], period: Period) -> str:
    return section(name).found(table_of(name, statistics, period), period)


def left_out(name: str, statistics: Mapping[str, pl.DataFrame], period: Period) -> int:
    """How many the section says it leaves out."""
    excluded = section(name).excluded
    return 0 if excluded is None else applied(excluded, statistics, period)


def section(name: str) -> Section:
    return SECTION[name]
