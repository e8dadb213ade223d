"""Scheduled exports whose time has come are filed, once however many times were missed. Knows nothing of Dagster."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentinel_pipeline.domain.access import GRANTED
from sentinel_pipeline.domain.cron import next_time
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.export_order import ExportOrder
from sentinel_pipeline.domain.tables import AUDIT_EVENTS
from sentinel_pipeline.settings import Settings

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.database import Ledger
    from sentinel_pipeline.ledger.export_schedules import Schedule


def fire_due(settings: Settings, ledger: Ledger, now: datetime) -> list[str]:
    """Files what is due, and returns the ids of it; a schedule whose owner may not have it any more is stopped.

    Of one owner's schedules as many come in an hour as they may ask for by hand; the others come when it is over.
    """
    from sentinel_pipeline.ledger.export_schedules import due, fire, stop
    from sentinel_pipeline.ledger.rates import SCHEDULED_AN_HOUR, use

    with ledger.reading() as connection:
        schedules = due(connection, now)
    filed: list[str] = []
    for one in schedules:
        try:
            order = _order(one, ledger, settings, now)
        except UsageError as error:
            stop(ledger, one, str(error)[:200], now)
            continue
        if not use(ledger, one.user_id, SCHEDULED_AN_HOUR, now).is_allowed:
            continue
        after = next_time(one.cron, now + timedelta(microseconds=1), settings.zone)
        name = fire(ledger, one, order, after, now)
        filed += [name] if name else []
    return filed


def _order(schedule: Schedule, ledger: Ledger, settings: Settings, now: datetime) -> ExportOrder:
    """What is asked for. Raises UsageError where it cannot be had, or its owner may not have it."""
    from pydantic import ValidationError

    from sentinel_pipeline.exports.documented import understood
    from sentinel_pipeline.exports.documented_entry import ExportEntry
    from sentinel_pipeline.exports.requested import Commission
    from sentinel_pipeline.ledger.users import with_id

    with ledger.reading() as connection:
        owner = with_id(connection, schedule.user_id)
    try:
        order = understood(ExportEntry.model_validate_json(schedule.entry))
    except ValidationError:
        raise UsageError("its body is none that this version understands") from None
    needed = {"DATA_EXPORT", "PERSONAL_VIEW", *(("AUDIT_VIEW",) if order.table == AUDIT_EVENTS.name else ())}
    if owner is None or not owner.is_active or not needed <= GRANTED[owner.role]:
        raise UsageError("its owner may not have it any more")
    Commission(order, settings, now, "scheduled").require_possible()
    return order
