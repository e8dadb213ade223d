"""Requests for reports: one row for each, and the only ways it may change.

requested → running → done | failed | cancelled; rejected is what could not be understood any more when its turn came.
Retention removes what was settled long ago, and tells so itself.
The record of acts names no recipient and no error, so that a person can be forgotten without breaking its chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from sentinel_pipeline.domain.request import OPEN, Request, State, request_from
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import REQUESTS
from sentinel_pipeline.ledger.turning import Turn, turn, turn_within

MOST_ERROR = 2_000
UNMADE: tuple[State, ...] = ("failed", "cancelled", "rejected")


@dataclass(frozen=True)
class Filed:
    """A row: what was requested and how far it is; `edition` is its folder below the editions once it is done.

    `attempts` counts how often it was asked for, `run_id` is the run that took it last, `error` why it is not done, or
    what of it was not delivered.
    """

    request_id: str
    request: Request
    requested_by: str
    state: State
    attempts: int
    run_id: str | None
    edition: str | None
    error: str | None
    requested_at: datetime
    started_at: datetime | None
    settled_at: datetime | None


def file_request(ledger: Ledger, request: Request, at: datetime, *, anew: bool = False) -> str:
    """Files a request and returns its id. What is filed already stays as it is, and is not made twice.

    `anew`: one that failed, was cancelled or rejected is requested once more.
    """
    name = request.request_id
    with ledger.writing() as connection:
        known = state_of(connection, name)
        if known is None:
            said = {"request_id": name, "request": request.text, "requested_by": request.requested_by}
            connection.execute(insert(REQUESTS).values(**said, state="requested", attempts=1, requested_at=at))
            record(connection, at, "requested", name, {"days": request.days})
        elif anew and known.state in UNMADE:
            _ask_again(connection, name, UNMADE, at)
    return name


def ask_again(ledger: Ledger, request_id: str, at: datetime) -> bool:
    """Requests once more what was being made when whoever made it died; False when it is not being made."""
    with ledger.writing() as connection:
        return _ask_again(connection, request_id, OPEN, at)


def begin(ledger: Ledger, request_id: str, run_id: str, at: datetime) -> bool:
    """Takes a request for a run; False when it is done, cancelled or rejected. A failed one may be tried by hand."""
    values = {"run_id": run_id, "started_at": at, "error": None, "settled_at": None}
    return _turn(ledger, request_id, (*OPEN, "failed"), "running", at, values, {"run": run_id})


def finish(ledger: Ledger, request_id: str, edition: str, at: datetime) -> bool:
    """Records that a request is fulfilled; False when it was cancelled meanwhile. Done again is done."""
    values = {"edition": edition, "error": None, "settled_at": at}
    return _turn(ledger, request_id, (*OPEN, "done", "failed"), "done", at, values, {"edition": edition})


def fail(ledger: Ledger, request_id: str, error: str, at: datetime) -> bool:
    """Records why a request that was under way cannot be fulfilled."""
    return _turn(ledger, request_id, OPEN, "failed", at, {"error": error[:MOST_ERROR], "settled_at": at})


def reject(ledger: Ledger, request_id: str, error: str, at: datetime) -> bool:
    """Records that a request does not fit the deployment any more, before it was begun."""
    return _turn(ledger, request_id, ("requested",), "rejected", at, {"error": error[:MOST_ERROR], "settled_at": at})


def cancel(ledger: Ledger, request_id: str, at: datetime) -> bool:
    """Ends a request that is not settled yet; its run notices. False when there is none, or it is settled."""
    return _turn(ledger, request_id, OPEN, "cancelled", at, {"settled_at": at})


def note_undelivered(ledger: Ledger, request_id: str, error: str) -> None:
    """Keeps beside a request that is done why somebody did not get it; nothing said: everybody did."""
    with ledger.writing() as connection:
        connection.execute(
            update(REQUESTS)
            .where(REQUESTS.c.request_id == request_id, REQUESTS.c.state == "done")
            .values(error=error[:MOST_ERROR] or None)
        )


def remove_settled(ledger: Ledger, request_id: str) -> bool:
    """Removes the row of a request that is settled; False when there is none, or it was asked for again."""
    columns = REQUESTS.c
    with ledger.writing() as connection:
        gone = connection.execute(delete(REQUESTS).where(columns.request_id == request_id, columns.state.not_in(OPEN)))
        return bool(gone.rowcount)


def state_of(connection: Connection, request_id: str) -> Filed | None:
    """The row of a request; None when nobody filed it."""
    found = connection.execute(select(REQUESTS).where(REQUESTS.c.request_id == request_id))
    return next((_filed(row) for row in found.mappings()), None)


def in_state(connection: Connection, states: Sequence[State]) -> list[Filed]:
    """Rows in one of the states, in the order they were filed in."""
    order = (REQUESTS.c.requested_at, REQUESTS.c.request_id)
    found = connection.execute(select(REQUESTS).where(REQUESTS.c.state.in_(states)).order_by(*order))
    return [_filed(row) for row in found.mappings()]


def latest(connection: Connection, requested_by: str | None, limit: int) -> list[Filed]:
    """Rows of whom `requested_by` names (None: of everybody), the newest first."""
    query = select(REQUESTS).order_by(REQUESTS.c.requested_at.desc(), REQUESTS.c.request_id).limit(limit)
    if requested_by is not None:
        query = query.where(REQUESTS.c.requested_by == requested_by)
    return [_filed(row) for row in connection.execute(query).mappings()]


def _filed(row: RowMapping) -> Filed:
    return Filed(**{**row, "request": request_from(row["request"])})


def _ask_again(connection: Connection, request_id: str, states: Sequence[State], at: datetime) -> bool:
    values = {"attempts": REQUESTS.c.attempts + 1, "error": None, "settled_at": None}
    change = Turn(states, "requested", values, "requested again", {})
    return turn_within(connection, REQUESTS.c.request_id, request_id, change, at)


def _turn(
    ledger: Ledger,
    request_id: str,
    states: Sequence[State],
    state: State,
    at: datetime,
    values: Mapping[str, object],
    details: Mapping[str, object] | None = None,
) -> bool:
    """Gives a row a state when it is in one of `states`, and records the act."""
    return turn(ledger, REQUESTS.c.request_id, request_id, Turn(states, state, values, state, details or {}), at)
