"""Which rows an export keeps by power, state, local hours and weekdays, and without outliers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.tables import ENERGY_INTERVALS, ENERGY_READINGS, Table
from sentinel_pipeline.exports.filters import Condition
from sentinel_pipeline.exports.wanted import Transformation

POWER: Final = {
    ENERGY_READINGS.name: pl.col("power_w"),
    ENERGY_INTERVALS.name: pl.col("mean_power_micro_w"),
}
WATT: Final = {ENERGY_READINGS.name: 1, ENERGY_INTERVALS.name: 1_000_000}
IS_ON: Final = {ENERGY_READINGS.name: pl.col("is_on"), ENERGY_INTERVALS.name: pl.col("on_seconds") > 0}
MOST_DEVIATIONS: Final = 5
FEWEST: Final = 5
RANGE: Final = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,9})?)?\.\.(-?[0-9]{1,12}(?:\.[0-9]{1,9})?)?")
CLOCK: Final = r"([01]?[0-9]|2[0-4])(?::([0-5][0-9]))?"
HOURS: Final = re.compile(f"{CLOCK}-{CLOCK}")
DAYS: Final = re.compile(r"([1-7])(?:-([1-7]))?")
DAY_MINUTES: Final = 1_440


def asked_energy(table: Table, asked: Mapping[str, Any], zone: ZoneInfo) -> tuple[Condition, ...]:
    """A condition for each of `power`, `switched`, `hours` and `weekdays` that is given; what is unknown is not kept.

    Raises UsageError for a spelling there is not, and for a table without what is asked for.
    """
    found = []
    if asked["power"] is not None:
        found.append(_power(asked["power"], _measured(table, "power", POWER), WATT[table.name]))
    if asked["switched"] is not None:
        is_on = _measured(table, "switched", IS_ON)
        found.append(Condition("switched", (asked["switched"],), is_on if asked["switched"] == "on" else ~is_on))
    for option, judged in (("hours", _within_hours), ("weekdays", _on_weekdays)):
        if asked[option] is not None:
            keeps = judged(asked[option], _local(table, option, zone))
            found.append(Condition(option, (asked[option], zone.key), keeps))
    return tuple(found)


def without_outliers(table: Table, zone: ZoneInfo) -> Transformation:
    """Leaves out rows whose power is more than 5 median absolute deviations off the median of its device and hour of
    the week (local), where these are 5 rows or more and deviate at all; what is unknown stays.
    """
    power = _measured(table, "outliers", POWER)
    local = _local(table, "outliers", zone)
    hour = (local.dt.weekday().cast(pl.Int32) * 24 + local.dt.hour()).alias("_hour")
    keys = ["source", "device_ip", "_hour"]

    def kept(rows: pl.LazyFrame) -> pl.LazyFrame:
        told = rows.with_columns(hour, _power=power)
        medians = told.group_by(keys).agg(_median=pl.col("_power").median(), _known=pl.col("_power").count())
        with_median = told.join(medians, on=keys, how="left", nulls_equal=True, maintain_order="left")
        off = (pl.col("_power") - pl.col("_median")).abs()
        deviations = with_median.group_by(keys).agg(_deviation=off.median())
        judged = with_median.join(deviations, on=keys, how="left", nulls_equal=True, maintain_order="left")
        is_judged = (pl.col("_known") >= FEWEST) & (pl.col("_deviation") > 0)
        is_outlier = is_judged & (off > MOST_DEVIATIONS * pl.col("_deviation"))
        return judged.filter(~is_outlier.fill_null(value=False)).select(table.schema.names())

    return kept


def _measured(table: Table, option: str, columns: Mapping[str, pl.Expr]) -> pl.Expr:
    if table.name not in columns:
        raise UsageError(f"--{option} does not narrow {table.name}; it does narrow {', '.join(columns)}")
    return columns[table.name]


def _local(table: Table, option: str, zone: ZoneInfo) -> pl.Expr:
    if table.time is None:
        raise UsageError(f"--{option} does not narrow {table.name}, an inventory without times")
    return pl.col(table.time).dt.convert_time_zone(zone.key)


def _power(text: str, power: pl.Expr, watt: int) -> Condition:
    match = RANGE.fullmatch(text)
    if match is None or text == "..":
        raise UsageError(f"--power '{text}' is no range; write watts as 5..100, 5.. or ..100")
    low, high = (float(Decimal(edge) * watt) if edge else None for edge in match.groups())
    if low is not None and high is not None and low > high:
        raise UsageError(f"--power '{text}' is empty; the smaller number comes first")
    edges = [] if low is None else [power >= low]
    return Condition("power", (text,), pl.all_horizontal(edges if high is None else [*edges, power <= high]))


def _within_hours(text: str, local: pl.Expr) -> pl.Expr:
    match = HOURS.fullmatch(text)
    first, last = (_minutes(match[n], match[n + 1]) for n in (1, 3)) if match else (0, 0)
    if first in (last, DAY_MINUTES) or max(first, last) > DAY_MINUTES:
        raise UsageError(f"--hours '{text}' is no part of a day; write 08-18, 22-06 or 08:30-17:00, the end excluded")
    minute = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()
    if first < last:
        return (minute >= first) & (minute < last)
    return (minute >= first) | (minute < last)


def _minutes(hour: str, minute: str | None) -> int:
    return int(hour) * 60 + int(minute or 0)


def _on_weekdays(text: str, local: pl.Expr) -> pl.Expr:
    days: set[int] = set()
    for part in text.split(","):
        match = DAYS.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise UsageError(f"--weekdays '{text}' are none; write 1-5 or 6,7 (1 is Monday, 7 is Sunday)")
        days.update(range(first, last + 1))
    return local.dt.weekday().is_in(sorted(days))
