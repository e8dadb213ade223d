"""Sentences that say what a table shows, made from the table itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.sections.shares import percent

FEWEST = 7
HIGHEST_Z = 3.5
Z_PER_DEVIATION = 0.6745


def listed(parts: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def nothing(plural: str) -> str:
    return f"No {plural} in this period"


def most(table: pl.DataFrame, value: str, label: str, noun: str, plural: str) -> str:
    """'X leads with 12 of 34 alerts (35.29 %)' of a ranked table."""
    total = int(table[value].sum() or 0)
    if total == 0:
        return nothing(plural)
    first = table.row(0, named=True)
    name = first[label] if first[label] not in (None, "") else "(none)"
    share = percent(first[value], total)
    return f"{name} leads with {first[value]:,} of {counted(total, noun)} ({share:.2f} %)"


def peak(table: pl.DataFrame, value: str, noun: str, period: Period) -> str:
    """'123 alerts, most on Tuesday 7 January (17)' of a table over time; says when part of it could not be seen."""
    known = table.drop_nulls(value)
    if known.is_empty():
        return "No data received in this period"
    total = int(known[value].sum())
    unseen = "" if known.height == table.height else "; part of the period was not seen"
    if total == 0:
        return f"No {noun}s{unseen or ' in this period'}"
    by_time = known.group_by("timestamp").agg(pl.col(value).sum()).sort([value, "timestamp"], descending=[True, False])
    top = by_time.row(0, named=True)
    odd = unusual(by_time, value).height
    many = (
        f"; {counted(odd, 'unusual bucket')} far above the others".replace("bucket", "hour" if period.is_day else "day")
        if odd
        else ""
    )
    return f"{counted(total, noun)}, most {_when(top['timestamp'], period)} ({top[value]:,}){many}{unseen}"


def unusual(by_time: pl.DataFrame, value: str) -> pl.DataFrame:
    """Rows far above the others: modified z-score above 3.5 (Iglewicz and Hoaglin, 1993); none of fewer than seven."""
    values = by_time[value].cast(pl.Float64)
    middle = values.median()
    spread = (values - middle).abs().median()
    if by_time.height < FEWEST or not isinstance(spread, float) or spread == 0:
        return by_time.clear()
    return by_time.filter(Z_PER_DEVIATION * (values - middle) / spread > HIGHEST_Z)


def _when(start: datetime, period: Period) -> str:
    """A bucket in words, on the report's clock: an hour of a day, a day of a longer period."""
    local = start.astimezone(period.zone)
    if period.is_day:
        return f"from {local:%H:%M} to {local + timedelta(hours=1):%H:00}"
    return f"on {local:%A} {local.day} {local:%B}"
