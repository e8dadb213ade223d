"""One's own exports, however they were asked for: how far each is, its file, until when, and no more of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.export_order import OPEN_EXPORTS
from sentinel_pipeline.ledger.export_schedules import of_user as schedules_of
from sentinel_pipeline.ledger.exports import Export, leaving, of_user
from sentinel_pipeline.portal.api_answers import RateLimitError
from sentinel_pipeline.portal.export_filing import file_order
from sentinel_pipeline.portal.export_shapes import state_of
from sentinel_pipeline.portal.exports_api import ADMIN, delete_export, hand_out, own_export
from sentinel_pipeline.portal.pages import moment, page
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.visitors import Exporter, Visitor, allowed_here, site_of
from sentinel_pipeline.rendering.quantities import quantity

router = APIRouter(include_in_schema=False)
HOME: Final = "/exports"
PAGE: Final = 50
REFRESH_SECONDS: Final = 10
NOTICE: Final = timedelta(days=1)
# Word, look and what it means, by state of an export.
STATES: Final = {
    "queued": ("Waiting", "neutral", "It is made when its turn comes, while the pipeline runs."),
    "running": ("Being made", "neutral", "Rows are read and written."),
    "completed": ("Ready", "ok", "Its file can be downloaded."),
    "failed": ("Failed", "failure", "It could not be made, and does not count among those of the hour."),
    "cancelled": ("Cancelled", "attention", "Somebody did not want it any more."),
    "expired": ("Expired", "attention", "Its file was kept as long as it is, and is gone. It can be asked for again."),
}
Sender = Annotated[Visitor, Depends(allowed_here("DATA_EXPORT"))]


@dataclass(frozen=True)
class Shown:
    """An export as the list shows it; `is_leaving`: its file goes within a day; `by`: which schedule asked for it."""

    export: Export
    state: str
    is_leaving: bool
    by: str | None

    @property
    def is_open(self) -> bool:
        return self.export.state in OPEN_EXPORTS

    @property
    def address(self) -> str:
        return f"{HOME}/{self.export.export_id}"

    @property
    def title(self) -> str:
        return self.export.order.export_type.replace("_", " ").capitalize()

    @property
    def about(self) -> str:
        """What was asked for, in words."""
        options = self.export.order.options
        edges = [str(options[name]).replace("_", " ") for name in ("since", "until", "last") if options.get(name)]
        devices = [*options.get("device", ()), *options.get("machine", ())]
        narrowed = [counted(len(devices), "device")] if devices else []
        return " · ".join([self.export.order.format, *([" to ".join(edges)] if edges else []), *narrowed])

    @property
    def size(self) -> str:
        return quantity(self.export.bytes, "bytes") if self.export.bytes is not None else ""


@router.get(HOME)
def show_exports(
    request: Request,
    found: Exporter,
    everybody: Annotated[bool, Query(alias="all")] = False,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """One's own, the newest first; an admin sees everybody's on asking."""
    return _page(request, found, everybody=everybody, offset=offset)


@router.api_route(f"{HOME}/{{export_id}}/file", methods=["GET", "HEAD"])
def download(request: Request, found: Exporter, export_id: str) -> Response:
    """The same as of the API, but refusals are pages."""
    return hand_out(request, found, own_export(request, found, export_id))


@router.post(f"{HOME}/{{export_id}}/delete")
def delete(request: Request, found: Sender, export_id: str) -> Response:
    """Deletes an export and its file; one that is still being made is cancelled."""
    delete_export(request, found, own_export(request, found, export_id))
    return RedirectResponse(HOME, 303)


@router.post(f"{HOME}/{{export_id}}/again")
def ask_again(request: Request, found: Sender, export_id: str) -> Response:
    """Files the same once more, as an export of whoever asks now."""
    export = own_export(request, found, export_id)
    try:
        file_order(request, found, export.order)
    except UsageError as error:
        return _page(request, found, 400, refusal=f"That cannot be had any more: {error}")
    except RateLimitError as error:
        rate, until = error.standing.rate, moment(site_of(request).zone, error.standing.resets_at)
        return _page(request, found, 429, refusal=f"At most {rate.number} exports an hour. Again at {until}.")
    return RedirectResponse(HOME, 303)


def leaving_soon(site: Site, found: Visitor) -> list[Export]:
    """The visitor's own exports whose files go within a day, the next first."""
    now = site.clock()
    with site.ledger.reading() as connection:
        return leaving(connection, found.user.user_id, now, now + NOTICE)


def _page(
    request: Request, found: Visitor, status: int = 200, *, everybody: bool = False, offset: int = 0, refusal: str = ""
) -> Response:
    site = site_of(request)
    whose = None if everybody and found.may(ADMIN) else found.user.user_id
    with site.ledger.reading() as connection:
        rows, total = of_user(connection, whose, PAGE, offset)
        names = {one.schedule_id: one.name for one in schedules_of(connection, whose)}
    shown = [_shown(row, site.clock(), names) for row in rows]
    told: dict[str, Any] = {"sees_all": whose is None, "total": total, "offset": offset, "page_of": PAGE}
    answer = page(
        request,
        "exports.html",
        found,
        status,
        exports=shown,
        states=STATES,
        leaving=leaving_soon(site, found),
        refusal=refusal,
        **told,
    )
    if status == 200 and any(one.is_open for one in shown):
        answer.headers["Refresh"] = str(REFRESH_SECONDS)
    return answer


def _shown(export: Export, now: datetime, names: dict[str, str]) -> Shown:
    state = state_of(export, now)
    ends = export.expires_at
    is_leaving = state == "completed" and ends is not None and ends <= now + NOTICE
    by = names.get(export.schedule_id, "a schedule that is gone") if export.schedule_id else None
    return Shown(export, state, is_leaving, by)
