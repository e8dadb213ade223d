"""`/api/v1`: analytics of incidents, with the parameters, limits and errors of the DLP system's document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.security import HTTPBearer
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.responses import Response

from sentinel_pipeline.ledger.rates import Rate, use
from sentinel_pipeline.portal import analytics
from sentinel_pipeline.portal.analytics import Answer, By, Group, answer, question
from sentinel_pipeline.portal.analytics_window import asked
from sentinel_pipeline.portal.api_answers import RateLimitError, answered
from sentinel_pipeline.portal.metrics import Metrics
from sentinel_pipeline.portal.visitors import Visitor, allowed, site_of
from sentinel_pipeline.sections.trends import Interval


class Refusal(BaseModel):
    """What is answered instead: `detail` for people, `error_code` for scripts."""

    detail: str
    error_code: str
    message: str
    status_code: int
    timestamp: datetime


REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Refusal, "description": "A parameter is wrong, or the window too long: at most 90 days."},
    401: {"model": Refusal, "description": "Nobody is signed in, and there is no good token."},
    403: {"model": Refusal, "description": "The permission ANALYTICS_VIEW is missing."},
    429: {
        "model": Refusal,
        "description": "Asked too often: the header Retry-After says how long to wait, in seconds.",
    },
    "4XX": {"model": Refusal, "description": "Whatever else cannot be done."},
}
router = APIRouter(prefix="/api/v1", responses=REFUSALS, dependencies=[Security(HTTPBearer(auto_error=False))])
metrics_router = APIRouter(include_in_schema=False)
REQUESTS: Final = Rate("requests", 100, timedelta(minutes=1))
TREND_DAYS: Final = 7
OTHER_DAYS: Final = 30

Start = Annotated[str | None, Query(max_length=40, description="ISO 8601; left out: some days before the end.")]
End = Annotated[str | None, Query(max_length=40, description="ISO 8601; a date includes its day; left out: now.")]


def counted(request: Request, found: Annotated[Visitor, Depends(allowed("ANALYTICS_VIEW"))]) -> Visitor:
    """A dependency: who may see analytics and has not asked too often. It raises RateLimitError."""
    site = site_of(request)
    standing = use(site.ledger, found.user.user_id, REQUESTS, site.clock())
    request.state.standing = standing
    if not standing.is_allowed:
        raise RateLimitError(standing)
    return found


Analyst = Annotated[Visitor, Depends(counted)]


@router.get("/analytics/trends")
def trends(
    request: Request,
    _: Analyst,
    start_date: Start = None,
    end_date: End = None,
    interval: Interval = "day",
    group_by: Group = "none",
) -> Response:
    """Incidents over time, every bucket present; null where nothing could be seen."""
    return _answer(request, start_date, end_date, TREND_DAYS, analytics.trends, interval, group_by)


@router.get("/analytics/top-violators")
def top_violators(
    request: Request,
    _: Analyst,
    start_date: Start = None,
    end_date: End = None,
    by: By = "user",
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """Users, agents or addresses by number of incidents; ties by name."""
    return _answer(request, start_date, end_date, OTHER_DAYS, analytics.top_violators, by, limit)


@router.get("/analytics/data-types")
def data_types(request: Request, _: Analyst, start_date: Start = None, end_date: End = None) -> Response:
    """Data types by number of incidents that carry them."""
    return _answer(request, start_date, end_date, OTHER_DAYS, analytics.data_types)


@router.get("/analytics/policy-violations")
def policy_violations(request: Request, _: Analyst, start_date: Start = None, end_date: End = None) -> Response:
    """Violations and block rate of each policy."""
    return _answer(request, start_date, end_date, OTHER_DAYS, analytics.policy_violations)


@router.get("/analytics/severity-distribution")
def severity_distribution(request: Request, _: Analyst, start_date: Start = None, end_date: End = None) -> Response:
    """Incidents per severity."""
    return _answer(request, start_date, end_date, OTHER_DAYS, analytics.severity_distribution)


@router.get("/analytics/summary")
def summary(request: Request, _: Analyst, start_date: Start = None, end_date: End = None) -> Response:
    """The figures of the window."""
    return _answer(request, start_date, end_date, OTHER_DAYS, analytics.summary)


@metrics_router.get("/metrics")
def metrics(request: Request, _: Annotated[Visitor, Depends(allowed("METRICS_VIEW"))]) -> Response:
    """What Prometheus scrapes, with a token of the scope METRICS_VIEW."""
    kept: Metrics = request.app.state.metrics
    return Response(generate_latest(kept.registry), media_type=CONTENT_TYPE_LATEST)


def _answer(
    request: Request,
    start: str | None,
    end: str | None,
    default_days: int,
    analyse: Callable[..., Answer],
    *how: object,
) -> Response:
    site = site_of(request)
    window = asked(start, end, default_days, site.clock(), site.zone)
    edges = (edge.astimezone(site.zone) for edge in (window.window.start, window.window.end))
    told = answer(question(site.lake, window), analyse, *how)
    return answered(request, {**told, "requested": dict(zip(("start_date", "end_date"), edges, strict=True))})
