"""Where a run waits for a worker, how urgent it is there, and how many may be under way."""

import pytest
from dagster import DagsterRun

from sentinel_pipeline.orchestration.corrections import JOB as CORRECTIONS
from sentinel_pipeline.orchestration.custom import JOB as CUSTOM
from sentinel_pipeline.orchestration.requested_exports import JOB as EXPORTS
from sentinel_pipeline.orchestration.work_queues import QUEUES, broker_priority, limits, queue_of, urgency


@pytest.mark.parametrize(
    ("job", "tags", "queue"),
    [
        ("scheduled_daily", {}, "delivery"),
        ("deliver_monthly", {}, "delivery"),
        ("publish_daily", {}, "report"),
        ("__ASSET_JOB", {}, "report"),
        (CUSTOM, {}, "report"),
        (EXPORTS, {}, "export"),
        ("export_days", {}, "export"),
        (CORRECTIONS, {}, "backfill"),
        ("__ASSET_JOB", {"dagster/backfill": "abc"}, "backfill"),
    ],
)
def test_a_run_waits_in_the_queue_of_its_kind(job: str, tags: dict[str, str], queue: str) -> None:
    assert queue_of(DagsterRun(job_name=job, tags=tags)) == queue


def test_what_is_waited_for_overtakes_what_can_wait() -> None:
    priorities = ("12", "10", "8", "5", "1", "nonsense", "-3")
    found = [urgency(DagsterRun(job_name="x", tags={"dagster/priority": one})) for one in priorities]
    assert found == [9, 7, 6, 3, 0, 0, 0]
    assert urgency(DagsterRun(job_name="x")) == 0


def test_redis_counts_the_other_way_round() -> None:
    assert [broker_priority("redis://host/0", one) for one in (0, 9)] == [9, 0]
    assert [broker_priority("amqp://host//", one) for one in (0, 9)] == [0, 9]


def test_a_backfill_leaves_a_place_where_there_is_more_than_one() -> None:
    assert limits({}, 1)[0] == {"key": "dagster/backfill", "limit": 1}
    assert limits({}, 4)[0] == {"key": "dagster/backfill", "limit": 3}


def test_a_queue_that_no_worker_serves_waits() -> None:
    by_queue = {one["value"]: one["limit"] for one in limits({"report": 2}, 2) if "value" in one}
    assert by_queue == dict.fromkeys(QUEUES, 0) | {"report": 2}
