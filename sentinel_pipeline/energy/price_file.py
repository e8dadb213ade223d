"""Prices by interval from a CSV file `from,to,price`: ISO times, price per kWh, any length of interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.energy.instants import moment, shown_between
from sentinel_pipeline.energy.money import MOST_PRICE, picos, price
from sentinel_pipeline.energy.reading import one_line

HEADER = ["from", "to", "price"]
MOST_TOLD = 100
SCHEMA = pl.Schema({"from_at": INSTANT, "to_at": INSTANT, "price_picos": pl.Int64()})


@dataclass(frozen=True)
class _Interval:
    """A line's interval: two instants, or two times on a clock, without a zone."""

    start: datetime
    end: datetime
    picos: int
    line: int


def interval_prices(file: Path, zone: ZoneInfo) -> tuple[pl.DataFrame, list[str]]:
    """Prices of intervals that do not overlap, by time, and a line for each mistake in the file.

    Times without an offset are what the zone's clock shows: an hour that it shows twice has its price both times,
    unless the file lists it twice, and one it skips has none. Of two intervals that overlap the one that begins first
    keeps its time, of two that begin together the one listed first. Returns columns from_at, to_at (UTC), price_picos
    (per kWh).
    """
    problems: list[str] = []
    try:
        placed = _placed(list(_read(file, problems)), zone)
        intervals = _apart(sorted(placed, key=lambda one: (one.start, one.line)), file, problems)
    except OSError as error:
        intervals, problems = [], [f"{file.name}: cannot be read: {error.strerror or error}; check the path"]
    rows = [(one.start, one.end, one.picos) for one in intervals]
    if len(problems) > MOST_TOLD:
        problems = [*problems[:MOST_TOLD], f"{file.name}: {len(problems) - MOST_TOLD} more such lines"]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row"), problems


def _read(file: Path, problems: list[str]) -> Iterator[_Interval]:
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        header = _values(next(lines, ""))
        if [name.lower() for name in header] != HEADER:
            problems.append(f"{file.name} line 1: found '{one_line(','.join(header))}'; the header is from,to,price")
            return
        for number, line in enumerate(lines, start=2):
            if not line.strip():
                continue
            try:
                yield _interval(_values(line), number)
            except ValueError as error:
                problems.append(f"{file.name} line {number}: {error}")


def _values(line: str) -> list[str]:
    return [value.strip().strip('"') for value in line.rstrip("\r\n").split(",")]


def _interval(values: list[str], line: int) -> _Interval:
    if len(values) != len(HEADER):
        raise ValueError(f"found {len(values)} values; a line is from,to,price with a decimal point")
    start, end = (_moment(text) for text in values[:2])
    if (start.tzinfo is None) is not (end.tzinfo is None):
        raise ValueError(f"'{values[0]}' and '{values[1]}': give both an offset, or neither")
    if start >= end:
        raise ValueError(f"'{values[1]}' is not after '{values[0]}'")
    return _Interval(start, end, _price(values[2]), line)


def _moment(text: str) -> datetime:
    try:
        written = moment(text)
    except ValueError:
        raise ValueError(f"'{one_line(text)}' is no ISO time such as 2025-01-01T00:30+01:00") from None
    if written.microsecond:
        raise ValueError(f"'{text}' is no whole second")
    return written if written.tzinfo is None else written.astimezone(UTC)


def _placed(intervals: list[_Interval], zone: ZoneInfo) -> Iterator[_Interval]:
    """The intervals between instants; of a time that the clock shows twice and the file lists twice, one for each."""
    listed = Counter((one.start, one.end) for one in intervals)
    seen: Counter[tuple[datetime, datetime]] = Counter()
    for one in intervals:
        if one.start.tzinfo is not None:
            yield one
            continue
        spans, key, length = shown_between(one.start, one.end, zone), (one.start, one.end), one.end - one.start
        if listed[key] > 1 and sum((end - start for start, end in spans), timedelta()) == 2 * length:
            first, last = spans[0][0], spans[-1][1]
            spans = [(last - length, last)] if seen[key] else [(first, first + length)]
            seen[key] += 1
        yield from (_Interval(start, end, one.picos, one.line) for start, end in spans)


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
