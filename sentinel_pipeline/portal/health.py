"""What others watch the portal by: whether it lives, and whether it can do its work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.ledger.users import has_users
from sentinel_pipeline.portal.style import ICON, STYLE
from sentinel_pipeline.portal.visitors import site_of

router = APIRouter(include_in_schema=False)


@router.get("/health")
def health() -> Response:
    """200 while the process answers; asks nobody who they are and tells nothing."""
    return JSONResponse({"status": "alive"})


@router.get("/ready")
def ready(request: Request) -> Response:
    """200 while the ledger can be read, else 503."""
    try:
        with site_of(request).ledger.reading() as connection:
            has_users(connection)
    except LedgerError:
        return JSONResponse({"status": "not ready"}, 503)
    return JSONResponse({"status": "ready"})


@router.get("/style.css")
def style() -> Response:
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})


@router.get("/icon.svg")
def icon() -> Response:
    return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})
