"""What retention has announced, and the lines that tell what it deleted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import cast

from sqlalchemy import Connection, and_, delete, insert, or_, select

from sentinel_pipeline.domain.retention import Kind
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import RETENTION_NOTICES

Identity = tuple[Kind, str]
AT_ONCE = 200


def announced(connection: Connection) -> dict[Identity, date]:
    """The day on which each item was announced, by kind and name."""
    rows = connection.execute(select(RETENTION_NOTICES))
    return {(cast("Kind", row.kind), row.item): row.announced_on for row in rows}


def announce(ledger: Ledger, items: Iterable[Identity], on: date, at: datetime) -> None:
    """Notes that items will be deleted, and adds a line with how many of each kind."""
    fresh = list(items)
    if not fresh:
        return
    with ledger.writing() as connection:
        rows = [{"kind": kind, "item": name, "announced_on": on} for kind, name in fresh]
        connection.execute(insert(RETENTION_NOTICES), rows)
        kinds = [kind for kind, _ in fresh]
        record(connection, at, "announced", "retention", {kind: kinds.count(kind) for kind in sorted(set(kinds))})


def forget(ledger: Ledger, items: Iterable[Identity]) -> None:
    """Takes notices back: of what is held or kept longer now, so that it is announced again before it goes."""
    left = list(items)
    with ledger.writing() as connection:
        for first in range(0, len(left), AT_ONCE):
            _remove(connection, left[first : first + AT_ONCE])


def miss(ledger: Ledger, items: Iterable[Identity], at: datetime) -> None:
    """Takes notices back of what is no longer there, with a line for each: somebody died over it, or took it away."""
    for item in items:
        with ledger.writing() as connection:
            _remove(connection, [item])
            record(connection, at, "gone", _subject(item), {})


def begin_deletion(ledger: Ledger, item: Identity, at: datetime, particulars: dict[str, object]) -> None:
    """Adds the line that something is deleted from now on, and notes it, so that it is known until it is ended."""
    with ledger.writing() as connection:
        _remove(connection, [item])
        connection.execute(insert(RETENTION_NOTICES).values(kind=item[0], item=item[1], announced_on=at.date()))
        record(connection, at, "deleting", _subject(item), particulars)


def end_deletion(ledger: Ledger, item: Identity, at: datetime, particulars: dict[str, object]) -> None:
    """Adds the line that it is deleted, and takes its notice back."""
    with ledger.writing() as connection:
        _remove(connection, [item])
        record(connection, at, "deleted", _subject(item), particulars)


def _remove(connection: Connection, items: list[Identity]) -> None:
    columns = RETENTION_NOTICES.c
    which = [and_(columns.kind == kind, columns.item == name) for kind, name in items]
    if which:
        connection.execute(delete(RETENTION_NOTICES).where(or_(*which)))


def _subject(item: Identity) -> str:
    return " ".join(item)
