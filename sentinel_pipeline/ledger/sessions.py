"""Signing in, being signed in, and signing out.

A session is a secret that only its browser holds; it ends when it was not used for a while, and at the latest after a
working day. Five wrong passwords in a row lock a user for a quarter of an hour, also for the right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, or_, select, update

from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.credentials import NOBODYS, digest, is_password, new_secret
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import SESSIONS, USERS
from sentinel_pipeline.ledger.users import User, folded, with_id

IDLE: Final = timedelta(hours=1)
ABSOLUTE: Final = timedelta(hours=12)
# Each use is not worth a write.
NOTED_EVERY: Final = timedelta(minutes=1)
MOST_FAILURES: Final = 5
LOCKED_FOR: Final = timedelta(minutes=15)
LONGEST_AGENT: Final = 200


@dataclass(frozen=True)
class Client:
    """Where a request came from, as the record of acts tells it."""

    address: str
    agent: str

    @property
    def details(self) -> dict[str, object]:
        return {"address": self.address, "agent": self.agent[:LONGEST_AGENT]}


def sign_in(ledger: Ledger, name: str, password: str, client: Client, at: datetime, earlier: str = "") -> str | None:
    """The secret of a new session, or None; takes as long for a name nobody has. `earlier`: a session that ends.

    Raises BusyError when too many sign in at once.
    """
    with ledger.reading() as connection:
        seen = _row(connection, name)
    is_right = is_password(seen["password"] if seen else NOBODYS, password)
    with ledger.writing() as connection:
        row = _row(connection, name)
        refusal = _refusal(row, seen, is_right, at)
        if row is None or refusal:
            _note_failure(connection, row, refusal, client, at)
            return None
        connection.execute(update(USERS).where(USERS.c.user_id == row["user_id"]).values(failures=0, locked_until=None))
        connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest(earlier)))
        _forget_ended(connection, at)
        secret = new_secret()
        connection.execute(
            insert(SESSIONS).values(digest=digest(secret), user_id=row["user_id"], begun_at=at, used_at=at)
        )
        record(connection, at, "signed in", row["user_id"], client.details)
    return secret


def _row(connection: Connection, name: str) -> RowMapping | None:
    return connection.execute(select(USERS).where(USERS.c.name == folded(name))).mappings().first()


def _refusal(row: RowMapping | None, seen: RowMapping | None, is_right: bool, at: datetime) -> str:
    """Why nobody is let in, as the record says it; empty when somebody is."""
    if row is None or seen is None:
        return "unknown name"
    if not row["is_active"]:
        return "disabled"
    if row["locked_until"] is not None and at < row["locked_until"]:
        return "locked"
    # What was checked is another password by now.
    return "" if is_right and row["password"] == seen["password"] else "wrong password"


def _note_failure(connection: Connection, row: RowMapping | None, refusal: str, client: Client, at: datetime) -> None:
    """Never names who is unknown: people type passwords into the field for the name."""
    subject = row["user_id"] if row is not None else "nobody"
    record(connection, at, "sign-in denied", subject, {"reason": refusal, **client.details})
    if row is None or refusal != "wrong password":
        return
    failures = row["failures"] + 1
    is_locked = failures >= MOST_FAILURES
    values = {"failures": 0 if is_locked else failures, "locked_until": at + LOCKED_FOR if is_locked else None}
    connection.execute(update(USERS).where(USERS.c.user_id == row["user_id"]).values(values))
    if is_locked:
        record(connection, at, "locked out", row["user_id"], {"minutes": LOCKED_FOR // timedelta(minutes=1)})


def signed_in(ledger: Ledger, secret: str, at: datetime) -> User | None:
    """Who a session belongs to, None when it is none, has ended, or its user was disabled."""
    with ledger.reading() as connection:
        row = connection.execute(select(SESSIONS).where(SESSIONS.c.digest == digest(secret))).mappings().first()
        user = with_id(connection, row["user_id"]) if row is not None else None
    if row is None or user is None or not user.is_active:
        return None
    if at >= row["used_at"] + IDLE or at >= row["begun_at"] + ABSOLUTE:
        return None
    if at >= row["used_at"] + NOTED_EVERY:
        with ledger.writing() as connection:
            connection.execute(update(SESSIONS).where(SESSIONS.c.digest == row["digest"]).values(used_at=at))
    return user


def sign_out(ledger: Ledger, secret: str, client: Client, at: datetime) -> None:
    """Ends a session; one that has ended stays so."""
    with ledger.writing() as connection:
        user_id = connection.scalar(select(SESSIONS.c.user_id).where(SESSIONS.c.digest == digest(secret)))
        if user_id is not None:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest(secret)))
            record(connection, at, "signed out", user_id, client.details)


@dataclass(frozen=True)
class OpenSession:
    """A session that has not ended; `is_this`: the one that asks."""

    begun_at: datetime
    used_at: datetime
    is_this: bool


def open_sessions(connection: Connection, user_id: str, secret: str, at: datetime) -> list[OpenSession]:
    """The sessions of a user that have not ended, the one used last first."""
    query = select(SESSIONS).where(SESSIONS.c.user_id == user_id, ~_has_ended(at))
    rows = connection.execute(query.order_by(SESSIONS.c.used_at.desc(), SESSIONS.c.digest)).mappings()
    return [OpenSession(row["begun_at"], row["used_at"], row["digest"] == digest(secret)) for row in rows]


def end_others(ledger: Ledger, user_id: str, secret: str, client: Client, at: datetime) -> int:
    """Ends every session of a user but the one that asks; returns how many."""
    with ledger.writing() as connection:
        others = (SESSIONS.c.user_id == user_id, SESSIONS.c.digest != digest(secret))
        ended = connection.execute(delete(SESSIONS).where(*others)).rowcount
        record(connection, at, "signed out elsewhere", user_id, {"sessions": ended, **client.details})
    return ended


def _forget_ended(connection: Connection, at: datetime) -> None:
    connection.execute(delete(SESSIONS).where(_has_ended(at)))


def _has_ended(at: datetime) -> ColumnElement[bool]:
    return or_(SESSIONS.c.used_at <= at - IDLE, SESSIONS.c.begun_at <= at - ABSOLUTE)
