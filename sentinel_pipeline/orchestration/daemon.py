"""The process that launches queued runs and works schedules and sensors: Dagster's daemon after a look at lost runs.

Started as `python -m sentinel_pipeline.orchestration.daemon`, with the arguments of `dagster-daemon`.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from dagster import DagsterInstance
from dagster._daemon.cli import main as run_daemon

from sentinel_pipeline.orchestration.launcher import end_lost_runs
from sentinel_pipeline.settings import celery_broker_url

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("dagster.daemon")


def main() -> None:
    """Ends what a crash left under way, then runs the daemon until it is told to stop."""
    with sole_daemon() if celery_broker_url() else nullcontext():
        with DagsterInstance.get() as instance:
            for run_id in end_lost_runs(instance):
                logger.warning("Run %s had lost its worker and was ended.", run_id)
        run_daemon()


@contextmanager
def sole_daemon() -> Iterator[None]:
    """Waits until no daemon of another machine works: two would do everything twice. Who cannot go on so is ended."""
    from sentinel_pipeline.ledger.leases import POLL_SECONDS, Renewal, give_back
    from sentinel_pipeline.orchestration.worker_leases import DAEMON, leases, name_of_process

    me = name_of_process()
    while not leases().take(DAEMON, me):
        time.sleep(POLL_SECONDS)
    renewal = Renewal(leases(), DAEMON, me, when_lost=lambda: os.kill(os.getpid(), signal.SIGKILL))
    renewal.start()
    try:
        yield
    finally:
        renewal.stop()
        give_back(leases(), DAEMON, me)


if __name__ == "__main__":
    main()
