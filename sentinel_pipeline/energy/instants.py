"""Instants as tariffs write them, and where billing months begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.period import first_of, first_of_next, midnight


def instant(text: str, zone: ZoneInfo) -> datetime:
    """The instant an ISO 8601 text names; without an offset it is on the zone's clock, a date is its midnight.

    Of a time the clock shows twice the first is meant. Raises ValueError for anything else.
    """
    written = datetime.fromisoformat(text.strip())
    if not 1900 <= written.year <= 9998:
        raise ValueError(f"the year {written.year}")
    return (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)


def billing_month(day: date, reset_day: int) -> date:
    """First day of the billing month that holds a day, when months begin on the `reset_day`."""
    first = first_of("monthly", day - timedelta(days=reset_day - 1))
    return first.replace(day=reset_day)


def billing_month_after(first: date) -> date:
    """First day of the billing month after the one that begins on `first`."""
    return first_of_next("monthly", first).replace(day=first.day)


def billing_month_start(moment: datetime, reset_day: int, zone: ZoneInfo) -> datetime:
    """Instant (UTC) at which the billing month that holds a moment begins."""
    return midnight(billing_month(moment.astimezone(zone).date(), reset_day), zone)
