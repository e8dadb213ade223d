"""Locks over several machines: leases in the ledger, beside the files that exclude the processes of one machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from uuid import uuid4

from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.leases import POLL_SECONDS, Leases, held

DELETING, USING = "deleting", "using"


@cache
def leases_at(url: str) -> Leases:
    """The leases in a ledger. Raises LedgerError."""
    return Leases(open_ledger(url, is_served=True))  # asked several times for each day of each asset


def held_at(url: str, name: str) -> AbstractContextManager[object]:
    """Waits until nobody on any machine holds a name, and holds it. Raises LedgerError."""
    return held(leases_at(url), name)


@contextmanager
def used_at(url: str, name: str) -> Iterator[None]:
    """Waits while somebody deletes what a name stands for, and has nobody begin meanwhile. Raises LedgerError.

    Each says what it wants before it looks what others want, so that never both go on.
    """
    leases, mine = leases_at(url), f"{name}:{USING}:{uuid4().hex}"
    while True:
        with held(leases, mine):
            if not leases.is_alive(f"{name}:{DELETING}"):
                yield
                return
        time.sleep(POLL_SECONDS)


@contextmanager
def unused_at(url: str, name: str, seconds: float) -> Iterator[Callable[[], bool]]:
    """Asks whether nobody uses what a name stands for, after waiting so long; nobody else begins to.

    What is yielded tells it, also of now: who was suspended may have been taken for dead. Raises LedgerError.
    """
    leases, until = leases_at(url), time.monotonic() + seconds
    with held(leases, f"{name}:{DELETING}") as is_still_held:
        while is_used := bool(leases.living(f"{name}:{USING}:")):
            if time.monotonic() >= until:
                break
            time.sleep(POLL_SECONDS)
        yield (lambda: False) if is_used else is_still_held
