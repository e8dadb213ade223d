"""Launches runs on workers of other machines: `dagster-celery`'s launcher, with what it gets wrong mended.

The stock one kills the worker's process when a run is cancelled, which counts as a failure and is tried again, and asks
Celery's results how a run is, which never tell of a machine that died. Here the ledger's leases tell: a worker that
executes a run renews one, and ends the run itself when somebody wants it cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster import DagsterRunStatus
from dagster._core.events import EngineEventData
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from sentinel_pipeline.orchestration.celery_application import TASK, options, use_queues
from sentinel_pipeline.orchestration.work_queues import QUEUE_TAG, REPORT, broker_priority, queue_of, urgency
from sentinel_pipeline.orchestration.worker_leases import lease_of, leases

if TYPE_CHECKING:
    from dagster import DagsterRun
    from dagster._serdes import ConfigurableClassData

LOST = "the worker that executed it is gone (killed, out of memory, cut off, or its machine went down)"
CANCELLER = "cancelled"


class LeasedRunLauncher(CeleryRunLauncher):
    """Hands runs to workers, and tells the living from the dead by the leases in the ledger."""

    def __init__(self, broker: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(REPORT, broker, "disabled://", config_source=options(broker), inst_data=inst_data)
        use_queues(self.celery)

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        queue = run.tags.get(QUEUE_TAG) or queue_of(run)
        priority = broker_priority(self.broker or "", urgency(run))
        sent = self.celery.send_task(TASK, args=[run.run_id], queue=queue, priority=priority)
        self._instance.add_run_tags(run.run_id, {DAGSTER_CELERY_TASK_ID_TAG: sent.id})
        data = EngineEventData({"queue": queue, "priority": priority})
        self._instance.report_engine_event(f"Waits for a worker in the queue '{queue}'.", run, data, cls=type(self))

    def terminate(self, run_id: str) -> bool:
        """Ends a run that no worker has; has the worker end one that it executes, within a second or two."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        if leases().claim(lease_of(run_id), CANCELLER) or leases().end_expired(lease_of(run_id)):
            self._instance.report_run_canceled(run)
            leases().give_back(lease_of(run_id), CANCELLER)
        return True

    @property
    def supports_resume_run(self) -> bool:
        return False

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        if leases().end_expired(lease_of(run.run_id)):
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, LOST)
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def get_run_worker_debug_info(self, run: DagsterRun, include_container_logs: bool | None = True) -> str | None:  # noqa: ARG002 - its shape
        holders = [lease.detail for lease in leases().living(lease_of(run.run_id))]
        return f"executed by {holders[0]}" if holders else "no worker has taken it"

    def is_lost(self, run: DagsterRun) -> bool:
        """Whether a run is under way without a worker; one that still waits for one is not lost."""
        return run.status is not DagsterRunStatus.STARTING and leases().end_expired(lease_of(run.run_id))
