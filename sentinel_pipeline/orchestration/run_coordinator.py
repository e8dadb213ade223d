"""The queue of runs: Dagster's own, which hands out no more than those who execute runs can take.

So what waits, waits in Dagster's queue, where priorities are exact and everybody sees it, not in a broker's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext

from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.orchestration.work_queues import QUEUE_TAG, limits, queue_of
from sentinel_pipeline.settings import celery_broker_url

if TYPE_CHECKING:
    from dagster import DagsterRun
    from dagster._core.run_coordinator.queued_run_coordinator import RunQueueConfig
    from dagster._serdes import ConfigurableClassData


class SentinelRunCoordinator(QueuedRunCoordinator):
    """The stock queue; on one machine as `dagster.yaml` says, past one machine as many runs as workers have places."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> SentinelRunCoordinator:
        wanted = WorkersRunCoordinator if celery_broker_url() else cls
        return wanted(inst_data=inst_data, **config_value)


class WorkersRunCoordinator(SentinelRunCoordinator):
    """Asks the ledger which workers live, and the broker whether it answers, before it hands anything out."""

    def get_run_queue_config(self) -> RunQueueConfig:
        from sentinel_pipeline.orchestration.celery_application import is_reachable
        from sentinel_pipeline.orchestration.worker_leases import leases, places

        stock = super().get_run_queue_config()
        try:
            now = places(leases())
        except LedgerError:
            return stock._replace(max_concurrent_runs=0)
        total = now.total if now.total and is_reachable() else 0
        return stock._replace(max_concurrent_runs=total, tag_concurrency_limits=limits(now.by_queue, total))

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        run = context.dagster_run
        if QUEUE_TAG not in run.tags:
            self._instance.add_run_tags(run.run_id, {QUEUE_TAG: queue_of(run)})
        return super().submit_run(context)
