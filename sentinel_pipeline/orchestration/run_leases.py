"""Leases of runs that a process executes without a worker: a command, `execute_in_process`.

Others would take such a run for lost. Knows nothing of Dagster.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from sentinel_pipeline.domain.errors import LedgerError

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.leases import Renewal

_held: dict[str, tuple[str, Renewal]] = {}


def hold(run_id: str) -> None:
    """Keeps the lease of a run until `release`, unless the worker that started this process keeps it already.

    Who cannot keep it is ended: somebody else may be at the same work. Raises LedgerError.
    """
    from sentinel_pipeline.ledger.leases import Renewal
    from sentinel_pipeline.orchestration.worker_leases import lease_of, leases

    name, holder = lease_of(run_id), uuid4().hex
    if run_id in _held or not leases().claim(name, holder, f"process {os.getpid()}"):
        return
    renewal = Renewal(leases(), name, holder, when_lost=_end)
    renewal.start()
    _held[run_id] = holder, renewal


def release(run_id: str) -> None:
    """Gives back what `hold` took, if it did."""
    holder, renewal = _held.pop(run_id, ("", None))
    if renewal is None:
        return
    from sentinel_pipeline.ledger.leases import give_back
    from sentinel_pipeline.orchestration.worker_leases import lease_of, leases

    renewal.stop()
    give_back(leases(), lease_of(run_id), holder)


def sweep(run_id: str) -> None:
    """Removes what a worker that died left of a run that has ended."""
    from sentinel_pipeline.orchestration.worker_leases import lease_of, leases

    with suppress(LedgerError):  # then it stays, and stands in nobody's way
        leases().end_expired(lease_of(run_id))


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
