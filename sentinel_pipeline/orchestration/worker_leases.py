"""What machines tell each other over the ledger: which workers there are, and who executes which run.

Knows nothing of Dagster.
"""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sentinel_pipeline.ledger.leases import Leases
from sentinel_pipeline.ledger.locks import leases_at
from sentinel_pipeline.settings import data_folder, ledger_url

WORKER, RUN, DAEMON = "worker:", "run:", "daemon"


@dataclass(frozen=True)
class Places:
    """Runs that living workers can execute at once, in all and of each queue."""

    total: int
    by_queue: Counter[str]


def leases() -> Leases:
    """The leases of this deployment. Raises LedgerError."""
    return leases_at(ledger_url(data_folder()))


def name_of_process() -> str:
    """Machine and process: who holds a lease, to people."""
    return f"{socket.gethostname()}:{os.getpid()}"


def lease_of(run_id: str) -> str:
    return f"{RUN}{run_id}"


def described(queues: Sequence[str], slots: int) -> str:
    """What a worker says of itself."""
    return json.dumps({"queues": list(queues), "slots": slots})


def places(known: Leases) -> Places:
    """What the living workers can take. Raises LedgerError."""
    total, by_queue = 0, Counter[str]()
    for lease in known.living(WORKER):
        said = json.loads(lease.detail)
        total += said["slots"]
        by_queue.update(dict.fromkeys(said["queues"], said["slots"]))
    return Places(total, by_queue)


def is_at_work_here() -> bool:
    """Whether a worker of this machine lives. Raises LedgerError."""
    return bool(leases().living(f"{WORKER}{socket.gethostname()}:"))
