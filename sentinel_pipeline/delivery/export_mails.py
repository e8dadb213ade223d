"""Mails about exports that a schedule has made: each recipient is sent a link of their own, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentinel_pipeline.delivery.channels import channel
from sentinel_pipeline.delivery.linking import Target, own_link
from sentinel_pipeline.delivery.once import send_once
from sentinel_pipeline.delivery.outbox import PostOffice
from sentinel_pipeline.delivery.parcel import Parcel
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.rendering.mail import letter
from sentinel_pipeline.rendering.mail_exports import MadeExport, export_mail
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.deliveries import Delivery, Planned
    from sentinel_pipeline.ledger.export_schedules import Schedule
    from sentinel_pipeline.ledger.exports import Export

EXPORT = "export"
REMEMBERED = timedelta(days=2)
DATE = "{{date}}"
Pair = tuple["Export", "Schedule"]


def mail_exports(settings: Settings, clock: Callable[[], datetime], pause: Callable[[float], None]) -> tuple[str, ...]:
    """Sends what nobody was sent yet; returns a line for a channel that cannot be used. Raises LedgerError."""
    ledger = open_ledger(ledger_url(settings.data))
    pairs = _made(ledger, clock()) if settings.delivery.base_url else []
    if not pairs:
        return ()
    office = PostOffice(settings, ledger, letter, lambda name: channel(name, settings), clock, pause)
    with ledger.sole_sender():
        planned = [(row, pair) for pair in pairs for row in _planned(pair, settings)]
        return send_once(office, planned, lambda row, pair: _parcel(row, pair, office))


def _made(ledger: Ledger, now: datetime) -> list[Pair]:
    """Exports that were completed of late, with the schedules that say whom they are for."""
    from sentinel_pipeline.ledger.export_schedules import schedule_of
    from sentinel_pipeline.ledger.exports import scheduled

    with ledger.reading() as connection:
        exports = scheduled(connection, now - REMEMBERED)
        found = [(one, schedule_of(connection, one.schedule_id or "")) for one in exports]
    return [(one, schedule) for one, schedule in found if schedule is not None and schedule.recipients]


def _planned(pair: Pair, settings: Settings) -> list[Planned]:
    from sentinel_pipeline.ledger.deliveries import Planned, delivery_id

    export, schedule = pair
    domain = settings.delivery.sender.rpartition("@")[2]
    ids = {one: delivery_id(EXPORT, export.export_id, 1, schedule.schedule_id, one) for one in schedule.recipients}
    return [
        Planned(
            cadence=EXPORT,
            period_key=export.export_id,
            revision=1,
            manifest_sha256=export.sha256 or "",
            subscription=schedule.schedule_id,
            recipient=recipient,
            channel=settings.delivery.channel,
            message_id=f"<{EXPORT}-{name}@{domain}>",
        )
        for recipient, name in ids.items()
    ]


def _parcel(row: Delivery, pair: Pair, office: PostOffice) -> Parcel:
    (export, schedule), settings = pair, office.settings
    delivery, ends = settings.delivery, export.expires_at or row.planned_at
    target = Target(export.file or "", row.recipient, schedule.schedule_id, row.delivery_id, row.planned_at, ends)
    local = ends.astimezone(settings.zone)
    made = MadeExport(
        owner=settings.organisation,
        name=schedule.name,
        subject=schedule.subject.replace(DATE, f"{export.created_at.astimezone(settings.zone):%Y-%m-%d}"),
        file=(export.file or "").rpartition("/")[2],
        rows=export.rows or 0,
        bytes=export.bytes or 0,
        until=f"on {local:%Y-%m-%d} at {local:%H:%M %Z}",
        link=f"{delivery.base_url}{own_link(settings.data, office.ledger, target)}",
    )
    return Parcel(
        letter=export_mail(made),
        sender=delivery.sender,
        sender_name=delivery.sender_name or settings.organisation,
        recipient=row.recipient,
        message_id=row.message_id,
        written_at=row.planned_at,
        headers=(("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")),
        labels=(("export", export.export_id), ("schedule", schedule.schedule_id), ("delivery", row.delivery_id)),
    )
