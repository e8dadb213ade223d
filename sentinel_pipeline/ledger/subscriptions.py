"""Subscriptions kept in the ledger beside those of `sentinel.yaml`; their reader checks what the JSON says."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from sentinel_pipeline.domain.access import GRANTED, Permission
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import SUBSCRIPTIONS
from sentinel_pipeline.ledger.users import everybody


@dataclass(frozen=True)
class Subscription:
    """A row: what is subscribed as JSON, whether it is in force, who changed it last, and whose it is (user id).

    `is_entitled`, which no column keeps: whether whose it is may still have reports and hand them on.
    """

    name: str
    entry: str
    is_active: bool
    changed_at: datetime
    changed_by: str
    owner: str | None = None
    is_entitled: bool = True


# What who has reports mailed must be allowed.
NEEDED: Final[frozenset[Permission]] = frozenset({"DATA_EXPORT", "PERSONAL_VIEW"})


def add(ledger: Ledger, subscription: Subscription) -> bool:
    """Adds a subscription; False when there is one of its name."""
    with ledger.writing() as connection:
        if _is_known(connection, subscription.name):
            return False
        _insert(connection, subscription)
        return True


def replace(ledger: Ledger, subscription: Subscription) -> bool:
    """Puts it in the place of the one of its name, whose owner stays; False when there is none."""
    with ledger.writing() as connection:
        if not _is_known(connection, subscription.name):
            return False
        is_it = SUBSCRIPTIONS.c.name == subscription.name
        owner = connection.scalar(select(SUBSCRIPTIONS.c.owner).where(is_it))
        connection.execute(delete(SUBSCRIPTIONS).where(is_it))
        _insert(connection, dataclasses.replace(subscription, owner=owner))
        return True


def remove(ledger: Ledger, name: str, at: datetime) -> bool:
    """Takes one away, what it was sent stays known; False when there is none of that name."""
    with ledger.writing() as connection:
        removed = connection.execute(delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.name == name)).rowcount
        if removed:
            record(connection, at, "unsubscribed", name, {})
        return bool(removed)


def set_active(ledger: Ledger, name: str, at: datetime, by: str, *, is_active: bool) -> bool:
    """Puts one in force or out of it; False when there is none of that name."""
    with ledger.writing() as connection:
        changed = connection.execute(
            update(SUBSCRIPTIONS)
            .where(SUBSCRIPTIONS.c.name == name)
            .values(is_active=is_active, changed_at=at, changed_by=by)
        )
        if changed.rowcount:
            record(connection, at, "subscribed", name, {"is_active": is_active})
        return bool(changed.rowcount)


def _is_known(connection: Connection, name: str) -> bool:
    found = connection.execute(select(SUBSCRIPTIONS.c.name).where(SUBSCRIPTIONS.c.name == name))
    return found.first() is not None


def _insert(connection: Connection, subscription: Subscription) -> None:
    row = {name: value for name, value in subscription.__dict__.items() if name != "is_entitled"}
    connection.execute(insert(SUBSCRIPTIONS).values(row))
    record(connection, subscription.changed_at, "subscribed", subscription.name, {"is_active": subscription.is_active})


def kept(connection: Connection) -> list[Subscription]:
    """All of them, by name."""
    entitled = {user.user_id for user in everybody(connection) if user.is_active and GRANTED[user.role] >= NEEDED}
    rows = connection.execute(select(SUBSCRIPTIONS).order_by(SUBSCRIPTIONS.c.name))
    return [
        Subscription(**row, is_entitled=row["owner"] is None or row["owner"] in entitled) for row in rows.mappings()
    ]
