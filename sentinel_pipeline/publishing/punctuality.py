"""When an edition was due, and in words how late it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.cron import next_time
from sentinel_pipeline.domain.period import Period, day_of, first_of
from sentinel_pipeline.lake.working_copy import fresh
from sentinel_pipeline.publishing.editions import published_keys

# Beside the editions of a cadence: the first day of the period that was due when its schedule ran for the first time.
SINCE = ".scheduled_since"


def scheduled_since(editions: Path, cadence: str) -> date | None:
    """From which period on a schedule makes the editions; None when it has never run."""
    try:
        return date.fromisoformat(fresh(editions / cadence / SINCE).read_text(encoding="ascii").strip())
    except (FileNotFoundError, ValueError):
        return None


@dataclass(frozen=True)
class Punctuality:
    """When a cadence is due (None: never), with how much patience, and for how long what was missed is made up for."""

    times: str | None
    patience: timedelta
    catch_up: timedelta


def last_ended(cadence: str, zone: ZoneInfo, at: datetime) -> Period:
    """The period before the one that an instant lies in."""
    return Period(cadence, first_of(cadence, day_of(at, zone)), zone).previous


def late_periods(editions: Path, cadence: str, zone: ZoneInfo, rule: Punctuality, at: datetime) -> list[Period]:
    """Periods whose edition should have been published at an instant and is not; oldest first.

    The one that ended last stays late until it is published or another one ends, however long that takes.
    """
    since = scheduled_since(editions, cadence)
    if rule.times is None or since is None:
        return []
    published = published_keys(editions, cadence)
    found, latest = [], last_ended(cadence, zone, at)
    period = latest
    while period.first >= since and (period == latest or period.window.end > at - rule.catch_up):
        due_at = next_time(rule.times, period.window.end, zone)
        if period.key not in published and due_at is not None and due_at + rule.patience < at:
            found.append(period)
        period = period.previous
    return found[::-1]


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
