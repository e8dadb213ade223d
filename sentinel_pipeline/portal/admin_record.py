"""What admins look through: the record of acts, deliveries, and what retention keeps and takes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.delivery import STATES, State
from sentinel_pipeline.domain.period import day_of
from sentinel_pipeline.ledger.audit import Checked, Entry, checked, event_of, history
from sentinel_pipeline.ledger.audit_pages import Sought, acts, lines, newest
from sentinel_pipeline.ledger.deliveries import latest
from sentinel_pipeline.ledger.users import everybody
from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.visitors import Visitor, allowed, site_of
from sentinel_pipeline.rendering.quantities import quantity
from sentinel_pipeline.retention.survey import survey
from sentinel_pipeline.retention.telling import FATES, groups, kept_for

router = APIRouter(include_in_schema=False)
AT_ONCE: Final = 100
MOST_DELIVERIES: Final = 200
# A record up to so long is checked whenever it is looked at; a longer one when somebody asks for it.
CHECKED_AT_ONCE: Final = 20_000
LOOKS: Final[dict[State, str]] = {
    "sent": "ok",
    "planned": "neutral",
    "sending": "neutral",
    "uncertain": "attention",
    "refused": "failure",
}
Text = Annotated[str, Query(max_length=200)]
Auditor = Annotated[Visitor, Depends(allowed("AUDIT_VIEW"))]
Admin = Annotated[Visitor, Depends(allowed("USERS_MANAGE"))]


@dataclass(frozen=True)
class Line:
    """A line of the record in words; `who` is the name of the user it tells of, else its subject."""

    number: int
    at: datetime
    act: str
    event: str
    who: str
    particulars: tuple[tuple[str, str], ...]
    digest: str


@router.get("/admin/audit")
def show_audit(
    request: Request,
    found: Auditor,
    act: Text = "",
    text: Text = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    check: Annotated[bool, Query()] = False,
) -> Response:
    site = site_of(request)
    with site.ledger.reading() as connection:
        names = {user.user_id: user.name for user in everybody(connection)}
        wanted = next((key for key, name in names.items() if name == text.strip().lower()), text.strip())
        entries = newest(connection, Sought(act, wanted, before), AT_ONCE + 1)
        known, length = acts(connection), lines(connection)
        verdict = checked(history(connection)) if check or length <= CHECKED_AT_ONCE else None
    shown = [_line(entry, names) for entry in entries[:AT_ONCE]]
    older = urlencode({"act": act, "text": text, "before": shown[-1].number}) if len(entries) > AT_ONCE else ""
    verified = _verdict(verdict, length)
    return page(
        request,
        "admin_audit.html",
        found,
        lines=shown,
        acts=known,
        act=act,
        text=text,
        older=older,
        is_filtered=bool(act or text or before),
        verdict=verified,
        is_checked=verdict is not None,
        newest=verdict.newest if verdict else "",
    )


def _line(entry: Entry, names: dict[str, str]) -> Line:
    said = json.loads(entry.details)
    parts = tuple((name, _said(value, names)) for name, value in said.items() if value not in ("", None))
    who = names.get(entry.subject, entry.subject)
    return Line(entry.number, entry.recorded_at, entry.act, event_of(entry.act), who, parts, entry.digest)


def _said(value: object, names: dict[str, str]) -> str:
    """A particular in words; who is told by an id is told by name."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return names.get(str(value), str(value))


def _verdict(found: Checked | None, length: int) -> tuple[str, str]:
    """Whether the chain holds, in words and as which look."""
    if found is None:
        return f"{counted(length, 'line')}, not checked now", "neutral"
    if found.broken_at is not None:
        return f"changed at line {found.broken_at:,}: what follows proves nothing", "failure"
    return f"{counted(found.lines, 'line')}, unbroken", "ok"


@router.get("/admin/deliveries")
def show_deliveries(request: Request, found: Admin, state: Text = "") -> Response:
    site = site_of(request)
    wanted = [one for one in STATES if state in ("", one)]
    with site.ledger.reading() as connection:
        rows = latest(connection, wanted, MOST_DELIVERIES)
    return page(
        request,
        "admin_deliveries.html",
        found,
        rows=rows,
        state=state,
        states=STATES,
        state_looks=LOOKS,
        most=MOST_DELIVERIES,
    )


@router.get("/admin/retention")
def show_retention(request: Request, found: Admin) -> Response:
    """What a dry run of retention says of files; runs are Dagster's to count."""
    site = site_of(request)
    settings = site.settings
    surveyed = survey(settings, site.ledger, [], day_of(site.clock(), site.zone))
    return page(
        request,
        "admin_retention.html",
        found,
        kept=kept_for(settings.retention).split("; "),
        groups=groups(surveyed.decisions),
        fates=FATES,
        holds=settings.retention.holds,
        free=quantity(surveyed.free_bytes, "bytes"),
        is_low=surveyed.is_disk_low,
        low=quantity(surveyed.low_bytes, "bytes"),
        bytes=lambda number: quantity(number, "bytes"),
        next=settings.schedules.retention or "",
    )
