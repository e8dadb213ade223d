"""Published files for who may have them, each download on record.

Assets link their files here, by addresses that never end and that nobody may use but whom the one sign-in lets in.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.exports import export_of
from sentinel_pipeline.portal import exports_api
from sentinel_pipeline.portal.downloads import file_response, not_found, published_file, range_of
from sentinel_pipeline.portal.entitlement import ON_REQUEST, may_have, names_people, request_in
from sentinel_pipeline.portal.visitors import Exporter, Visitor, client_of, require_permission, site_of

router = APIRouter(include_in_schema=False)


@router.api_route("/files/{path:path}", methods=["GET", "HEAD"])
def hand_out(request: Request, found: Exporter, path: str) -> Response:
    """A file of an edition, of a requested one or an export for who asked for it; admins may have every file."""
    site = site_of(request)
    if path.startswith(ON_REQUEST):
        return _of_export(request, found, path)
    if names_people(site, path):
        require_permission(request, found, "PERSONAL_VIEW")
    if not may_have(site, found, path):
        require_permission(request, found, "USERS_MANAGE")
    file = published_file(site.data, path)
    if file is None:
        return not_found()
    answer = file_response(file, path.rsplit("/", 1)[-1], request.headers)
    if request.method == "GET" and answer.status_code == 200:
        _record(request, found, path, file.stat().st_size)
    return answer


def _of_export(request: Request, found: Visitor, path: str) -> Response:
    """The file of an export as its own address hands it out: counted, and refused with the time once it has expired."""
    with site_of(request).ledger.reading() as connection:
        export = export_of(connection, request_in(path))
    if export is None or export.user_id != found.user.user_id:
        require_permission(request, found, "USERS_MANAGE")
    return not_found() if export is None or export.file != path else exports_api.hand_out(request, found, export)


def _record(request: Request, found: Visitor, path: str, size: int) -> None:
    """A download that goes on where it was cut off is a download too; one that the browser had already is none."""
    site = site_of(request)
    details = {"file": path, "bytes": size, "range": range_of(request.headers), **client_of(request).details}
    with site.ledger.writing() as connection:
        record(connection, site.clock(), "downloaded", found.user.user_id, details)
