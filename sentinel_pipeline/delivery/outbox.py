"""The outbox: sends what is planned for an edition, each delivery once, whoever dies in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sentinel_pipeline.delivery.addressing import Addressing
from sentinel_pipeline.delivery.attempts import Desk, hand_over
from sentinel_pipeline.delivery.channels import Channel, Remembering
from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline.delivery.linking import Linking
from sentinel_pipeline.delivery.planning import Asked, follows_up, planned
from sentinel_pipeline.delivery.subscriptions import Subscription
from sentinel_pipeline.domain.delivery import Doubt, State
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.deliveries import (
    Delivery,
    declare_sent,
    in_state,
    of_edition,
    plan,
    rows_of,
    settle,
)
from sentinel_pipeline.rendering.letter import Letter, Occasion
from sentinel_pipeline.settings import Settings

DIED = "the process that sent it died before it heard an answer"


@dataclass(frozen=True)
class PostOffice:
    """What sending needs: the ledger, who writes letters, the channels by name, the time, and how to wait."""

    settings: Settings
    ledger: Ledger
    write: Callable[[Occasion], Letter]
    channel: Callable[[str], Channel]
    clock: Callable[[], datetime]
    pause: Callable[[float], None]


@dataclass(frozen=True)
class Order:
    """What is to be done beside the usual: `only_failed` tries again what failed or was refused, and nothing else.

    `is_correction`: an edition goes only to those whom an earlier revision was meant for.
    `doubt` is what becomes of deliveries that may have arrived: `hold` them, `repeat` them, or take them as `sent`.
    """

    only_failed: bool = False
    doubt: Doubt = "hold"
    is_correction: bool = False


@dataclass(frozen=True)
class Receipts:
    """What became of an edition's deliveries; `withheld` and `problems` are lines for people."""

    edition: str
    deliveries: tuple[Delivery, ...]
    withheld: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def undelivered(self) -> tuple[str, ...]:
        """A line for each delivery that was not sent."""
        return tuple(
            f"{row.recipient} ({row.subscription}): {row.state}{f': {row.error}' if row.error else ''}"
            for row in self.deliveries
            if row.state != "sent"
        )


def deliver(
    office: PostOffice, edition: PublishedEdition, subscriptions: Sequence[Subscription], order: Order
) -> Receipts:
    """Plans what the subscriptions ask for and sends what is not sent yet. Raises LedgerError."""
    with office.ledger.sole_sender():
        resolve_abandoned(office)
        with office.ledger.reading() as connection:
            earlier = of_edition(connection, edition.cadence, edition.key)
        plans = planned(edition, subscriptions, earlier, office.settings.delivery.sender.rpartition("@")[2])
        wanted = [one for one in plans.asked if not order.is_correction or follows_up(one, earlier)]
        asked = {one.delivery.delivery_id: one for one in wanted}
        if not order.only_failed:
            plan(office.ledger, [one.delivery for one in wanted], office.clock())
        problems = _send(office, edition, asked, order)
    return Receipts(edition.name, tuple(_rows(office, asked)), plans.withheld, tuple(problems))


def _rows(office: PostOffice, asked: dict[str, Asked]) -> list[Delivery]:
    with office.ledger.reading() as connection:
        return rows_of(connection, asked)


def resolve_abandoned(office: PostOffice) -> None:
    """Settles what a dead sender left behind; to be called by the only sender: so every row being sent is abandoned.

    A channel that can tell is asked; of the others nobody knows, and that is what is recorded.
    """
    with office.ledger.reading() as connection:
        left = in_state(connection, ["sending"])
    for row in left:
        took = _took(office, row)
        state: State = "uncertain" if took is None else "sent" if took else "planned"
        settle(office.ledger, row.delivery_id, row.claim or "", state, office.clock(), error="" if took else DIED)


def _took(office: PostOffice, row: Delivery) -> bool | None:
    """Whether an abandoned mail was taken on; None when nobody can tell."""
    try:
        channel = office.channel(row.channel)
    except UsageError:
        return None
    return channel.took(row.message_id) if isinstance(channel, Remembering) else None


def _send(office: PostOffice, edition: PublishedEdition, asked: dict[str, Asked], order: Order) -> list[str]:
    """Sends channel by channel; returns a line for each channel that cannot be used."""
    if order.doubt == "sent":
        for row in _rows(office, asked):
            declare_sent(office.ledger, row.delivery_id, office.clock())
    due = sorted((row for row in _rows(office, asked) if _is_due(row, order)), key=lambda row: row.channel)
    problems: list[str] = []
    for name, rows in groupby(due, key=lambda row: row.channel):
        try:
            channel = office.channel(name)
            attempts = office.settings.delivery.attempts
            desk = Desk(office.ledger, channel, tuple(_states(order)), attempts, office.clock, office.pause)
            linking = Linking(office.settings, office.ledger, edition)
            addressing = Addressing(office.settings, office.write, edition, asked, linking.personal)
            why = hand_over(desk, list(rows), addressing.parcel)
        except UsageError as error:
            why = str(error)
        problems += [f"{name} cannot be used: {why}"] if why else []
    return problems


def _states(order: Order) -> list[State]:
    """States that a delivery may be sent from."""
    states: list[State] = ["planned"]
    states += ["uncertain"] if order.doubt == "repeat" else []
    return states + (["refused"] if order.only_failed else [])


def _is_due(row: Delivery, order: Order) -> bool:
    return row.state in _states(order) and (row.attempts > 0 or not order.only_failed)
