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
class Asked:
    """A delivery that a subscription asks for; `before` is the revision its recipient has, None for nothing yet."""

    subscription: Subscription
    delivery: Planned
    before: int | None


@dataclass(frozen=True)
class Plan:
    """What is asked for, and a line for whatever is withheld."""

    asked: tuple[Asked, ...]
    withheld: tuple[str, ...]


def planned(
    edition: PublishedEdition, subscriptions: Sequence[Subscription], earlier: Sequence[Delivery], domain: str
) -> Plan:
    """`earlier` are the rows of all revisions; `domain` is where the sender is at home."""
    asked: list[Asked] = []
    withheld: list[str] = []
    for subscription in subscriptions:
        if subscription.cadence != edition.cadence or not subscription.is_active:
            continue
        said = unmet(subscription, edition)
        if said:
            withheld.append(said)
            continue
        had = _had(edition, subscription, earlier)
        same = {revision for revision in set(had.values()) if says_the_same(edition, revision)}
        rest = [address for address in subscription.recipients if had.get(address.casefold()) not in same]
        if len(rest) < len(subscription.recipients):
            withheld.append(
                f"{subscription.name}: {edition.name} tells the figures that an earlier revision told;"
                f" nobody gets them twice"
            )
        asked += [
            Asked(subscription, _planned(edition, subscription, address, domain), had.get(address.casefold()))
            for address in rest
        ]
    return Plan(tuple(asked), tuple(withheld))


def follows_up(asked: Asked, earlier: Sequence[Delivery]) -> bool:
    """Whether an earlier revision was meant for the same person, or its figures kept a condition from holding."""
    recipient = asked.delivery.recipient.casefold()
    return asked.subscription.condition is not None or any(
        (row.subscription, row.recipient.casefold()) == (asked.subscription.name, recipient)
        for row in earlier
        if row.revision < asked.delivery.revision
    )


def unmet(subscription: Subscription, edition: PublishedEdition) -> str:
    """Why its condition keeps an edition from a subscription, in a line; nothing when it does not."""
    condition = subscription.condition
    if condition is None or condition.holds(edition.facts):
        return ""
    value = edition.facts[condition.fact]
    return f"{subscription.name}: {condition.fact} is {value}, not {condition.sign} {condition.number:g}"


def _had(edition: PublishedEdition, subscription: Subscription, earlier: Sequence[Delivery]) -> dict[str, int]:
    """The newest earlier revision that each address was sent."""
    newest: dict[str, int] = {}
    for row in earlier:
        if row.state == "sent" and row.subscription == subscription.name and row.revision < edition.revision:
            address = row.recipient.casefold()
            newest[address] = max(newest.get(address, 0), row.revision)
    return newest


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
