"""Links by which one person downloads one file: a row for each, and the only ways it may change.

A row alone opens nothing: what stands in a link is signed, see `publishing.links`. The record of acts names no
recipient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, update

from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import LINKS


@dataclass(frozen=True)
class Link:
    """A row: a file by its path below the data folder, and who may have it: a user (id), or the recipient of a mail.

    `subscription` is what the recipient gets mails by.
    """

    link_id: str
    file: str
    user_id: str | None
    recipient: str | None
    subscription: str | None
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    uses: int = 0

    @property
    def bound_to(self) -> str:
        """Who may have it, as it is signed."""
        return f"user {self.user_id}" if self.user_id is not None else f"recipient {self.recipient}"

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired or was revoked."""
        return self.revoked_at is not None or now >= self.expires_at


def keep(ledger: Ledger, link: Link) -> Link:
    """Adds a link; one of the same id stays as it is. Returns what is kept."""
    with ledger.writing() as connection:
        known = link_of(connection, link.link_id)
        if known is not None:
            return known
        connection.execute(insert(LINKS).values(**link.__dict__))
        about = {"file": link.file, "expires_at": link.expires_at.isoformat(), "user": link.user_id, "by": link.made_by}
        record(connection, link.made_at, "link made", link.link_id, about)
    return link


def revoke(ledger: Ledger, link_id: str, by: str, at: datetime) -> bool:
    """Ends a link; False when there is none that lives."""
    with ledger.writing() as connection:
        living = (LINKS.c.link_id == link_id, LINKS.c.revoked_at.is_(None))
        revoked = connection.execute(update(LINKS).where(*living).values(revoked_at=at)).rowcount
        if revoked:
            record(connection, at, "link revoked", link_id, {"by": by})
    return bool(revoked)


def note_use(ledger: Ledger, link: Link, details: Mapping[str, object], at: datetime) -> None:
    """Counts a download by a link, and records it."""
    with ledger.writing() as connection:
        is_it = LINKS.c.link_id == link.link_id
        connection.execute(update(LINKS).where(is_it).values(used_at=at, uses=LINKS.c.uses + 1))
        record(connection, at, "downloaded", link.user_id or link.link_id, {"link": link.link_id, **details})


def link_of(connection: Connection, link_id: str) -> Link | None:
    """The row of a link; None when there is none."""
    found = connection.execute(select(LINKS).where(LINKS.c.link_id == link_id)).mappings().first()
    return None if found is None else _link(found)


def links_of(connection: Connection, user_id: str | None, limit: int) -> list[Link]:
    """Links that are bound to a user or made by them (None: all), the newest first."""
    query = select(LINKS).order_by(LINKS.c.made_at.desc(), LINKS.c.link_id).limit(limit)
    if user_id is not None:
        query = query.where((LINKS.c.user_id == user_id) | (LINKS.c.made_by == user_id))
    return [_link(row) for row in connection.execute(query).mappings()]


def _link(row: RowMapping) -> Link:
    return Link(**row)
