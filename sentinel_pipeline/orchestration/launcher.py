"""Launches runs as Dagster does, and tells the living from the dead by the lock a worker holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, DefaultRunLauncher, RunsFilter
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from sentinel_pipeline.orchestration import run_locks
from sentinel_pipeline.orchestration.instance import locks_folder
from sentinel_pipeline.settings import celery_broker_url, kubernetes_runs

if TYPE_CHECKING:
    from dagster._core.launcher import RunLauncher
    from dagster._serdes import ConfigurableClassData

LOST = "the process that executed it is gone (killed, out of memory, or the machine went down)"
ALIVE = CheckRunHealthResult(WorkerStatus.RUNNING)
UNDER_WAY = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


class LockedRunLauncher(DefaultRunLauncher):
    """The stock launcher with a health check; the stock one leaves a run "started" for ever after a power loss.

    `dagster.yaml` cannot say that a broker was named, so this one gives its place to the launcher on workers then, and
    to the one in pods where those are described.
    """

    @classmethod
    def from_config_value(  # type: ignore[override] # the stock one promises itself; a launcher is all Dagster needs
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> RunLauncher:
        broker, pods = celery_broker_url(), kubernetes_runs()
        if pods is not None:
            from sentinel_pipeline.orchestration.kubernetes_launcher import kubernetes_launcher

            return kubernetes_launcher(pods, inst_data)
        if broker is None:
            return cls(inst_data=inst_data, **config_value)
        from sentinel_pipeline.orchestration.celery_launcher import LeasedRunLauncher

        return LeasedRunLauncher(broker, inst_data=inst_data)

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, LOST) if self.is_lost(run) else ALIVE

    def is_lost(self, run: DagsterRun) -> bool:
        """Whether no process of this machine executes it."""
        return not run_locks.is_held(locks_folder(self._instance), run.run_id)


def end_lost_runs(instance: DagsterInstance) -> list[str]:
    """Ends every run that is under way without a worker, and returns their ids; run retries take it from there.

    Only for the daemon before it launches anything: a run it has just launched has no lock yet either. Without workers
    every run of the instance must be executed on this machine, whose locks are the only ones that can be seen.
    Dagster's own monitoring asks about "started" runs only, and waits minutes for "starting" and "canceling" ones.
    """
    runs = instance.get_runs(RunsFilter(statuses=UNDER_WAY))
    launcher: Any = instance.run_launcher
    lost = [run for run in runs if hasattr(launcher, "is_lost") and launcher.is_lost(run)]  # pods are not ours to judge
    for run in lost:
        if run.status is DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, f"Canceled: {LOST}.")
        else:
            instance.report_run_failed(run, f"Failed: {LOST}.")
    return [run.run_id for run in lost]
