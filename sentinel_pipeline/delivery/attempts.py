"""Handing parcels over to a channel: one attempt is one claim, one call and one record, in this order and no other.

A process may die between any two of them. Before the claim nothing was sent; after the record all is known; in between
the row says `sending`, and whoever comes next knows that nobody knows.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from sentinel_pipeline.delivery.channels import Channel
from sentinel_pipeline.delivery.parcel import Answer, Failed, Parcel, Refused, Sent, Uncertain, Unusable
from sentinel_pipeline.domain.delivery import State
from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.deliveries import Delivery, claim, settle
from sentinel_pipeline.ledger.tallies import ATTACHED_BYTES, ATTACHMENTS, MAIL_DURATION, MAILED, MAILS, Added

LONGEST_PAUSE = 300.0
OTHER = "other"
WORDS: dict[type[Answer], str] = {
    Sent: "sent",
    Refused: "refused",
    Failed: "failed",
    Unusable: "failed",
    Uncertain: "uncertain",
}


@dataclass(frozen=True)
class Desk:
    """Where parcels are handed over: a channel, the ledger, states a delivery is taken from, and how to pass time.

    `attempts` is how often a delivery is tried, and how often in a row all may fail, before the rest is left for later.
    """

    ledger: Ledger
    channel: Channel
    states: tuple[State, ...]
    attempts: int
    clock: Callable[[], datetime]
    pause: Callable[[float], None]


def hand_over(desk: Desk, rows: list[Delivery], parcel: Callable[[Delivery], Parcel]) -> str:
    """Tries every row, those that failed again after a pause; returns why the channel cannot be used, or nothing."""
    tries: Counter[str] = Counter()
    fruitless = 0
    while rows:
        left, asked_pause, why = _round(desk, rows, parcel, tries)
        if why:
            return why
        fruitless = fruitless + 1 if len(left) == len(rows) else 0
        rows = [row for row in left if tries[row.delivery_id] < desk.attempts]
        pause = max(asked_pause, 2.0**fruitless)
        if not rows or fruitless >= desk.attempts or pause > LONGEST_PAUSE:
            break
        desk.pause(pause)
    return ""


def _round(
    desk: Desk, rows: list[Delivery], parcel: Callable[[Delivery], Parcel], tries: Counter[str]
) -> tuple[list[Delivery], float, str]:
    """The rows to try again, seconds the provider wants to be left alone, and why the channel cannot be used."""
    left: list[Delivery] = []
    for number, row in enumerate(rows):
        tries[row.delivery_id] += 1
        answer = attempt(desk, row, parcel(row))
        if isinstance(answer, Unusable):
            return [], 0.0, answer.why
        if isinstance(answer, Failed) or (isinstance(answer, Uncertain) and "uncertain" in desk.states):
            left.append(row)
        if isinstance(answer, Failed) and answer.retry_after is not None:
            return left + rows[number + 1 :], answer.retry_after, ""
    return left, 0.0, ""


def attempt(desk: Desk, row: Delivery, parcel: Parcel) -> Answer | None:
    """One attempt; None when the row is no longer to be had."""
    token = uuid.uuid4().hex
    if not claim(desk.ledger, row.delivery_id, desk.states, token, desk.clock()):
        return None
    began = desk.clock()
    try:
        answer = desk.channel.send(parcel)
    except SentinelError as error:
        answer = Unusable(str(error))
    state, provider_id, why = _settled(answer)
    ended = desk.clock()
    tallied = _tallied(row, parcel, answer, max(0.0, (ended - began).total_seconds()))
    settle(desk.ledger, row.delivery_id, token, state, ended, provider_id=provider_id, error=why, tallied=tallied)
    return answer


def _tallied(row: Delivery, parcel: Parcel, answer: Answer, seconds: float) -> list[Added]:
    """What an attempt adds: the mail, and when it was sent the files with it and how long it took."""
    named = row.cadence if row.cadence in MAILED else OTHER
    mail = Added(MAILS, (named, WORDS[type(answer)]))
    if not isinstance(answer, Sent):
        return [mail]
    files = [(PurePosixPath(one.name).suffix.lower().lstrip("."), one.bytes) for one in parcel.attachments]
    added = [(ATTACHMENTS, form, 1) for form, _ in files] + [(ATTACHED_BYTES, form, size) for form, size in files]
    return [mail, Added(MAIL_DURATION, (), seconds), *(Added(what, (form,), value) for what, form, value in added)]


def _settled(answer: Answer) -> tuple[State, str, str]:
    """State, the provider's name for it, and what went wrong."""
    if isinstance(answer, Sent):
        return "sent", answer.provider_id, ""
    if isinstance(answer, Refused):
        return "refused", "", answer.why
    return ("uncertain" if isinstance(answer, Uncertain) else "planned"), "", answer.why
