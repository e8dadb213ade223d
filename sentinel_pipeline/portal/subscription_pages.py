"""Subscriptions: one's own, and everybody's for admins; made, changed, put out of force, tried, and taken away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from sentinel_pipeline.delivery import enrolment
from sentinel_pipeline.delivery.enrolment import Listed, listed
from sentinel_pipeline.delivery.trying import try_out
from sentinel_pipeline.domain.errors import SentinelError, UsageError
from sentinel_pipeline.ledger.rates import Rate, use
from sentinel_pipeline.portal.editions import NothingHereError
from sentinel_pipeline.portal.forms import Filled, FilledIn
from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.subscription_form import filled_with, offer_of, written
from sentinel_pipeline.portal.visitors import Exporter, Visitor, allowed_here, site_of
from sentinel_pipeline.settings import Settings

router = APIRouter(include_in_schema=False)
HOME: Final = "/subscriptions"
DONE: Final = {
    "added": "It is in force: the next edition goes out by it.",
    "changed": "It is changed.",
    "paused": "Nothing goes out by it until it is resumed.",
    "resumed": "It is in force again.",
    "deleted": "It is taken away. What was sent by it stays on record.",
}
TESTS_AN_HOUR: Final = Rate("tests", 5, timedelta(hours=1))
Sender = Annotated[Visitor, Depends(allowed_here("DATA_EXPORT"))]


@router.get("/subscriptions")
def show_subscriptions(request: Request, found: Exporter, done: Annotated[str, Query(max_length=20)] = "") -> Response:
    site = site_of(request)
    shown = [one for one in listed(site.settings, site.ledger) if _is_seen(one, found)]
    own = [one for one in shown if one.origin == "ledger"]
    of_file = [one for one in shown if one.origin == "file"]
    return page(request, "subscriptions.html", found, own=own, of_file=of_file, said=DONE.get(done, ""))


@router.get("/subscriptions/new")
def show_form(request: Request, found: Exporter) -> Response:
    return _form(request, found, FilledIn({"formats": ("pdf",)}))


@router.post("/subscriptions/new")
def add(request: Request, found: Sender, filled: Filled) -> Response:
    def do(site: Site, settings: Settings) -> None:
        owner = found.user.user_id
        enrolment.add(settings, site.ledger, written(filled), site.clock(), found.user.name, owner)

    return _saved(request, found, filled, do, "added")


@router.get("/subscriptions/{name}")
def show_one(request: Request, found: Exporter, name: str) -> Response:
    one = _own(site_of(request), found, name)
    filled = filled_with(one.entry) if one.entry else FilledIn({"name": (one.name,)})
    return _form(request, found, filled, one=one)


@router.post("/subscriptions/{name}")
def change(request: Request, found: Sender, filled: Filled, name: str) -> Response:
    one = _own(site_of(request), found, name)

    def do(site: Site, settings: Settings) -> None:
        said = {**written(filled), "name": one.name, "active": one.is_active}
        enrolment.change(settings, site.ledger, one.name, said, site.clock(), found.user.name)

    return _saved(request, found, filled, do, "changed", one)


@router.post("/subscriptions/{name}/active")
def activate(request: Request, found: Sender, name: str, active: Annotated[str, Form(max_length=10)] = "") -> Response:
    site, is_active = site_of(request), active == "yes"
    one = _own(site, found, name)
    enrolment.activate(site.settings, site.ledger, one.name, site.clock(), found.user.name, is_active=is_active)
    return RedirectResponse(f"{HOME}?done={'resumed' if is_active else 'paused'}", 303)


@router.post("/subscriptions/{name}/delete")
def delete(request: Request, found: Sender, name: str) -> Response:
    site = site_of(request)
    one = _own(site, found, name)
    enrolment.withdraw(site.settings, site.ledger, one.name, site.clock())
    return RedirectResponse(f"{HOME}?done=deleted", 303)


@router.post("/subscriptions/{name}/test")
def send_test(
    request: Request, found: Sender, name: str, recipient: Annotated[str, Form(max_length=320)] = ""
) -> Response:
    """The newest edition, to one of the recipients, now; whatever the condition and the times say."""
    site = site_of(request)
    one = _own(site, found, name)
    filled = filled_with(one.entry) if one.entry else FilledIn({})
    standing = use(site.ledger, found.user.user_id, TESTS_AN_HOUR, site.clock())
    if not standing.is_allowed:
        return _form(request, found, filled, 429, one=one, refusal="At most five tests an hour.")
    try:
        if one.entry is None:
            raise UsageError(one.problem)
        said = try_out(site.settings, one.entry, recipient, site.clock)
    except SentinelError as error:
        return _form(request, found, filled, 400, one=one, refusal=f"No test went out: {error}")
    return _form(request, found, filled, one=one, said=said)


def _is_seen(one: Listed, found: Visitor) -> bool:
    return found.may("USERS_MANAGE") or (one.origin == "ledger" and one.owner == found.user.user_id)


def _own(site: Site, found: Visitor, name: str) -> Listed:
    """Raises NothingHereError for one of somebody else or of the file, which is changed there."""
    for one in listed(site.settings, site.ledger):
        if one.name == name and one.origin == "ledger" and _is_seen(one, found):
            return one
    raise NothingHereError("You have no such subscription.")


def _saved(
    request: Request,
    found: Visitor,
    filled: FilledIn,
    do: Callable[[Site, Settings], object],
    done: str,
    one: Listed | None = None,
) -> Response:
    site = site_of(request)
    try:
        do(site, site.settings)
    except UsageError as error:
        return _form(request, found, filled, 400, one=one, refusal=str(error))
    return RedirectResponse(f"{HOME}?done={done}", 303)


def _form(request: Request, found: Visitor, filled: FilledIn, status: int = 200, **said: Any) -> Response:
    told = {"one": None, "said": "", "refusal": "", **said}
    offer = offer_of(site_of(request).settings)
    address = f"{HOME}/{quote(told['one'].name, safe='')}" if told["one"] else f"{HOME}/new"
    return page(request, "subscription.html", found, status, filled=filled, offer=offer, address=address, **told)
