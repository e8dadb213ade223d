"""`/api/v1`: analytics of incidents, with the parameters, limits and errors of the DLP system's document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.security import HTTPBearer
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from sentinel_pipeline.portal import analytics
from sentinel_pipeline.portal.analytics import Answer, By, Group, answer, question
from sentinel_pipeline.portal.analytics_window import asked
from sentinel_pipeline.portal.api_answers import answered
from sentinel_pipeline.portal.api_callers import caller, refusals
from sentinel_pipeline.portal.metrics import Metrics
from sentinel_pipeline.portal.visitors import Visitor, allowed, site_of
from sentinel_pipeline.sections.trends import Interval

REFUSALS: Final = refusals("ANALYTICS_VIEW", "A parameter is wrong, or the window too long: at most 90 days.")
router = APIRouter(prefix="/api/v1", responses=REFUSALS, dependencies=[Security(HTTPBearer(auto_error=False))])
metrics_router = APIRouter(include_in_schema=False)
TREND_DAYS: Final = 7
OTHER_DAYS: Final = 30

Start = Annotated[str | None, Query(max_length=40, description="ISO 8601; left out: some days before the end.")]
End = Annotated[str | None, Query(max_length=40, description="ISO 8601; a date includes its day; left out: now.")]


Analyst = Annotated[Visitor, Depends(caller("ANALYTICS_VIEW"))]


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
