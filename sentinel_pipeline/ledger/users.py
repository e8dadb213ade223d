"""Users: one row for each, and the only ways it may change. The record of acts knows them by id, never by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from sentinel_pipeline.domain.access import ROLES, Role
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.credentials import hashed, new_id
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import SESSIONS, USERS

NAME = re.compile(r"[a-z0-9][a-z0-9._+@-]{0,127}")
COLUMNS = tuple(USERS.c[name] for name in ("user_id", "name", "role", "is_active", "locked_until", "created_at"))


@dataclass(frozen=True)
class User:
    """A row without its password; `name` is in small letters."""

    user_id: str
    name: str
    role: Role
    is_active: bool
    locked_until: datetime | None
    created_at: datetime


def add(ledger: Ledger, name: str, role: Role, password: str, by: str, at: datetime) -> User:
    """Adds a user; `by` says who did. Raises UsageError for a name that is taken or none, and for a poor password."""
    written = _checked(name)
    _require_role(role)
    kept = hashed(password)
    with ledger.writing() as connection:
        if connection.scalar(select(USERS.c.user_id).where(USERS.c.name == written)):
            raise UsageError(f"there is a user '{written}' already")
        user = User(new_id(), written, role, is_active=True, locked_until=None, created_at=at)
        row = {**user.__dict__, "password": kept, "failures": 0, "password_at": at}
        connection.execute(insert(USERS).values(row))
        record(connection, at, "user added", user.user_id, {"role": role, "by": by})
    return user


def named(connection: Connection, name: str) -> User:
    """Raises UsageError when there is none of that name."""
    found = _users(connection, USERS.c.name == folded(name))
    if not found:
        raise UsageError(f"there is no user '{name}'; `sentinel users list` shows all")
    return found[0]


def with_id(connection: Connection, user_id: str) -> User | None:
    """The user of an id; None when there is none."""
    found = _users(connection, USERS.c.user_id == user_id)
    return found[0] if found else None


def everybody(connection: Connection) -> list[User]:
    """All of them, by name."""
    return _users(connection, USERS.c.user_id.is_not(None))


def has_users(connection: Connection) -> bool:
    """Whether anybody could sign in."""
    return bool(connection.scalar(select(func.count()).select_from(USERS).where(USERS.c.is_active)))


def change_role(ledger: Ledger, name: str, role: Role, by: str, at: datetime) -> None:
    """Gives a user another role and ends what is signed in. Raises UsageError for the last admin."""
    _require_role(role)
    with ledger.writing() as connection:
        user = named(connection, name)
        if role != "admin":
            _keep_an_admin(connection, user)
        _change(connection, user, role=role)
        record(connection, at, "role changed", user.user_id, {"from": user.role, "to": role, "by": by})


def change_password(ledger: Ledger, name: str, password: str, by: str, at: datetime) -> None:
    """Gives a user another password, ends what is signed in and unlocks them. Raises UsageError for a poor one."""
    kept = hashed(password)
    with ledger.writing() as connection:
        user = named(connection, name)
        _change(connection, user, password=kept, password_at=at, failures=0, locked_until=None)
        record(connection, at, "password changed", user.user_id, {"by": by})


def set_active(ledger: Ledger, name: str, is_active: bool, by: str, at: datetime) -> None:
    """Lets a user in, or keeps them and their tokens out. Raises UsageError for the last admin."""
    with ledger.writing() as connection:
        user = named(connection, name)
        if not is_active:
            _keep_an_admin(connection, user)
        _change(connection, user, is_active=is_active, failures=0, locked_until=None)
        record(connection, at, "user enabled" if is_active else "user disabled", user.user_id, {"by": by})


def folded(name: str) -> str:
    """A name as it is kept: sign-in does not ask how its letters are written; empty for what can be no name."""
    written = name.strip().lower()
    return written if NAME.fullmatch(written) else ""


def _checked(name: str) -> str:
    written = folded(name)
    if not written:
        raise UsageError(
            f"'{name}' is no name; use up to 128 letters a-z, digits and . _ + @ -, a letter or digit first"
        )
    return written


def _require_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"'{role}' is no role; choose one of {', '.join(ROLES)}")


def _keep_an_admin(connection: Connection, user: User) -> None:
    others = (USERS.c.role == "admin", USERS.c.is_active, USERS.c.user_id != user.user_id)
    if user.role == "admin" and not connection.scalar(select(func.count()).select_from(USERS).where(*others)):
        raise UsageError(f"'{user.name}' is the only admin; make another one first")


def _change(connection: Connection, user: User, **values: object) -> None:
    connection.execute(update(USERS).where(USERS.c.user_id == user.user_id).values(values))
    connection.execute(delete(SESSIONS).where(SESSIONS.c.user_id == user.user_id))


def _users(connection: Connection, condition: ColumnElement[bool]) -> list[User]:
    rows = connection.execute(select(*COLUMNS).where(condition).order_by(USERS.c.name))
    return [User(**row) for row in rows.mappings()]
