"""Exports that are asked for again and again: one row for each schedule; a time that has come files one export.

Filing and the next time are one transaction: whoever dies, a time is neither lost nor taken twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from sentinel_pipeline.domain.export_order import ExportOrder
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.exports import file_within
from sentinel_pipeline.ledger.schema import EXPORT_SCHEDULES


@dataclass(frozen=True)
class Schedule:
    """A row: whose it is, when (cron in the configured zone), the body of what is asked for, and who is mailed a link.

    `next_at` is None for one that is not in force.
    """

    schedule_id: str
    user_id: str
    name: str
    cron: str
    entry: str
    recipients: tuple[str, ...]
    subject: str
    is_active: bool
    created_at: datetime
    next_at: datetime | None
    last_export_id: str | None = None


def keep(ledger: Ledger, schedule: Schedule, by: str, at: datetime) -> None:
    """Adds a schedule, or puts it in the place of the one of its id."""
    with ledger.writing() as connection:
        is_it = EXPORT_SCHEDULES.c.schedule_id == schedule.schedule_id
        was_there = connection.execute(delete(EXPORT_SCHEDULES).where(is_it)).rowcount
        row = {**schedule.__dict__, "recipients": json.dumps(schedule.recipients)}
        connection.execute(insert(EXPORT_SCHEDULES).values(row))
        act = "export schedule changed" if was_there else "export schedule made"
        about = {"cron": schedule.cron, "recipients": len(schedule.recipients), "active": schedule.is_active, "by": by}
        record(connection, at, act, schedule.schedule_id, about)


def remove(ledger: Ledger, schedule_id: str, by: str, at: datetime) -> bool:
    """Takes a schedule away, its exports stay; False when there is none of that id."""
    with ledger.writing() as connection:
        is_it = EXPORT_SCHEDULES.c.schedule_id == schedule_id
        removed = connection.execute(delete(EXPORT_SCHEDULES).where(is_it)).rowcount
        if removed:
            record(connection, at, "export schedule deleted", schedule_id, {"by": by})
    return bool(removed)


def fire(ledger: Ledger, schedule: Schedule, order: ExportOrder, next_at: datetime | None, at: datetime) -> str | None:
    """Files the export of a time that has come, and notes the next one; None when another has done so."""
    with ledger.writing() as connection:
        if not _moved(connection, schedule, next_at):
            return None
        about = {"schedule": schedule.schedule_id}
        name = file_within(connection, order, schedule.user_id, at, about, schedule.schedule_id)
        is_it = EXPORT_SCHEDULES.c.schedule_id == schedule.schedule_id
        connection.execute(update(EXPORT_SCHEDULES).where(is_it).values(last_export_id=name))
    return name


def stop(ledger: Ledger, schedule: Schedule, why: str, at: datetime) -> None:
    """Puts a schedule out of force whose export cannot be had any more."""
    with ledger.writing() as connection:
        is_it = EXPORT_SCHEDULES.c.schedule_id == schedule.schedule_id
        connection.execute(update(EXPORT_SCHEDULES).where(is_it).values(is_active=False, next_at=None))
        record(connection, at, "export schedule stopped", schedule.schedule_id, {"why": why})


def due(connection: Connection, at: datetime) -> list[Schedule]:
    """Those whose time has come, by time."""
    has_come = (EXPORT_SCHEDULES.c.is_active, EXPORT_SCHEDULES.c.next_at <= at)
    order = (EXPORT_SCHEDULES.c.next_at, EXPORT_SCHEDULES.c.schedule_id)
    return [
        _schedule(row)
        for row in connection.execute(select(EXPORT_SCHEDULES).where(*has_come).order_by(*order)).mappings()
    ]


def schedule_of(connection: Connection, schedule_id: str) -> Schedule | None:
    """The schedule of an id; None when there is none."""
    query = select(EXPORT_SCHEDULES).where(EXPORT_SCHEDULES.c.schedule_id == schedule_id)
    return next((_schedule(row) for row in connection.execute(query).mappings()), None)


def of_user(connection: Connection, user_id: str | None) -> list[Schedule]:
    """Those of a user (None: of everybody), by name."""
    query = select(EXPORT_SCHEDULES).order_by(EXPORT_SCHEDULES.c.name, EXPORT_SCHEDULES.c.schedule_id)
    if user_id is not None:
        query = query.where(EXPORT_SCHEDULES.c.user_id == user_id)
    return [_schedule(row) for row in connection.execute(query).mappings()]


def number_of(connection: Connection, user_id: str) -> int:
    """How many a user has."""
    query = select(func.count()).select_from(EXPORT_SCHEDULES).where(EXPORT_SCHEDULES.c.user_id == user_id)
    return int(connection.scalar(query) or 0)


def _moved(connection: Connection, schedule: Schedule, next_at: datetime | None) -> bool:
    is_still = (EXPORT_SCHEDULES.c.schedule_id == schedule.schedule_id, EXPORT_SCHEDULES.c.next_at == schedule.next_at)
    return bool(connection.execute(update(EXPORT_SCHEDULES).where(*is_still).values(next_at=next_at)).rowcount)


def _schedule(row: RowMapping) -> Schedule:
    return Schedule(**{**row, "recipients": tuple(json.loads(row["recipients"]))})
