"""Sums of integers that are exact or refused, never wrapped around; and quotients that are rounded once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from sentinel_pipeline.domain.errors import SumTooLargeError

# The largest count that JSON and Excel hold exactly, 9.0e15; nothing sends so many bytes in one connection.
LARGEST_COUNT = 2**53
# What all rows of a column may come to: two columns, sent and received, still add up in 64 bits.
LARGEST_SUM = 2**62 - 1


def exact_sum(column: str) -> pl.Expr:
    """Sum of whole numbers that skips NULL; only NULL sums to 0. One beyond 64 bits raises in `refusing`."""
    return pl.col(column).cast(pl.Int128).sum().cast(pl.Int64)


def quotient(number: pl.Expr, divisor: int) -> pl.Expr:
    """A whole number below 2^53 divided by another: the Float64 next to it."""
    value = number.cast(pl.Float64)
    # By a constant, Polars divides as it multiplies by the inverse, which rounds twice.
    return value / (value * 0 + divisor)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Raises SumTooLargeError, which names `what`, for an `exact_sum` beyond 64 bits that is computed in the block."""
    try:
        yield
    except pl.exceptions.InvalidOperationError as error:
        if "i128" not in str(error):
            raise
        raise _too_large(what) from None


def require_summable(table: pl.DataFrame, what: str) -> None:
    """Raises SumTooLargeError unless any of the table's rows and any two of its columns can be added up in 64 bits."""
    numbers = [name for name, dtype in table.schema.items() if dtype == pl.Int64]
    sums = table.select(pl.col(numbers).cast(pl.Int128).abs().sum())
    for name in numbers:
        if int(sums[name].item()) > LARGEST_SUM:
            raise _too_large(f"{what}, {name}")


def _too_large(what: str) -> SumTooLargeError:
    return SumTooLargeError(
        f"{what}: adds up to more than {LARGEST_SUM:,}, which no real traffic does; find the source whose counts are"
        " wrong, mend or leave it out, and run this again"
    )
