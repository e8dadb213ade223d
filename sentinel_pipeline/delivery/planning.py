"""Who is to get an edition: the deliveries it asks for, and why some subscriptions get none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_pipeline.delivery.edition import PublishedEdition, says_the_same
from sentinel_pipeline.delivery.subscriptions import Subscription

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.deliveries import Delivery, Planned


@dataclass(frozen=True)
class Plan:
    """Deliveries by the subscription they are for, and a line for whatever is withheld."""

    deliveries: tuple[tuple[Subscription, Planned], ...]
    withheld: tuple[str, ...]


def planned(
    edition: PublishedEdition, subscriptions: Sequence[Subscription], earlier: Sequence[Delivery], domain: str
) -> Plan:
    """`earlier` are the rows of all revisions; `domain` is where the sender is at home."""
    deliveries: list[tuple[Subscription, Planned]] = []
    withheld: list[str] = []
    for subscription in subscriptions:
        if subscription.cadence != edition.cadence or not subscription.is_active:
            continue
        condition = subscription.condition
        if condition is not None and not condition.holds(edition.facts):
            withheld.append(
                f"{subscription.name}: {condition.fact} is {edition.facts[condition.fact]}, not"
                f" {condition.sign} {condition.number:g}"
            )
            continue
        told = _told(edition, subscription, earlier)
        rest = [address for address in subscription.recipients if address.casefold() not in told]
        if len(rest) < len(subscription.recipients):
            withheld.append(
                f"{subscription.name}: {edition.name} tells the figures that an earlier revision told;"
                f" nobody gets them twice"
            )
        deliveries += [(subscription, _planned(edition, subscription, address, domain)) for address in rest]
    return Plan(tuple(deliveries), tuple(withheld))


def _told(edition: PublishedEdition, subscription: Subscription, earlier: Sequence[Delivery]) -> set[str]:
    """Addresses that were sent an earlier revision whose figures are the same."""
    newest: dict[str, int] = {}
    for row in earlier:
        if row.state == "sent" and row.subscription == subscription.name and row.revision < edition.revision:
            address = row.recipient.casefold()
            newest[address] = max(newest.get(address, 0), row.revision)
    same = {revision for revision in set(newest.values()) if says_the_same(edition, revision)}
    return {address for address, revision in newest.items() if revision in same}


def _planned(edition: PublishedEdition, subscription: Subscription, recipient: str, domain: str) -> Planned:
    from sentinel_pipeline.ledger.deliveries import Planned

    return Planned(
        cadence=edition.cadence,
        period_key=edition.key,
        revision=edition.revision,
        manifest_sha256=edition.manifest_sha256,
        subscription=subscription.name,
        recipient=recipient,
        channel=subscription.channel,
        message_id=message_id(edition, subscription, recipient, domain),
    )


def message_id(edition: PublishedEdition, subscription: Subscription, recipient: str, domain: str) -> str:
    """Says which edition it is, and is the same whenever the same goes to the same person."""
    named = json.dumps([edition.manifest_sha256, subscription.name, recipient.casefold()])
    digest = hashlib.sha256(named.encode()).hexdigest()[:20]
    return f"<{edition.cadence}-{edition.key}-r{edition.revision}-{digest}@{domain}>"
