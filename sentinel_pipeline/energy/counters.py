"""Readings of energy counters as spans of known or unknown energy.

A counter only counts up, so what was used between two readings is their difference, whatever the sampling. The
lifetime counter is read where both readings have it, else the one that begins at 0 each local midnight of the device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import midnight
from sentinel_pipeline.domain.tables import INSTANT

MICRO = 1_000_000
TOLERANCE = 1_000  # millionths of a kWh: a smaller drop of a counter is noise
LATE_RESET = timedelta(minutes=5)  # the clock of a device may be that late at its midnight
IMPOSSIBLE = 100  # times the largest power: no meter counts that fast, so its counter jumped
US_PER_HOUR = 3_600_000_000

COUNTERS = {"today": "energy_today_kwh", "total": "energy_total_kwh", "month": "energy_month_kwh"}
SPAN = pl.Schema(
    {
        "device_ip": pl.String(),
        "from_at": INSTANT,
        "to_at": INSTANT,
        "energy": pl.Int64(),
        "is_estimated": pl.Boolean(),
        "resets": pl.Int64(),
        "noise_drops": pl.Int64(),
        "jumps": pl.Int64(),
    }
)


@dataclass(frozen=True)
class Meters:
    """How the meters of a source work: `zones` are those of devices whose midnight is not that of `zone`.

    Of intervals longer than `max_gap` the energy is known, but not when it was used.
    """

    zone: ZoneInfo
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)
    max_gap: timedelta = timedelta(minutes=15)
    maximum_power_w: float = 4_000


def in_order(readings: pl.DataFrame) -> pl.DataFrame:
    """Readings of known devices by device and instant; of several at one instant the one with the highest id."""
    number = pl.col("reading_id").cast(pl.Int64, strict=False)
    return (
        readings.filter(pl.col("device_ip").is_not_null())
        .sort("device_ip", "read_at", number, "reading_id")
        .unique(["device_ip", "read_at"], keep="last", maintain_order=True)
    )


def has_counter() -> pl.Expr:
    """Whether a reading says anything about energy."""
    return pl.any_horizontal(pl.col(COUNTERS["total"]).is_not_null(), pl.col(COUNTERS["today"]).is_not_null())


def spans(readings: pl.DataFrame, meters: Meters) -> pl.DataFrame:
    """Spans of time with the energy used in each (millionths of a kWh; NULL unknown); columns of SPAN.

    `readings` are in order (`in_order`). Spans of a device follow one another without gap or overlap; the first is that
    from the midnight of its first reading, if the counter is a daily one.
    """
    counted = [pl.col(column).mul(MICRO).round().cast(pl.Int64).alias(name) for name, column in COUNTERS.items()]
    known = readings.filter(has_counter()).select("device_ip", "read_at", *counted)
    if known.is_empty():
        return pl.DataFrame(schema=SPAN)
    dated = known.with_columns(by_zone(known, meters, _midnight, INSTANT).alias("day_at"))
    dated = dated.with_columns(by_zone(known, meters, _month, INSTANT).alias("month_at"))
    pairs = dated.with_columns(
        pl.col("read_at", "today", "total", "month", "month_at").shift().over("device_ip").name.suffix("0")
    )
    return _spans(_increments(pairs, meters)).sort("device_ip", "from_at", "to_at")


def by_zone(
    rows: pl.DataFrame, meters: Meters, compute: Callable[[date, ZoneInfo], datetime], dtype: pl.DataType
) -> pl.Series:
    """What each row's local day, in the zone of its device, stands for."""
    found = pl.Series([None] * rows.height, dtype=dtype)
    for zone in dict.fromkeys((meters.zone, *meters.zones.values())):
        others = [ip for ip, own in meters.zones.items() if own != zone]
        named = [ip for ip, own in meters.zones.items() if own == zone]
        device = pl.col("device_ip")
        is_its = ~device.is_in(others) if zone == meters.zone else device.is_in(named)
        days = rows.select(pl.when(is_its).then(pl.col("read_at").dt.convert_time_zone(zone.key).dt.date())).to_series()
        values = {day: compute(day, zone) for day in days.unique().drop_nulls()}
        its = days.replace_strict(values, default=None, return_dtype=dtype)
        found = its.zip_with(days.is_not_null(), found)
    return found


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return midnight(day, zone)


def _month(day: date, zone: ZoneInfo) -> datetime:
    return midnight(day.replace(day=1), zone)


def _increments(pairs: pl.DataFrame, meters: Meters) -> pl.DataFrame:
    """Of each reading with the one before it: the energy up to it from `since`, and the energy before that."""
    is_first, gap = pl.col("read_at0").is_null(), pl.col("read_at") - pl.col("read_at0")
    is_lifetime = pl.col("total").is_not_null() & pl.col("total0").is_not_null()
    is_alone = pl.col("total").is_null() | (pl.col("total0").is_null() & ~is_first)
    is_daily = ~is_lifetime & pl.col("today").is_not_null() & is_alone
    of_month = pl.when(pl.col("month_at") == pl.col("month_at0")).then(pl.col("month") - pl.col("month0"))
    # The counter of a device whose clock is late still shows the day before: the month says that it cannot be today's.
    is_late = (
        (pl.col("read_at") < pl.col("day_at") + LATE_RESET)
        & (of_month < pl.col("today") - TOLERANCE)
        & (pl.col("today") >= pl.col("today0") - TOLERANCE)
    )
    is_new_day = is_daily & (is_first | (pl.col("read_at0") < pl.col("day_at"))) & ~is_late.fill_null(value=False)
    is_same_day = is_daily & pl.col("today0").is_not_null() & ~is_new_day
    now = pl.when(is_lifetime).then("total").otherwise("today")
    step = now - pl.when(is_lifetime).then("total0").otherwise("today0")
    is_compared = is_lifetime | is_same_day
    is_reset = is_compared & (step < -TOLERANCE)
    is_due = is_same_day & (pl.col("read_at0") < pl.col("day_at") + LATE_RESET)
    before = of_month - pl.col("today")
    return pairs.with_columns(
        since=pl.when(is_new_day).then("day_at").otherwise("read_at0"),
        energy=pl.when(is_new_day | is_reset).then(now).when(is_compared).then(step.clip(0)),
        before=pl.when(is_new_day & (before >= 0)).then(before),
        is_estimated=pl.coalesce(gap, pl.col("read_at") - pl.col("day_at")) > meters.max_gap,
        resets=(is_reset & ~is_due).cast(pl.Int64),
        noise_drops=(is_compared & (step < 0) & ~is_reset).cast(pl.Int64),
    ).pipe(_without_jumps, meters)


def _without_jumps(increments: pl.DataFrame, meters: Meters) -> pl.DataFrame:
    """Energy no meter could have counted in its time is unknown."""
    length = (pl.col("read_at") - pl.col("since")).dt.total_microseconds()
    most = length * (meters.maximum_power_w * IMPOSSIBLE * MICRO / 1_000 / US_PER_HOUR) + TOLERANCE
    is_jump = (pl.col("energy") > most).fill_null(value=False)
    return increments.with_columns(energy=pl.when(~is_jump).then("energy"), jumps=is_jump.cast(pl.Int64))


def _spans(increments: pl.DataFrame) -> pl.DataFrame:
    """The span up to each reading, and of those that cross a midnight the one before it."""
    none = pl.lit(0, pl.Int64)
    up_to = increments.filter(pl.col("since").is_not_null()).with_columns(from_at="since", to_at="read_at")
    crossing = increments.filter(pl.col("since") > pl.col("read_at0")).with_columns(
        from_at="read_at0", to_at="since", energy="before", resets=none, noise_drops=none, jumps=none
    )
    return pl.concat([up_to.select(SPAN.names()), crossing.select(SPAN.names())]).cast(SPAN)
