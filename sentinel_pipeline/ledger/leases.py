"""Leases: what somebody has until a time, which the database's clock decides, unless it is renewed.

A worker that holds a run, and a lock that keeps out processes of other machines, are rows here and not locks of a
session: a restart of PostgreSQL that is shorter than a lease takes nothing from anybody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from sentinel_pipeline.domain.errors import LedgerAwayError, LedgerError
from sentinel_pipeline.ledger.database import Ledger

# A restart of the database, a pause of a machine: shorter than this they are no death.
LEASE_SECONDS = 20.0
RENEWED_EVERY = 3.0
# Who could not renew for so long stops while the lease still stands: the rest is for clocks and for stopping.
LAST_CHANCE = 14.0
POLL_SECONDS = 0.2

NOW = "extract(epoch FROM clock_timestamp())"
TAKE = f"""
INSERT INTO leases (name, holder, detail, expires_at) VALUES (:name, :holder, :detail, {NOW} + :seconds)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, detail = excluded.detail, expires_at = excluded.expires_at
WHERE leases.expires_at < {NOW} OR leases.holder = excluded.holder
"""  # noqa: S608 - the clock is a constant of this module
CLAIM = f"""
INSERT INTO leases (name, holder, detail, expires_at) VALUES (:name, :holder, :detail, {NOW} + :seconds)
ON CONFLICT (name) DO NOTHING
"""  # noqa: S608
RENEW = f"UPDATE leases SET expires_at = {NOW} + :seconds WHERE name = :name AND holder = :holder"  # noqa: S608
KEEP = f"{RENEW} AND expires_at >= {NOW}"
GIVE_BACK = "DELETE FROM leases WHERE name = :name AND holder = :holder"
END = f"DELETE FROM leases WHERE name = :name AND expires_at < {NOW}"  # noqa: S608
LIVING = f"""
SELECT name, holder, detail FROM leases WHERE starts_with(name, :prefix) AND expires_at >= {NOW} ORDER BY name
"""  # noqa: S608


@dataclass(frozen=True)
class Lease:
    """A row that has not expired: what is held, by whom, and what the holder says of itself."""

    name: str
    holder: str
    detail: str


@dataclass(frozen=True)
class Leases:
    """The leases in a ledger on PostgreSQL. All of it raises LedgerError when the database cannot be used."""

    ledger: Ledger

    def take(self, name: str, holder: str, detail: str = "", seconds: float = LEASE_SECONDS) -> bool:
        """Whether the holder has it now: nobody had it, or whoever did has let it expire."""
        return self._changes(TAKE, name=name, holder=holder, detail=detail, seconds=seconds)

    def claim(self, name: str, holder: str, detail: str = "", seconds: float = LEASE_SECONDS) -> bool:
        """Like `take`, but what somebody let expire is not to be had: that is for who ends it (`end_expired`)."""
        return self._changes(CLAIM, name=name, holder=holder, detail=detail, seconds=seconds)

    def renew(self, name: str, holder: str, seconds: float = LEASE_SECONDS) -> bool:
        """Whether the holder still has it, and for how long again; once somebody else took or ended it, never."""
        return self._changes(RENEW, name=name, holder=holder, seconds=seconds)

    def keep(self, name: str, holder: str, seconds: float = LEASE_SECONDS) -> bool:
        """Like `renew`, but not what has expired: others may have gone by it meanwhile, though nobody took it."""
        return self._changes(KEEP, name=name, holder=holder, seconds=seconds)

    def give_back(self, name: str, holder: str) -> None:
        self._changes(GIVE_BACK, name=name, holder=holder)

    def is_alive(self, name: str) -> bool:
        return any(lease.name == name for lease in self.living(name))

    def end_expired(self, name: str) -> bool:
        """Whether nobody holds it: one that expired is ended at once, and its holder cannot renew it any more."""
        self._changes(END, name=name)
        return not self.is_alive(name)

    def living(self, prefix: str) -> list[Lease]:
        """Those whose name begins so, by name."""
        with self.ledger.at_once() as connection:
            rows = connection.execute(text(LIVING), {"prefix": prefix}).all()
        return [Lease(*row) for row in rows]

    def _changes(self, statement: str, **values: Any) -> bool:
        with self.ledger.at_once() as connection:
            return bool(connection.execute(text(statement), values).rowcount)


class Renewal:
    """Keeps a lease that is held, from threads, until `stop`; `is_lost` when that could not be done.

    `when_lost` is called from a thread: within the time that the lease still stands, or when somebody else has it. One
    thread renews, another looks at the clock: a database that does not answer at all must not be waited for.
    """

    def __init__(self, leases: Leases, name: str, holder: str, when_lost: Callable[[], object] = lambda: None) -> None:
        self._leases, self._name, self._holder, self._when_lost = leases, name, holder, when_lost
        self._renewed_at = time.monotonic()
        self._stopped = threading.Event()
        self.is_lost = False
        keeping = {"renews": self._keep, "watches": self._watch}
        self._threads = [
            threading.Thread(target=do, name=f"{what} {name}", daemon=True) for what, do in keeping.items()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(LEASE_SECONDS)

    def _keep(self) -> None:
        while not self._stopped.wait(RENEWED_EVERY):
            if not self.renew():
                self._lose()
                return

    def _watch(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            if self.is_overdue:
                self._lose()
                return

    def _lose(self) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._when_lost()

    @property
    def is_overdue(self) -> bool:
        """Whether the lease may end soon, for all that is known here."""
        return time.monotonic() - self._renewed_at > LAST_CHANCE

    def renew(self) -> bool:
        """Renews now; False when the lease is somebody else's. A database that is away may come back in time."""
        before = time.monotonic()
        try:
            is_ours = self._renewed()
        except LedgerError:
            return True
        self._renewed_at = before if is_ours else self._renewed_at
        return is_ours

    def _renewed(self) -> bool:
        return self._leases.renew(self._name, self._holder)


class Holding(Renewal):
    """Keeps a lock. A machine that was suspended may find it as it left it, by a clock that stood still with it."""

    def _renewed(self) -> bool:
        return self._leases.keep(self._name, self._holder)


@contextmanager
def held(leases: Leases, name: str) -> Iterator[Callable[[], bool]]:
    """Waits until nobody on any machine holds a name, and holds it; what is yielded tells whether it still does.

    Raises LedgerError at the end when the lease was lost meanwhile: others may have been at the same work.
    """
    holder = uuid4().hex
    while not leases.take(name, holder):
        time.sleep(POLL_SECONDS)
    renewal = Holding(leases, name, holder)
    renewal.start()
    try:
        yield partial(leases.keep, name, holder)
    finally:
        renewal.stop()
        give_back(leases, name, holder)
    if renewal.is_lost:
        raise LedgerAwayError(f"{leases.ledger.place}: {name} could not be kept; do what was done meanwhile again")


def give_back(leases: Leases, name: str, holder: str) -> None:
    """Gives a lease back; where the database is away it expires."""
    with suppress(LedgerError):
        leases.give_back(name, holder)
