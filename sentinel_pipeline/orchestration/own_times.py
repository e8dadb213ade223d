"""Subscriptions with times of their own: a sensor delivers the period that ended last, at their times.

Those of the ledger come and go while the daemon runs, so that schedules, which are loaded once, cannot know them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster._time import get_current_datetime
from dagster._utils.schedules import cron_string_iterator

from sentinel_pipeline.orchestration.deliveries import SUBSCRIPTION, deliveries_key
from sentinel_pipeline.orchestration.due import ended_last
from sentinel_pipeline.orchestration.schedules import PRIORITY, SCHEDULED, scheduled_job
from sentinel_pipeline.publishing.editions import published_keys
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.delivery.subscriptions import Subscription

SECONDS_BETWEEN_LOOKS = 30


def own_times_sensor(settings: Settings, jobs: Sequence[dg.UnresolvedAssetJobDefinition]) -> dg.SensorDefinition:
    """Runs `jobs`, the scheduled ones of all cadences; it looks unless somebody stops it in the UI, from now on."""

    @dg.sensor(
        name="subscription_times",
        jobs=jobs,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Delivers at the times that subscriptions have of their own (`schedule`).",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        now = get_current_datetime()  # the clock that schedules go by
        since = datetime.fromisoformat(context.cursor) if context.cursor else now
        return dg.SensorResult(list(due_requests(settings, since, now)), cursor=now.isoformat())

    return sensor


def due_requests(settings: Settings, since: datetime, now: datetime) -> Iterator[dg.RunRequest]:
    """A run for each subscription one of whose times lies after `since` and not after `now`."""
    for one in with_own_times(settings):
        times = cron_string_iterator(since.timestamp(), one.times or "", settings.zone.key)
        tick = next(time for time in times if time > since).astimezone(UTC)
        if tick <= now:
            yield _request(settings, one, tick, now)


def with_own_times(settings: Settings) -> list[Subscription]:
    """Active ones, of the file and of the ledger; rows that cannot be served are told by the deliveries."""
    from sentinel_pipeline.delivery.subscriptions import kept_subscriptions, subscriptions
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.subscriptions import kept

    with open_ledger(ledger_url(settings.data)).reading() as connection:
        of_ledger, _ = kept_subscriptions(kept(connection), settings)
    return [one for one in (*subscriptions(settings), *of_ledger) if one.is_active and one.times is not None]


def _request(settings: Settings, one: Subscription, tick: datetime, now: datetime) -> dg.RunRequest:
    period = ended_last(one.cadence, settings, now)
    is_published = period.key in published_keys(settings.editions, one.cadence)
    return dg.RunRequest(
        run_key=f"{one.name} at {tick:%Y-%m-%dT%H:%M}Z",
        job_name=scheduled_job(one.cadence),
        partition_key=period.key,
        tags={SCHEDULED: one.cadence, SUBSCRIPTION: one.name, "dagster/priority": PRIORITY[one.cadence]},
        asset_selection=[deliveries_key(one.cadence)] if is_published else None,
    )
