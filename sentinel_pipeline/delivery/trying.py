"""A subscription tried out: its newest edition to one of its recipients, once, now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sentinel_pipeline.delivery.channels import channel
from sentinel_pipeline.delivery.edition import newest_edition
from sentinel_pipeline.delivery.outbox import Order, PostOffice, deliver
from sentinel_pipeline.delivery.subscriptions import understood
from sentinel_pipeline.delivery_entries import SubscriptionEntry
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.publishing.editions import published_keys
from sentinel_pipeline.rendering.mail import letter
from sentinel_pipeline.settings import Settings, ledger_url


def try_out(settings: Settings, entry: SubscriptionEntry, recipient: str, clock: Callable[[], datetime]) -> str:
    """What became of it, in a line; whatever its condition and times say, and tried once.

    Raises UsageError when it is not to be had: no edition yet, nobody of its recipients, a report of its own.
    """
    wanted = understood(entry, settings)
    if recipient not in wanted.recipients:
        raise UsageError("a test goes to one of its recipients")
    if wanted.is_narrowed:
        raise UsageError("it gets a report of its own, which is made when its edition is; ask for a custom report")
    keys = published_keys(settings.editions, wanted.cadence)
    if not keys:
        raise UsageError(f"no {wanted.cadence} report is published yet")
    edition = newest_edition(settings.editions, Period.parse(wanted.cadence, max(keys), settings.zone))
    # Known by its time, so that another test is another mail and no edition counts as sent by it.
    named = f"{wanted.name} (test {clock():%Y-%m-%d %H:%M:%S})"
    trial = replace(wanted, name=named, recipients=(recipient,), condition=None, times=None, is_active=True)
    hurried = replace(settings, delivery=settings.delivery.model_copy(update={"attempts": 1}))
    ledger = open_ledger(ledger_url(settings.data))
    office = PostOffice(hurried, ledger, letter, lambda name: channel(name, hurried), clock, lambda _: None)
    receipts = deliver(office, edition, (trial,), Order())
    if receipts.problems or receipts.undelivered:
        raise UsageError("; ".join((*receipts.problems, *receipts.undelivered)))
    return f"The report of {edition.key} went to {recipient}."
