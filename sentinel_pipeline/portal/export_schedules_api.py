"""`/api/v1/exports/schedules`: exports that are made at times of a clock, and whom a link to them is mailed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Request, Security
from fastapi.security import HTTPBearer
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response

from sentinel_pipeline.delivery_entries import Address, Line, require_each_once
from sentinel_pipeline.domain.cron import checked_cron, next_time
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.exports.documented_entry import ExportEntry
from sentinel_pipeline.ledger.credentials import new_id
from sentinel_pipeline.ledger.export_schedules import Schedule, keep, number_of, of_user, remove, schedule_of
from sentinel_pipeline.portal.api_answers import RefusedError, answered
from sentinel_pipeline.portal.api_callers import refusals
from sentinel_pipeline.portal.export_filing import PREVIEWED, commissioned
from sentinel_pipeline.portal.exports_api import ADMIN, Exporting
from sentinel_pipeline.portal.visitors import Visitor, require_permission, site_of
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline.strict import Strict

router = APIRouter(
    responses=refusals("DATA_EXPORT", "The body is wrong."), dependencies=[Security(HTTPBearer(auto_error=False))]
)
MOST: Final = 50
DATE: Final = "{{date}}"
ScheduleId = Annotated[str, Path(max_length=64, description="As making it answered.")]


def _cron(written: str) -> str:
    try:
        return checked_cron(written)
    except UsageError as error:
        raise ValueError(str(error)) from None


class Mailing(Strict):
    """Who is mailed a link to the file; in the subject `{{date}}` is the day on which it was made."""

    method: Literal["email"] = "email"
    recipients: Annotated[list[Address], AfterValidator(require_each_once), Field(min_length=1, max_length=20)]
    subject: Line = f"Export of {DATE}"


class ScheduleEntry(Strict):
    """What is exported when; `schedule` is cron in the configured zone."""

    name: Line
    schedule: Annotated[str, AfterValidator(_cron), Field(max_length=200)]
    export_config: ExportEntry
    delivery: Mailing | None = None
    enabled: bool = True


class ScheduleTold(BaseModel):
    """A schedule, when it comes next, and what it made last."""

    schedule_id: str
    name: str
    schedule: str
    timezone: str
    export_config: dict[str, Any]
    delivery: dict[str, Any] | None
    enabled: bool
    created_at: datetime
    next_run: datetime | None
    last_export_id: str | None


@router.post("/schedule", responses={200: {"model": ScheduleTold}})
def make(request: Request, found: Exporting, entry: ScheduleEntry) -> Response:
    """Has an export made at times of a clock, and a link to it mailed where `delivery` says so."""
    site = site_of(request)
    with site.ledger.reading() as connection:
        if number_of(connection, found.user.user_id) >= MOST:
            raise RefusedError(409, "TOO_MANY_SCHEDULES", f"Nobody has more than {MOST}; delete one first")
    now = site.clock()
    blank = Schedule(new_id(), found.user.user_id, "", "", "", (), "", is_active=True, created_at=now, next_at=None)
    return _kept(request, found, blank, entry)


@router.get("/schedules")
def listed(request: Request, found: Exporting) -> Response:
    """One's own schedules, by name; admins see everybody's."""
    site = site_of(request)
    with site.ledger.reading() as connection:
        rows = of_user(connection, None if found.may(ADMIN) else found.user.user_id)
    return answered(request, {"schedules": [_told(request, row).model_dump() for row in rows]})


@router.put("/schedules/{schedule_id}", responses={200: {"model": ScheduleTold}})
def change(request: Request, found: Exporting, schedule_id: ScheduleId, entry: ScheduleEntry) -> Response:
    """Puts another schedule in the place of one; whose it is and what it made last stay."""
    return _kept(request, found, _own(request, found, schedule_id), entry)


@router.delete("/schedules/{schedule_id}")
def delete(request: Request, found: Exporting, schedule_id: ScheduleId) -> Response:
    """Deletes a schedule; what it made stays until it expires."""
    site, schedule = site_of(request), _own(request, found, schedule_id)
    now = site.clock()
    remove(site.ledger, schedule.schedule_id, found.user.user_id, now)
    said = {"message": "Schedule deleted successfully", "schedule_id": schedule.schedule_id, "deleted_at": now}
    return answered(request, said)


def _kept(request: Request, found: Visitor, before: Schedule, entry: ScheduleEntry) -> Response:
    site = site_of(request)
    # It will be made in the name of its owner, not of a token that may see less.
    require_permission(request, found, "PERSONAL_VIEW")
    commissioned(request, found, entry.export_config, PREVIEWED)
    if entry.delivery:
        _require_mail(load_settings(site.data))
    now = site.clock()
    after = replace(
        before,
        name=entry.name,
        cron=entry.schedule,
        entry=entry.export_config.model_dump_json(exclude_unset=True),
        recipients=tuple(entry.delivery.recipients) if entry.delivery else (),
        subject=entry.delivery.subject if entry.delivery else "",
        is_active=entry.enabled,
        next_at=next_time(entry.schedule, now, site.zone) if entry.enabled else None,
    )
    keep(site.ledger, after, found.user.user_id, now)
    return answered(request, _told(request, after).model_dump())


def _require_mail(settings: Settings) -> None:
    """Raises UsageError where no mail can leave, or no link in it would lead anywhere."""
    delivery = settings.delivery
    if delivery.channel != "directory" and getattr(delivery, delivery.channel) is None:
        raise UsageError(f"delivery: mail cannot leave; delivery.{delivery.channel} of sentinel.yaml has to say how")
    if delivery.base_url is None:
        raise UsageError("delivery: a mail holds a link; delivery.base_url of sentinel.yaml has to say where it leads")


def _own(request: Request, found: Visitor, schedule_id: str) -> Schedule:
    with site_of(request).ledger.reading() as connection:
        schedule = schedule_of(connection, schedule_id)
    if schedule is None or not (schedule.user_id == found.user.user_id or found.may(ADMIN)):
        raise RefusedError(404, "SCHEDULE_NOT_FOUND", "There is no such schedule, or it is not yours")
    return schedule


def _told(request: Request, schedule: Schedule) -> ScheduleTold:
    mailing = {"method": "email", "recipients": list(schedule.recipients), "subject": schedule.subject}
    return ScheduleTold(
        schedule_id=schedule.schedule_id,
        name=schedule.name,
        schedule=schedule.cron,
        timezone=site_of(request).zone.key,
        export_config=json.loads(schedule.entry),
        delivery=mailing if schedule.recipients else None,
        enabled=schedule.is_active,
        created_at=schedule.created_at,
        next_run=schedule.next_at,
        last_export_id=schedule.last_export_id,
    )
