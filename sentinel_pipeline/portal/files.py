"""Published files for who may have them, each download on record."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from sentinel_pipeline.domain.period import CUSTOM
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.portal.downloads import file_response, not_found, published_file
from sentinel_pipeline.portal.ownership import own_request
from sentinel_pipeline.portal.visitors import Exporter, Visitor, client_of, require_permission, site_of

router = APIRouter(include_in_schema=False)
EXPORTS: Final = "exports/"
REQUESTED: Final = f"editions/{CUSTOM}/"
LONGEST_RANGE: Final = 100


@router.api_route("/files/{path:path}", methods=["GET", "HEAD"])
def hand_out(request: Request, found: Exporter, path: str) -> Response:
    """A file of an edition, of a requested one for who asked for it; admins may have every file."""
    site = site_of(request)
    if path.startswith(EXPORTS) or (path.startswith(REQUESTED) and not _is_own(request, found, path)):
        require_permission(request, found, "USERS_MANAGE")
    file = published_file(site.data, path)
    if file is None:
        return not_found()
    answer = file_response(file, path.rsplit("/", 1)[-1], request.headers)
    if request.method == "GET" and answer.status_code == 200:
        _record(request, found, path, file.stat().st_size)
    return answer


def _is_own(request: Request, found: Visitor, path: str) -> bool:
    key = path.removeprefix(REQUESTED).partition("/")[0]
    return own_request(site_of(request), found, key) is not None


def _record(request: Request, found: Visitor, path: str, size: int) -> None:
    """A download that goes on where it was cut off is a download too; one that the browser had already is none."""
    site = site_of(request)
    asked = request.headers.get("range", "")[:LONGEST_RANGE]
    details = {"file": path, "bytes": size, "range": asked, **client_of(request).details}
    with site.ledger.writing() as connection:
        record(connection, site.clock(), "downloaded", found.user.user_id, details)
