"""Deliveries: one row for each edition's revision, subscription and recipient, and the only ways it may change.

planned → sending → sent | refused | uncertain; an attempt that certainly failed is planned again. The record of acts
names no recipient and no error, so that a person can be forgotten without breaking its chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from sentinel_pipeline.domain.delivery import State
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import DELIVERIES
from sentinel_pipeline.ledger.tallies import Added, add

MOST_ERROR = 500


@dataclass(frozen=True)
class Dispatch:
    """Which revision of which edition goes out, for which subscription, to whom, how."""

    cadence: str
    period_key: str
    revision: int
    manifest_sha256: str
    subscription: str
    recipient: str
    channel: str
    message_id: str

    @property
    def edition(self) -> str:
        return f"{self.cadence}/{self.period_key}/r{self.revision}"


@dataclass(frozen=True)
class Planned(Dispatch):
    """A delivery that is to be."""

    @property
    def delivery_id(self) -> str:
        """The same for the same revision, subscription and recipient, however its address is written."""
        return delivery_id(self.cadence, self.period_key, self.revision, self.subscription, self.recipient)


@dataclass(frozen=True)
class Delivery(Dispatch):
    """A row of the ledger; `claim` names the attempt that was the last to take it."""

    delivery_id: str
    state: State
    attempts: int
    claim: str | None
    provider_id: str | None
    error: str | None
    planned_at: datetime
    tried_at: datetime | None
    settled_at: datetime | None


def delivery_id(cadence: str, period_key: str, revision: int, subscription: str, recipient: str) -> str:
    named = json.dumps([cadence, period_key, revision, subscription, recipient.casefold()])
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def plan(ledger: Ledger, wanted: Sequence[Planned], at: datetime) -> int:
    """Adds the rows that are not there yet, all or none, and returns how many; those that are stay as they are."""
    with ledger.writing() as connection:
        known = set(connection.scalars(select(DELIVERIES.c.delivery_id).where(_is_one_of(wanted))))
        fresh = {one.delivery_id: one for one in wanted if one.delivery_id not in known}
        for name, one in fresh.items():
            row = {**one.__dict__, "delivery_id": name, "state": "planned", "attempts": 0, "planned_at": at}
            connection.execute(insert(DELIVERIES).values(row))
            record(connection, at, "planned", name, {"edition": one.edition, "channel": one.channel})
    return len(fresh)


def _is_one_of(wanted: Iterable[Planned]) -> ColumnElement[bool]:
    return DELIVERIES.c.delivery_id.in_({one.delivery_id for one in wanted})


def claim(ledger: Ledger, delivery: str, states: Sequence[State], token: str, at: datetime) -> bool:
    """Takes a row for one attempt; False when another attempt has it, or its state is none of `states`."""
    with ledger.writing() as connection:
        taken = connection.execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.delivery_id == delivery, DELIVERIES.c.state.in_(states), DELIVERIES.c.state != "sent")
            .values(state="sending", claim=token, tried_at=at, attempts=DELIVERIES.c.attempts + 1, settled_at=None)
        )
        if taken.rowcount:
            record(connection, at, "sending", delivery, {"claim": token})
        return bool(taken.rowcount)


def settle(
    ledger: Ledger,
    delivery: str,
    token: str,
    state: State,
    at: datetime,
    *,
    provider_id: str = "",
    error: str = "",
    tallied: Iterable[Added] = (),
) -> bool:
    """Says how the attempt that holds the row went; False when another attempt has taken it since.

    A row found `uncertain` meanwhile is still this attempt's to settle: it knows what nobody else can. `tallied` is
    counted with it.
    """
    with ledger.writing() as connection:
        settled = connection.execute(
            update(DELIVERIES)
            .where(
                DELIVERIES.c.delivery_id == delivery,
                DELIVERIES.c.claim == token,
                DELIVERIES.c.state.in_(("sending", "uncertain")),
            )
            .values(state=state, provider_id=provider_id or None, error=error[:MOST_ERROR] or None, settled_at=at)
        )
        if settled.rowcount:
            record(connection, at, state, delivery, {"claim": token, "provider_id": provider_id})
            add(connection, tallied)
        return bool(settled.rowcount)


def declare_sent(ledger: Ledger, delivery: str, at: datetime) -> bool:
    """Records that a person knows an uncertain delivery arrived; False when it is not uncertain."""
    with ledger.writing() as connection:
        declared = connection.execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.delivery_id == delivery, DELIVERIES.c.state == "uncertain")
            .values(state="sent", settled_at=at)
        )
        if declared.rowcount:
            record(connection, at, "declared sent", delivery, {})
        return bool(declared.rowcount)


def rows_of(connection: Connection, identifiers: Iterable[str]) -> list[Delivery]:
    """The rows with these ids, by subscription and recipient."""
    return _rows(connection, DELIVERIES.c.delivery_id.in_(set(identifiers)))


def in_state(connection: Connection, states: Sequence[State]) -> list[Delivery]:
    """Rows in one of the states, newest edition first."""
    return _rows(connection, DELIVERIES.c.state.in_(states))


def latest(connection: Connection, states: Sequence[State], limit: int) -> list[Delivery]:
    """The rows in one of the states that were planned last."""
    columns = DELIVERIES.c
    query = select(DELIVERIES).where(columns.state.in_(states))
    found = connection.execute(query.order_by(columns.planned_at.desc(), columns.delivery_id).limit(limit))
    return [Delivery(**row) for row in found.mappings()]


def of_edition(connection: Connection, cadence: str, period_key: str) -> list[Delivery]:
    """Rows of all revisions of an edition, the newest revision first."""
    return _rows(connection, and_(DELIVERIES.c.cadence == cadence, DELIVERIES.c.period_key == period_key))


def _rows(connection: Connection, condition: ColumnElement[bool]) -> list[Delivery]:
    columns = DELIVERIES.c
    order = (columns.period_key.desc(), columns.cadence, columns.revision.desc(), columns.subscription)
    found = connection.execute(select(DELIVERIES).where(condition).order_by(*order, columns.recipient))
    return [Delivery(**row) for row in found.mappings()]
