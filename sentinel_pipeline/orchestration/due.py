"""Which editions are due: periods that have ended and that nobody has published. Knows nothing of Dagster.

Whether something was published is answered by the editions on disk: a history that was cleared or moved must not make
anything twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sentinel_pipeline.domain.period import Period, day_of, first_of
from sentinel_pipeline.orchestration.partitions import known_first_day
from sentinel_pipeline.publishing.editions import published_keys
from sentinel_pipeline.settings import Settings


def due(cadence: str, settings: Settings, now: datetime) -> list[Period]:
    """Periods to publish at an instant, oldest first: the one that ended last, and those missed before it.

    Missed is what ended within `catch_up_days`, after the first edition that was ever published: what lies before that
    was never promised.
    """
    published = published_keys(settings.editions, cadence)
    latest = ended_last(cadence, settings, now)
    horizon = now - timedelta(days=settings.schedules.catch_up_days)
    first_day = known_first_day(settings)
    found = []
    period = latest
    while period.after > first_day and (period == latest or _is_missed(period, published, horizon)):
        found.append(period)
        period = period.previous
    return [period for period in reversed(found) if period.key not in published]


def ended_last(cadence: str, settings: Settings, now: datetime) -> Period:
    """The period before the one that an instant lies in."""
    return Period(cadence, first_of(cadence, day_of(now, settings.zone)), settings.zone).previous


def _is_missed(period: Period, published: list[str], horizon: datetime) -> bool:
    return bool(published) and period.key > published[0] and period.window.end > horizon
