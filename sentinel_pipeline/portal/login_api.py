"""`/api/v1/auth/login`: a token for a name and a password, as the DLP system's document asks for it.

Wrong passwords count as at the page for signing in, and lock alike. The token lives as long as a session would.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from sentinel_pipeline.domain.access import GRANTED
from sentinel_pipeline.ledger.sessions import ABSOLUTE, sign_in, sign_out, signed_in
from sentinel_pipeline.ledger.tokens import make
from sentinel_pipeline.portal.api_answers import answered
from sentinel_pipeline.portal.api_callers import Refusal
from sentinel_pipeline.portal.visitors import SignInNeededError, client_of, site_of

LABEL = "signed in over the API"
router = APIRouter(prefix="/api/v1/auth")


class Credentials(BaseModel):
    """Who signs in."""

    username: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=4096)]


class Granted(BaseModel):
    """A token for the header `Authorization: Bearer …`, and for how many seconds it is good."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - a kind, not a secret
    expires_in: int


@router.post(
    "/login",
    responses={
        200: {"model": Granted},
        400: {"model": Refusal, "description": "The body is wrong."},
        401: {"model": Refusal, "description": "That name and password do not go together, or the name is locked."},
        "4XX": {"model": Refusal, "description": "Whatever else cannot be done."},
    },
)
def login(request: Request, given: Credentials) -> Response:
    """A token that may do what its user may, for twelve hours."""
    site, client = site_of(request), client_of(request)
    now = site.clock()
    session = sign_in(site.ledger, given.username, given.password, client, now)
    user = signed_in(site.ledger, session, now) if session else None
    if session is None or user is None:
        raise SignInNeededError
    sign_out(site.ledger, session, client, now)
    secret = make(site.ledger, user.name, LABEL, GRANTED[user.role], ABSOLUTE, user.user_id, now)
    granted = Granted(access_token=secret, expires_in=int(ABSOLUTE.total_seconds()))
    return answered(request, granted.model_dump())
