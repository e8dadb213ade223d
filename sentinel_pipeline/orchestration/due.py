"""Which editions are due: periods that have ended and that nobody has published. Knows nothing of Dagster.

Whether something was published, and since when a schedule runs, is answered by what lies beside the editions: a history
that was cleared or moved must not make anything twice, and none is made for the time before anybody asked for it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.whole_files import write_whole
from sentinel_pipeline.orchestration.partitions import known_first_day
from sentinel_pipeline.publishing.editions import published_keys
from sentinel_pipeline.publishing.punctuality import (
    SINCE,
    Punctuality,
    last_ended,
    late_periods,
    scheduled_since,
)
from sentinel_pipeline.settings import Settings


def due(cadence: str, settings: Settings, now: datetime) -> list[Period]:
    """Periods to publish at an instant, oldest first: the one that ended last, and those missed before it.

    Missed is what ended within `catch_up_days`, since the first time that this was asked (which is remembered).
    """
    latest = ended_last(cadence, settings, now)
    earliest = max(_asked_first(settings.editions, latest), known_first_day(settings))
    horizon = now - timedelta(days=settings.schedules.catch_up_days)
    found = []
    period = latest
    while period.after > earliest and (period == latest or period.window.end > horizon):
        found.append(period)
        period = period.previous
    published = published_keys(settings.editions, cadence)
    return [period for period in reversed(found) if period.key not in published]


def ended_last(cadence: str, settings: Settings, now: datetime) -> Period:
    """The period before the one that an instant lies in."""
    return last_ended(cadence, settings.zone, now)


def late(cadence: str, settings: Settings, now: datetime) -> list[Period]:
    """Periods whose edition should have been published by now, with some patience, and is not; oldest first."""
    schedules = settings.schedules
    rule = Punctuality(
        schedules.of(cadence), timedelta(minutes=schedules.late_after_minutes), timedelta(days=schedules.catch_up_days)
    )
    return late_periods(settings.editions, cadence, settings.zone, rule, now)


def _asked_first(editions: Path, latest: Period) -> date:
    """First day of the period that was due when a cadence was asked for the first time: this one, if it is now."""
    known = scheduled_since(editions, latest.cadence)
    if known is None:
        write_whole(editions / latest.cadence / SINCE, f"{latest.key}\n".encode())
    return known or latest.first
