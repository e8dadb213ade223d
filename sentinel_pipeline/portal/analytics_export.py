"""`/api/v1/export/analytics`: what is counted of incidents as CSV and PDF, as the DLP system's document names it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final, Literal

import polars as pl
from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.security import HTTPBearer
from starlette.responses import Response

from sentinel_pipeline.domain.errors import TooLargeError
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.rates import Rate
from sentinel_pipeline.portal import analytics
from sentinel_pipeline.portal.analytics import Answer, By, Group, answer, question
from sentinel_pipeline.portal.analytics_window import Asked, asked
from sentinel_pipeline.portal.api import OTHER_DAYS, TREND_DAYS, End, Start
from sentinel_pipeline.portal.api_answers import RefusedError, rate_headers
from sentinel_pipeline.portal.api_callers import count, refusals
from sentinel_pipeline.portal.downloads import disposition
from sentinel_pipeline.portal.visitors import Visitor, allowed, client_of, require_permission, site_of
from sentinel_pipeline.rendering.paper import write_pdf
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import to_csv
from sentinel_pipeline.sections.trends import Interval

router = APIRouter(
    prefix="/api/v1/export/analytics",
    responses=refusals("DATA_EXPORT", "A parameter is wrong, or the window too long: at most 90 days."),
    dependencies=[Security(HTTPBearer(auto_error=False))],
)
EXPORTS_A_MINUTE: Final = Rate("analytics exports", 20, timedelta(minutes=1))
MEDIA: Final = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
INSTANT: Final = pl.Datetime("us", "UTC")
Form = Literal["csv", "pdf"]


@dataclass(frozen=True)
class Sheet:
    """A table to be handed out: its title on paper, its name without an end."""

    title: str
    name: str
    table: pl.DataFrame


def exporter(request: Request, found: Annotated[Visitor, Depends(allowed("DATA_EXPORT"))]) -> Visitor:
    """A dependency: who may export and has not asked too often. It raises RateLimitError."""
    count(request, found, EXPORTS_A_MINUTE)
    return found


Exporting = Annotated[Visitor, Depends(exporter)]
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media.partition(";")[0]: {} for media in MEDIA.values()}, "description": "The file."}
}


@router.get("/trends/{form}", responses=FILES)
def trends(
    request: Request,
    found: Exporting,
    form: Form,
    start_date: Start = None,
    end_date: End = None,
    interval: Interval = "day",
    group_by: Group = "none",
) -> Response:
    """Incidents over time, one row to a bucket, series after series."""
    window = _window(request, start_date, end_date, TREND_DAYS)
    told = _told(request, window, analytics.trends, interval, group_by)
    schema = {"timestamp": INSTANT, "series": pl.String(), "count": pl.Int64()}
    series = told.get("series", {"": told.get("data", [])})
    rows = [{**point, "series": name} for name, points in series.items() for point in points]
    table = pl.DataFrame(rows, schema=schema)
    table = table.drop("series") if group_by == "none" else table
    first, last = _edges(window)
    return _file(request, found, Sheet("Incident Trends Report", f"incident_trends_{first}_{last}", table), form)


@router.get("/violators/{form}", responses=FILES)
def violators(
    request: Request,
    found: Exporting,
    form: Form,
    start_date: Start = None,
    end_date: End = None,
    by: By = "user",
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """Users, agents or addresses by number of incidents."""
    require_permission(request, found, "PERSONAL_VIEW")
    window = _window(request, start_date, end_date, OTHER_DAYS)
    told = _told(request, window, analytics.top_violators, by, limit)
    keys = {"user": ("username",), "agent": ("agent_id", "agent_name", "hostname"), "ip_address": ("ip_address",)}[by]
    schema = {**dict.fromkeys(keys, pl.String()), "incident_count": pl.Int64(), "critical_count": pl.Int64()}
    table = pl.DataFrame(told["violators"], schema=schema)
    return _file(request, found, Sheet("Top Violators Report", f"top_violators_{by}_{_edges(window)[0]}", table), form)


@router.get("/data-types/{form}", responses=FILES)
def data_types(
    request: Request, found: Exporting, form: Form, start_date: Start = None, end_date: End = None
) -> Response:
    """Data types by number of incidents that carry them."""
    window = _window(request, start_date, end_date, OTHER_DAYS)
    schema = {"data_type": pl.String(), "count": pl.Int64(), "percentage": pl.Float64(), "avg_confidence": pl.Float64()}
    table = pl.DataFrame(_told(request, window, analytics.data_types)["data_types"], schema=schema)
    return _file(request, found, Sheet("Data Type Statistics", f"data_types_{_edges(window)[0]}", table), form)


@router.get("/policy-violations/{form}", responses=FILES)
def policy_violations(
    request: Request, found: Exporting, form: Form, start_date: Start = None, end_date: End = None
) -> Response:
    """Violations and block rate of each policy."""
    window = _window(request, start_date, end_date, OTHER_DAYS)
    names = {"policy_id": pl.String(), "policy_name": pl.String()}
    schema = {**names, "violation_count": pl.Int64(), "blocked_count": pl.Int64(), "block_rate": pl.Float64()}
    table = pl.DataFrame(_told(request, window, analytics.policy_violations)["policies"], schema=schema)
    sheet = Sheet("Policy Violations Report", f"policy_violations_{_edges(window)[0]}", table)
    return _file(request, found, sheet, form)


@router.get("/severity-distribution/{form}", responses=FILES)
def severity_distribution(
    request: Request, found: Exporting, form: Form, start_date: Start = None, end_date: End = None
) -> Response:
    """Incidents per severity."""
    window = _window(request, start_date, end_date, OTHER_DAYS)
    schema = {"severity": pl.String(), "count": pl.Int64(), "percentage": pl.Float64()}
    table = pl.DataFrame(_told(request, window, analytics.severity_distribution)["distribution"], schema=schema)
    sheet = Sheet("Severity Distribution Report", f"severity_distribution_{_edges(window)[0]}", table)
    return _file(request, found, sheet, form)


@router.get("/summary/{form}", responses=FILES)
def summary(request: Request, found: Exporting, form: Form, start_date: Start = None, end_date: End = None) -> Response:
    """The figures of the window, one to a row; an empty value is one that cannot be told."""
    window = _window(request, start_date, end_date, OTHER_DAYS)
    told = {name: value for name, value in _told(request, window, analytics.summary).items() if name != "period"}
    written = {name: None if value is None else str(value) for name, value in told.items()}
    table = pl.DataFrame({"metric": list(written), "value": list(written.values())}, {"metric": str, "value": str})
    first, last = _edges(window)
    return _file(request, found, Sheet("DLP Summary Report", f"dlp_summary_{first}_{last}", table), form)


def _window(request: Request, start: str | None, end: str | None, default_days: int) -> Asked:
    site = site_of(request)
    return asked(start, end, default_days, site.clock(), site.zone)


def _told(request: Request, window: Asked, analyse: Callable[..., Answer], *how: object) -> Mapping[str, Any]:
    return answer(question(site_of(request).lake, window), analyse, *how)


def _edges(window: Asked) -> tuple[str, str]:
    """First and last day, as names of files have them."""
    return f"{window.days.first:%Y%m%d}", f"{window.days.after - timedelta(days=1):%Y%m%d}"


def _file(request: Request, found: Visitor, sheet: Sheet, form: Form) -> Response:
    """The table as a file with a dated name, on record."""
    site = site_of(request)
    content = to_csv(sheet.table, site.zone) if form == "csv" else _paper(sheet, Spelling(site.zone, sheet.title))
    tag, name = f'"{hashlib.sha256(content).hexdigest()[:32]}"', f"{sheet.name}.{form}"
    headers = {"ETag": tag, "Content-Disposition": disposition(name, is_saved=True), **rate_headers(request)}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    about = {"file": name, "bytes": len(content), "rows": sheet.table.height}
    with site.ledger.writing() as connection:
        details = {**about, **client_of(request).details}
        record(connection, site.clock(), "downloaded", found.user.user_id, details)
    return Response(content, headers=headers, media_type=MEDIA[form])


def _paper(sheet: Sheet, spelling: Spelling) -> bytes:
    with TemporaryDirectory(prefix="sentinel-paper-") as folder:
        path = Path(folder) / "paper.pdf"
        try:
            write_pdf(sheet.table, path, spelling)
        except TooLargeError as error:
            raise RefusedError(400, error.code, str(error).removeprefix(f"{error.code}: ")) from None
        return path.read_bytes()
