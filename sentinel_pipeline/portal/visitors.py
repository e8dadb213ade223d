"""Who asks: a person by a session in a cookie, or a script by a token; and whether they may.

A session's cookie is sent by any page of the browser, so what changes something also needs a word that only pages of
ours know (`form_word`), made from the session itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Form, Request
from starlette.requests import HTTPConnection
from starlette.responses import Response

from sentinel_pipeline.domain.access import GRANTED, Permission
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.credentials import new_secret
from sentinel_pipeline.ledger.sessions import ABSOLUTE, Client, signed_in
from sentinel_pipeline.ledger.tokens import holder
from sentinel_pipeline.ledger.users import User
from sentinel_pipeline.portal.site import Site

BEARER = "bearer "


class SignInNeededError(Exception):
    """Nobody is signed in who asks for something that is not for everybody."""


class PermissionDeniedError(Exception):
    """Who asks is known, and may not; `permission` is the one that is missing."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(permission)
        self.permission = permission


class ForeignFormError(Exception):
    """A form that was not sent from a page of this session."""


@dataclass(frozen=True)
class Visitor:
    """Who asks, what they may do now, and the secret of their session (empty for a token)."""

    user: User
    permissions: frozenset[Permission]
    session: str

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def form_word(self) -> str:
        return form_word(self.session)


def site_of(request: Request) -> Site:
    return cast(Site, request.app.state.site)


def client_of(request: Request) -> Client:
    """Where a request came from, nothing in it that a log could take for a line of its own."""
    address = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    return Client(address, "".join(character for character in agent if character.isprintable()))


def visitor(request: Request) -> Visitor:
    """Raises SignInNeededError."""
    found = visitor_or_none(request)
    if found is None:
        raise SignInNeededError
    return found


def visitor_or_none(request: Request) -> Visitor | None:
    """As `visitor_of`, asked of the site that answers."""
    return visitor_of(site_of(request), request)


def visitor_of(site: Site, asked: HTTPConnection) -> Visitor | None:
    """A token is believed before a cookie: who sends one means it."""
    said = asked.headers.get("authorization", "")
    if said:
        if not said.lower().startswith(BEARER):
            return None
        held = holder(site.ledger, said[len(BEARER) :].strip(), site.clock())
        return Visitor(held.user, held.permissions, "") if held else None
    secret = asked.cookies.get(_cookie(site, "session"), "")
    user = signed_in(site.ledger, secret, site.clock()) if secret else None
    return Visitor(user, GRANTED[user.role], secret) if user else None


def allowed(permission: Permission) -> Callable[..., Visitor]:
    """A dependency: the visitor, who has the permission. It raises SignInNeededError or PermissionDeniedError."""

    def require(request: Request, found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
        require_permission(request, found, permission)
        return found

    return require


def require_permission(request: Request, found: Visitor, permission: Permission) -> None:
    """Raises PermissionDeniedError, and has it on record."""
    if found.may(permission):
        return
    site = site_of(request)
    details = {"permission": permission, **client_of(request).details}
    with site.ledger.writing() as connection:
        record(connection, site.clock(), "permission denied", found.user.user_id, details)
    raise PermissionDeniedError(permission)


Reader = Annotated[Visitor, Depends(allowed("REPORTS_VIEW"))]
Exporter = Annotated[Visitor, Depends(allowed("DATA_EXPORT"))]


def from_our_page(
    found: Annotated[Visitor, Depends(visitor)], word: Annotated[str, Form(max_length=100)] = ""
) -> Visitor:
    """A dependency of every form for who is signed in. Raises ForeignFormError."""
    require_word(word, found.session)
    return found


def allowed_here(permission: Permission) -> Callable[..., Visitor]:
    """A dependency of a form's answer: who sent it from a page of ours, and has the permission."""

    def require(request: Request, found: Annotated[Visitor, Depends(from_our_page)]) -> Visitor:
        require_permission(request, found, permission)
        return found

    return require


def form_word(secret: str) -> str:
    """What a form holds to prove that its page was made for who holds `secret`, which it does not tell."""
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), b"form", "sha256").hex()


def require_word(word: str, secret: str) -> None:
    """Raises ForeignFormError; without a secret no word is right."""
    if not secret or not hmac.compare_digest(word.encode("utf-8", "surrogatepass"), form_word(secret).encode()):
        raise ForeignFormError


def session_of(request: Request) -> str:
    return request.cookies.get(_cookie(site_of(request), "session"), "")


def caller_of(request: Request) -> str:
    """The secret of a browser in which nobody has signed in yet, so that others cannot sign it in as themselves."""
    return request.cookies.get(_cookie(site_of(request), "caller"), "")


def new_caller(request: Request, response: Response) -> str:
    secret = new_secret()
    _set(request, response, "caller", secret)
    return secret


def keep_session(request: Request, response: Response, secret: str) -> None:
    _set(request, response, "session", secret)


def forget_session(request: Request, response: Response) -> None:
    site = site_of(request)
    response.delete_cookie(_cookie(site, "session"), secure=site.is_https, httponly=True, samesite="lax")


def _cookie(site: Site, name: str) -> str:
    """The prefix has browsers refuse a cookie of this name from any other host or without HTTPS."""
    return f"{'__Host-' if site.is_https else ''}sentinel_{name}"


def _set(request: Request, response: Response, name: str, secret: str) -> None:
    site = site_of(request)
    # Lax, not strict: a link in a mail leads to the report, not to another sign-in.
    response.set_cookie(
        _cookie(site, name),
        secret,
        max_age=int(ABSOLUTE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=site.is_https,
    )
