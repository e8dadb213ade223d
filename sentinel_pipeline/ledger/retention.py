"""What retention has announced, by mail too, and the lines that tell what it deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from sentinel_pipeline.domain.retention import Kind
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import ANNOUNCEMENTS, RETENTION_NOTICES

Identity = tuple[Kind, str]
AT_ONCE = 200


@dataclass(frozen=True)
class Announcement:
    """A row: what a mail tells of things announced together, as JSON, and when everybody was told."""

    number: int
    announced_on: date
    announced_at: datetime
    said: str
    told_at: datetime | None


def announced(connection: Connection) -> dict[Identity, date]:
    """The day on which each item was announced, by kind and name."""
    rows = connection.execute(select(RETENTION_NOTICES))
    return {(cast("Kind", row.kind), row.item): row.announced_on for row in rows}


def mailed(connection: Connection) -> dict[Identity, datetime | None]:
    """Of items whose deletion is announced by mail when somebody was told so; None while nobody is."""
    columns = RETENTION_NOTICES.c
    joined = RETENTION_NOTICES.join(ANNOUNCEMENTS, columns.announcement == ANNOUNCEMENTS.c.number)
    rows = connection.execute(select(columns.kind, columns.item, ANNOUNCEMENTS.c.told_at).select_from(joined))
    return {(cast("Kind", row.kind), row.item): row.told_at for row in rows}


def announce(ledger: Ledger, items: Iterable[Identity], on: date, at: datetime, said: str = "") -> None:
    """Notes that items will be deleted, and adds a line with how many of each kind.

    `said` is what a mail tells of them all; without it nobody is told by mail. An item that was announced without mail
    is announced anew.
    """
    fresh = list(items)
    if not fresh:
        return
    with ledger.writing() as connection:
        for first in range(0, len(fresh), AT_ONCE):
            _remove(connection, fresh[first : first + AT_ONCE])
        number = _add_announcement(connection, on, at, said) if said else None
        rows = [{"kind": kind, "item": name, "announced_on": on, "announcement": number} for kind, name in fresh]
        connection.execute(insert(RETENTION_NOTICES), rows)
        kinds = [kind for kind, _ in fresh]
        record(connection, at, "announced", "retention", {kind: kinds.count(kind) for kind in sorted(set(kinds))})


def _add_announcement(connection: Connection, on: date, at: datetime, said: str) -> int:
    newest: int = connection.execute(select(func.max(ANNOUNCEMENTS.c.number))).scalar() or 0
    row = {"number": newest + 1, "announced_on": on, "announced_at": at, "said": said}
    connection.execute(insert(ANNOUNCEMENTS).values(row))
    return newest + 1


def untold(connection: Connection) -> list[Announcement]:
    """Announcements that nobody was told by mail yet, of things that are still to go, oldest first."""
    columns = ANNOUNCEMENTS.c
    to_go = select(RETENTION_NOTICES.c.announcement).where(RETENTION_NOTICES.c.announcement.is_not(None))
    wanted = select(ANNOUNCEMENTS).where(columns.told_at.is_(None), columns.number.in_(to_go)).order_by(columns.number)
    return [Announcement(**row) for row in connection.execute(wanted).mappings()]


def tell(ledger: Ledger, announcement: Announcement, at: datetime) -> None:
    """Notes that the mail of an announcement has gone: the days of notice count from now."""
    columns = ANNOUNCEMENTS.c
    with ledger.writing() as connection:
        told = connection.execute(
            update(ANNOUNCEMENTS)
            .where(columns.number == announcement.number, columns.told_at.is_(None))
            .values(told_at=at)
        )
        if told.rowcount:
            record(connection, at, "told", "retention", {"announcement": announcement.number})


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
    columns = RETENTION_NOTICES.c
    with ledger.writing() as connection:
        of_item = and_(columns.kind == item[0], columns.item == item[1])
        number = connection.execute(select(columns.announcement).where(of_item)).scalar()
        _remove(connection, [item])
        row = {"kind": item[0], "item": item[1], "announced_on": at.date(), "announcement": number}
        connection.execute(insert(RETENTION_NOTICES).values(row))
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
