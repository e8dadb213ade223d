"""A filed request as it is made: the row that says so, and what it cuts the report down to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import CUSTOM
from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.domain.severity import by_rank
from sentinel_pipeline.exports.privacy import asked_privacy
from sentinel_pipeline.publishing.narrowing import WHOLE, Narrowing
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.requests import Filed

DETAILED = "detailed"


def filed(settings: Settings, request_id: str) -> Filed:
    """Raises UsageError when nobody filed it."""
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.requests import state_of

    with open_ledger(ledger_url(settings.data)).reading() as connection:
        found = state_of(connection, request_id)
    if found is None:
        raise UsageError(f"nobody filed a request '{request_id}'; `sentinel request` does")
    return found


def wanted(settings: Settings, request_id: str) -> Request:
    """What was requested. Raises UsageError for what nobody filed, or nobody wants any more."""
    return still_wanted(filed(settings, request_id))


def still_wanted(found: Filed) -> Request:
    """What a row asks for. Raises UsageError when nobody wants it any more."""
    if found.state in ("cancelled", "rejected"):
        raise UsageError(f"request '{found.request_id}' is {found.state}; file it again to have it made")
    return found.request


def narrowing_of(request: Request, settings: Settings) -> Narrowing:
    """What its report is cut down to. Raises UsageError when the key of its pseudonyms is gone."""
    return Narrowing(
        name=request.name,
        requested_by=request.requested_by,
        sections=request.sections,
        sources=request.sources,
        devices=request.devices,
        severities=by_rank(request.severities),
        formats=request.formats,
        is_detailed=DETAILED in request.types,
        privacy=asked_privacy(request.redaction, None, settings),
    )


def narrowing_of_edition(folder: Path, settings: Settings) -> Narrowing:
    """What the edition in a folder was cut down to; all but requested ones to nothing."""
    cadence, key = folder.parts[-3:-1] if len(folder.parts) > 3 else ("", "")
    return narrowing_of(filed(settings, key).request, settings) if cadence == CUSTOM else WHOLE
