"""Values of formulas: reals, row by row and over all rows; what is unknown, or no number, is NULL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from math import fsum
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.exports.formulas import Aggregate, Distinct, Name, Node, Number, Operation, Rounded

BATCH_ROWS: Final = 65_536
Totals: TypeAlias = Mapping[Aggregate | Distinct, float | None]


def evaluated(node: Node, batch: pl.DataFrame, totals: Totals) -> pl.Series:
    """A Float64 for each row of the batch; NULL where a part is NULL, a division is by zero, or a result too large."""
    match node:
        case Number(value):
            return _constant(value, batch.height)
        case Name(column):
            return _finite(batch[column].cast(pl.Float64))
        case Operation(sign, left, right):
            return _finite(_operated(sign, evaluated(left, batch, totals), evaluated(right, batch, totals)))
        case Rounded(of, digits):
            return _finite(evaluated(of, batch, totals).round(digits, mode="half_to_even"))
        case Aggregate() | Distinct():
            return _constant(totals[node], batch.height)


def totals(node: Node, rows: pl.LazyFrame, zone: ZoneInfo) -> Totals:
    """What the aggregates of a formula are over all rows: exact, rounded once; NULL of no values, but a count is 0."""
    return {found: _total(found, rows, zone) for found in totalled(node)}


def totalled(node: Node) -> tuple[Aggregate | Distinct, ...]:
    """The parts of a formula that are of all rows, each once."""
    return tuple(dict.fromkeys(_aggregates(node)))


def _aggregates(node: Node) -> Iterator[Aggregate | Distinct]:
    match node:
        case Aggregate() | Distinct():
            yield node
        case Operation(_, left, right):
            yield from _aggregates(left)
            yield from _aggregates(right)
        case Rounded(of, _):
            yield from _aggregates(of)


def _total(node: Aggregate | Distinct, rows: pl.LazyFrame, zone: ZoneInfo) -> float | None:
    if isinstance(node, Distinct):
        column = pl.col(node.column)
        values = column.dt.convert_time_zone(zone.key).dt.date() if node.is_date else column
        return _counted(rows, values.drop_nulls().n_unique())
    if node.of is None:
        return _counted(rows, pl.len())
    if node.function == "COUNT" and isinstance(node.of, Name):
        return _counted(rows, pl.col(node.of.column).count())
    of = node.of
    batches = rows.collect_batches(chunk_size=BATCH_ROWS)
    return _reduced(node.function, (evaluated(of, batch, {}).drop_nulls() for batch in batches))


def _counted(rows: pl.LazyFrame, count: pl.Expr) -> float:
    return float(rows.select(count).collect(engine="streaming").item())


def _reduced(function: str, parts: Iterator[pl.Series]) -> float | None:
    """Of sums every digit counts, so that they do not depend on the order of rows."""
    if function in ("MIN", "MAX"):
        chosen = min if function == "MIN" else max
        edges = (float(getattr(part, function.lower())()) for part in parts if len(part))
        return chosen(edges, default=None)
    count = 0

    def values(part: pl.Series) -> list[float]:
        nonlocal count
        count += len(part)
        return part.to_list()

    try:
        total = fsum(chain.from_iterable(map(values, parts)))
    except OverflowError:
        return None
    if function == "COUNT":
        return float(count)
    if count == 0:
        return None
    return total if function == "SUM" else total / count


def _operated(sign: str, left: pl.Series, right: pl.Series) -> pl.Series:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right


def _finite(values: pl.Series) -> pl.Series:
    return values.zip_with(values.is_finite().fill_null(value=False), _constant(None, len(values)))


def _constant(value: float | None, rows: int) -> pl.Series:
    return pl.repeat(value, rows, dtype=pl.Float64, eager=True)
