"""Users as admins see and change them; each change is on record with who made it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from sentinel_pipeline.domain.access import GRANTED, ROLES, Role
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger import users
from sentinel_pipeline.ledger.tokens import revoke, tokens
from sentinel_pipeline.ledger.users import User
from sentinel_pipeline.portal.editions import NothingHereError
from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.visitors import Visitor, allowed, allowed_here, site_of

router = APIRouter(include_in_schema=False)
HOME: Final = "/admin/users"
DONE: Final = {
    "role": "The role is changed; who was signed in has to do so again.",
    "password": "The password is changed; who was signed in has to do so again.",
    "disabled": "Nobody gets in under this name any more, no token either.",
    "enabled": "Whoever has this name and its password gets in again.",
    "revoked": "The token is good for nothing any more.",
}
Admin = Annotated[Visitor, Depends(allowed("USERS_MANAGE"))]
Acting = Annotated[Visitor, Depends(allowed_here("USERS_MANAGE"))]
Short = Annotated[str, Form(max_length=200)]


@router.get("/admin")
def show_admin(_: Admin) -> Response:
    return RedirectResponse(HOME, 303)


@router.get("/admin/users")
def show_users(request: Request, found: Admin) -> Response:
    return _all(request, found)


@router.post("/admin/users")
def add_user(
    request: Request,
    found: Acting,
    name: Short = "",
    role: Short = "",
    password: Annotated[str, Form(max_length=4096)] = "",
) -> Response:
    site = site_of(request)
    try:
        user = users.add(site.ledger, name, cast(Role, role), password, found.user.user_id, site.clock())
    except UsageError as error:
        return _all(request, found, 400, refusal=str(error), name=name, role=role)
    return _back(user.name, "enabled")


@router.get("/admin/users/{name}")
def show_user(request: Request, found: Admin, name: str, done: Annotated[str, Query(max_length=20)] = "") -> Response:
    return _one(request, found, name, said=DONE.get(done, ""))


@router.post("/admin/users/{name}/role")
def change_role(request: Request, found: Acting, name: str, role: Short = "") -> Response:
    site = site_of(request)
    try:
        users.change_role(site.ledger, _named(request, name).name, cast(Role, role), found.user.user_id, site.clock())
    except UsageError as error:
        return _one(request, found, name, 400, refusal=str(error))
    return _back(name, "role")


@router.post("/admin/users/{name}/password")
def change_password(
    request: Request, found: Acting, name: str, password: Annotated[str, Form(max_length=4096)] = ""
) -> Response:
    site = site_of(request)
    try:
        users.change_password(site.ledger, _named(request, name).name, password, found.user.user_id, site.clock())
    except UsageError as error:
        return _one(request, found, name, 400, refusal=str(error))
    return _back(name, "password")


@router.post("/admin/users/{name}/active")
def set_active(request: Request, found: Acting, name: str, active: Short = "") -> Response:
    site, is_active = site_of(request), active == "yes"
    try:
        users.set_active(site.ledger, _named(request, name).name, is_active, found.user.user_id, site.clock())
    except UsageError as error:
        return _one(request, found, name, 400, refusal=str(error))
    return _back(name, "enabled" if is_active else "disabled")


@router.post("/admin/users/{name}/tokens/revoke")
def revoke_token(request: Request, found: Acting, name: str, token: Short = "") -> Response:
    site = site_of(request)
    try:
        revoke(site.ledger, token, found.user.user_id, site.clock())
    except UsageError as error:
        return _one(request, found, name, 400, refusal=str(error))
    return _back(name, "revoked")


def state_of(user: User, now: datetime) -> tuple[str, str]:
    """In a word, and as which look."""
    if not user.is_active:
        return "disabled", "neutral"
    is_locked = user.locked_until is not None and now < user.locked_until
    return ("locked out", "attention") if is_locked else ("active", "ok")


def _back(name: str, done: str) -> Response:
    return RedirectResponse(f"{HOME}/{quote(name)}?done={done}", 303)


def _named(request: Request, name: str) -> User:
    """Raises NothingHereError for a name that nobody has."""
    with site_of(request).ledger.reading() as connection:
        try:
            return users.named(connection, name)
        except UsageError:
            raise NothingHereError("There is no user of that name.") from None


def _all(request: Request, found: Visitor, status: int = 200, **said: Any) -> Response:
    site = site_of(request)
    with site.ledger.reading() as connection:
        everybody = users.everybody(connection)
        living = [one.user for one in tokens(connection) if one.revoked_at is None and site.clock() < one.expires_at]
    shown = [(user, state_of(user, site.clock()), living.count(user.name)) for user in everybody]
    told = {"refusal": "", "name": "", "role": "viewer", **said}
    return page(request, "admin_users.html", found, status, users=shown, roles=ROLES, granted=GRANTED, **told)


def _one(request: Request, found: Visitor, name: str, status: int = 200, **said: Any) -> Response:
    site, user = site_of(request), _named(request, name)
    with site.ledger.reading() as connection:
        own = [one for one in tokens(connection) if one.user == user.name]
    told = {"said": "", "refusal": "", **said}
    state = state_of(user, site.clock())
    return page(
        request,
        "admin_user.html",
        found,
        status,
        user=user,
        state=state,
        tokens=own,
        roles=ROLES,
        now=site.clock(),
        **told,
    )
