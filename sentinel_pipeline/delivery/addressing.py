"""From a delivery to its parcel: the letter is written once for each subscription, then addressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline.delivery.enclosing import MEGABYTE, edition_link, enclose
from sentinel_pipeline.delivery.parcel import Attachment, Parcel
from sentinel_pipeline.delivery.planning import Asked
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.publishing.editions import MANIFEST
from sentinel_pipeline.publishing.punctuality import lateness
from sentinel_pipeline.rendering.letter import Letter, Occasion
from sentinel_pipeline.settings import Settings

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.deliveries import Delivery

Written = tuple[Letter, tuple[Attachment, ...]]
Personal = Callable[[Letter, "Delivery"], Letter]


def as_written(letter: Letter, _: Delivery) -> Letter:
    """A letter in which nothing is meant for one recipient alone."""
    return letter


@dataclass(frozen=True)
class Addressing:
    """Makes parcels of one edition; `asked` are by delivery, `personal` puts in what one recipient alone is to get."""

    settings: Settings
    write: Callable[[Occasion], Letter]
    edition: PublishedEdition
    asked: Mapping[str, Asked]
    personal: Personal = as_written
    written: dict[tuple[str, int | None, str], Written] = field(default_factory=dict)

    def parcel(self, row: Delivery) -> Parcel:
        asked = self.asked[row.delivery_id]
        late = "" if asked.before is not None else self._late(asked, row.planned_at)
        said = (asked.subscription.name, asked.before, late)
        if said not in self.written:
            self.written[said] = self._write(asked, late)
        letter, attachments = self.written[said]
        delivery = self.settings.delivery
        return Parcel(
            letter=self.personal(letter, row),
            sender=delivery.sender,
            sender_name=delivery.sender_name or self.settings.organisation,
            recipient=row.recipient,
            message_id=row.message_id,
            written_at=row.planned_at,
            attachments=attachments,
            headers=headers(delivery.sender, asked.subscription.name),
            labels=(("edition", row.edition), ("subscription", row.subscription), ("delivery", row.delivery_id)),
        )

    def _write(self, asked: Asked, late: str) -> Written:
        subscription, delivery = asked.subscription, self.settings.delivery
        budget = int(delivery.attachments_mb * MEGABYTE)
        enclosures, attachments = enclose(self.edition, subscription, budget, delivery.base_url)
        link = "" if delivery.base_url is None else f"{edition_link(self.edition, delivery.base_url)}/report.pdf"
        occasion = Occasion(
            self.edition.folder, subscription.name, subscription.sections, enclosures, link, self._before(asked), late
        )
        return self.write(occasion), attachments

    def _late(self, asked: Asked, at: datetime) -> str:
        """How late the mail is that was planned at an instant."""
        schedules, cadence = self.settings.schedules, self.edition.cadence
        period = Period.parse(cadence, self.edition.key, self.settings.zone)
        patience = timedelta(minutes=schedules.late_after_minutes)
        times = asked.subscription.times or schedules.of(cadence)
        return lateness(period, times, patience, self.settings.editions, at)

    def _before(self, asked: Asked) -> Path | None:
        """The revision that the recipient has, if it still lies there to be compared with."""
        folder = self.edition.folder.with_name(f"r{asked.before}")
        return folder if asked.before is not None and (folder / MANIFEST).is_file() else None


def headers(sender: str, subscription: str) -> tuple[tuple[str, str], ...]:
    """That a machine wrote this, so that no machine answers, and how to be left alone."""
    return (
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("List-Unsubscribe", f"<mailto:{sender}?subject={quote(f'unsubscribe {subscription}')}>"),
    )
