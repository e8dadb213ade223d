"""Whose a report made on request is: of who asked for it, and of admins."""

from __future__ import annotations

from sentinel_pipeline.ledger.requests import Filed, state_of
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.visitors import Visitor


def own_request(site: Site, found: Visitor, request_id: str) -> Filed | None:
    """A filed request that the visitor may see; None for one of others as for one that nobody filed."""
    with site.ledger.reading() as connection:
        filed = state_of(connection, request_id)
    if filed is None or not (found.may("USERS_MANAGE") or filed.requested_by == found.user.name):
        return None
    return filed
