"""Tokens for scripts: shown once, kept as a digest, good for what they name, until they expire or are revoked."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update

from sentinel_pipeline.domain.access import GRANTED, Permission
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.credentials import digest, new_id, new_secret
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import TOKENS, USERS
from sentinel_pipeline.ledger.users import COLUMNS, User, named

PREFIX: Final = "sentinel_"
LONGEST_LABEL: Final = 80
LONGEST_LIFE: Final = timedelta(days=366)
NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Token:
    """A row without its digest; `scopes` are names of permissions."""

    token_id: str
    user: str
    label: str
    scopes: tuple[str, ...]
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class Holder:
    """Whose token it is, and what may be done with it: what it names, of what its user may do now."""

    user: User
    token_id: str
    permissions: frozenset[Permission]


def make(
    ledger: Ledger, name: str, label: str, scopes: Collection[Permission], life: timedelta, by: str, at: datetime
) -> str:
    """The secret of a new token for a user; nobody can read it again. Raises UsageError."""
    if not 0 < len(label) <= LONGEST_LABEL or not label.isprintable():
        raise UsageError(f"a token's label has 1 to {LONGEST_LABEL} characters that can be seen")
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise UsageError(f"a token lives for 1 to {LONGEST_LIFE.days} days")
    secret, token_id = PREFIX + new_secret(), new_id()
    with ledger.writing() as connection:
        user = named(connection, name)
        excess = sorted(set(scopes) - GRANTED[user.role])
        if excess or not scopes:
            allowed = ", ".join(sorted(GRANTED[user.role]))
            raise UsageError(
                f"a token of the role {user.role} may name {allowed}; not {', '.join(excess) or 'nothing'}"
            )
        row = {
            "token_id": token_id,
            "user_id": user.user_id,
            "label": label,
            "scopes": json.dumps(sorted(scopes)),
            "digest": digest(secret),
            "made_at": at,
            "expires_at": at + life,
        }
        connection.execute(insert(TOKENS).values(row))
        details = {"user": user.user_id, "scopes": sorted(scopes), "days": life.days, "by": by}
        record(connection, at, "token made", token_id, details)
    return secret


# Asked with every request: put together once, since putting a statement together costs more than what it does.
_HOLDER: Final = (
    select(*(TOKENS.c[name] for name in ("token_id", "scopes", "expires_at", "used_at", "revoked_at")), *COLUMNS)
    .join(USERS, USERS.c.user_id == TOKENS.c.user_id)
    .where(TOKENS.c.digest == bindparam("secret"))
)


def holder(ledger: Ledger, secret: str, at: datetime) -> Holder | None:
    """None for what is no token, or no longer."""
    with ledger.reading() as connection:
        row = connection.execute(_HOLDER, {"secret": digest(secret)}).first()
    if row is None or not row.is_active or row.revoked_at is not None or at >= row.expires_at:
        return None
    if row.used_at is None or at >= row.used_at + NOTED_EVERY:
        with ledger.noting() as connection:
            connection.execute(update(TOKENS).where(TOKENS.c.token_id == row.token_id).values(used_at=at))
    user = User(*row[-len(COLUMNS) :])
    return Holder(user, row.token_id, GRANTED[user.role] & frozenset(json.loads(row.scopes)))


def revoke(ledger: Ledger, token_id: str, by: str, at: datetime) -> None:
    """Ends a token. Raises UsageError when there is none of that id that lives."""
    with ledger.writing() as connection:
        is_living = (TOKENS.c.token_id == token_id, TOKENS.c.revoked_at.is_(None))
        if not connection.execute(update(TOKENS).where(*is_living).values(revoked_at=at)).rowcount:
            raise UsageError(f"there is no token '{token_id}' to revoke; `sentinel tokens list` shows all")
        record(connection, at, "token revoked", token_id, {"by": by})


def tokens(connection: Connection) -> list[Token]:
    """All of them, by user, the oldest first."""
    columns = [TOKENS.c[name] for name in Token.__dataclass_fields__ if name != "user"]
    query = select(USERS.c.name.label("user"), *columns).join(USERS, USERS.c.user_id == TOKENS.c.user_id)
    rows = connection.execute(query.order_by(USERS.c.name, TOKENS.c.made_at, TOKENS.c.token_id))
    return [Token(**{**row, "scopes": tuple(json.loads(row["scopes"]))}) for row in rows.mappings()]
