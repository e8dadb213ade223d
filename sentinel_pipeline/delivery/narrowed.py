"""Subscriptions that want less than the whole edition: each is a request of its own for the same days, filed once.

Its report is made from the statistics that the edition was made from, says on its first page what it tells of and what
it leaves out, and is sent by itself: nothing of the whole edition goes out under its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sentinel_pipeline.delivery.edition import PublishedEdition, says_the_same
from sentinel_pipeline.delivery.planning import unmet
from sentinel_pipeline.delivery.subscriptions import Subscription
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.requests import file_request, state_of


def file_narrowed(
    ledger: Ledger,
    edition: PublishedEdition,
    period: Period,
    subscriptions: Iterable[Subscription],
    at: datetime,
    *,
    is_correction: bool = False,
) -> tuple[str, ...]:
    """Files what the subscriptions ask for; returns a line for each. What was filed before is not filed again.

    A correction is for those alone that asked for a report when an earlier revision was published.
    """
    lines: list[str] = []
    for one in subscriptions:
        if one.cadence != edition.cadence or not one.is_active:
            continue
        if is_correction and not _asked_before(ledger, one, edition, period):
            continue
        withheld = unmet(one, edition)
        name = "" if withheld else file_request(ledger, request_of(one, edition, period), at)
        lines.append(withheld or f"{one.name}: a report of its own is made and sent, custom/{name}")
    return tuple(lines)


def _asked_before(ledger: Ledger, one: Subscription, edition: PublishedEdition, period: Period) -> bool:
    asked = [_request(one, edition, period, number).request_id for number in range(1, edition.revision)]
    with ledger.reading() as connection:
        return any(state_of(connection, name) is not None for name in asked)


def request_of(one: Subscription, edition: PublishedEdition, period: Period) -> Request:
    """The same for every revision that tells the same figures; a correction is another request."""
    told = next(number for number in range(1, edition.revision + 1) if _tells_the_same(edition, number))
    return _request(one, edition, period, told)


def _request(one: Subscription, edition: PublishedEdition, period: Period, told: int) -> Request:
    return Request(
        name=one.name,
        first=period.first,
        days=len(period.days),
        requested_by=f"{one.name}, {edition.cadence}/{edition.key}/r{told}",
        sections=tuple(sorted(one.sections)),
        sources=tuple(sorted(one.sources)),
        devices=tuple(sorted(one.devices)),
        formats=tuple(sorted(one.formats)),
        redaction=tuple(sorted(one.redaction)),
        severities=tuple(sorted(one.severities)),
        recipients=tuple(sorted(one.recipients)),
    )


def _tells_the_same(edition: PublishedEdition, revision: int) -> bool:
    return revision == edition.revision or says_the_same(edition, revision)
