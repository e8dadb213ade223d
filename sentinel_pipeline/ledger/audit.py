"""A record of what was done: lines are only added, and each holds the hash of the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from sentinel_pipeline.ledger.schema import AUDIT

BEGINNING = "0" * 64
# What the documents of the systems call what is told here in words.
EVENTS = {
    "signed in": "LOGIN_SUCCESS",
    "signed out": "LOGOUT",
    "sign-in denied": "LOGIN_FAILURE",
    "permission denied": "PERMISSION_DENIED",
    "downloaded": "DATA_EXPORTED",
    "export created": "DATA_EXPORT",
    "export deleted": "DATA_DELETED",
    "export expired": "DATA_DELETED",
    "rate limit exceeded": "RATE_LIMIT_EXCEEDED",
}


@dataclass(frozen=True)
class Entry:
    """One line of the record: what was done to what, when, with which particulars."""

    number: int
    recorded_at: datetime
    act: str
    subject: str
    details: str
    previous: str
    digest: str


def record(connection: Connection, at: datetime, act: str, subject: str, details: Mapping[str, object]) -> None:
    """Adds a line, in the transaction of what it tells of; must be a writing one."""
    newest = connection.execute(select(AUDIT).order_by(AUDIT.c.number.desc()).limit(1)).mappings().first()
    number, previous = (newest["number"] + 1, newest["digest"]) if newest else (1, BEGINNING)
    said = json.dumps(details, sort_keys=True, ensure_ascii=False)
    digest = _digest(number, at, act, subject, said, previous)
    connection.execute(
        insert(AUDIT).values(
            number=number, recorded_at=at, act=act, subject=subject, details=said, previous=previous, digest=digest
        )
    )


def history(connection: Connection) -> Iterable[Entry]:
    """All lines, oldest first, streamed."""
    rows = connection.execution_options(yield_per=1000).execute(select(AUDIT).order_by(AUDIT.c.number))
    return (Entry(**row) for row in rows.mappings())


@dataclass(frozen=True)
class Checked:
    """What a walk along the record found; `newest` is the hash of its last line, worth keeping elsewhere."""

    lines: int
    newest: str
    broken_at: int | None


def checked(entries: Iterable[Entry]) -> Checked:
    """Walks along the whole record, or up to the first line that does not follow from the one before."""
    lines, newest = 0, BEGINNING

    def walked() -> Iterable[Entry]:
        nonlocal lines, newest
        for entry in entries:
            lines, newest = lines + 1, entry.digest
            yield entry

    broken = first_break(walked())
    return Checked(lines, newest, broken)


def event_of(act: str) -> str:
    """An act under the name that the documents give it; without one its own words, spelled alike."""
    return EVENTS.get(act, act.upper().replace(" ", "_").replace("-", "_"))


def first_break(entries: Iterable[Entry]) -> int | None:
    """The number of the first line that was changed, or that follows one taken away; None for an unbroken record.

    Lines cut off at the end leave no trace in what is left: whoever must notice that keeps the newest hash elsewhere.
    """
    previous = BEGINNING
    for number, entry in enumerate(entries, 1):
        content = _digest(entry.number, entry.recorded_at, entry.act, entry.subject, entry.details, entry.previous)
        if (entry.number, entry.previous, entry.digest) != (number, previous, content):
            return number
        previous = entry.digest
    return None


def _digest(number: int, at: datetime, act: str, subject: str, details: str, previous: str) -> str:
    said = json.dumps([number, round(at.timestamp() * 1_000_000), act, subject, details, previous], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()
