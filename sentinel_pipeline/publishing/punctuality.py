"""When an edition was due, and in words how late it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.cron import next_time
from sentinel_pipeline.domain.period import Period

# Beside the editions of a cadence: the first day of the period that was due when its schedule ran for the first time.
SINCE = ".scheduled_since"


def scheduled_since(editions: Path, cadence: str) -> date | None:
    """From which period on a schedule makes the editions; None when it has never run."""
    try:
        return date.fromisoformat((editions / cadence / SINCE).read_text(encoding="ascii").strip())
    except (FileNotFoundError, ValueError):
        return None


def lateness(period: Period, times: str | None, patience: timedelta, editions: Path, at: datetime) -> str:
    """What a mail that goes out at an instant says of its lateness; nothing when on time or never scheduled."""
    since = scheduled_since(editions, period.cadence)
    due_at = None if times is None else next_time(times, period.window.end, period.zone)
    if since is None or period.first < since or due_at is None or at - due_at <= patience:
        return ""
    local = due_at.astimezone(period.zone)
    return f"It was due on {local:%A} {local.day} {local:%B} at {local:%H:%M} and is {_long(at - due_at)} late."


def _long(span: timedelta) -> str:
    hours = round(span / timedelta(hours=1))
    if span < timedelta(hours=2):
        return counted(round(span / timedelta(minutes=1)), "minute")
    return counted(hours, "hour") if hours < 48 else counted(round(hours / 24), "day")
