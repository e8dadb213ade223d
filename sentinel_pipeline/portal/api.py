"""`/api/v1/analytics`: what is counted, with the parameters, limits and errors of the DLP system's document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.security import HTTPBearer
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from sentinel_pipeline.portal.analyses import ANALYSES, MISTAKE, Analysis, written
from sentinel_pipeline.portal.api_answers import JSON, rate_headers
from sentinel_pipeline.portal.api_callers import caller, refusals
from sentinel_pipeline.portal.metrics import Metrics
from sentinel_pipeline.portal.visitors import Visitor, allowed, site_of

REFUSALS: Final = refusals("ANALYTICS_VIEW", MISTAKE)
router = APIRouter(prefix="/api/v1", responses=REFUSALS, dependencies=[Security(HTTPBearer(auto_error=False))])
metrics_router = APIRouter(include_in_schema=False)

Start = Annotated[str | None, Query(max_length=40, description="ISO 8601; left out: some days before the end.")]
End = Annotated[str | None, Query(max_length=40, description="ISO 8601; a date includes its day; left out: now.")]


Analyst = Annotated[Visitor, Depends(caller("ANALYTICS_VIEW"))]


def _asking(analysis: Analysis) -> Callable[..., Response]:
    def ask(
        request: Request, _: Analyst, start_date: Start = None, end_date: End = None, **choices: object
    ) -> Response:
        window, zone = analysis.asked(request, start_date, end_date), site_of(request).zone
        edges = (edge.astimezone(zone) for edge in (window.window.start, window.window.end))
        wanted = written({"requested": dict(zip(("start_date", "end_date"), edges, strict=True))})
        # What was asked differs by the second, the answer only by the hour: it is written once, and this put behind it.
        body = analysis.answer(request, window, choices).removesuffix(b"\n}") + b"," + wanted.removeprefix(b"{")
        return Response(body, headers=rate_headers(request), media_type=JSON)

    return analysis.offered_by(ask)


for one in ANALYSES:
    router.add_api_route(
        f"/analytics/{one.path}", _asking(one), name=one.name, description=one.analyse.__doc__, methods=["GET"]
    )


@metrics_router.get("/metrics")
def metrics(request: Request, _: Annotated[Visitor, Depends(allowed("METRICS_VIEW"))]) -> Response:
    """What Prometheus scrapes, with a token of the scope METRICS_VIEW."""
    kept: Metrics = request.app.state.metrics
    return Response(generate_latest(kept.registry), media_type=CONTENT_TYPE_LATEST)
