"""Refusals of exports that are too large, before or after the work, never a shorter file."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import DateRangeError, TooLargeError
from sentinel_pipeline.domain.limits import Limits
from sentinel_pipeline.exports.wanted import EARLIEST, Wanted


def require_days(wanted: Wanted, limits: Limits, now: datetime, zone: ZoneInfo) -> None:
    """Raises DateRangeError for more calendar days than allowed; a span without end ends now."""
    if limits.days is None or wanted.table.is_snapshot:
        return
    allowed = f"{limits.days:,} days at once are allowed (limits.days in sentinel.yaml)"
    if wanted.window is None or wanted.window.start == EARLIEST:
        raise DateRangeError(f"{allowed}, and nothing says where to begin; write --since or --last")
    start, end = (edge.astimezone(zone) for edge in (wanted.window.start, min(wanted.window.end, now)))
    # Wall time: a day of 23 or 25 hours is one day.
    days = ceil((end.replace(tzinfo=None) - start.replace(tzinfo=None)) / timedelta(days=1))
    if days > limits.days:
        raise DateRangeError(f"{allowed}, and {start:%Y-%m-%d} to {end:%Y-%m-%d} are {days:,}; ask for less at a time")


def require_rows(rows: int, limits: Limits) -> None:
    """Raises TooLargeError for more rows than allowed."""
    if limits.rows is not None and rows > limits.rows:
        raise TooLargeError(f"more than {limits.rows:,} rows (limits.rows in sentinel.yaml); ask for less at a time")


def require_bytes(path: Path, limits: Limits) -> None:
    """Raises TooLargeError for a file larger than allowed."""
    size = path.stat().st_size
    if limits.bytes is not None and size > limits.bytes:
        allowed = f"{limits.bytes:,} are allowed (limits.bytes in sentinel.yaml)"
        raise TooLargeError(f"{size:,} bytes, and {allowed}; ask for less or compress it")
