"""The record of acts as people read it: the newest lines first, so many at once, those they look for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from sentinel_pipeline.ledger.audit import Entry
from sentinel_pipeline.ledger.schema import AUDIT


@dataclass(frozen=True)
class Sought:
    """What somebody looks for; empty means anything. `before` is the number of the line to go on from."""

    act: str = ""
    text: str = ""
    before: int | None = None


def newest(connection: Connection, sought: Sought, limit: int) -> list[Entry]:
    """Lines that fit, the newest first; `text` stands in the subject or the particulars."""
    query = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
    if sought.act:
        query = query.where(AUDIT.c.act == sought.act)
    if sought.text:
        query = query.where(
            AUDIT.c.subject.contains(sought.text, autoescape=True)
            | AUDIT.c.details.contains(sought.text, autoescape=True)
        )
    if sought.before is not None:
        query = query.where(AUDIT.c.number < sought.before)
    return [Entry(**row) for row in connection.execute(query).mappings()]


def acts(connection: Connection) -> list[str]:
    """Every act that was ever recorded, by name."""
    return list(connection.scalars(select(AUDIT.c.act).distinct().order_by(AUDIT.c.act)))


def lines(connection: Connection) -> int:
    """How many lines there are."""
    return int(connection.scalar(select(func.count()).select_from(AUDIT)) or 0)
