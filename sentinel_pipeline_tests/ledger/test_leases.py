"""Leases over a real PostgreSQL: one holder, an end by the database's clock, and what a lost one means."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import text

from sentinel_pipeline.domain import shared_locks
from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.lake.closures import in_use, unused
from sentinel_pipeline.lake.store import Lake, alone
from sentinel_pipeline.ledger import leases as module
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.leases import Leases, Renewal, held

SOON, LONG = 0.05, 60.0
Held = TypeVar("Held")


@pytest.fixture
def leases(postgresql_url: str) -> Leases:
    return Leases(open_ledger(postgresql_url))


@pytest.fixture
def machines(postgresql_url: str, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Data folders of two machines that share a ledger."""
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        shared_locks.declare(folder, postgresql_url)
    yield folders
    for folder in folders:
        shared_locks.declare(folder, None)


def test_one_holder_has_it_until_it_is_given_back(leases: Leases) -> None:
    assert leases.take("x", "ann")
    assert leases.take("x", "ann")
    assert not leases.take("x", "bob")
    assert leases.is_alive("x")
    leases.give_back("x", "bob")
    assert leases.is_alive("x")
    leases.give_back("x", "ann")
    assert leases.take("x", "bob")


def test_what_expired_can_be_taken_and_renewed_no_more(leases: Leases) -> None:
    assert leases.take("x", "ann", seconds=SOON)
    time.sleep(2 * SOON)
    assert not leases.is_alive("x")
    assert leases.take("x", "bob")
    assert not leases.renew("x", "ann")
    assert leases.renew("x", "bob")


def test_what_expired_is_claimed_only_after_somebody_ended_it(leases: Leases) -> None:
    assert leases.claim("run", "ann", seconds=SOON)
    assert not leases.claim("run", "ann")
    time.sleep(2 * SOON)
    assert not leases.claim("run", "bob")
    assert leases.end_expired("run")
    assert not leases.renew("run", "ann")
    assert leases.claim("run", "bob")
    assert not leases.end_expired("run")


def test_a_holder_that_was_late_keeps_what_nobody_ended(leases: Leases) -> None:
    assert leases.claim("run", "ann", seconds=SOON)
    time.sleep(2 * SOON)
    assert leases.renew("run", "ann", LONG)
    assert not leases.end_expired("run")


def test_the_living_are_told_by_name(leases: Leases) -> None:
    leases.take("worker:b", "b", "two")
    leases.take("worker:a", "a", "one")
    leases.take("worker:dead", "c", seconds=SOON)
    leases.take("worker_:%", "d")
    time.sleep(2 * SOON)
    assert [(one.name, one.detail) for one in leases.living("worker:")] == [("worker:a", "one"), ("worker:b", "two")]


def test_a_lock_is_had_by_one_after_the_other(leases: Leases) -> None:
    inside: list[int] = []
    most = 0

    def work() -> None:
        nonlocal most
        with held(leases, "edition"):
            inside.append(1)
            most = max(most, len(inside))
            time.sleep(SOON)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert leases.living("edition") == []


def test_who_lost_a_lock_is_told(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RENEWED_EVERY", 0.01)

    def lose_it() -> None:
        with held(leases, "edition"):
            (lease,) = leases.living("edition")
            leases.give_back("edition", lease.holder)
            assert leases.take("edition", "somebody else")
            time.sleep(0.2)

    with pytest.raises(LedgerError, match="could not be kept"):
        lose_it()


def test_who_cannot_reach_the_database_gives_up_before_the_lease_ends(
    leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, silence = threading.Event(), threading.Event()
    for name, value in {"RENEWED_EVERY": 0.01, "POLL_SECONDS": 0.01, "LAST_CHANCE": 0.1}.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(Leases, "renew", lambda *_: silence.wait(30))
    renewal = Renewal(leases, "x", "ann", lost.set)
    renewal.start()
    assert lost.wait(10)
    assert renewal.is_lost
    silence.set()
    renewal.stop()


def test_a_database_that_comes_back_in_time_costs_nothing(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> bool:
        raise LedgerError("away")

    assert leases.take("x", "ann")
    renewal = Renewal(leases, "x", "ann")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Leases, "renew", away)
        assert renewal.renew()
    assert renewal.renew()
    assert not renewal.is_overdue


def test_the_same_file_is_locked_on_all_machines(machines: tuple[Path, Path]) -> None:
    one, two = machines
    got = threading.Event()

    def other_machine() -> None:
        with alone(two / "editions" / ".lock"):
            got.set()

    waiting = threading.Thread(target=other_machine)
    with alone(one / "editions" / ".lock"):
        waiting.start()
        with alone(two / "editions" / "another.lock"):
            assert not got.wait(0.3)
    waiting.join()
    assert got.is_set()


def test_nothing_is_deleted_while_another_machine_works_on_a_day(machines: tuple[Path, Path]) -> None:
    one, two = (Lake(folder / "lake") for folder in machines)
    with in_use(one), in_use(two), unused(two, 0.1) as is_unused:
        assert not is_unused()
    with in_use(one), unused(two, 0.1) as is_unused:
        assert not is_unused()
    with unused(two, 0.1) as is_unused:
        assert is_unused()
        began = threading.Event()
        worker = threading.Thread(target=lambda: _use(one, began))
        worker.start()
        assert not began.wait(0.3)
    worker.join()
    assert began.is_set()


def _use(lake: Lake, began: threading.Event) -> None:
    with in_use(lake):
        began.set()


@contextmanager
def overslept(leases: Leases, holding: AbstractContextManager[Held], what: str) -> Iterator[Held]:
    """Holds something until after its lease has expired, as a machine that was suspended does."""
    with holding as held_by_it:
        with leases.ledger.at_once() as connection:
            connection.execute(text("UPDATE leases SET expires_at = 0 WHERE name LIKE :what"), {"what": f"%{what}%"})
        yield held_by_it
        time.sleep(0.6)


@contextmanager
def suspended(leases: Leases, holding: AbstractContextManager[Held], what: str) -> Iterator[Held]:
    """The same by one who is told of it in the end."""
    with pytest.raises(LedgerError, match="could not be kept"), overslept(leases, holding, what) as held_by_it:
        yield held_by_it


@pytest.fixture
def lakes(machines: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> tuple[Lake, Lake]:
    """One lake as two machines have it, which renew their leases often."""
    monkeypatch.setattr(module, "RENEWED_EVERY", 0.2)
    return Lake(machines[0] / "lake"), Lake(machines[1] / "lake")


def test_who_was_suspended_while_somebody_deleted_is_told(leases: Leases, lakes: tuple[Lake, Lake]) -> None:
    one, two = lakes
    with suspended(leases, in_use(one), "using"), unused(two, 0) as is_unused:
        assert is_unused()


def test_who_was_suspended_before_it_deletes_finds_that_it_is_not_alone(
    leases: Leases, lakes: tuple[Lake, Lake]
) -> None:
    one, two = lakes
    with suspended(leases, unused(one, 0), "deleting") as is_unused, in_use(two):
        assert not is_unused()
