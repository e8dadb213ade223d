"""What people ask for becomes runs: rows of the ledger, each made by one run at a time, and how runs end is recorded.

The ledger is what is true: a run that the history lost is asked for again, one that ended is never.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES, RunRecord
from dagster._core.storage.tags import PARTITION_NAME_TAG, WILL_RETRY_TAG

ATTEMPT = "sentinel/attempt"
MOST_ATTEMPTS = 3
MOST_AT_ONCE = 50
RETRY_PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Errand:
    """A row that is not settled: its id, which is its partition too, and how often it was asked for."""

    name: str
    attempts: int


@dataclass(frozen=True)
class Desk:
    """A kind of errands: the job that makes them, the tag of its runs, and what the ledger is asked and told.

    `unwanted` picks those of some ids that nobody wants any more; `refuse` settles one, not begun, that cannot be made.
    """

    job: str
    tag: str
    priority: str
    partitions: dg.DynamicPartitionsDefinition
    opened: Callable[[], list[Errand]]
    unwanted: Callable[[Sequence[str]], set[str]]
    refuse: Callable[[str], object]
    fail: Callable[[str, str], object]
    cancel: Callable[[str], object]
    ask_again: Callable[[str], object]


def wishes(desk: Desk, instance: dg.DagsterInstance) -> dg.SensorResult | None:
    """Runs for errands that have none; None when there is nothing to do."""
    due = [one for one in desk.opened() if not _runs(desk, instance, one)][:MOST_AT_ONCE]
    if not due:
        return None
    return dg.SensorResult(
        run_requests=[_asked(desk, one) for one in due],
        dynamic_partitions_requests=[desk.partitions.build_add_request([one.name for one in due])],
    )


def _asked(desk: Desk, one: Errand) -> dg.RunRequest:
    """The run that makes it; asked for twice, Dagster makes it once."""
    return dg.RunRequest(
        run_key=f"{one.name} attempt {one.attempts}",
        partition_key=one.name,
        tags={desk.tag: one.name, ATTEMPT: str(one.attempts), "dagster/priority": desk.priority},
    )


def settle(desk: Desk, instance: dg.DagsterInstance, now: datetime) -> None:
    """Records how runs ended that could not say it themselves, and ends those that nobody wants any more."""
    _end_unwanted(desk, instance)
    for one in desk.opened():
        runs = _runs(desk, instance, one)
        if not runs:
            desk.refuse(one.name)
        elif not any(run.dagster_run.status in NOT_FINISHED_STATUSES for run in runs):
            _judge(desk, one, runs[0], instance, now)


def _runs(desk: Desk, instance: dg.DagsterInstance, one: Errand) -> list[RunRecord]:
    """Runs of the newest attempt, and whatever else is under way for it; the newest first."""
    mine = dg.RunsFilter(tags={desk.tag: one.name, ATTEMPT: str(one.attempts)})
    any_other = dg.RunsFilter(tags={PARTITION_NAME_TAG: one.name}, statuses=list(NOT_FINISHED_STATUSES))
    return [*instance.get_run_records(any_other), *instance.get_run_records(mine)]


def _judge(desk: Desk, one: Errand, run: RunRecord, instance: dg.DagsterInstance, now: datetime) -> None:
    """What an ended run means for an errand that does not know of its end."""
    status, run_id = run.dagster_run.status, run.dagster_run.run_id
    is_retried = run.dagster_run.tags.get(WILL_RETRY_TAG) == "true" and now - _ended(run, now) < RETRY_PATIENCE
    if status is dg.DagsterRunStatus.CANCELED:
        desk.cancel(one.name)
    elif is_retried:
        return
    elif said := _failures(instance, run_id):
        desk.fail(one.name, said)
    elif one.attempts < MOST_ATTEMPTS:
        desk.ask_again(one.name)
    else:
        desk.fail(one.name, f"whoever made it died, {one.attempts} times; see run {run_id}")


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


def _end_unwanted(desk: Desk, instance: dg.DagsterInstance) -> None:
    """Stops runs of errands that were cancelled; one that has not begun is taken out of the queue."""
    under_way = instance.get_runs(dg.RunsFilter(job_name=desk.job, statuses=list(NOT_FINISHED_STATUSES)))
    names = [run.tags.get(PARTITION_NAME_TAG, "") for run in under_way]
    unwanted = desk.unwanted(names) if names else set()
    for run, name in zip(under_way, names, strict=True):
        if name in unwanted and run.status is not dg.DagsterRunStatus.CANCELING:
            instance.run_coordinator.cancel_run(run.run_id)
