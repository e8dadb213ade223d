"""Subscriptions kept in the ledger beside those of `sentinel.yaml`; their reader checks what the JSON says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

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


def keep(ledger: Ledger, subscription: Subscription) -> None:
    """Adds a subscription, or replaces the one of its name."""
    with ledger.writing() as connection:
        connection.execute(delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.name == subscription.name))
        connection.execute(insert(SUBSCRIPTIONS).values(subscription.__dict__))
        record(
            connection, subscription.changed_at, "subscribed", subscription.name, {"is_active": subscription.is_active}
        )


def kept(connection: Connection) -> list[Subscription]:
    """All of them, by name."""
    rows = connection.execute(select(SUBSCRIPTIONS).order_by(SUBSCRIPTIONS.c.name))
    return [Subscription(**row) for row in rows.mappings()]
