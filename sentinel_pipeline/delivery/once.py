"""Mails of their own, beside those of editions: planned once, tried now, and later the more seldom they failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from sentinel_pipeline.delivery.attempts import Desk, hand_over
from sentinel_pipeline.delivery.outbox import PostOffice, resolve_abandoned
from sentinel_pipeline.delivery.parcel import Parcel
from sentinel_pipeline.domain.errors import UsageError

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.deliveries import Delivery, Planned

LONGEST_PAUSE = timedelta(hours=1)
Subject = TypeVar("Subject")


def send_once(
    office: PostOffice,
    planned: Iterable[tuple[Planned, Subject]],
    parcel: Callable[[Delivery, Subject], Parcel],
) -> tuple[str, ...]:
    """Plans what is new, each mail about its subject, and tries once each that is due; nobody else may be sending.

    Returns a line for each channel that cannot be used. Raises LedgerError.
    """
    from sentinel_pipeline.ledger.deliveries import plan, rows_of

    resolve_abandoned(office)
    about = {row.delivery_id: (row, subject) for row, subject in planned}
    plan(office.ledger, [row for row, _ in about.values()], office.clock())
    with office.ledger.reading() as connection:
        due = [row for row in rows_of(connection, about) if _is_due(row, office.clock())]
    due.sort(key=lambda row: row.channel)
    tried = [
        _tried(office, name, list(rows), lambda row: parcel(row, about[row.delivery_id][1]))
        for name, rows in groupby(due, key=lambda row: row.channel)
    ]
    return tuple(filter(None, tried))


def _tried(office: PostOffice, name: str, rows: list[Delivery], parcel: Callable[[Delivery], Parcel]) -> str:
    try:
        desk = Desk(office.ledger, office.channel(name), ("planned",), 1, office.clock, office.pause)
        why = hand_over(desk, rows, parcel)
    except UsageError as error:
        why = str(error)
    return f"{name} cannot be used: {why}" if why else ""


def _is_due(row: Delivery, now: datetime) -> bool:
    """Tried again after 2, 4, 8 … minutes."""
    if row.state != "planned":
        return False
    waited = min(timedelta(minutes=2 ** min(row.attempts, 10)), LONGEST_PAUSE)
    return row.tried_at is None or now - row.tried_at >= waited
