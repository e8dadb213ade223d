"""What each quarter-hour of energy costs: integers only, so that sums are exact in any order.

Seconds of a quarter-hour times picos per kWh times millionths of a kWh are held in 128 bits; each row is rounded once.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.energy.grid import Slot, slot
from sentinel_pipeline.energy.money import MICROS, PICOS, half_even, picos
from sentinel_pipeline.energy.structure import Step, Tariff
from sentinel_pipeline.energy.tariff import EARLIEST, Tariffs

QUARTER = timedelta(minutes=15)
SECONDS = 900
WITHOUT_END = 2**62
ENERGY = pl.col("energy_micro_kwh")
HELD = "_row"
KEYS = ("_tariff", "_month", "_weekday", "_hour")
PRICED = {
    "cost_micros": pl.Int64,
    "unpriced_micro_kwh": pl.Int64,
    "band": pl.String,
    "tier": pl.Int64,
    "currency": pl.String,
}


def priced(quarters: pl.DataFrame, tariffs: Tariffs, zone: ZoneInfo) -> pl.DataFrame:
    """Quarter-hours with what their energy costs under the tariff valid when each begins; one row in, one row out.

    `quarters`: device_ip, started_at (UTC), energy_micro_kwh, from `tariffs.looks_back(…)` on, of all devices of the
    account; further columns are kept, and so is the order. `zone` is the tariff's. Adds cost_micros (millionths of the
    currency unit, half-even), unpriced_micro_kwh (whose cost is not in cost_micros), band (NULL where none covers the
    hour), tier (the one that the energy of the quarter ends in; NULL where there is none) and currency (NULL before the
    first tariff, unless there is only one currency). Where the energy is unknown, cost and unpriced energy are too.
    """
    held = quarters.with_row_index(HELD).sort("started_at", "device_ip", maintain_order=True)
    held = _with_tariff(held, tariffs)
    held = _by_file(held, tariffs.prices) if tariffs.prices is not None else _by_tariff(held, tariffs, zone)
    return held.sort(HELD).select(*quarters.columns, *(pl.col(name).cast(dtype) for name, dtype in PRICED.items()))


def _with_tariff(held: pl.DataFrame, tariffs: Tariffs) -> pl.DataFrame:
    begins = [tariff.valid_from or EARLIEST for tariff in tariffs.tariffs]
    valid = pl.DataFrame(
        {"_from": begins, "_tariff": range(len(begins)), "currency": [one.currency for one in tariffs.tariffs]},
        schema={"_from": INSTANT, "_tariff": pl.Int64, "currency": pl.String},
    ).unique("_from", keep="last", maintain_order=True)
    joined = held.join_asof(valid, left_on="started_at", right_on="_from", strategy="backward")
    return joined.with_columns(pl.col("currency").fill_null(pl.lit(tariffs.currency, pl.String)))


def _by_tariff(held: pl.DataFrame, tariffs: Tariffs, zone: ZoneInfo) -> pl.DataFrame:
    local = pl.col("started_at").dt.convert_time_zone(zone.key)
    held = held.with_columns(
        _month=local.dt.month().cast(pl.Int64),
        _weekday=local.dt.weekday().cast(pl.Int64) - 1,
        _hour=local.dt.hour().cast(pl.Int64),
    )
    slots = _slots(held.select(KEYS).drop_nulls().unique(), tariffs.tariffs)
    ladders, most = _ladders({found.steps for found in slots.values()})
    frame = _slot_frame(slots, ladders)
    return (
        held.with_columns(*_positions(held, tariffs.tariffs, local))
        .join(frame, on=KEYS, how="left", maintain_order="left")
        .join(_ladder_frame(ladders, most), on="_ladder", how="left", maintain_order="left")
        .with_columns(*_costs(most))
    )


def _slots(keys: pl.DataFrame, tariffs: tuple[Tariff, ...]) -> dict[tuple[int, int, int, int], Slot]:
    return {key: slot(tariffs[key[0]], *key[1:]) for key in keys.iter_rows()}


def _ladders(found: set[tuple[Step, ...]]) -> tuple[dict[tuple[Step, ...], int], int]:
    """A number for each series of steps, and how many steps the longest has."""
    return {steps: number for number, steps in enumerate(found)}, max(map(len, found), default=0)


def _slot_frame(slots: dict[tuple[int, int, int, int], Slot], ladders: dict[tuple[Step, ...], int]) -> pl.DataFrame:
    rows = [
        (*key, ladders[one.steps], one.band.name if one.band else None, one.is_tiered) for key, one in slots.items()
    ]
    schema = {**dict.fromkeys((*KEYS, "_ladder"), pl.Int64), "band": pl.String, "_is_tiered": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _ladder_frame(ladders: dict[tuple[Step, ...], int], most: int) -> pl.DataFrame:
    """Of each ladder, for each step, above and up to which position it goes, and its price."""
    columns = {
        "_ladder": pl.Series(list(ladders.values()), dtype=pl.Int64),
        "_steps": pl.Series([len(steps) for steps in ladders], dtype=pl.Int64),
    }
    for n in range(most):
        spans = [_span(steps, n) for steps in ladders]
        columns[f"_above{n}"] = pl.Series([above for above, _, _ in spans], dtype=pl.Int64)
        columns[f"_up_to{n}"] = pl.Series([up_to for _, up_to, _ in spans], dtype=pl.Int64)
        columns[f"_price{n}"] = pl.Series([amount for _, _, amount in spans], dtype=pl.Int128)
    return pl.DataFrame(columns)


def _span(steps: tuple[Step, ...], n: int) -> tuple[int, int, int]:
    if n >= len(steps):
        return WITHOUT_END, WITHOUT_END, 0
    up_to = steps[n].up_to
    above = steps[n - 1].up_to if n else None
    return (
        -WITHOUT_END if above is None else round(above * MICROS),
        WITHOUT_END if up_to is None else round(up_to * MICROS),
        picos(steps[n].price),
    )


def _positions(held: pl.DataFrame, tariffs: tuple[Tariff, ...], local: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """What was used in the billing month before and after each row, by whose energy climbs the steps."""
    tiered: list[tuple[pl.Expr, pl.Expr]] = []
    for number in held["_tariff"].drop_nulls().unique().sort():
        tariff = tariffs[number]
        if tariff.is_tiered:
            month = local.dt.date().dt.offset_by(f"-{tariff.reset_day - 1}d").dt.truncate("1mo")
            whose = [pl.col("device_ip")] if tariff.scope == "device" else []
            used = ENERGY.fill_null(0).cum_sum().over(month, *whose)
            tiered.append((pl.col("_tariff") == number, used))
    after = ENERGY
    for is_its, used in tiered:
        after = pl.when(is_its).then(used).otherwise(after)
    return (after - ENERGY).alias("_before"), after.alias("_after")


def _costs(most: int) -> tuple[pl.Expr, ...]:
    before, after = pl.col("_before"), pl.col("_after")
    cost, unpriced, tier = pl.lit(0, pl.Int128), ENERGY, pl.lit(1, pl.Int64)
    for n in range(most):
        above, up_to = (pl.col(f"{name}{n}").fill_null(WITHOUT_END) for name in ("_above", "_up_to"))
        part = _within(after, above, up_to) - _within(before, above, up_to)
        cost = cost + part.cast(pl.Int128) * pl.col(f"_price{n}").fill_null(0)
        unpriced = unpriced - part
        tier = tier + (after > up_to).cast(pl.Int64)
    known = pl.when(ENERGY.is_not_null())
    return (
        known.then(half_even(cost, PICOS)).alias("cost_micros"),
        unpriced.alias("unpriced_micro_kwh"),
        pl.when(pl.col("_is_tiered") & (tier <= pl.col("_steps"))).then(tier).alias("tier"),
    )


def _within(position: pl.Expr, above: pl.Expr, up_to: pl.Expr) -> pl.Expr:
    return pl.min_horizontal(pl.max_horizontal(position, above), up_to)


def _by_file(held: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Each quarter at the mean of the prices of its seconds; what falls on seconds without price is unpriced."""
    length = (pl.col("to_at") - pl.col("from_at")).dt.total_seconds()
    amount = length.cast(pl.Int128) * pl.col("price_picos")
    known = prices.sort("from_at").with_columns(_seconds=length.cum_sum() - length, _amount=amount.cum_sum() - amount)
    starts = held.select("started_at").unique().sort("started_at")
    sums = [_until(starts, known, shift) for shift in (timedelta(), QUARTER)]
    seconds, amounts = (sums[1][name] - sums[0][name] for name in ("_seconds", "_amount"))
    by_start = starts.with_columns(seconds.alias("_seconds"), amounts.alias("_amount"))
    held = held.join(by_start, on="started_at", how="left", maintain_order="left")
    return held.with_columns(
        half_even(ENERGY.cast(pl.Int128) * pl.col("_amount"), SECONDS * PICOS).alias("cost_micros"),
        half_even(ENERGY.cast(pl.Int128) * (SECONDS - pl.col("_seconds")), SECONDS).alias("unpriced_micro_kwh"),
        band=pl.lit(None, pl.String),
        tier=pl.lit(None, pl.Int64),
    )


def _until(starts: pl.DataFrame, known: pl.DataFrame, shift: timedelta) -> pl.DataFrame:
    """Seconds with a price before each instant, and their prices' sum."""
    moments = starts.select(at=pl.col("started_at") + shift)
    found = moments.join_asof(known, left_on="at", right_on="from_at", strategy="backward")
    inside = (pl.min_horizontal("at", "to_at") - pl.col("from_at")).dt.total_seconds()
    return found.select(
        _seconds=(pl.col("_seconds") + inside).fill_null(0),
        _amount=(pl.col("_amount") + inside.cast(pl.Int128) * pl.col("price_picos")).fill_null(0),
    )
