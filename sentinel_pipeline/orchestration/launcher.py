"""Launches runs as Dagster does, and tells the living from the dead by the lock a worker holds."""

from __future__ import annotations

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, DefaultRunLauncher, RunsFilter
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from sentinel_pipeline.orchestration import run_locks
from sentinel_pipeline.orchestration.instance import locks_folder

LOST = "the process that executed it is gone (killed, out of memory, or the machine went down)"
UNDER_WAY = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


class LockedRunLauncher(DefaultRunLauncher):
    """The stock launcher with a health check; the stock one leaves a run "started" for ever after a power loss."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        if run_locks.is_held(locks_folder(self._instance), run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, LOST)


def end_lost_runs(instance: DagsterInstance) -> list[str]:
    """Ends every run that is under way without a worker, and returns their ids; run retries take it from there.

    Only for the daemon before it launches anything: a run it has just launched has no lock yet either. Every run of
    the instance must be executed on this machine, whose locks are the only ones that can be seen. Dagster's own
    monitoring asks about "started" runs only, and waits minutes for "starting" and "canceling" ones.
    """
    folder = locks_folder(instance)
    runs = instance.get_runs(RunsFilter(statuses=UNDER_WAY))
    lost = [run for run in runs if not run_locks.is_held(folder, run.run_id)]
    for run in lost:
        if run.status is DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, f"Canceled: {LOST}.")
        else:
            instance.report_run_failed(run, f"Failed: {LOST}.")
    return [run.run_id for run in lost]
