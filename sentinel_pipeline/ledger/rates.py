"""How often a user does what is limited: so many times in any span of a length, whichever process serves them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import USES


@dataclass(frozen=True)
class Rate:
    """At most `number` in any `span`; `act` names what is limited."""

    act: str
    number: int
    span: timedelta


EXPORTS_AN_HOUR: Final = Rate("exports", 10, timedelta(hours=1))


@dataclass(frozen=True)
class Standing:
    """What is left of a rate, and when the oldest use no longer counts; `is_allowed`: this use still was one."""

    rate: Rate
    left: int
    resets_at: datetime
    is_allowed: bool


def use(ledger: Ledger, user_id: str, rate: Rate, at: datetime) -> Standing:
    """Counts a use, unless it is one too many: that is on record, once in a span, and is not counted."""
    with ledger.writing() as connection:
        connection.execute(
            delete(USES).where(USES.c.user_id == user_id, USES.c.act == rate.act, USES.c.used_at <= at - rate.span)
        )
        uses, oldest = _seen(connection, user_id, rate.act)
        resets_at = (oldest or at) + rate.span
        if uses >= rate.number:
            _refuse(connection, user_id, rate, uses, at)
            return Standing(rate, 0, resets_at, is_allowed=False)
        connection.execute(insert(USES).values(user_id=user_id, act=rate.act, used_at=at))
        return Standing(rate, rate.number - uses - 1, resets_at, is_allowed=True)


def _seen(connection: Connection, user_id: str, act: str) -> tuple[int, datetime | None]:
    query = select(func.count(), func.min(USES.c.used_at)).where(USES.c.user_id == user_id, USES.c.act == act)
    uses, oldest = connection.execute(query).one()
    return uses, oldest


def _refuse(connection: Connection, user_id: str, rate: Rate, uses: int, at: datetime) -> None:
    told = f"{rate.act} refused"
    connection.execute(
        delete(USES).where(USES.c.user_id == user_id, USES.c.act == told, USES.c.used_at <= at - rate.span)
    )
    if not _seen(connection, user_id, told)[0]:
        connection.execute(insert(USES).values(user_id=user_id, act=told, used_at=at))
        details = {"act": rate.act, "count": uses, "seconds": rate.span // timedelta(seconds=1)}
        record(connection, at, "rate limit exceeded", user_id, details)
