"""What an aggregated export says of a bucket: its columns, how each may be made from rows, and how it is by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.sums import quotient
from sentinel_pipeline.domain.tables import ENERGY_INTERVALS, ENERGY_READINGS, Table

MILLION: Final = 1_000_000
PLAIN: Final = ("average", "min", "max", "last")
SUMMED: Final = ("sum", *PLAIN)
COUNTER: Final = ("last", "min", "max")


@dataclass(frozen=True)
class Measure:
    """A column of the buckets. `value`: whole millionths of a row, NULL where unknown, so that sums are exact.

    The first of `functions` is the default. An average is weighted by `weight` (`product`: what value and weight come
    to, where it is known better); `lowest` and `highest` stand for the value where a row knows its extremes.
    """

    name: str
    functions: tuple[str, ...]
    value: pl.Expr
    weight: pl.Expr | None = None
    product: pl.Expr | None = None
    lowest: pl.Expr | None = None
    highest: pl.Expr | None = None
    unit: int = MILLION

    def made(self, function: str, order: Sequence[str]) -> pl.Expr:
        """One value of a group's rows; NULL where all are. `order`: columns by which the last is known."""
        if function == "average":
            return self._average().alias(self.name)
        chosen = self._chosen(function, order)
        if self.unit == 1:
            return chosen.cast(pl.Int64).alias(self.name)
        return quotient(chosen, self.unit).alias(self.name)

    def _chosen(self, function: str, order: Sequence[str]) -> pl.Expr:
        known = self.value.is_not_null()
        match function:
            case "sum":
                return pl.when(known.any()).then(self.value.cast(pl.Int128).sum())
            case "last":
                return self.value.filter(known).sort_by(*(pl.col(name).filter(known) for name in order)).last()
            case "min":
                return (self.value if self.lowest is None else self.lowest).min()
            case _:
                return (self.value if self.highest is None else self.highest).max()

    def _average(self) -> pl.Expr:
        weight = pl.when(self.value.is_not_null()).then(pl.lit(1) if self.weight is None else self.weight)
        wide = weight.cast(pl.Int128)
        total = wide.sum()
        product = self.value.cast(pl.Int128) * wide if self.product is None else self.product.cast(pl.Int128)
        return pl.when(total > 0).then(product.sum().cast(pl.Float64) / (total * self.unit).cast(pl.Float64))


def _micro(column: str) -> pl.Expr:
    return (pl.col(column) * MILLION).round().cast(pl.Int64)


def _reading(name: str, functions: tuple[str, ...] = PLAIN) -> Measure:
    return Measure(name, functions, _micro(name))


ON = pl.col("on_seconds")
# What a reading shows may outlast what the counter covers: a share is never more than all of the time.
WATCHED = pl.max_horizontal("on_seconds", "metered_seconds")
VOLTAGE = pl.when(pl.col("voltage_v") > 0).then(_micro("voltage_v"))

MEASURES: Final[Mapping[str, tuple[Measure, ...]]] = {
    ENERGY_READINGS.name: (
        _reading("power_w"),
        Measure("voltage_v", PLAIN, VOLTAGE),
        _reading("current_a"),
        _reading("energy_today_kwh", COUNTER),
        _reading("energy_month_kwh", COUNTER),
        _reading("energy_total_kwh", COUNTER),
        _reading("rssi_dbm"),
        Measure("is_on", ("average",), pl.col("is_on").cast(pl.Int64), unit=1),
        Measure("readings", ("sum",), pl.col("read_at").is_not_null().cast(pl.Int64), unit=1),
    ),
    ENERGY_INTERVALS.name: (
        Measure(
            "power_w",
            PLAIN,
            pl.col("mean_power_micro_w"),
            pl.col("metered_seconds"),
            lowest=pl.col("min_power_micro_w"),
            highest=pl.col("max_power_micro_w"),
        ),
        Measure("energy_kwh", SUMMED, pl.col("energy_micro_kwh")),
        Measure("cost", SUMMED, pl.col("cost_micros")),
        Measure("unpriced_kwh", ("sum",), pl.col("unpriced_micro_kwh")),
        Measure("is_on", ("average",), ON, WATCHED, ON, unit=1),
        Measure("metered_seconds", ("sum",), pl.col("metered_seconds"), unit=1),
        Measure("unmetered_seconds", ("sum",), pl.col("unmetered_seconds"), unit=1),
    ),
}


def asked_measures(table: Table, functions: Sequence[str]) -> tuple[tuple[Measure, str], ...]:
    """The columns of the table's buckets with the function of each, from texts such as `power_w=max,cost=sum`.

    Raises UsageError for a table that has none, a column or function there is not, and a column named twice.
    """
    known = MEASURES.get(table.name)
    if known is None:
        raise UsageError(f"--aggregate is for {' and '.join(MEASURES)}, whose rows are measured; not for {table.name}")
    chosen: dict[str, str] = {}
    for text in (one.strip() for several in functions for one in several.split(",")):
        name, _, function = text.partition("=")
        measure = next((one for one in known if one.name == name), None)
        if measure is None:
            names = ", ".join(one.name for one in known)
            raise UsageError(f"--function '{text}' names no column; write it as power_w=max, for one of {names}")
        if function not in measure.functions:
            raise UsageError(f"--function '{text}': {name} can be {', '.join(measure.functions)}")
        if name in chosen:
            raise UsageError(f"--function '{text}': {name} has a function already")
        chosen[name] = function
    return tuple((one, chosen.get(one.name, one.functions[0])) for one in known)
