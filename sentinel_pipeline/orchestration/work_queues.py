"""Which queue a run waits in for a worker, and how urgent it is there."""

from __future__ import annotations

from collections.abc import Mapping

from dagster import DagsterRun
from dagster._core.storage.tags import BACKFILL_ID_TAG, PRIORITY_TAG

# In the order in which a worker that serves all of them looks.
DELIVERY, REPORT, EXPORT, BACKFILL = QUEUES = ("delivery", "report", "export", "backfill")
QUEUE_TAG = "dagster-celery/queue"
MOST_URGENT = 9
# What `dagster/priority` is at most here: that of a daily edition on its schedule.
HIGHEST = 12
OF_EXPORTS = ("requested_exports", "export_days")
OF_DELIVERIES = ("deliver_", "scheduled_")
OF_CORRECTIONS = "correct_late_facts"


def queue_of(run: DagsterRun) -> str:
    """Schedules and deliveries, what people click and ask for, files, and what can wait."""
    if BACKFILL_ID_TAG in run.tags:
        return BACKFILL
    if run.job_name.startswith(OF_DELIVERIES):
        return DELIVERY
    if run.job_name in OF_EXPORTS:
        return EXPORT
    return BACKFILL if run.job_name == OF_CORRECTIONS else REPORT


def urgency(run: DagsterRun) -> int:
    """0 for what can wait to 9 for what is waited for."""
    try:
        priority = int(run.tags.get(PRIORITY_TAG, "0"))
    except ValueError:
        priority = 0
    return max(0, min(MOST_URGENT, priority * MOST_URGENT // HIGHEST))


def broker_priority(url: str, urgency: int) -> int:
    """What brokers call it: RabbitMQ hands out the highest number first, Redis the lowest."""
    return MOST_URGENT - urgency if url.startswith("redis") else urgency


def limits(slots: Mapping[str, int], total: int) -> list[dict[str, object]]:
    """How many runs may be under way where workers have so many places, by queue and in all.

    Whatever waits leaves a place to what is waited for, where there is more than one.
    """
    room = max(1, total - 1)
    shared = [
        {"key": BACKFILL_ID_TAG, "limit": room},
        {"key": "sentinel/schedule", "limit": 1},  # an edition compares itself with the one before
        {"key": "sentinel/export", "limit": max(1, total // 2)},
        {"key": "sentinel/custom", "limit": max(1, total // 2)},
    ]
    return [*shared, *({"key": QUEUE_TAG, "value": queue, "limit": slots.get(queue, 0)} for queue in QUEUES)]
