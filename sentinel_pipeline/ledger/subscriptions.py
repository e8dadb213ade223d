"""Subscriptions kept in the ledger beside those of `sentinel.yaml`; their reader checks what the JSON says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import SUBSCRIPTIONS


@dataclass(frozen=True)
class Subscription:
    """A row: what is subscribed as JSON, whether it is in force, who changed it last."""

    name: str
    entry: str
    is_active: bool
    changed_at: datetime
    changed_by: str


def add(ledger: Ledger, subscription: Subscription) -> bool:
    """Adds a subscription; False when there is one of its name."""
    with ledger.writing() as connection:
        if _is_known(connection, subscription.name):
            return False
        _insert(connection, subscription)
        return True


def replace(ledger: Ledger, subscription: Subscription) -> bool:
    """Puts it in the place of the one of its name; False when there is none."""
    with ledger.writing() as connection:
        if not _is_known(connection, subscription.name):
            return False
        connection.execute(delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.name == subscription.name))
        _insert(connection, subscription)
        return True


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
    connection.execute(insert(SUBSCRIPTIONS).values(subscription.__dict__))
    record(connection, subscription.changed_at, "subscribed", subscription.name, {"is_active": subscription.is_active})


def kept(connection: Connection) -> list[Subscription]:
    """All of them, by name."""
    rows = connection.execute(select(SUBSCRIPTIONS).order_by(SUBSCRIPTIONS.c.name))
    return [Subscription(**row) for row in rows.mappings()]
