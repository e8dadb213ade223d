"""The pages for signing in and out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sentinel_pipeline.ledger.sessions import LOCKED_FOR, MOST_FAILURES, sign_in, sign_out
from sentinel_pipeline.ledger.users import has_users
from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.visitors import (
    Visitor,
    caller_of,
    client_of,
    forget_session,
    form_word,
    from_our_page,
    keep_session,
    new_caller,
    require_word,
    session_of,
    site_of,
    visitor_or_none,
)

router = APIRouter(include_in_schema=False)
HOME = "/editions"
REFUSED = (
    "That name and password do not go together. After"
    f" {MOST_FAILURES} wrong ones in a row nobody gets in under that name for {LOCKED_FOR.seconds // 60} minutes."
)
STALE = "This page had been open for too long, or your browser keeps no cookies. Please try again."


@router.get("/sign-in")
def show_sign_in(request: Request, then: str = HOME) -> Response:
    if visitor_or_none(request):
        return RedirectResponse(local_path(then), 303)
    reason = "" if local_path(then) == HOME else "Sign in to go on; you will come to the page you wanted."
    return _sign_in_page(request, then, reason=reason)


@router.post("/sign-in")
def do_sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=4096)] = "",
    word: Annotated[str, Form(max_length=100)] = "",
    then: Annotated[str, Form(max_length=2000)] = HOME,
) -> Response:
    """Whoever gets in gets a new session, whatever session their browser had."""
    require_word(word, caller_of(request))
    site = site_of(request)
    secret = sign_in(site.ledger, name, password, client_of(request), site.clock(), session_of(request))
    if secret is None:
        return _sign_in_page(request, then, 401, refusal=REFUSED)
    answer = RedirectResponse(local_path(then), 303)
    keep_session(request, answer, secret)
    return answer


@router.post("/sign-out")
def do_sign_out(request: Request, found: Annotated[Visitor, Depends(from_our_page)]) -> Response:
    site = site_of(request)
    sign_out(site.ledger, found.session, client_of(request), site.clock())
    answer = RedirectResponse("/sign-in", 303)
    forget_session(request, answer)
    return answer


def stale_sign_in(request: Request) -> Response:
    """The answer to a sign-in whose page was not made for this browser."""
    return _sign_in_page(request, HOME, 403, refusal=STALE)


def local_path(wanted: str) -> str:
    """Where to go after signing in: a page of ours, never another server."""
    is_local = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_local and wanted.isascii() else HOME


def _sign_in_page(
    request: Request, then: str, status: int = 200, *, refusal: str = "", reason: str = ""
) -> HTMLResponse:
    caller = caller_of(request)
    with site_of(request).ledger.reading() as connection:
        somebody = has_users(connection)
    content: dict[str, Any] = {"then": local_path(then), "refusal": refusal, "reason": reason, "has_users": somebody}
    if caller:
        return page(request, "sign_in.html", None, status, word=form_word(caller), **content)
    keeping = Response()
    secret = new_caller(request, keeping)
    answer = page(request, "sign_in.html", None, status, word=form_word(secret), **content)
    answer.headers["set-cookie"] = keeping.headers["set-cookie"]
    return answer
