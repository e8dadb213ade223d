"""`/api/v1/exports`: exports on request, with the names, shapes and error codes of Kasa Monitor's document.

What is created is filed, and Dagster makes it; here it is only watched, handed out and deleted. The document's own
addresses, `/api/exports/…`, are the same calls.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.responses import Response

from sentinel_pipeline.domain.export_order import OPEN_EXPORTS
from sentinel_pipeline.domain.period import first_of, midnight
from sentinel_pipeline.exports.documented_entry import ExportEntry
from sentinel_pipeline.exports.on_request import discard
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.exports import Export, counts, export_of, in_state, note_download, of_user, remove
from sentinel_pipeline.portal import export_shapes as shapes
from sentinel_pipeline.portal.api_answers import RefusedError, answered
from sentinel_pipeline.portal.api_callers import caller, refusals
from sentinel_pipeline.portal.downloads import SAVED, SHOWN, file_response, published_file, range_of
from sentinel_pipeline.portal.export_filing import file
from sentinel_pipeline.portal.visitors import Visitor, client_of, site_of

PREFIX, DOCUMENTED = "/api/v1/exports", "/api/exports"
REFUSALS: Final = refusals("DATA_EXPORT", "The body or a parameter is wrong, or the range of dates is none.")
router = APIRouter(responses=REFUSALS, dependencies=[Security(HTTPBearer(auto_error=False))])
ADMIN: Final = "USERS_MANAGE"
GONE: Final[dict[int | str, dict[str, Any]]] = {410: {"description": "Its file has expired: `expired_at` says when."}}
MEDIA: Final = sorted({*SHOWN.values(), *SAVED.values()})
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media: {} for media in MEDIA}, "description": "The file."},
    206: {"content": {media: {} for media in MEDIA}, "description": "The part of it that Range asks for."},
    **GONE,
}

Exporting = Annotated[Visitor, Depends(caller("DATA_EXPORT"))]
ExportId = Annotated[str, Path(max_length=64, description="As creating it answered.")]


def _is(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model}}


@router.post("/create", responses=_is(shapes.Created))
def create(request: Request, found: Exporting, entry: ExportEntry) -> Response:
    """Files an export, at most 10 in an hour; its status says when it is there."""
    filed = file(request, found, entry)
    with site_of(request).ledger.reading() as connection:
        waiting = in_state(connection, OPEN_EXPORTS)
    before = sum(one.created_at < filed.created_at for one in waiting)
    return answered(request, shapes.created(filed, before, _prefix(request)).model_dump())


@router.get("/history", responses=_is(shapes.History))
def history(
    request: Request,
    found: Exporting,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """One's own exports, the newest first; admins see everybody's."""
    site = site_of(request)
    with site.ledger.reading() as connection:
        rows, total = of_user(connection, whose(found), limit, offset)
    exports = [shapes.listed(row, site.clock(), _prefix(request)) for row in rows]
    page = shapes.History(exports=exports, total=total, page=offset // limit + 1, per_page=limit)
    return answered(request, page.model_dump())


@router.get("/stats", responses=_is(shapes.Statistics))
def statistics(request: Request, found: Exporting) -> Response:
    """How much was exported by oneself, for admins by everybody, this calendar month and ever."""
    site = site_of(request)
    month = midnight(first_of("monthly", site.clock().astimezone(site.zone).date()), site.zone)
    with site.ledger.reading() as connection:
        counted = counts(connection, whose(found), month)
    return answered(request, shapes.statistics(counted).model_dump())


@router.get("/download/{export_id}", response_class=Response, responses=FILES)
def download(request: Request, found: Exporting, export_id: ExportId) -> Response:
    """The file of an export that is completed; with Range, and If-Range by its ETag, what is missing of it."""
    return hand_out(request, found, own_export(request, found, export_id))


@router.head("/download/{export_id}", include_in_schema=False)
def look(request: Request, found: Exporting, export_id: ExportId) -> Response:
    return hand_out(request, found, own_export(request, found, export_id))


@router.get("/{export_id}", responses=_is(shapes.Status))
def status(request: Request, found: Exporting, export_id: ExportId) -> Response:
    """How far an export is: queued, running, completed, failed, cancelled or expired."""
    export = own_export(request, found, export_id)
    return answered(request, shapes.status(export, site_of(request).clock(), _prefix(request)).model_dump())


@router.delete("/{export_id}", responses=_is(shapes.Deleted))
def delete(request: Request, found: Exporting, export_id: ExportId) -> Response:
    """Deletes an export and its file; one that is still being made is cancelled."""
    now = delete_export(request, found, own_export(request, found, export_id))
    said = shapes.Deleted(message="Export deleted successfully", export_id=export_id, deleted_at=now)
    return answered(request, said.model_dump())


def delete_export(request: Request, found: Visitor, export: Export) -> datetime:
    """Deletes an export that the visitor may delete, on record; says when that was."""
    site = site_of(request)
    now, details = site.clock(), {"by": found.user.user_id, **client_of(request).details}
    if not remove(site.ledger, export.export_id, details, now):
        raise _no_such_export()
    discard(site.data, export.export_id)
    return now


def hand_out(request: Request, found: Visitor, export: Export) -> Response:
    """The file of an export, on record as a download of the visitor's."""
    site = site_of(request)
    if export.is_expired(site.clock()):
        raise _expired(export)
    if export.state != "completed" or export.file is None:
        raise RefusedError(409, "EXPORT_NOT_READY", f"The export is {export.state}; there is no file")
    path = published_file(site.data, export.file)
    if path is None:
        raise _expired(export)
    answer = file_response(path, path.name, request.headers, is_saved=True)
    if request.method == "GET" and answer.status_code == 200:
        part = range_of(request.headers)
        about = {"file": export.file, "bytes": export.bytes, "rows": export.rows, "range": part}
        details = {**about, **client_of(request).details}
        note_download(site.ledger, export.export_id, found.user.user_id, details, site.clock())
    return answer


def own_export(request: Request, found: Visitor, export_id: str) -> Export:
    """An export of the visitor's, or of anybody's for an admin. Raises RefusedError, and has a denial on record."""
    site = site_of(request)
    with site.ledger.reading() as connection:
        export = export_of(connection, export_id)
    if export is None:
        raise _no_such_export()
    if export.user_id != found.user.user_id and not found.may(ADMIN):
        details = {"export": export.export_id, **client_of(request).details}
        with site.ledger.writing() as connection:
            record(connection, site.clock(), "permission denied", found.user.user_id, details)
        raise RefusedError(403, "ACCESS_DENIED", "You don't have access to this export")
    return export


def _expired(export: Export) -> RefusedError:
    return RefusedError(
        410, "EXPORT_EXPIRED", "The file has expired and is kept no longer", expired_at=export.expires_at
    )


def _no_such_export() -> RefusedError:
    return RefusedError(404, "EXPORT_NOT_FOUND", "There is no such export, or you don't have access to it")


def whose(found: Visitor) -> str | None:
    """The id of the user whose exports the visitor sees; None for everybody's."""
    return None if found.may(ADMIN) else found.user.user_id


def _prefix(request: Request) -> str:
    """Where the caller asks: links in answers lead to the same place."""
    return PREFIX if request.url.path.startswith(PREFIX) else DOCUMENTED
