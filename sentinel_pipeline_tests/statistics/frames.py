"""Facts by hand: rows of the canonical tables with only the columns that matter named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from sentinel_pipeline.domain.period import Period, Window
from sentinel_pipeline.domain.tables import (
    ALERTS,
    CONNECTIONS,
    DEVICES,
    INCIDENTS,
    QUARANTINE,
    RECEIPTS,
    RULE_EVENTS,
    TABLE,
    Table,
)
from sentinel_pipeline.publishing.scope import statistic_schema
from sentinel_pipeline.statistics import STATISTICS
from sentinel_pipeline.statistics.statistic import Statistic

STATISTIC = {statistic.name: statistic for statistic in STATISTICS}
Row = Mapping[str, Any]


def facts(table: Table, rows: Sequence[Row]) -> pl.DataFrame:
    """Rows of a table; what is not named is NULL, severity unknown, `source` home and the key a running number."""
    severity = {"severity": "unknown"} if "severity" in table.schema else {}
    named = [
        dict.fromkeys(table.schema) | severity | {"source": "home", table.key: str(number)} | dict(row)
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(named, schema=table.schema, orient="row")


def connections(*rows: Row) -> pl.DataFrame:
    return facts(CONNECTIONS, rows)


def alerts(*rows: Row) -> pl.DataFrame:
    return facts(ALERTS, rows)


def incidents(*rows: Row) -> pl.DataFrame:
    return facts(INCIDENTS, rows)


def devices(*rows: Row) -> pl.DataFrame:
    return facts(DEVICES, rows)


def rule_events(*rows: Row) -> pl.DataFrame:
    return facts(RULE_EVENTS, rows)


def receipts(*rows: Row) -> pl.DataFrame:
    return facts(RECEIPTS, [{"quarantined": 0, "status": "received", **row} for row in rows])


def quarantine(*rows: Row) -> pl.DataFrame:
    return facts(QUARANTINE, rows)


def counted(name: str, frame: pl.DataFrame, day: Period) -> pl.DataFrame:
    """A statistic of a day's facts."""
    return STATISTIC[name].of(frame.lazy(), day).collect()


def counted_by_day(name: str, frame: pl.DataFrame, period: Period) -> pl.DataFrame:
    """A statistic of every day of a period, one after another, as the lake keeps them."""
    statistic = STATISTIC[name]
    parts = [counted(name, of_day(frame, statistic, day), day) for day in days_of(period)]
    return pl.concat([pl.DataFrame(schema=statistic_schema(statistic)), *parts])


def days_of(period: Period) -> list[Period]:
    return [Period("daily", first, period.zone) for first in period.days]


def of_day(frame: pl.DataFrame, statistic: Statistic, day: Period) -> pl.DataFrame:
    time = TABLE[statistic.table].time
    if time is None:
        return frame
    return frame.filter((pl.col(time) >= day.window.start) & (pl.col(time) < day.window.end))


def nothing_seen() -> dict[str, pl.DataFrame]:
    """Every statistic, of no day at all."""
    return {statistic.name: pl.DataFrame(schema=statistic_schema(statistic)) for statistic in STATISTICS}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def instants(window: Window) -> st.SearchStrategy[datetime]:
    """Any microsecond of a window."""
    microseconds = (window.end - window.start) // timedelta(microseconds=1)
    return st.integers(0, microseconds - 1).map(lambda number: window.start + timedelta(microseconds=number))
