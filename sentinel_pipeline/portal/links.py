"""Links that open one file for one person: made, listed and revoked over the API, followed without signing in.

Whether that person may have that file is looked at when the link is made, and again whenever it is used.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Request, Security
from fastapi import Path as PathPart
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.credentials import new_secret
from sentinel_pipeline.ledger.exports import export_of
from sentinel_pipeline.ledger.links import Link, keep, link_of, links_of, note_use, revoke
from sentinel_pipeline.ledger.users import User, named, with_id
from sentinel_pipeline.portal.api_answers import RefusedError, answered
from sentinel_pipeline.portal.api_callers import refusals
from sentinel_pipeline.portal.downloads import file_response, published_file, range_of
from sentinel_pipeline.portal.editions import NothingHereError
from sentinel_pipeline.portal.entitlement import in_person, is_entitled, may_have
from sentinel_pipeline.portal.exports_api import ADMIN, Exporting, whose
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.visitors import Visitor, client_of, site_of
from sentinel_pipeline.publishing.links import is_genuine, link_id, link_key, link_path, named_in

router = APIRouter(
    prefix="/api/v1/links",
    responses=refusals("DATA_EXPORT", "The body is wrong, or there is no such file."),
    dependencies=[Security(HTTPBearer(auto_error=False))],
)
followed = APIRouter(include_in_schema=False)
MOST_DAYS: Final = 90
MOST_LISTED: Final = 200
LinkId = Annotated[str, PathPart(max_length=64, description="As making it answered.")]


class Wished(BaseModel):
    """A file by its path below `/files/`, or an export; `user`: whose link it is, left out one's own."""

    model_config = ConfigDict(extra="forbid")
    file: Annotated[str, Field(max_length=400)] | None = None
    export_id: Annotated[str, Field(max_length=64)] | None = None
    user: Annotated[str, Field(max_length=128)] | None = None
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 7


class Told(BaseModel):
    """A link; `url` is whole, and told to whom it is bound or who made it."""

    link_id: str
    url: str
    file: str
    user: str | None
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None
    uses: int


@router.post("", responses={200: {"model": Told}})
def make(request: Request, found: Exporting, wished: Wished) -> Response:
    """Makes a link to a file for a user, who has to be allowed to download it; for others only admins do."""
    site = site_of(request)
    with site.ledger.reading() as connection:
        user = found.user if wished.user is None else named(connection, wished.user)
    if user.user_id != found.user.user_id and not found.may(ADMIN):
        raise RefusedError(403, "ACCESS_DENIED", "Only admins make links for others")
    holder = found if user.user_id == found.user.user_id else in_person(user)
    link = make_link(site, found.user, holder, _file(site, wished), wished.days)
    return answered(request, told(request, link).model_dump())


def make_link(site: Site, maker: User, holder: Visitor, file: str, days: int, latest: datetime | None = None) -> Link:
    """A link of somebody's own to a file that they may have, not beyond `latest`. Raises RefusedError for others."""
    if published_file(site.data, file) is None or not may_have(site, holder, file):
        raise RefusedError(404, "FILE_NOT_FOUND", "There is no such file, or whose link it is may not have it")
    now, key = site.clock(), link_key(site.data / "keys")
    ends = now + timedelta(days=days)
    expires_at = (min(ends, latest) if latest else ends).replace(microsecond=0)
    name = link_id(key, new_secret())
    return keep(site.ledger, Link(name, file, holder.user.user_id, None, None, maker.user_id, now, expires_at))


@router.get("")
def listed(request: Request, found: Exporting) -> Response:
    """One's own links, and those one made, the newest first; admins see all."""
    site = site_of(request)
    with site.ledger.reading() as connection:
        rows = links_of(connection, whose(found), MOST_LISTED)
    return answered(request, {"links": [told(request, row).model_dump() for row in rows if row.user_id]})


@router.delete("/{name}")
def end(request: Request, found: Exporting, name: LinkId) -> Response:
    """Revokes a link of one's own, or one that one made; admins revoke any."""
    ended = revoke_link(site_of(request), found, name)
    return answered(request, {"message": "Link revoked", "link_id": name, "revoked_at": ended.revoked_at})


def revoke_link(site: Site, found: Visitor, name: str) -> Link:
    """Ends a link that the visitor may end. Raises RefusedError for every other."""
    with site.ledger.reading() as connection:
        link = link_of(connection, name)
    is_own = link is not None and found.user.user_id in (link.user_id, link.made_by)
    if link is None or not (is_own or found.may(ADMIN)):
        raise RefusedError(404, "LINK_NOT_FOUND", "There is no such link, or it is not yours")
    now = site.clock()
    revoke(site.ledger, name, found.user.user_id, now)
    return replace(link, revoked_at=link.revoked_at or now)


@followed.api_route("/links/{token}/{name}", methods=["GET", "HEAD"])
def follow(request: Request, token: str, name: str) -> Response:
    """The file of a link, for whoever holds it while whom it is bound to may have the file."""
    site = site_of(request)
    link = _genuine(site, token)
    if link is None or name != link.file.rpartition("/")[2]:
        raise NothingHereError("There is no such link. Ask whoever sent it for another one.")
    file = published_file(site.data, link.file)
    if link.is_over(site.clock()) or file is None or not is_entitled(site, link):
        raise RefusedError(410, "LINK_EXPIRED", "This link has ended. Ask whoever sent it for another one.")
    answer = file_response(file, file.name, request.headers)
    if request.method == "GET" and answer.status_code == 200:
        about = {"file": link.file, "bytes": file.stat().st_size, "range": range_of(request.headers)}
        note_use(site.ledger, link, {**about, **client_of(request).details}, site.clock())
    return answer


def _genuine(site: Site, token: str) -> Link | None:
    """The row of a link that was signed here; None for every other."""
    name = named_in(token)
    if name is None:
        return None
    with site.ledger.reading() as connection:
        link = link_of(connection, name)
    if link is None:
        return None
    key = link_key(site.data / "keys")
    return link if is_genuine(key, token, link.bound_to, link.file, link.expires_at) else None


def _file(site: Site, wished: Wished) -> str:
    """The path that is meant. Raises UsageError unless just one is."""
    if (wished.file is None) == (wished.export_id is None):
        raise UsageError("either file or export_id")
    if wished.file is not None:
        return wished.file
    with site.ledger.reading() as connection:
        export = export_of(connection, wished.export_id or "")
    return (export.file or "") if export else ""


def told(request: Request, link: Link) -> Told:
    """A link with its whole address."""
    site = site_of(request)
    key = link_key(site.data / "keys")
    with site.ledger.reading() as connection:
        user = with_id(connection, link.user_id or "")
    path = link_path(key, link.link_id, link.bound_to, link.file, link.expires_at)
    whole = f"{'https' if site.is_https else request.url.scheme}://{request.url.netloc}{path}"
    known = {name: getattr(link, name) for name in Told.model_fields if name not in ("url", "user")}
    return Told(**known, url=whole, user=user.name if user else None)
