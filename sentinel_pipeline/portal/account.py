"""One's own account: password, where one is signed in, tokens for scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from sentinel_pipeline.domain.access import Permission
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.sessions import end_others, open_sessions, sign_in
from sentinel_pipeline.ledger.tokens import make, revoke, tokens
from sentinel_pipeline.ledger.users import change_password
from sentinel_pipeline.portal.forms import Filled
from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.visitors import (
    SignInNeededError,
    Visitor,
    client_of,
    forget_session,
    from_our_page,
    keep_session,
    site_of,
    visitor,
)

router = APIRouter(include_in_schema=False)
HOME: Final = "/account"
DONE: Final = {
    "password": "Your password is changed. Everywhere else you are signed out.",
    "sessions": "Everywhere else you are signed out.",
    "revoked": "The token is good for nothing any more.",
}
LIVES: Final = (7, 30, 90, 366)
Sender = Annotated[Visitor, Depends(from_our_page)]


def person(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    """A dependency: who is signed in with a session; a token has no account to look at."""
    if not found.session:
        raise SignInNeededError
    return found


@router.get("/account")
def show_account(
    request: Request, found: Annotated[Visitor, Depends(person)], done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    return _page(request, found, said=DONE.get(done, ""))


@router.post("/account/password")
def change_own_password(
    request: Request,
    found: Sender,
    current: Annotated[str, Form(max_length=4096)] = "",
    new: Annotated[str, Form(max_length=4096)] = "",
    again: Annotated[str, Form(max_length=4096)] = "",
) -> Response:
    """Asked like a sign-in, so that who found an open browser cannot try passwords for long."""
    site, client = site_of(request), client_of(request)
    if new != again:
        return _page(request, found, 400, refusal="The new password was not written twice alike.")
    secret = sign_in(site.ledger, found.user.name, current, client, site.clock(), found.session)
    if secret is None:
        return _page(request, found, 403, refusal="That is not your password. Wrong ones count as at the sign-in.")
    try:
        change_password(site.ledger, found.user.name, new, found.user.user_id, site.clock())
    except UsageError as error:
        answer = _page(request, Visitor(found.user, found.permissions, secret), 400, refusal=_sentence(error))
        keep_session(request, answer, secret)
        return answer
    secret = sign_in(site.ledger, found.user.name, new, client, site.clock())
    answer = RedirectResponse(f"{HOME}?done=password", 303)
    if secret is None:
        forget_session(request, answer)
    else:
        keep_session(request, answer, secret)
    return answer


@router.post("/account/sessions")
def sign_out_elsewhere(request: Request, found: Sender) -> Response:
    site = site_of(request)
    end_others(site.ledger, found.user.user_id, found.session, client_of(request), site.clock())
    return RedirectResponse(f"{HOME}?done=sessions", 303)


@router.post("/account/tokens")
def make_own_token(request: Request, found: Sender, filled: Filled) -> Response:
    """Shows the token, this once: whoever loads the page again gets another form, not another token."""
    site = site_of(request)
    chosen = cast("list[Permission]", [one for one in filled.several("scope") if found.may(cast(Permission, one))])
    days = filled.one("days")
    try:
        life = timedelta(days=int(days) if days.isascii() and days.isdecimal() and len(days) < 5 else 0)
        label = filled.one("label")
        secret = make(site.ledger, found.user.name, label, chosen, life, found.user.user_id, site.clock())
    except UsageError as error:
        return _page(request, found, 400, refusal=_sentence(error))
    return _page(request, found, secret=secret)


@router.post("/account/tokens/revoke")
def revoke_own_token(request: Request, found: Sender, token: Annotated[str, Form(max_length=64)] = "") -> Response:
    site = site_of(request)
    with site.ledger.reading() as connection:
        own = {one.token_id for one in tokens(connection) if one.user == found.user.name and one.revoked_at is None}
    if token not in own:
        return _page(request, found, 404, refusal="You have no such token.")
    revoke(site.ledger, token, found.user.user_id, site.clock())
    return RedirectResponse(f"{HOME}?done=revoked", 303)


def _page(request: Request, found: Visitor, status: int = 200, **said: Any) -> Response:
    site = site_of(request)
    with site.ledger.reading() as connection:
        sessions = open_sessions(connection, found.user.user_id, found.session, site.clock())
        own = [one for one in tokens(connection) if one.user == found.user.name]
    told = {"said": "", "refusal": "", "secret": "", **said}
    return page(
        request,
        "account.html",
        found,
        status,
        sessions=sessions,
        tokens=own,
        now=site.clock(),
        scopes=sorted(found.permissions),
        lives=LIVES,
        **told,
    )


def _sentence(error: UsageError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
