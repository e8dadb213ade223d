"""Filing an export for who asks: understood, allowed, counted, on record; Dagster makes it."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from sentinel_pipeline.domain.errors import DateRangeError, UsageError
from sentinel_pipeline.domain.export_order import ExportOrder
from sentinel_pipeline.domain.tables import TABLES
from sentinel_pipeline.exports.documented import understood
from sentinel_pipeline.exports.documented_entry import ExportEntry
from sentinel_pipeline.exports.privacy import DROP, PSEUDONYMS
from sentinel_pipeline.exports.requested import Commission
from sentinel_pipeline.ledger.exports import Export, export_of, file_export
from sentinel_pipeline.ledger.rates import EXPORTS_AN_HOUR
from sentinel_pipeline.portal.api_callers import count
from sentinel_pipeline.portal.entitlement import needed_for
from sentinel_pipeline.portal.visitors import Visitor, client_of, require_permission, site_of
from sentinel_pipeline.settings import Settings, load_settings

PREVIEWED: Final = "preview"


def file(request: Request, found: Visitor, entry: ExportEntry) -> Export:
    """Files an export and returns its row. Raises UsageError for what cannot be had, RateLimitError for one too many.

    A mistake does not count as an export.
    """
    return file_order(request, found, understood(entry))


def file_order(request: Request, found: Visitor, order: ExportOrder) -> Export:
    """The same for an order that was understood, be it once more."""
    site = site_of(request)
    now = site.clock()
    commission = _commissioned(request, found, order, PREVIEWED)
    count(request, found, EXPORTS_AN_HOUR, now)
    export_id = file_export(site.ledger, commission.order, found.user.user_id, now, client_of(request).details)
    with site.ledger.reading() as connection:
        filed = export_of(connection, export_id)
    if filed is None:
        raise UsageError("the export was deleted before it was answered")
    return filed


def commissioned(request: Request, found: Visitor, entry: ExportEntry, export_id: str) -> Commission:
    """What is asked for as this visitor may have it. Raises UsageError; PermissionDeniedError for what they may not."""
    return _commissioned(request, found, understood(entry), export_id)


def _commissioned(request: Request, found: Visitor, order: ExportOrder, export_id: str) -> Commission:
    site = site_of(request)
    settings = load_settings(site.data)
    for permission in needed_for(order.table):
        require_permission(request, found, permission)
    if not found.may("PERSONAL_VIEW"):
        order = _redacted(request, found, order, settings)
    commission = Commission(order, settings, site.clock(), export_id)
    try:
        commission.require_possible()
    except DateRangeError as error:
        raise DateRangeError(_plain(error).removeprefix(f"{error.code}: ")) from None
    except UsageError as error:
        raise UsageError(_plain(error)) from None
    return commission


def _redacted(request: Request, found: Visitor, order: ExportOrder, settings: Settings) -> ExportOrder:
    """The order with pseudonyms in the place of people and devices, or without them where there is no key.

    Raises PermissionDeniedError where neither can be.
    """
    table = next(table for table in TABLES if table.name == order.table)
    if not table.personal:
        return order
    if settings.privacy_key is not None:
        return _with_privacy(order, PSEUDONYMS)
    named = {*str(order.options.get("columns", "")).split(",")}
    if order.options.get("aggregate") or named & {*table.personal}:
        require_permission(request, found, "PERSONAL_VIEW")
    return _with_privacy(order, DROP)


def _with_privacy(order: ExportOrder, measure: str) -> ExportOrder:
    measures = dict.fromkeys((*order.options.get("privacy", ()), measure))
    return ExportOrder(**{**order.__dict__, "options": {**order.options, "privacy": list(measures)}})


def _plain(error: UsageError) -> str:
    """In the words of a body, which has no options with dashes."""
    return str(error).replace("--", "")
