"""Executes a run of which a worker heard: claims it, starts its process, keeps its lease, ends it when that is wanted.

The process of a run is forked from one that has imported the program (`code_server`), never from the worker, and is
killed with the worker by the kernel or by itself, with the lease by the worker, or by itself where that stands still.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.events import EngineEventData

from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.ledger.leases import LEASE_SECONDS, RENEWED_EVERY, Leases, Renewal, give_back
from sentinel_pipeline.orchestration.code_server import RunProcess
from sentinel_pipeline.orchestration.worker_leases import lease_of, leases

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from dagster import DagsterRun

STEP_SECONDS = 0.25
LOOKS_EVERY = 1.0
CANCEL_GRACE = 30.0
# Who forces an end does not wait for the worker, which may see only that the run has ended.
UNWANTED = frozenset({DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED, DagsterRunStatus.FAILURE})
HANDED_BACK = "the worker was stopped before the run had ended; another one takes it"
logger = logging.getLogger("sentinel.worker")


@dataclass
class Worker:
    """What executes runs here: who it is, and since when it is to stop."""

    name: str
    instance: DagsterInstance
    leases: Leases
    grace: float
    stopping: threading.Event = field(default_factory=threading.Event)
    stops_at: float = float("inf")

    def stop(self) -> None:
        """Takes no more; runs under way have `grace` seconds to end before they are handed back."""
        self.stops_at = time.monotonic() + self.grace
        self.stopping.set()


def execute(worker: Worker, run_id: str) -> str:
    """Executes a run unless somebody else does or did, or nobody wants it any more; returns what came of it."""
    holder = uuid4().hex
    if worker.stopping.is_set() or not worker.leases.claim(lease_of(run_id), holder, worker.name):
        return "left to others"
    try:
        run = worker.instance.get_run_by_id(run_id)
        if run is None or run.status is not DagsterRunStatus.STARTING:
            return "not wanted any more"
        return _supervised(worker, run, holder)
    finally:
        give_back(worker.leases, lease_of(run_id), holder)


def _supervised(worker: Worker, run: DagsterRun, holder: str) -> str:
    said = f"Taken by worker {worker.name}; what it prints stays on that machine, in {_logs_folder(worker, run)}."
    worker.instance.report_engine_event(said, run, EngineEventData({"worker": worker.name}))
    process = RunProcess(target=execute_here, args=(run.run_id,), name=f"run {run.run_id}")
    process.start()
    renewal = Renewal(worker.leases, lease_of(run.run_id), holder, when_lost=process.kill)
    renewal.start()
    try:
        is_handed_back = watch(worker, run.run_id, process)
    finally:
        if process.is_alive():
            process.kill()
        process.join()
        renewal.stop()
    if renewal.is_lost:
        return "stopped: its lease could not be renewed"
    return _ended(worker, run.run_id, HANDED_BACK if is_handed_back else _how(process))


def _logs_folder(worker: Worker, run: DagsterRun) -> str:
    return str(Path(worker.instance.root_directory) / "storage" / run.run_id)


def watch(worker: Worker, run_id: str, process: BaseProcess) -> bool:
    """Waits for the process to end, and makes it when others ended the run; whether it was handed back instead."""
    looked = cancelled_at = 0.0
    while process.is_alive():
        process.join(STEP_SECONDS)
        now = time.monotonic()
        if now > worker.stops_at:
            return True
        if cancelled_at and now > cancelled_at + CANCEL_GRACE:
            return False
        if not cancelled_at and now > looked + LOOKS_EVERY:
            looked = now
            if _status(worker, run_id) in UNWANTED and process.pid is not None:
                cancelled_at = now
                with suppress(ProcessLookupError):  # it has just ended by itself
                    os.kill(process.pid, signal.SIGINT)
    return False


def _status(worker: Worker, run_id: str) -> DagsterRunStatus | None:
    """How a run is; None while the database does not say."""
    try:
        run = worker.instance.get_run_by_id(run_id)
    except Exception as error:
        logger.warning("run %s: %s", run_id, error)
        return None
    return run.status if run else None


def _how(process: RunProcess) -> str:
    code = process.exitcode or 0
    return f"its process was killed by signal {-code}" if code < 0 else f"its process ended with exit code {code}"


def _ended(worker: Worker, run_id: str, how: str) -> str:
    """What came of the run; records the end of one whose process could not, which has run retries take it."""
    run = worker.instance.get_run_by_id(run_id)
    if run is None:
        return "deleted meanwhile"
    if run.is_finished:
        return run.status.value.lower()
    if run.status is DagsterRunStatus.CANCELING:
        worker.instance.report_run_canceled(run, f"Canceled: {how}.")
        return "canceled"
    worker.instance.report_run_failed(run, f"Failed: {how}.")
    return f"failed: {how}"


def execute_here(run_id: str) -> None:
    """Executes a run in this process, which lives no longer than the worker that started it."""
    from dagster._cli.api import _execute_run_command_body
    from dagster._utils.interrupts import capture_interrupts

    from sentinel_pipeline.ledger.database import wait_for_servers

    threading.Thread(target=_die_with_worker, daemon=True).start()
    threading.Thread(target=die_without_lease, args=(run_id,), daemon=True).start()
    wait_for_servers(LEASE_SECONDS)
    with capture_interrupts(), DagsterInstance.get() as instance:
        _execute_run_command_body(run_id, instance, lambda _: None, set_exit_code_on_failure=False)


def die_without_lease(run_id: str) -> None:
    """Ends this process when the lease of its run does: a worker that only pauses kills nobody until it goes on."""
    while True:
        time.sleep(RENEWED_EVERY)
        with suppress(LedgerError):
            if not leases().is_alive(lease_of(run_id)):
                os.kill(os.getpid(), signal.SIGKILL)


def _die_with_worker() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)
