"""Energy, power and switching of every device in every UTC quarter-hour, from its readings.

What a window's quarters say depends on the readings in it and, of each device, on the last before and the first after
it, never on where else reading was begun or ended.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import polars as pl

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.energy.counters import MICRO, Meters, has_counter, in_order, spans
from sentinel_pipeline.energy.money import half_even

QUARTER = timedelta(minutes=15)
SECONDS = 900
QUARTER_US = SECONDS * MICRO
KEYS = ("device_ip", "started_at")
COUNTS = ("readings", "resets", "noise_drops", "jumps")


def quarter_start(instant: datetime) -> datetime:
    """Start of the quarter-hour that holds an instant."""
    return instant.replace(minute=instant.minute - instant.minute % 15, second=0, microsecond=0)


def quarter_end(instant: datetime) -> datetime:
    """The instant itself where a quarter-hour starts there, else the end of the one that holds it."""
    start = quarter_start(instant)
    return instant if start == instant else start + QUARTER


def metered(readings: pl.DataFrame, meters: Meters, window: Window, expected: Collection[str] = ()) -> pl.DataFrame:
    """One row per device and quarter-hour of the window (whose edges are quarters), sorted by start and device.

    `readings`: columns of the canonical table, in any order; those in the window and, of each device, the last before
    and the first after it that have a counter. A device has rows from its first reading to its last, one of `expected`
    to the end of the window. Energy is NULL where nothing of it is known, power where nothing was read.
    """
    ordered = in_order(readings)
    found = spans(ordered, meters)
    quarters = _quarters(ordered, found, window, expected)
    return (
        quarters.join(_energy(found, window), on=KEYS, how="left", maintain_order="left")
        .join(_held(ordered, meters, window), on=KEYS, how="left", maintain_order="left")
        .join(_read(ordered, window), on=KEYS, how="left", maintain_order="left")
        .join(_marks(found, window), on=KEYS, how="left", maintain_order="left")
        .with_columns(
            pl.col("metered_seconds", "estimated_seconds", *COUNTS).fill_null(0),
            on_seconds=pl.when(pl.col("is_switched")).then("on_seconds"),
        )
        .with_columns(
            unmetered_seconds=SECONDS - pl.col("metered_seconds"), is_timing_estimated=pl.col("estimated_seconds") > 0
        )
        .drop("is_switched")
    )


def _quarters(ordered: pl.DataFrame, found: pl.DataFrame, window: Window, expected: Collection[str]) -> pl.DataFrame:
    """The quarter-hours that each device has rows for; one that never counted any energy has none."""
    seen = ordered.filter(has_counter()).select("device_ip", from_at="read_at", to_at="read_at")
    ends = pl.when(pl.col("device_ip").is_in(list(expected))).then(pl.lit(window.end, INSTANT)).otherwise("to_at")
    lives = pl.concat([found.select("device_ip", "from_at", "to_at"), seen]).group_by("device_ip")
    lasting = lives.agg(pl.col("from_at").min(), ends.max().alias("to_at"))
    return _exploded(lasting, window).select(KEYS).sort("started_at", "device_ip")


def _exploded(pieces: pl.DataFrame, window: Window) -> pl.DataFrame:
    """A row for each quarter-hour of the window that a piece (`from_at` to `to_at`) lies in.

    A piece without length lies where it is. Adds `started_at`, and `from_us` and `to_us` as whole microseconds.
    """
    first, after = (_us(pl.lit(edge, INSTANT)) // QUARTER_US for edge in (window.start, window.end))
    low = pl.max_horizontal(pl.col("from_us") // QUARTER_US, first)
    high = pl.min_horizontal(pl.max_horizontal("from_us", pl.col("to_us") - 1) // QUARTER_US + 1, after)
    return (
        pieces.with_columns(from_us=_us(pl.col("from_at")), to_us=_us(pl.col("to_at")))
        .with_columns(_low=low, _high=high)
        .filter(pl.col("_low") < pl.col("_high"))
        .with_columns(_quarter=pl.int_ranges("_low", "_high"))
        .explode("_quarter")
        .with_columns(started_at=(pl.col("_quarter") * QUARTER_US).cast(INSTANT))
        .drop("_low", "_high")
    )


def _us(instant: pl.Expr) -> pl.Expr:
    return instant.cast(pl.Int64)


def _overlap() -> pl.Expr:
    """Microseconds that a piece lies in its quarter."""
    begins = pl.col("_quarter") * QUARTER_US
    return pl.min_horizontal("to_us", begins + QUARTER_US) - pl.max_horizontal("from_us", begins)


def _seconds(condition: pl.Expr) -> pl.Expr:
    return half_even(_overlap().filter(condition).sum(), MICRO)


def _until(instant: pl.Expr) -> pl.Expr:
    """A span's energy up to an instant, in proportion to time and rounded: differences of it add up to the whole."""
    length = pl.max_horizontal(pl.col("to_us") - pl.col("from_us"), 1)
    done = pl.when(instant >= pl.col("to_us")).then(length).otherwise((instant - pl.col("from_us")).clip(0))
    return ((pl.col("energy").cast(pl.Int128) * done * 2 + length) // (length.cast(pl.Int128) * 2)).cast(pl.Int64)


def _energy(found: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Each quarter's part of every known span; parts are whole millionths and add up to the span."""
    begins = pl.col("_quarter") * QUARTER_US
    is_first = begins <= pl.col("from_us")
    part = _until(begins + QUARTER_US) - pl.when(is_first).then(0).otherwise(_until(begins))
    known = found.filter(pl.col("energy").is_not_null())
    return (
        _exploded(known, window)
        .with_columns(part=part)
        .group_by(KEYS)
        .agg(
            energy_micro_kwh=pl.col("part").sum(),
            metered_seconds=_seconds(pl.lit(value=True)),
            estimated_seconds=_seconds(pl.col("is_estimated")),
        )
    )


def _held(ordered: pl.DataFrame, meters: Meters, window: Window) -> pl.DataFrame:
    """Mean power weighted by time and seconds switched on: a reading holds until the next, if that is not too late."""
    following = pl.col("read_at").shift(-1).over("device_ip")
    held = ordered.select(
        "device_ip",
        "is_on",
        power=pl.col("power_w").mul(MICRO).round().cast(pl.Int64),
        from_at="read_at",
        to_at=following,
    ).filter(pl.col("to_at") - pl.col("from_at") <= meters.max_gap)
    weight = _overlap().filter(pl.col("power").is_not_null()).cast(pl.Int128)
    return (
        _exploded(held, window)
        .group_by(KEYS)
        .agg(
            _product=(pl.col("power").drop_nulls().cast(pl.Int128) * weight).sum(),
            _weight=weight.sum(),
            on_seconds=_seconds(pl.col("is_on")),
            is_switched=pl.col("is_on").is_not_null().any(),
        )
        .with_columns(
            mean_power_micro_w=pl.when(pl.col("_weight") > 0).then(
                (pl.col("_product") // pl.max_horizontal("_weight", 1)).cast(pl.Int64)
            )
        )
        .drop("_product", "_weight")
    )


def _read(ordered: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The readings of each quarter: how many, and the highest and lowest power among them."""
    power = pl.col("power_w").mul(MICRO).round().cast(pl.Int64)
    inside = ordered.filter((pl.col("read_at") >= window.start) & (pl.col("read_at") < window.end))
    return inside.group_by("device_ip", started_at=pl.col("read_at").dt.truncate("15m")).agg(
        max_power_micro_w=power.max(), min_power_micro_w=power.min(), readings=pl.len().cast(pl.Int64)
    )


def _marks(found: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Resets, noise and jumps count in the quarter of the reading that shows them."""
    inside = found.filter((pl.col("to_at") >= window.start) & (pl.col("to_at") < window.end))
    return inside.group_by("device_ip", started_at=pl.col("to_at").dt.truncate("15m")).agg(
        pl.col("resets", "noise_drops", "jumps").sum()
    )
