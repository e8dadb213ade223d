"""Delivers an edition as a deployment is configured: its subscriptions, its ledger, its channels, our letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sentinel_pipeline.delivery.channels import channel
from sentinel_pipeline.delivery.edition import newest_edition
from sentinel_pipeline.delivery.narrowed import file_narrowed
from sentinel_pipeline.delivery.outbox import Order, PostOffice, Receipts, deliver
from sentinel_pipeline.delivery.subscriptions import Subscription, kept_subscriptions, subscriptions
from sentinel_pipeline.domain.period import CUSTOM, Period
from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.subscriptions import kept
from sentinel_pipeline.rendering.mail import letter
from sentinel_pipeline.settings import Settings, ledger_url


def everybody(_: Subscription) -> bool:
    return True


def deliver_period(
    settings: Settings,
    period: Period,
    order: Order,
    clock: Callable[[], datetime],
    pause: Callable[[float], None],
    is_meant: Callable[[Subscription], bool] = everybody,
) -> Receipts:
    """Delivers the newest revision of a period's edition to the subscriptions that are meant.

    `clock` tells the time, `pause` passes seconds of it.

    Raises UsageError when the edition is not published, PublishingError when it is damaged, LedgerError.
    """
    of_file = subscriptions(settings)
    edition = newest_edition(settings.editions, period)
    office = _office(settings, clock, pause)
    with office.ledger.reading() as connection:
        of_ledger, problems = kept_subscriptions(kept(connection), settings)
    meant = [one for one in (*of_file, *of_ledger) if is_meant(one)]
    receipts = deliver(office, edition, [one for one in meant if not one.is_narrowed], order)
    narrowed = [one for one in meant if one.is_narrowed and not order.only_failed]
    filed = file_narrowed(office.ledger, edition, period, narrowed, clock(), is_correction=order.is_correction)
    return replace(receipts, withheld=(*receipts.withheld, *filed), problems=(*problems, *receipts.problems))


def deliver_request(
    settings: Settings, request: Request, order: Order, clock: Callable[[], datetime], pause: Callable[[float], None]
) -> Receipts:
    """Delivers a requested edition to the recipients that the request names; raises like `deliver_period`."""
    edition = newest_edition(settings.editions, request.period(settings.zone))
    return deliver(_office(settings, clock, pause), edition, (recipients_of(request, settings),), order)


def recipients_of(request: Request, settings: Settings) -> Subscription:
    """A request as if it were subscribed to once; without formats the document alone is enclosed."""
    return Subscription(
        name=request.name,
        cadence=CUSTOM,
        recipients=request.recipients,
        formats=request.formats or ("pdf",),
        sections=(),
        channel=settings.delivery.channel,
        is_linked=False,
        condition=None,
        is_active=bool(request.recipients),
    )


def _office(settings: Settings, clock: Callable[[], datetime], pause: Callable[[float], None]) -> PostOffice:
    return PostOffice(
        settings, open_ledger(ledger_url(settings.data)), letter, lambda name: channel(name, settings), clock, pause
    )


def counts(receipts: Receipts) -> str:
    """How many deliveries are in which state, in words: '3 sent, 1 refused'."""
    states = [row.state for row in receipts.deliveries]
    said = [f"{states.count(state):,} {state}" for state in dict.fromkeys(states)]
    return ", ".join(said) or "nobody is to get it"
