"""The sensor that notices late facts: marks of every source and day, compared with those of the last reading."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.domain.period import Period, day_of
from sentinel_pipeline.lake.lateness import late_days
from sentinel_pipeline.orchestration.corrections import JOB, LateFacts, outdated
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.schedules import SCHEDULED
from sentinel_pipeline.publishing.judging import published_over

EVERY_SECONDS = 300
# A log that was written to a moment ago is still being written.
AT_REST = timedelta(minutes=15)


def correction_sensor(deployment: Deployment) -> dg.SensorDefinition:
    @dg.sensor(
        name="late_facts",
        job_name=JOB,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks whether a source has rows of published days that it did not have when they were read, or"
        f" changed their severity, policy or the like since (up to {deployment.settings.corrections.window_days} days"
        " back). An acknowledgement is no correction, nor is what a source threw away.",
    )
    def late_facts(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if context.instance.get_runs_count(dg.RunsFilter(job_name=JOB, statuses=NOT_FINISHED_STATUSES)):
            return dg.SkipReason("corrections are under way")
        return asked_for(deployment, datetime.now(UTC))

    return late_facts


def asked_for(deployment: Deployment, now: datetime) -> dg.RunRequest | dg.SkipReason:
    """The run that late facts ask for at an instant, or why there is none."""
    days = published_days(deployment, now)
    late, away = late_by_source(deployment, days, now)
    waiting = [f"{one.cadence}/{one.key}" for one in outdated(deployment, [day.key for day in days])]
    if not late and not waiting:
        return dg.SkipReason("; ".join(["nothing came late", *away]))
    read_again = sorted({key for key, _ in late})
    said = hashlib.sha256(repr((sorted(late), waiting)).encode()).hexdigest()[:16]
    return dg.RunRequest(
        # With the hour in its key a run that failed is asked for again, and not at every look.
        run_key=f"{said} at {now:%Y-%m-%dT%H}Z",
        run_config=dg.RunConfig(
            {"corrections__late_facts": LateFacts(looked_at=[day.key for day in days], read_again=read_again)}
        ),
        # Like the schedules' runs one at a time: an edition must not change while another compares itself with it.
        tags={SCHEDULED: "corrections", "dagster/priority": "9"},
    )


def published_days(deployment: Deployment, now: datetime) -> list[Period]:
    """Days of the window that lie in an edition somebody published, oldest first."""
    settings = deployment.settings
    today = day_of(now, settings.zone)
    days = [today - timedelta(days=n) for n in range(settings.corrections.window_days, 0, -1)]
    told = {day for period in published_over(settings.editions, days, settings.zone) for day in period.days}
    return [Period("daily", day, settings.zone) for day in days if day in told]


def late_by_source(
    deployment: Deployment, days: Sequence[Period], now: datetime
) -> tuple[list[tuple[str, str]], list[str]]:
    """Days that came late with what tells their state, and a line for each source that cannot be looked at now."""
    late: list[tuple[str, str]] = []
    away: list[str] = []
    for entry in deployment.settings.sources:
        try:
            kind, settings = deployment.opening(entry)
            found = late_days(kind, settings, days, deployment.lake, now - AT_REST)
        except SentinelError as error:
            away.append(str(error))
            continue
        late += [(day.key, f"{entry.name} {state}") for day, state in found]
    return late, away
