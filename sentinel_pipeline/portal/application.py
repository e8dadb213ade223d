"""The portal as one ASGI application: pages, files, and what is answered when something is refused."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from sentinel_pipeline import __version__
from sentinel_pipeline.domain.errors import BusyError, DateRangeError, StoreError, UsageError
from sentinel_pipeline.portal import (
    account,
    admin_record,
    admin_users,
    analytics_export,
    api,
    api_page,
    editions,
    export_pages,
    export_schedules_api,
    exports_api,
    exports_offer,
    files,
    health,
    link_pages,
    links,
    login_api,
    pipeline,
    quick_exports,
    report_pages,
    sign_in,
    subscription_pages,
)
from sentinel_pipeline.portal.api_answers import RateLimitError, RefusedError, is_api, refused, too_often
from sentinel_pipeline.portal.editions import NothingHereError
from sentinel_pipeline.portal.metrics import Measured, Metrics
from sentinel_pipeline.portal.pages import page
from sentinel_pipeline.portal.protection import Protected
from sentinel_pipeline.portal.same_origin import SameOrigin
from sentinel_pipeline.portal.sign_in import stale_sign_in
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.visitors import (
    ForeignFormError,
    PermissionDeniedError,
    SignInNeededError,
    visitor_or_none,
)

ROUTERS: Final = (
    health.router,
    sign_in.router,
    editions.router,
    files.router,
    api.router,
    api.metrics_router,
    analytics_export.router,
    login_api.router,
    links.router,
    links.followed,
    api_page.router,
    report_pages.router,
    quick_exports.router,
    export_pages.router,
    link_pages.router,
    subscription_pages.router,
    account.router,
    admin_users.router,
    admin_record.router,
    pipeline.router,
)
OPENAPI: Final = "/api/v1/openapi.json"
HEADS: Final = {
    400: "Not understood",
    403: "Not yours",
    404: "Not found",
    405: "Not done this way",
    409: "Not there yet",
    410: "Kept no longer",
    413: "Too large",
    422: "Not understood",
}


def application(site: Site) -> ASGIApp:
    """The application of a site; it opens nothing before the first request."""
    app = FastAPI(title="Sentinel Pipeline", version=__version__, docs_url=None, redoc_url=None, openapi_url=OPENAPI)
    app.state.site = site
    app.state.metrics = Metrics(site)
    for router in ROUTERS:
        app.include_router(router)
    for router in (exports_offer.router, export_schedules_api.router, exports_api.router):
        app.include_router(router, prefix=exports_api.PREFIX)
        app.include_router(router, prefix=exports_api.DOCUMENTED, include_in_schema=False)
    for error, answer in ANSWERS.items():
        app.add_exception_handler(error, answer)
    # Around the whole of it: what answers an unexpected error stands outside an application's own middleware.
    return Protected(SameOrigin(Measured(app, app.state.metrics), site.name), site.is_https)


def _sign_in_needed(request: Request, _: Exception) -> Response:
    said = "Sign in first, or send a token that is good."
    if is_api(request):
        answer = refused(request, 401, "NOT_AUTHENTICATED", said)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    if "authorization" in request.headers or request.method not in ("GET", "HEAD"):
        return _message(request, 401, "Not signed in", said)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?then={quote(wanted)}", 303)


def _denied(request: Request, error: Exception) -> Response:
    permission = error.permission if isinstance(error, PermissionDeniedError) else ""
    said = f"This needs the permission {permission}, which your role or token has not."
    if is_api(request):
        return refused(request, 403, "PERMISSION_DENIED", said, required_permission=permission)
    return _message(request, 403, "Not for you", f"{said} An admin can give you another role.")


def _foreign_form(request: Request, _: Exception) -> Response:
    if request.url.path == "/sign-in":
        return stale_sign_in(request)
    return _message(request, 403, "Not sent from our page", "Open the page again and repeat what you did.")


def _nothing_here(request: Request, error: Exception) -> Response:
    return _message(request, 404, HEADS[404], str(error))


def _not_understood(request: Request, error: Exception) -> Response:
    if is_api(request):
        return refused(request, 400, "INVALID_PARAMETER", _mistakes(error))
    return _message(request, 422, HEADS[422], "The address or form holds a value that cannot be.")


def _mistakes(error: Exception) -> str:
    """Which parameters are wrong and what is allowed; never what was sent."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    return "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in found[:10])


def _wrong_use(request: Request, error: Exception) -> Response:
    code = error.code if isinstance(error, DateRangeError) else "INVALID_PARAMETER"
    detail = str(error).removeprefix(f"{code}: ")
    return refused(request, 400, code, detail) if is_api(request) else _message(request, 400, HEADS[400], detail)


def _too_often(request: Request, error: Exception) -> Response:
    if not isinstance(error, RateLimitError):
        raise error
    return too_often(request, error.standing)


def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    if is_api(request):
        return refused(request, error.status, error.code, error.detail, **error.more)
    return _message(request, error.status, HEADS.get(error.status, "Not possible"), error.detail)


def _busy(request: Request, _: Exception) -> Response:
    said = "Too many people are signing in at once. Try again in a moment."
    answer = refused(request, 503, "BUSY", said) if is_api(request) else _message(request, 503, "Busy", said)
    answer.headers["Retry-After"] = "5"
    return answer


def _store_away(request: Request, _: Exception) -> Response:
    said = "The bucket that reports and exports lie in cannot be reached. Try again in a moment."
    answer = refused(request, 503, "STORE_AWAY", said) if is_api(request) else _message(request, 503, "Busy", said)
    answer.headers["Retry-After"] = "30"
    return answer


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    head = HEADS.get(status, "Not possible")
    answer = (
        refused(request, status, head.upper().replace(" ", "_"), head)
        if is_api(request)
        else _message(request, status, head, "There is no such page here.")
    )
    answer.headers.update(headers or {})
    return answer


def _failed(request: Request, _: Exception) -> Response:
    said = "The server met an error, and its log says which."
    if is_api(request):
        return refused(request, 500, "INTERNAL_ERROR", said)
    return _message(request, 500, "That did not work", said)


def _message(request: Request, status: int, head: str, said: str) -> Response:
    found = visitor_or_none(request) if status not in (500, 503) else None
    then, words = ("/editions", "To the editions") if found else ("/sign-in", "Sign in")
    return page(request, "message.html", found, status, head=head, said=said, then=then, then_words=words)


ANSWERS: Final = {
    SignInNeededError: _sign_in_needed,
    PermissionDeniedError: _denied,
    ForeignFormError: _foreign_form,
    NothingHereError: _nothing_here,
    RequestValidationError: _not_understood,
    UsageError: _wrong_use,
    RateLimitError: _too_often,
    RefusedError: _refused,
    BusyError: _busy,
    StoreError: _store_away,
    HTTPException: _http,
    Exception: _failed,
}
