"""A worker: takes runs from the broker and executes each in a process of its own, until it is told to stop.

Started as `python -m sentinel_pipeline.orchestration.worker`; `sentinel worker` does it.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.ledger.leases import Renewal
from sentinel_pipeline.orchestration.celery_application import TASK, application
from sentinel_pipeline.orchestration.code_server import start_forking
from sentinel_pipeline.orchestration.instance import instance_of
from sentinel_pipeline.orchestration.run_supervision import Worker, execute, logger
from sentinel_pipeline.orchestration.work_queues import QUEUES
from sentinel_pipeline.orchestration.worker_leases import WORKER, described, leases, name_of_process
from sentinel_pipeline.settings import load_settings


def work(queues: Sequence[str], slots: int, grace: float) -> int:
    """Works until SIGTERM or SIGINT: 0 then. Raises SentinelError when it cannot begin."""
    from celery import signals

    start_forking()
    with instance_of(load_settings()) as instance:
        worker = Worker(name_of_process(), instance, leases(), grace)

        def run(run_id: str) -> None:
            began = time.monotonic()
            logger.info("run %s: %s (%.1f s)", run_id, execute(worker, str(run_id)), time.monotonic() - began)

        def stop(**_: object) -> None:
            worker.stop()

        celery = application()
        celery.task(run, name=TASK)
        signals.worker_shutting_down.connect(stop)
        with registered(worker, queues, slots):
            known = celery.Worker(
                hostname=f"sentinel@{worker.name}",
                pool="threads",
                concurrency=slots,
                queues=list(queues),
                quiet=True,
                loglevel="WARNING",
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
            )
            logger.info("worker %s: %d at once of %s", worker.name, slots, ", ".join(queues))
            known.start()
            return int(known.exitcode or 0)


@contextmanager
def registered(worker: Worker, queues: Sequence[str], slots: int) -> Iterator[None]:
    """While it lasts, others know that this worker takes runs; it takes none for longer."""
    name = f"{WORKER}{worker.name}"
    worker.leases.take(name, worker.name, described(queues, slots))
    presence = Presence(worker, name, described(queues, slots))
    presence.start()
    try:
        yield
    finally:
        presence.stop()
        worker.leases.give_back(name, worker.name)


class Presence(Renewal):
    """Tells that a worker lives; one that was thought dead tells it again."""

    def __init__(self, worker: Worker, name: str, detail: str) -> None:
        super().__init__(worker.leases, name, worker.name)
        self._worker, self._detail = worker, detail

    def renew(self) -> bool:
        try:
            if self._worker.stopping.is_set():
                self._leases.give_back(self._name, self._holder)
            else:
                self._leases.take(self._name, self._holder, self._detail)
        except SentinelError as error:
            logger.warning("%s", error)
        return True

    @property
    def is_overdue(self) -> bool:
        return False


def main(arguments: Sequence[str] | None = None) -> None:
    """The worker's own process."""
    parser = argparse.ArgumentParser(prog="python -m sentinel_pipeline.orchestration.worker", description=__doc__)
    parser.add_argument("--queues", default=",".join(QUEUES))
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--grace", type=float, default=45.0)
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr)
    logger.setLevel(logging.INFO)
    try:
        sys.exit(work(chosen.queues.split(","), chosen.concurrency, chosen.grace))
    except SentinelError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
