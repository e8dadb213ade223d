"""Partitions: calendar days, weeks from Monday and months in the configured zone."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

import dagster as dg

from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.domain.period import Period, day_of, first_of
from sentinel_pipeline.lake.store import read_json, write_json
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.settings import Settings

# One for each request: its key names the days too.
REQUESTS = dg.DynamicPartitionsDefinition(name="requests")
NOTHING_FOUND = date(2000, 1, 1)


def partitions_of(cadence: str, settings: Settings) -> dg.TimeWindowPartitionsDefinition:
    """Native partitions of a cadence, from the period that holds the first day."""
    start = first_of(cadence, known_first_day(settings)).isoformat()
    zone = settings.zone.key
    if cadence == "daily":
        return dg.DailyPartitionsDefinition(start_date=start, timezone=zone)
    if cadence == "weekly":
        return dg.WeeklyPartitionsDefinition(start_date=start, timezone=zone, day_offset=1)
    return dg.MonthlyPartitionsDefinition(start_date=start, timezone=zone)


def known_first_day(settings: Settings) -> date:
    """The configured first day; else the earliest day found in the sources, found once and remembered.

    While no source can be read, or none holds anything, any day may be asked for, so that it can be said.
    """
    if settings.first_day is not None:
        return settings.first_day
    memory = settings.lake / "first_day.json"
    identity = hashlib.sha256(repr((settings.sources, settings.zone.key)).encode()).hexdigest()
    remembered = read_json(memory)
    if remembered.get("identity") == identity:
        return date.fromisoformat(str(remembered["first_day"]))
    found = earliest_day(settings)
    if found is None:
        return NOTHING_FOUND
    write_json(memory, {"identity": identity, "first_day": found.isoformat()})
    return found


def earliest_day(settings: Settings) -> date | None:
    """Day of the earliest event in any source that can be read now."""
    deployment = Deployment(settings)
    found: list[date] = []
    for entry in settings.sources:
        try:
            kind, opening = deployment.opening(entry)
            with kind.open(opening, None) as source:
                first = source.first_at()
        except SentinelError:
            continue
        if first is not None:
            found.append(day_of(first, settings.zone))
    return min(found, default=None)


def require_past(period: Period, settings: Settings, now: datetime) -> None:
    """Raises UsageError for a period that is not over, or that lies before the first day."""
    if period.window.end > now:
        end = period.window.end.astimezone(period.zone)
        raise UsageError(f"{period.cadence} {period.key} is not over: it ends {end:%Y-%m-%d %H:%M %Z}")
    first = known_first_day(settings)
    if period.after <= first:
        raise UsageError(f"{period.cadence} {period.key} lies before the first day, {first.isoformat()}")
