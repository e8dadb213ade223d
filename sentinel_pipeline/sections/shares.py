"""Shares, rates and ranks: exact, half-even, and NULL when there is nothing to divide by."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl

MEGABYTE = 1 << 20


def ratio(part: int, whole: int, scale: int = 1, decimals: int = 2) -> float | None:
    """`scale` × part ÷ whole, rounded half-even; None when `whole` is 0."""
    if whole == 0:
        return None
    step = Decimal(1).scaleb(-decimals)
    return float((Decimal(part) * scale / Decimal(whole)).quantize(step, rounding=ROUND_HALF_EVEN))


def percent(part: int, whole: int) -> float | None:
    """Part of a whole in percent with 2 decimals; None when the whole is 0."""
    return ratio(part, whole, scale=100)


def percents(parts: pl.Series, wholes: pl.Series | int) -> pl.Series:
    """`percent` row by row."""
    of = [wholes] * len(parts) if isinstance(wholes, int) else wholes.to_list()
    return pl.Series([percent(part, whole) for part, whole in zip(parts.to_list(), of, strict=True)], dtype=pl.Float64)


def ranked(table: pl.DataFrame, value: str, keys: Sequence[str]) -> pl.DataFrame:
    """Largest value first, ties by key; NULL keys last."""
    return table.sort([value, *keys], descending=[True] + [False] * len(keys), nulls_last=True)
