"""Prices by interval from a CSV file `from,to,price`: ISO times, price per kWh, any length of interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.energy.instants import instant
from sentinel_pipeline.energy.money import MOST_PRICE, picos, price
from sentinel_pipeline.energy.reading import one_line

HEADER = ["from", "to", "price"]
MOST_TOLD = 100
SCHEMA = pl.Schema({"from_at": INSTANT, "to_at": INSTANT, "price_picos": pl.Int64()})


@dataclass(frozen=True)
class _Interval:
    start: datetime
    end: datetime
    picos: int
    line: int


def interval_prices(file: Path, zone: ZoneInfo) -> tuple[pl.DataFrame, list[str]]:
    """Prices of intervals that do not overlap, by time, and a line for each mistake in the file.

    Returns columns from_at, to_at (UTC), price_picos (per kWh). Of two intervals that overlap the one that begins
    first keeps its time, of two that begin together the one listed first.
    """
    problems: list[str] = []
    try:
        intervals = _apart(sorted(_read(file, zone, problems), key=lambda one: (one.start, one.line)), file, problems)
    except OSError as error:
        intervals, problems = [], [f"{file.name}: cannot be read: {error.strerror or error}; check the path"]
    rows = [(one.start, one.end, one.picos) for one in intervals]
    if len(problems) > MOST_TOLD:
        problems = [*problems[:MOST_TOLD], f"{file.name}: {len(problems) - MOST_TOLD} more such lines"]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row"), problems


def _read(file: Path, zone: ZoneInfo, problems: list[str]) -> Iterator[_Interval]:
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        header = _values(next(lines, ""))
        if [name.lower() for name in header[:3]] != HEADER:
            problems.append(f"{file.name} line 1: found '{one_line(','.join(header))}'; the header is from,to,price")
            return
        for number, line in enumerate(lines, start=2):
            if not line.strip():
                continue
            try:
                yield _interval(_values(line), number, zone)
            except ValueError as error:
                problems.append(f"{file.name} line {number}: {error}")


def _values(line: str) -> list[str]:
    return [value.strip().strip('"') for value in line.rstrip("\r\n").split(",")]


def _interval(values: list[str], line: int, zone: ZoneInfo) -> _Interval:
    if len(values) != len(HEADER):
        raise ValueError(f"found {len(values)} values; a line is from,to,price with a decimal point")
    start, end = (_moment(text, zone) for text in values[:2])
    if start >= end:
        raise ValueError(f"'{values[1]}' is not after '{values[0]}'")
    return _Interval(start, end, _price(values[2]), line)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = instant(text, zone)
    except (ValueError, OverflowError):
        raise ValueError(f"'{one_line(text)}' is no ISO time such as 2025-01-01T00:30+01:00") from None
    if moment.microsecond:
        raise ValueError(f"'{text}' is no whole second")
    return moment


def _price(text: str) -> int:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"'{one_line(text)}' is no price; write it as 0.1234") from None
    if not amount.is_finite() or abs(amount) > MOST_PRICE:
        raise ValueError(f"'{one_line(text)}' is no price between -{MOST_PRICE} and {MOST_PRICE}")
    return picos(price(amount))


def _apart(intervals: list[_Interval], file: Path, problems: list[str]) -> list[_Interval]:
    """The intervals, by start, cut so that none begins before the one before has ended."""
    apart: list[_Interval] = []
    for one in intervals:
        start = one.start
        if apart and start < apart[-1].end:
            before = apart[-1]
            problems.append(
                f"{file.name} line {one.line}: overlaps line {before.line}, which keeps the time up to "
                f"{before.end:%Y-%m-%dT%H:%M:%SZ}"
            )
            start = before.end
        if start < one.end:
            apart.append(_Interval(start, one.end, one.picos, one.line))
    return apart
