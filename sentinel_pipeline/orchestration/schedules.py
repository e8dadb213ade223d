"""Schedules: at its time each cadence publishes the period that just ended, and what was missed while nobody was there.

Dagster's own partition schedules request the newest partition only, so a machine that was off would lose the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import PARTITION_NAME_TAG

from sentinel_pipeline.domain.period import CADENCES, Period
from sentinel_pipeline.orchestration.deliveries import deliveries_key
from sentinel_pipeline.orchestration.due import due, ended_last
from sentinel_pipeline.settings import Settings

# dagster.yaml lets one run with this tag be under way: an edition compares itself with the one before.
SCHEDULED = "sentinel/schedule"
PRIORITY = {"daily": "12", "weekly": "11", "monthly": "10", "retention": "1"}


def scheduled_job(cadence: str) -> str:
    """Name of the job that a schedule runs."""
    return f"scheduled_{cadence}"


def report_schedules(settings: Settings) -> Iterator[dg.ScheduleDefinition]:
    """A schedule for each cadence that is not off; they run unless somebody stops them in the UI."""
    for cadence in CADENCES:
        times = settings.schedules.of(cadence)
        if times is not None:
            yield report_schedule(cadence, times, settings)


def report_schedule(cadence: str, times: str, settings: Settings) -> dg.ScheduleDefinition:
    job = scheduled_job(cadence)

    @dg.schedule(
        name=f"{cadence}_report",
        cron_schedule=times,
        job_name=job,
        execution_timezone=settings.zone.key,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Publishes the {cadence} report of the period that just ended, and those that were missed.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        at = context.scheduled_execution_time.astimezone(UTC)
        latest, wanted = ended_last(cadence, settings, at), due(cadence, settings, at)
        waiting = [one for one in (*wanted, *_by_hand(latest, wanted)) if not is_under_way(context.instance, job, one)]
        yield from (_request(cadence, period, at, only_deliver=period not in wanted) for period in waiting)
        if not waiting:
            yield dg.SkipReason(f"{cadence} {latest.key} is under way")

    return schedule


def _by_hand(latest: Period, wanted: list[Period]) -> list[Period]:
    """The period that just ended when somebody published it before its time: it was not sent to anybody then."""
    return [] if latest in wanted else [latest]


def _request(cadence: str, period: Period, at: datetime, *, only_deliver: bool) -> dg.RunRequest:
    return dg.RunRequest(
        # With the time in its key a run that failed is asked for again at the next tick, and never twice in one.
        run_key=f"{period.key} at {at:%Y-%m-%dT%H:%M}Z",
        partition_key=period.key,
        tags={SCHEDULED: cadence, "dagster/priority": PRIORITY[cadence]},
        asset_selection=[deliveries_key(cadence)] if only_deliver else None,
    )


def is_under_way(instance: dg.DagsterInstance, job: str, period: Period) -> bool:
    """Whether a run of the job for the period waits or works."""
    wanted = dg.RunsFilter(job_name=job, tags={PARTITION_NAME_TAG: period.key}, statuses=NOT_FINISHED_STATUSES)
    return instance.get_runs_count(wanted) > 0
