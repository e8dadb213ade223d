"""Links that open one file for one person, as people see them: to which file, how often used, and how to end them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from sentinel_pipeline.ledger.links import Link, links_of
from sentinel_pipeline.ledger.users import everybody as all_users
from sentinel_pipeline.portal.exports_api import ADMIN, own_export
from sentinel_pipeline.portal.links import MOST_LISTED, make_link, revoke_link, told
from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.visitors import Exporter, Visitor, allowed_here, site_of

router = APIRouter(include_in_schema=False)
HOME: Final = "/links"
DAYS: Final = 7
Sender = Annotated[Visitor, Depends(allowed_here("DATA_EXPORT"))]


@dataclass(frozen=True)
class Shown:
    """A link as the list shows it: whose it is by name, and its address while it opens something."""

    link: Link
    holder: str
    address: str

    @property
    def file(self) -> str:
        return self.link.file.rpartition("/")[2]

    @property
    def folder(self) -> str:
        return self.link.file.rpartition("/")[0]


@router.get(HOME)
def show_links(request: Request, found: Exporter, everybody: Annotated[bool, Query(alias="all")] = False) -> Response:
    """One's own and those one made, the newest first; an admin sees all on asking, those of mails too."""
    site = site_of(request)
    sees_all = everybody and found.may(ADMIN)
    with site.ledger.reading() as connection:
        rows = links_of(connection, None if sees_all else found.user.user_id, MOST_LISTED)
        names = {user.user_id: user.name for user in all_users(connection)}
    shown = [_shown(request, row, names, site.clock()) for row in rows]
    return page(
        request, "links.html", found, links=shown, sees_all=sees_all, now=site.clock(), most=MOST_LISTED, days=DAYS
    )


@router.post(HOME)
def make(request: Request, found: Sender, export_id: Annotated[str, Form(max_length=64)]) -> Response:
    """A link of one's own to the file of an export, for a week or until it expires."""
    export = own_export(request, found, export_id)
    make_link(site_of(request), found.user, found, export.file or "", DAYS, export.expires_at)
    return RedirectResponse(HOME, 303)


@router.post(f"{HOME}/{{name}}/revoke")
def end(request: Request, found: Sender, name: str) -> Response:
    revoke_link(site_of(request), found, name)
    return RedirectResponse(HOME, 303)


def _shown(request: Request, link: Link, names: dict[str, str], now: datetime) -> Shown:
    holder = names.get(link.user_id or "", "") or link.recipient or ""
    is_own = link.user_id is not None and not link.is_over(now)
    return Shown(link, holder, urlsplit(told(request, link).url).path if is_own else "")
