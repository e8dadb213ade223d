"""Who may ask the API for what, how often, and in which shape it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel

from sentinel_pipeline.domain.access import Permission
from sentinel_pipeline.ledger.rates import Rate, use
from sentinel_pipeline.portal.api_answers import RateLimitError
from sentinel_pipeline.portal.visitors import Visitor, require_permission, site_of, visitor

REQUESTS: Final = Rate("requests", 100, timedelta(minutes=1))


class Refusal(BaseModel):
    """What is answered instead: `detail` for people, `error_code` for scripts."""

    detail: str
    error_code: str
    message: str
    status_code: int
    timestamp: datetime


def refusals(permission: Permission, mistake: str) -> dict[int | str, dict[str, Any]]:
    """What calls may be answered with instead; `mistake`: what is wrong with a call that is answered by 400."""
    often = "Asked too often: the header Retry-After says how long to wait, in seconds."
    said: dict[int | str, str] = {
        400: mistake,
        401: "Nobody is signed in, and there is no good token.",
        403: f"The permission {permission} is missing.",
        429: often,
        "4XX": "Whatever else cannot be done.",
    }
    return {status: {"model": Refusal, "description": text} for status, text in said.items()}


def caller(permission: Permission) -> Callable[..., Visitor]:
    """A dependency: who has the permission and has not asked too often. It raises RateLimitError."""

    def require(request: Request) -> Visitor:
        # Not a dependency of its own: each is handed to a thread and back, and this one is asked most often.
        found = visitor(request)
        require_permission(request, found, permission)
        count(request, found, REQUESTS)
        return found

    return require


def count(request: Request, found: Visitor, rate: Rate, at: datetime | None = None) -> None:
    """Counts a use, whose standing the answer's headers tell. Raises RateLimitError for one too many."""
    site = site_of(request)
    standing = use(site.ledger, found.user.user_id, rate, at or site.clock())
    request.state.standing = standing
    if not standing.is_allowed:
        raise RateLimitError(standing)
