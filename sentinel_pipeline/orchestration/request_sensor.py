"""Looks for requests: files in the folder and rows of the ledger become runs, and how their runs end is recorded.

The ledger is what is true: a run that the history lost is asked for again, one that ended is never. dagster.yaml keeps
all but a few of these runs waiting, so that schedules have room.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES, RunRecord
from dagster._core.storage.tags import PARTITION_NAME_TAG, WILL_RETRY_TAG

from sentinel_pipeline.domain.period import day_of
from sentinel_pipeline.domain.request import OPEN
from sentinel_pipeline.orchestration.custom import JOB
from sentinel_pipeline.orchestration.partitions import REQUESTS
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.database import Ledger
    from sentinel_pipeline.ledger.requests import Filed

# dagster.yaml limits how many runs with this tag are under way.
CUSTOM_RUN, ATTEMPT = "sentinel/custom", "sentinel/attempt"
EVERY_SECONDS = 10
MOST_ATTEMPTS = 3
MOST_AT_ONCE = 50
RETRY_PATIENCE = timedelta(minutes=5)
PRIORITY = "5"  # below schedules and clicks, above backfills


def request_sensor(settings: Settings) -> dg.SensorDefinition:
    """It runs unless somebody stops it in the UI."""

    @dg.sensor(
        name="requests",
        job_name=JOB,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes request files and filed requests, and has their reports made.",
    )
    def requests(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from sentinel_pipeline.ledger.database import open_ledger
        from sentinel_pipeline.requests.folder import pick_up

        now = datetime.now(UTC)
        ledger = open_ledger(ledger_url(settings.data))
        settle(settings, ledger, context.instance, now)
        problems = pick_up(settings, ledger, now)
        for line in problems:
            context.log.warning(line)
        due = [one for one in opened(ledger) if not _runs(context.instance, one)][:MOST_AT_ONCE]
        if not due:
            return dg.SensorResult(skip_reason="; ".join(problems) or "nothing is requested")
        return dg.SensorResult(
            run_requests=[asked(one) for one in due],
            dynamic_partitions_requests=[REQUESTS.build_add_request([one.request_id for one in due])],
        )

    return requests


def opened(ledger: Ledger) -> list[Filed]:
    """Requests that are not settled, in the order they were filed in."""
    from sentinel_pipeline.ledger.requests import in_state

    with ledger.reading() as connection:
        return in_state(connection, OPEN)


def asked(one: Filed) -> dg.RunRequest:
    """The run that makes it; asked for twice, Dagster makes it once."""
    return dg.RunRequest(
        run_key=f"{one.request_id} attempt {one.attempts}",
        partition_key=one.request_id,
        tags={CUSTOM_RUN: one.request_id, ATTEMPT: str(one.attempts), "dagster/priority": PRIORITY},
    )


def settle(settings: Settings, ledger: Ledger, instance: dg.DagsterInstance, now: datetime) -> None:
    """Records how runs ended that could not say it themselves, and ends those that nobody wants any more."""
    from sentinel_pipeline.ledger.requests import reject
    from sentinel_pipeline.requests.asking import known, misfits

    _end_unwanted(ledger, instance)
    offer = known(settings, day_of(now, settings.zone))
    for one in opened(ledger):
        runs = _runs(instance, one)
        if not runs:
            mistakes = misfits(one.request, offer)
            if mistakes:
                reject(ledger, one.request_id, "\n".join(mistakes), now)
        elif not any(run.dagster_run.status in NOT_FINISHED_STATUSES for run in runs):
            _judge(one, runs[0], ledger, instance, now)


def _runs(instance: dg.DagsterInstance, one: Filed) -> list[RunRecord]:
    """Runs of the newest attempt, and whatever else is under way for it; the newest first."""
    mine = dg.RunsFilter(tags={CUSTOM_RUN: one.request_id, ATTEMPT: str(one.attempts)})
    any_other = dg.RunsFilter(tags={PARTITION_NAME_TAG: one.request_id}, statuses=list(NOT_FINISHED_STATUSES))
    return [*instance.get_run_records(any_other), *instance.get_run_records(mine)]


def _judge(one: Filed, run: RunRecord, ledger: Ledger, instance: dg.DagsterInstance, now: datetime) -> None:
    """What an ended run means for a request that does not know of its end."""
    from sentinel_pipeline.ledger.requests import ask_again, cancel, fail

    status, run_id = run.dagster_run.status, run.dagster_run.run_id
    is_retried = run.dagster_run.tags.get(WILL_RETRY_TAG) == "true" and now - _ended(run, now) < RETRY_PATIENCE
    if status is dg.DagsterRunStatus.CANCELED:
        cancel(ledger, one.request_id, now)
    elif is_retried:
        return
    elif said := _failures(instance, run_id):
        fail(ledger, one.request_id, said, now)
    elif one.attempts < MOST_ATTEMPTS:
        ask_again(ledger, one.request_id, now)
    else:
        fail(ledger, one.request_id, f"whoever made it died, {one.attempts} times; see run {run_id}", now)


def _failures(instance: dg.DagsterInstance, run_id: str) -> str:
    """A line for each step of a run that failed; empty when none did: then its process died, or was stopped."""
    # Runs are made from the definitions, and those hold this sensor.
    from sentinel_pipeline.orchestration.runs import each_once
    from sentinel_pipeline.orchestration.step_words import is_interruption, words_of

    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    events = [event for record in records if (event := record.event_log_entry.dagster_event)]
    return "\n".join(each_once([words_of(event) for event in events if not is_interruption(event)]))


def _ended(run: RunRecord, now: datetime) -> datetime:
    return now if run.end_time is None else datetime.fromtimestamp(run.end_time, UTC)


def _end_unwanted(ledger: Ledger, instance: dg.DagsterInstance) -> None:
    """Stops runs of requests that were cancelled; one that has not begun is taken out of the queue."""
    from sentinel_pipeline.ledger.requests import state_of

    under_way = dg.RunsFilter(job_name=JOB, statuses=list(NOT_FINISHED_STATUSES))
    for run in instance.get_runs(under_way):
        with ledger.reading() as connection:
            row = state_of(connection, run.tags.get(PARTITION_NAME_TAG, ""))
        if row is not None and row.state == "cancelled" and run.status is not dg.DagsterRunStatus.CANCELING:
            instance.run_coordinator.cancel_run(run.run_id)
