"""`/api/v1/export/analytics`: every analysis as CSV and PDF, as the DLP system's document names its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.responses import Response

from sentinel_pipeline.domain.errors import TooLargeError
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.rates import Rate
from sentinel_pipeline.portal.analyses import ANALYSES, MISTAKE, Analysis
from sentinel_pipeline.portal.analytics_paper import on_paper
from sentinel_pipeline.portal.analytics_question import Answer
from sentinel_pipeline.portal.analytics_sheets import Sheet
from sentinel_pipeline.portal.analytics_window import Days
from sentinel_pipeline.portal.api import End, Start
from sentinel_pipeline.portal.api_answers import RefusedError, rate_headers
from sentinel_pipeline.portal.api_callers import count, refusals
from sentinel_pipeline.portal.downloads import disposition
from sentinel_pipeline.portal.visitors import Visitor, allowed, client_of, require_permission, site_of
from sentinel_pipeline.rendering.tables import to_csv

router = APIRouter(
    prefix="/api/v1/export/analytics",
    responses=refusals("DATA_EXPORT", MISTAKE),
    dependencies=[Security(HTTPBearer(auto_error=False))],
)
EXPORTS_A_MINUTE: Final = Rate("analytics exports", 20, timedelta(minutes=1))
MEDIA: Final = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
Form = Literal["csv", "pdf"]


def exporter(request: Request, found: Annotated[Visitor, Depends(allowed("DATA_EXPORT"))]) -> Visitor:
    """A dependency: who may export and has not asked too often. It raises RateLimitError."""
    count(request, found, EXPORTS_A_MINUTE)
    return found


Exporting = Annotated[Visitor, Depends(exporter)]
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media.partition(";")[0]: {} for media in MEDIA.values()}, "description": "The file."}
}


def _handing_out(analysis: Analysis) -> Callable[..., Response]:
    sheet = analysis.sheet

    def hand_out(
        request: Request,
        found: Exporting,
        form: Form,
        start_date: Start = None,
        end_date: End = None,
        **choices: object,
    ) -> Response:
        if sheet.names(choices):
            require_permission(request, found, "PERSONAL_VIEW")
        window = analysis.asked(request, start_date, end_date)
        told = analysis.told(request, window, choices)
        return _file(request, found, f"{sheet.name(told, window.days)}.{form}", told, sheet, window.days)

    return analysis.offered_by(hand_out)


for one in ANALYSES:
    router.add_api_route(
        f"/{one.sheet.path or one.path}/{{form}}",
        _handing_out(one),
        name=f"{one.name}_file",
        description=one.analyse.__doc__,
        responses=FILES,
        methods=["GET"],
    )


def _file(request: Request, found: Visitor, name: str, told: Answer, sheet: Sheet, days: Days) -> Response:
    """The table as a file with a dated name, on record."""
    site, form, table = site_of(request), name.rpartition(".")[2], sheet.table(told)
    content = to_csv(table, site.zone) if form == "csv" else _paper(request, told, sheet, days)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Content-Disposition": disposition(name, is_saved=True), **rate_headers(request)}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    about = {"file": name, "bytes": len(content), "rows": table.height}
    with site.ledger.writing() as connection:
        details = {**about, **client_of(request).details}
        record(connection, site.clock(), "downloaded", found.user.user_id, details)
    return Response(content, headers=headers, media_type=MEDIA[form])


def _paper(request: Request, told: Answer, sheet: Sheet, days: Days) -> bytes:
    try:
        return on_paper(told, sheet, days, site_of(request).organisation)
    except TooLargeError as error:
        raise RefusedError(400, error.code, str(error).removeprefix(f"{error.code}: ")) from None
