"""Users of a made-up ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from argon2 import PasswordHasher

from sentinel_pipeline.domain.access import Role
from sentinel_pipeline.ledger.audit import Entry, first_break, history
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.sessions import Client
from sentinel_pipeline.ledger.users import User, add

AT = datetime(2025, 3, 13, 7, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
DESK = Client("192.0.2.7", "a browser")


def somebody(ledger: Ledger, name: str = "ann", role: Role = "analyst") -> User:
    return add(ledger, name, role, PASSWORD, "tests", AT)


def acts(ledger: Ledger) -> list[tuple[str, str]]:
    """Acts on record and what they were done to; fails when the record is broken."""
    with ledger.reading() as connection:
        entries: list[Entry] = list(history(connection))
    assert first_break(entries) is None
    return [(entry.act, entry.subject) for entry in entries]
