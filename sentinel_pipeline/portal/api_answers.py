"""Answers of the API: JSON, with what is left of the rate; refusals in the shape that the documents promise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import ceil
from typing import Any, Final

import orjson
from fastapi import Request
from starlette.responses import Response

from sentinel_pipeline.ledger.rates import Standing
from sentinel_pipeline.portal.visitors import site_of

PREFIX: Final = "/api/"
JSON: Final = "application/json"
SPANS: Final = {timedelta(hours=1): "hour", timedelta(minutes=1): "minute"}


class RateLimitError(Exception):
    """One request too many."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(standing.rate.act)
        self.standing = standing


class RefusedError(Exception):
    """Something that is answered by a refusal of the API; `more` stands beside what all of them say."""

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.more = status, code, detail, more


def is_api(request: Request) -> bool:
    return request.url.path.startswith(PREFIX)


def answered(request: Request, content: Any, status: int = 200) -> Response:
    """Content as JSON, instants with their offset."""
    body = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    return Response(body, status, rate_headers(request), JSON)


def refused(request: Request, status: int, code: str, detail: str, **more: Any) -> Response:
    """A refusal: `detail` for people, `error_code` for scripts."""
    said = {"detail": detail, "error_code": code, "message": detail, "status_code": status}
    return answered(request, {**said, "timestamp": site_of(request).clock().astimezone(UTC), **more}, status)


def too_often(request: Request, standing: Standing) -> Response:
    """429, and when to come back, in seconds and as a time."""
    now, rate = site_of(request).clock(), standing.rate
    span = SPANS.get(rate.span, f"{rate.span.total_seconds():.0f} s")
    detail = f"At most {rate.number} per {span}; try again after {_time(standing)}"
    more = {"limit": f"{rate.number} per {span}", "retry_after": standing.resets_at}
    answer = refused(request, 429, "RATE_LIMIT_EXCEEDED", detail, **more)
    answer.headers["Retry-After"] = str(max(1, ceil((standing.resets_at - now).total_seconds())))
    return answer


def rate_headers(request: Request) -> dict[str, str]:
    standing: Standing | None = getattr(request.state, "standing", None)
    if standing is None:
        return {}
    return {
        "X-RateLimit-Limit": str(standing.rate.number),
        "X-RateLimit-Remaining": str(standing.left),
        "X-RateLimit-Reset": str(ceil(standing.resets_at.timestamp())),
    }


def _time(standing: Standing) -> str:
    at: datetime = standing.resets_at.astimezone(UTC)
    return format_datetime(at, usegmt=True)
