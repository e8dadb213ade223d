"""What Prometheus reads of the portal: counted while it runs; `stock` is looked up when asked."""

from __future__ import annotations

from pathlib import PurePosixPath
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentinel_pipeline.domain.period import CADENCES
from sentinel_pipeline.portal.analyses import ANALYSES
from sentinel_pipeline.portal.downloads import SAVED, SHOWN
from sentinel_pipeline.portal.punctual import Punctual
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.stock import Stock
from sentinel_pipeline.portal.tallied import Tallied

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# A label for anything else: addresses are strangers' to choose, and each value of a label takes memory.
OTHER: Final = "other"
ANALYTICS, FILES = "/api/v1/analytics/", "/files/"
REPORTS: Final = "/api/v1/export/analytics/"
DOWNLOADS: Final = ("/api/v1/exports/download/", "/api/exports/download/")
REPORT_NAMES: Final = tuple(analysis.sheet.path or analysis.path for analysis in ANALYSES)
REPORT_FORMS: Final = ("csv", "pdf")
ENDPOINTS: Final = tuple(analysis.path for analysis in ANALYSES)


class Metrics:
    """Counters of one running portal, called as the DLP system's document calls them."""

    def __init__(self, site: Site) -> None:
        self.registry = CollectorRegistry()
        self._queries = Counter(
            "dlp_analytics_queries", "Analyses asked for.", ["endpoint", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "dlp_analytics_query_duration_seconds",
            "Time an analysis took.",
            ["endpoint"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._exports = Counter(
            "dlp_exports", "Files handed out.", ["format", "report_type", "status"], registry=self.registry
        )
        self.registry.register(Stock(site))
        self.registry.register(Tallied(site))
        self.registry.register(Punctual(site))
        ProcessCollector(registry=self.registry)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Hears of an answer; only analyses and files are counted."""
        endpoint = path.removeprefix(ANALYTICS)
        if endpoint in ENDPOINTS:
            self._queries.labels(endpoint, str(status)).inc()
            self._seconds.labels(endpoint).observe(seconds)
        elif path.startswith(FILES):
            self._handed_out(path.removeprefix(FILES), status)
        elif path.startswith(REPORTS):
            report, _, form = path.removeprefix(REPORTS).rpartition("/")
            self._count(form if form in REPORT_FORMS else OTHER, report if report in REPORT_NAMES else OTHER, status)
        elif path.startswith(DOWNLOADS):
            self._count(OTHER, "export", status)

    def _handed_out(self, path: str, status: int) -> None:
        parts, suffix = PurePosixPath(path).parts, PurePosixPath(path).suffix.lower()
        form = suffix.removeprefix(".") if suffix in SHOWN or suffix in SAVED else OTHER
        kind = parts[1] if parts[:1] == ("editions",) and len(parts) > 1 and parts[1] in CADENCES else OTHER
        self._count(form, kind, status)

    def _count(self, form: str, kind: str, status: int) -> None:
        self._exports.labels(form, kind, str(status)).inc()


class Measured:
    """ASGI wrapper that tells metrics of every answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def send_heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_heard)
        finally:
            self.metrics.answered(scope["path"], status, perf_counter() - began)
