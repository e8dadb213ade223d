"""Severity: six levels in one order, and what other systems call them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

LEVELS = ("critical", "high", "medium", "low", "info", "unknown")
RANK = {level: rank for rank, level in enumerate(LEVELS)}

Severity = pl.Enum(LEVELS)


def by_rank(levels: Iterable[str]) -> tuple[str, ...]:
    """Levels from the most severe down."""
    return tuple(sorted(levels, key=RANK.__getitem__))


def severity(column: str | pl.Expr) -> pl.Expr:
    """Case-folded severity text as one of LEVELS; NULL and anything else is 'unknown'."""
    text = pl.col(column) if isinstance(column, str) else column
    known = text.cast(pl.String).str.strip_chars().str.to_lowercase()
    return pl.when(known.is_in(LEVELS)).then(known).otherwise(pl.lit("unknown"))
