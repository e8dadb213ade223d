"""Spans named from now backwards: `7d`, `24h`, `last_month`; calendar in a zone, half-open."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import Window, first_of, first_of_next, midnight

COUNTED = re.compile(r"([1-9][0-9]{0,5})([hdw])")
NAMED = ("today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year", "last_year")


def span(text: str, now: datetime, zone: ZoneInfo) -> Window:
    """The span that ends now, or the named days, weeks (from Monday), months and years of the calendar.

    Hours are hours; days and weeks reach back to the same time of day, so that a change of clocks moves nothing.
    Raises UsageError for any other text.
    """
    counted = COUNTED.fullmatch(text)
    if counted:
        return Window(_before(now, int(counted[1]), counted[2], zone, text), now)
    if text in NAMED:
        first, after = _days(text, now.astimezone(zone).date())
        return Window(midnight(first, zone), midnight(after, zone))
    raise _unknown(text)


def _before(now: datetime, count: int, unit: str, zone: ZoneInfo, text: str) -> datetime:
    try:
        if unit == "h":
            return now - timedelta(hours=count)
        return (now.astimezone(zone) - timedelta(days=count * (7 if unit == "w" else 1))).astimezone(UTC)
    except OverflowError:
        raise _unknown(text) from None


def _days(name: str, today: date) -> tuple[date, date]:
    """First day of the span, and the first that is no longer in it."""
    if name in ("today", "yesterday"):
        first = today if name == "today" else today - timedelta(days=1)
        return first, first + timedelta(days=1)
    if name.endswith("year"):
        year = today.year if name == "this_year" else today.year - 1
        return date(year, 1, 1), date(year + 1, 1, 1)
    cadence = "weekly" if name.endswith("week") else "monthly"
    running = first_of(cadence, today)
    if name.startswith("this"):
        return running, first_of_next(cadence, running)
    return first_of(cadence, running - timedelta(days=1)), running


def _unknown(text: str) -> UsageError:
    return UsageError(f"--last '{text}' is no span; write 24h, 7d, 4w, or one of {', '.join(NAMED)}")
