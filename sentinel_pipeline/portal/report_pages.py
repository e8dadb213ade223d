"""Custom reports: the form with its preview, and one's own requests from filing to download."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.domain.period import CUSTOM, CustomPeriod, day_of
from sentinel_pipeline.domain.request import OPEN
from sentinel_pipeline.domain.retention import Kind
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.rates import Rate, use
from sentinel_pipeline.ledger.requests import UNMADE, Filed, cancel, file_request, latest
from sentinel_pipeline.portal.editions import NothingHereError
from sentinel_pipeline.portal.forms import Filled, FilledIn
from sentinel_pipeline.portal.ownership import own_request
from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.report_form import asked, offer_of
from sentinel_pipeline.portal.report_preview import preview
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.visitors import Exporter, Visitor, allowed_here, client_of, site_of
from sentinel_pipeline.publishing.withdrawal import withdrawn_at
from sentinel_pipeline.rendering.quantities import quantity
from sentinel_pipeline.retention.applying import Keeper, delete
from sentinel_pipeline.retention.stock import stock

router = APIRouter(include_in_schema=False)
HOME: Final = "/reports"
MOST_SHOWN: Final = 200
REFRESH_SECONDS: Final = 5
PATIENCE_SECONDS: Final = 5.0
# Each is a run of its own, which reads days and renders every file.
REPORTS_AN_HOUR: Final = Rate("reports", 10, timedelta(hours=1))
TOO_MANY: Final = "At most ten reports an hour; earlier ones are listed under Reports."
KINDS: Final[tuple[Kind, ...]] = ("custom_editions",)
# Word, look and what it means, by state of a request.
STATES: Final = {
    "requested": ("Waiting", "neutral", "It is made when its turn comes, while the pipeline runs."),
    "running": ("Being made", "neutral", "The days are read and counted, the files are written."),
    "done": ("Ready", "ok", "Its page shows it, with every file."),
    "failed": ("Failed", "failure", "It could not be made; it can be asked for again."),
    "cancelled": ("Cancelled", "attention", "Somebody did not want it any more."),
    "rejected": ("Rejected", "failure", "It asks for what there is not, or not any more."),
    "deleted": ("Deleted", "attention", "Its files are gone; that it was made stays on record."),
}
Sender = Annotated[Visitor, Depends(allowed_here("DATA_EXPORT"))]
Pressed = Annotated[str, Form(max_length=20)]


@dataclass(frozen=True)
class Shown:
    """A request as its page and the history show it; `state` is "deleted" once its files are gone."""

    filed: Filed
    state: str
    expires_on: date | None

    @property
    def is_open(self) -> bool:
        return self.filed.state in OPEN

    @property
    def is_unmade(self) -> bool:
        return self.filed.state in UNMADE

    @property
    def address(self) -> str:
        return f"/editions/{self.filed.edition}" if self.filed.edition else ""


@router.get("/reports")
def show_reports(request: Request, found: Exporter, everybody: Annotated[bool, Query(alias="all")] = False) -> Response:
    """One's own; an admin sees everybody's on asking."""
    site = site_of(request)
    sees_all = everybody and found.may("USERS_MANAGE")
    with site.ledger.reading() as connection:
        rows = latest(connection, None if sees_all else found.user.name, MOST_SHOWN)
    kept_days = site.settings.retention.days.get("custom_editions")
    shown = [_shown(site, row, kept_days) for row in rows]
    return page(request, "reports.html", found, reports=shown, sees_all=sees_all, states=STATES, most=MOST_SHOWN)


@router.get("/reports/new")
def show_form(request: Request, found: Exporter) -> Response:
    return _form(request, found, FilledIn({}))


@router.post("/reports/new")
def preview_or_file(request: Request, found: Sender, filled: Filled, act: Pressed = "preview") -> Response:
    """Both buttons of the form: the preview shows it again, filled in as it was."""
    site = site_of(request)
    settings = site.settings
    wanted, mistakes = asked(filled, offer_of(site, settings), found.user.name)
    if wanted is None:
        return _form(request, found, filled, 400, refusal=mistakes)
    if act != "file":
        return _form(request, found, filled, wanted=wanted, seen=preview(wanted, settings, site.lake))
    if not _is_within_rate(site, found):
        return _form(request, found, filled, 429, refusal=TOO_MANY, wanted=wanted)
    name = file_request(site.ledger, wanted, site.clock(), anew=True)
    _note(request, found, "requested in the portal", name)
    return RedirectResponse(f"{HOME}/{name}", 303)


@router.get("/reports/{name}")
def show_report(request: Request, found: Exporter, name: str) -> Response:
    return _one(request, found, name)


@router.post("/reports/{name}/cancel")
def cancel_report(request: Request, found: Sender, name: str) -> Response:
    return _do(request, found, name, "cancelled in the portal", lambda site, _: cancel(site.ledger, name, site.clock()))


@router.post("/reports/{name}/again")
def ask_again(request: Request, found: Sender, name: str) -> Response:
    def again(site: Site, shown: Shown) -> bool:
        if shown.is_unmade and not _is_within_rate(site, found):
            raise UsageError(TOO_MANY)
        if shown.is_unmade:
            file_request(site.ledger, shown.filed.request, site.clock(), anew=True)
        return shown.is_unmade

    return _do(request, found, name, "requested again in the portal", again)


@router.post("/reports/{name}/delete")
def delete_report(request: Request, found: Sender, name: str) -> Response:
    """Deletes the files as retention would: what is on record of them stays, and nothing of the same is made again."""
    return _do(request, found, name, "deleted in the portal", _delete)


def _delete(site: Site, shown: Shown) -> bool:
    wanted = f"{CUSTOM}/{shown.filed.request_id}"
    keeper = Keeper(site.data, site.zone, site.ledger, site.clock, lambda _: 0)
    items = [one for one in stock(site.data, site.zone, KINDS) if one.name == wanted]
    for item in items:
        delete(keeper, item, PATIENCE_SECONDS)
    return bool(items)


def _do(request: Request, found: Visitor, name: str, act: str, do: Callable[[Site, Shown], bool]) -> Response:
    """Does something to one's own request, on record; says so when it was too late for it."""
    site = site_of(request)
    shown = _own(site, found, name)
    try:
        is_done = do(site, shown)
    except SentinelError as error:
        return _one(request, found, name, 409, refusal=f"That did not work: {error}")
    if not is_done:
        return _one(request, found, name, 409, refusal="It was too late for that: see where the report stands now.")
    _note(request, found, act, name)
    return RedirectResponse(f"{HOME}/{name}", 303)


def _note(request: Request, found: Visitor, act: str, name: str) -> None:
    site = site_of(request)
    with site.ledger.writing() as connection:
        record(connection, site.clock(), act, found.user.user_id, {"request": name, **client_of(request).details})


def _is_within_rate(site: Site, found: Visitor) -> bool:
    """Counts a report that is asked for; False for one too many."""
    return use(site.ledger, found.user.user_id, REPORTS_AN_HOUR, site.clock()).is_allowed


def _own(site: Site, found: Visitor, name: str) -> Shown:
    """Raises NothingHereError for a request of somebody else as for none."""
    filed = own_request(site, found, name)
    if filed is None:
        raise NothingHereError("You asked for no such report.")
    return _shown(site, filed, site.settings.retention.days.get("custom_editions"))


def _shown(site: Site, filed: Filed, kept_days: int | None) -> Shown:
    folder = site.editions / CUSTOM / filed.request_id
    state = "deleted" if filed.state == "done" and withdrawn_at(folder) is not None else filed.state
    if filed.state != "done" or filed.settled_at is None or kept_days is None:
        return Shown(filed, state, None)
    since = max(day_of(filed.settled_at, site.zone), CustomPeriod.named(filed.request_id, site.zone).last)
    return Shown(filed, state, since + timedelta(days=kept_days + 1))


def _one(request: Request, found: Visitor, name: str, status: int = 200, **said: Any) -> Response:
    site = site_of(request)
    shown = _own(site, found, name)
    told = {"refusal": "", **said}
    told["days"] = counted(shown.filed.request.days, "day")
    answer = page(request, "report.html", found, status, one=shown, states=STATES, **told)
    if shown.is_open and status == 200:
        answer.headers["Refresh"] = str(REFRESH_SECONDS)
    return answer


def _form(request: Request, found: Visitor, filled: FilledIn, status: int = 200, **said: Any) -> Response:
    site = site_of(request)
    told = {"refusal": "", "wanted": None, "seen": None, **said}
    offer = offer_of(site, site.settings)
    size = said["seen"].bytes if said.get("seen") else None
    shown = quantity(size, "bytes") if size is not None else ""
    return page(request, "report_form.html", found, status, offer=offer, filled=filled, size=shown, **told)
