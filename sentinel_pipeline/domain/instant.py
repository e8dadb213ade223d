"""Instants as people and scripts write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import midnight


def instant(text: str, zone: ZoneInfo, option: str, *, whole_day: bool = False) -> datetime:
    """An ISO 8601 date or date-time, without an offset in the zone. `whole_day`: a date stands for its end."""
    try:
        day = _day(text)
        if day is not None:
            return midnight(day + timedelta(days=1) if whole_day else day, zone)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} '{text}' is no time; write 2025-01-31, 2025-01-31T13:00 or 2025-01-31T13:00:00+01:00"
        ) from None


def _day(text: str) -> date | None:
    """The day, in any spelling of ISO 8601, when there is no time beside it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
