"""Exports on request: one row for each, and the only ways it may change.

queued → running → completed | failed | cancelled; completed → expired; whatever it is, it can be deleted by who may.
The record of acts says how many devices were asked for and never which, so that a person can be forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, select, update

from sentinel_pipeline.domain.export_order import EXPORT_STATES, OPEN_EXPORTS, ExportOrder, ExportState, order_from
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.credentials import new_id
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.rates import EXPORTS_AN_HOUR
from sentinel_pipeline.ledger.requests import MOST_ERROR
from sentinel_pipeline.ledger.schema import EXPORTS, USERS, USES
from sentinel_pipeline.ledger.turning import Turn, turn, turn_within

SHOWN: tuple[ExportState, ...] = tuple(state for state in EXPORT_STATES if state != "deleted")


@dataclass(frozen=True)
class Made:
    """The file of an export: its path below the data folder, what it holds, and until when it is kept."""

    file: str
    sha256: str
    bytes: int
    rows: int
    expires_at: datetime


@dataclass(frozen=True)
class Export:
    """A row: whose it is, what was ordered, how far it is (`progress` in percent), and what came of it."""

    export_id: str
    user_id: str
    user: str
    order: ExportOrder
    state: ExportState
    attempts: int
    progress: int
    run_id: str | None
    file: str | None
    sha256: str | None
    bytes: int | None
    rows: int | None
    error: str | None
    downloads: int
    created_at: datetime
    started_at: datetime | None
    settled_at: datetime | None
    expires_at: datetime | None
    schedule_id: str | None = None

    def is_expired(self, now: datetime) -> bool:
        """Whether its file is no longer handed out, be it there or not."""
        return self.state == "expired" or (self.expires_at is not None and now >= self.expires_at)


def file_export(
    ledger: Ledger, order: ExportOrder, user_id: str, at: datetime, details: Mapping[str, object] | None = None
) -> str:
    """Files an export of a user and returns its id; `details` are about who asked."""
    with ledger.writing() as connection:
        return file_within(connection, order, user_id, at, details or {})


def file_within(
    connection: Connection,
    order: ExportOrder,
    user_id: str,
    at: datetime,
    details: Mapping[str, object],
    schedule_id: str | None = None,
) -> str:
    """The same in the caller's transaction; `schedule_id`: what asks in the user's name."""
    export_id = f"export_{new_id()}{new_id()}"
    kinds = {"export_type": order.export_type, "format": order.format}
    said = {**kinds, "export_id": export_id, "user_id": user_id, "ordered": order.text, "schedule_id": schedule_id}
    connection.execute(
        insert(EXPORTS).values(**said, state="queued", attempts=1, progress=0, downloads=0, created_at=at)
    )
    asked = {name: order.options.get(name) for name in ("since", "until", "last")}
    window = {name: value for name, value in asked.items() if value}
    devices = len(order.options.get("device") or ())
    about = {"user": user_id, **kinds, "devices": devices or "all", **window}
    record(connection, at, "export created", export_id, {**about, **details})
    return export_id


def begin(ledger: Ledger, export_id: str, run_id: str, at: datetime) -> bool:
    """Takes an export for a run; False when it is settled. A failed one may be tried by hand."""
    values = {"run_id": run_id, "started_at": at, "error": None, "settled_at": None, "progress": 0}
    change = Turn((*OPEN_EXPORTS, "failed"), "running", values, "export running", {"run": run_id})
    return turn(ledger, EXPORTS.c.export_id, export_id, change, at)


def note_progress(ledger: Ledger, export_id: str, progress: int) -> bool:
    """Keeps how far an export is; False when it is not being made any more."""
    with ledger.writing() as connection:
        noted = connection.execute(
            update(EXPORTS)
            .where(EXPORTS.c.export_id == export_id, EXPORTS.c.state == "running")
            .values(progress=progress)
        )
    return bool(noted.rowcount)


def complete(ledger: Ledger, export_id: str, made: Made, at: datetime) -> bool:
    """Records that an export is there; False when nobody wants it any more. Completed again is completed."""
    values = {**made.__dict__, "progress": 100, "error": None, "settled_at": at}
    details = {"bytes": made.bytes, "rows": made.rows, "sha256": made.sha256}
    change = Turn((*OPEN_EXPORTS, "completed", "failed"), "completed", values, "export completed", details)
    return turn(ledger, EXPORTS.c.export_id, export_id, change, at)


def fail(ledger: Ledger, export_id: str, error: str, at: datetime) -> bool:
    """Records why an export cannot be had; it does not count among those that its owner may make in an hour."""
    values = {"error": error[:MOST_ERROR], "settled_at": at}
    with ledger.writing() as connection:
        change = Turn(OPEN_EXPORTS, "failed", values, "export failed", {})
        has_failed = turn_within(connection, EXPORTS.c.export_id, export_id, change, at)
        found = export_of(connection, export_id) if has_failed else None
        if found is not None:
            counted = (USES.c.act == EXPORTS_AN_HOUR.act, USES.c.used_at == found.created_at)
            connection.execute(delete(USES).where(USES.c.user_id == found.user_id, *counted))
    return has_failed


def cancel(ledger: Ledger, export_id: str, at: datetime) -> bool:
    """Ends an export that is not settled; its run notices. False when there is none, or it is settled."""
    change = Turn(OPEN_EXPORTS, "cancelled", {"settled_at": at}, "export cancelled", {})
    return turn(ledger, EXPORTS.c.export_id, export_id, change, at)


def ask_again(ledger: Ledger, export_id: str, at: datetime) -> bool:
    """Queues once more what was being made when whoever made it died; False when it is not being made."""
    values = {"attempts": EXPORTS.c.attempts + 1, "error": None, "progress": 0}
    change = Turn(OPEN_EXPORTS, "queued", values, "export queued again", {})
    return turn(ledger, EXPORTS.c.export_id, export_id, change, at)


def remove(ledger: Ledger, export_id: str, details: Mapping[str, object], at: datetime) -> bool:
    """Deletes an export in every state; its run notices, its file is the caller's to delete. False when there is none.

    The row stays, for nobody to see: the record of acts speaks of it.
    """
    change = Turn(SHOWN, "deleted", {"settled_at": at}, "export deleted", details)
    return turn(ledger, EXPORTS.c.export_id, export_id, change, at)


def expire(ledger: Ledger, at: datetime) -> list[str]:
    """Ends what has been kept long enough, and returns the ids of it; the files are the caller's to delete."""
    with ledger.reading() as connection:
        is_due = and_(EXPORTS.c.state == "completed", EXPORTS.c.expires_at <= at)
        due = list(connection.scalars(select(EXPORTS.c.export_id).where(is_due)))
    change = Turn(("completed",), "expired", {}, "export expired", {})
    return [name for name in due if turn(ledger, EXPORTS.c.export_id, name, change, at)]


def note_download(ledger: Ledger, export_id: str, user_id: str, details: Mapping[str, object], at: datetime) -> None:
    """Counts a download and records whose it was."""
    with ledger.writing() as connection:
        connection.execute(
            update(EXPORTS).where(EXPORTS.c.export_id == export_id).values(downloads=EXPORTS.c.downloads + 1)
        )
        record(connection, at, "downloaded", user_id, {"export": export_id, **details})


def export_of(connection: Connection, export_id: str) -> Export | None:
    """The row of an export; None when there is none, or it was deleted."""
    return next(iter(_rows(connection, EXPORTS.c.export_id == export_id, SHOWN)), None)


def in_state(connection: Connection, states: Sequence[ExportState]) -> list[Export]:
    """Rows in one of the states, in the order they were filed in."""
    return _rows(connection, EXPORTS.c.export_id.is_not(None), states)


def scheduled(connection: Connection, since: datetime) -> list[Export]:
    """Exports that a schedule has asked for and that were completed since an instant."""
    which = and_(EXPORTS.c.schedule_id.is_not(None), EXPORTS.c.settled_at >= since)
    return _rows(connection, which, ("completed",))


def leaving(connection: Connection, user_id: str, now: datetime, until: datetime) -> list[Export]:
    """A user's exports whose files are there now and go by an instant, the next first."""
    ends = EXPORTS.c.expires_at
    which = and_(EXPORTS.c.user_id == user_id, ends > now, ends <= until)
    return sorted(_rows(connection, which, ("completed",)), key=lambda one: (one.expires_at or now, one.export_id))


def states_of(connection: Connection, export_ids: Sequence[str]) -> dict[str, ExportState]:
    """The states of exports, deleted ones too; what is none is left out."""
    query = select(EXPORTS.c.export_id, EXPORTS.c.state).where(EXPORTS.c.export_id.in_(export_ids))
    return {row.export_id: row.state for row in connection.execute(query)}


def of_user(connection: Connection, user_id: str | None, limit: int, offset: int) -> tuple[list[Export], int]:
    """So many exports of a user (None: of everybody), the newest first, and how many there are."""
    whose = _whose(user_id)
    total = connection.scalar(select(func.count()).select_from(EXPORTS).where(whose, EXPORTS.c.state != "deleted"))
    order = (EXPORTS.c.created_at.desc(), EXPORTS.c.export_id)
    query = _joined().where(whose, EXPORTS.c.state != "deleted").order_by(*order).limit(limit).offset(offset)
    return [_export(row) for row in connection.execute(query).mappings()], int(total or 0)


@dataclass(frozen=True)
class Counts:
    """How many exports were made, and how much they held."""

    exports: int
    since: int
    bytes: int
    types: Mapping[str, int]
    formats: Mapping[str, int]


def counts(connection: Connection, user_id: str | None, since: datetime) -> Counts:
    """Of a user's exports that were made (None: of everybody's), deleted ones too; `since`: those from then on."""
    made = (_whose(user_id), EXPORTS.c.state.in_(("completed", "expired", "deleted")), EXPORTS.c.rows.is_not(None))
    whole = select(func.count(), func.coalesce(func.sum(EXPORTS.c.bytes), 0)).where(*made)
    number, size = connection.execute(whole).one()
    recent = connection.scalar(select(func.count()).select_from(EXPORTS).where(*made, EXPORTS.c.created_at >= since))
    return Counts(
        number, int(recent or 0), int(size), *(_by(connection, name, made) for name in ("export_type", "format"))
    )


def _by(connection: Connection, column: str, made: Sequence[ColumnElement[bool]]) -> dict[str, int]:
    """Numbers by a column, most first."""
    name = EXPORTS.c[column]
    query = select(name, func.count()).where(*made).group_by(name).order_by(func.count().desc(), name)
    return {row[0]: row[1] for row in connection.execute(query)}


def _whose(user_id: str | None) -> ColumnElement[bool]:
    return EXPORTS.c.user_id.is_not(None) if user_id is None else EXPORTS.c.user_id == user_id


def _rows(connection: Connection, which: ColumnElement[bool], states: Sequence[ExportState]) -> list[Export]:
    order = (EXPORTS.c.created_at, EXPORTS.c.export_id)
    found = connection.execute(_joined().where(which, EXPORTS.c.state.in_(states)).order_by(*order))
    return [_export(row) for row in found.mappings()]


def _joined() -> Any:
    return select(EXPORTS, USERS.c.name.label("user")).join(USERS, USERS.c.user_id == EXPORTS.c.user_id)


def _export(row: RowMapping) -> Export:
    kept = {name: row[name] for name in Export.__dataclass_fields__ if name != "order"}
    return Export(**kept, order=order_from(row["ordered"]))
