"""How often a user does what is limited: so many times in any span of a length, whichever process serves them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select

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
SCHEDULED_AN_HOUR: Final = Rate("scheduled exports", 10, timedelta(hours=1))


@dataclass(frozen=True)
class Standing:
    """What is left of a rate, and when the oldest use no longer counts; `is_allowed`: this use still was one."""

    rate: Rate
    left: int
    resets_at: datetime
    is_allowed: bool


# Asked with every request: put together once, since putting a statement together costs more than what it does.
_SEEN: Final = select(
    func.count().filter(USES.c.used_at > bindparam("since")),
    func.min(USES.c.used_at).filter(USES.c.used_at > bindparam("since")),
    func.count(),
).where(USES.c.user_id == bindparam("user"), USES.c.act == bindparam("what"))
_USE: Final = insert(USES)


def use(ledger: Ledger, user_id: str, rate: Rate, at: datetime) -> Standing:
    """Counts a use, unless it is one too many: that is on record, once in a span, and is not counted."""
    with ledger.noting() as connection:
        uses, oldest, kept = _seen(connection, user_id, rate.act, at - rate.span)
        is_allowed = uses < rate.number
        if is_allowed:
            connection.execute(_USE, {"user_id": user_id, "act": rate.act, "used_at": at})
        if kept - uses > rate.number:
            _forget(connection, user_id, rate.act, at - rate.span)
    if not is_allowed:
        with ledger.writing() as connection:
            _refuse(connection, user_id, rate, uses, at)
    return Standing(rate, max(rate.number - uses - 1, 0), (oldest or at) + rate.span, is_allowed)


def _seen(connection: Connection, user_id: str, act: str, since: datetime) -> tuple[int, datetime | None, int]:
    """How many uses there were since, the oldest of them, and how many are kept."""
    uses, oldest, kept = connection.execute(_SEEN, {"user": user_id, "what": act, "since": since}).one()
    return uses, oldest, kept


def _forget(connection: Connection, user_id: str, act: str, since: datetime) -> None:
    connection.execute(delete(USES).where(USES.c.user_id == user_id, USES.c.act == act, USES.c.used_at <= since))


def _refuse(connection: Connection, user_id: str, rate: Rate, uses: int, at: datetime) -> None:
    told, since = f"{rate.act} refused", at - rate.span
    _forget(connection, user_id, told, since)
    if not _seen(connection, user_id, told, since)[0]:
        connection.execute(_USE, {"user_id": user_id, "act": told, "used_at": at})
        details = {"act": rate.act, "count": uses, "seconds": rate.span // timedelta(seconds=1)}
        record(connection, at, "rate limit exceeded", user_id, details)
