"""Notices to those who keep the pipeline running: a problem, its end, and what will be deleted are told once each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from sentinel_pipeline.delivery.channels import channel
from sentinel_pipeline.delivery.once import send_once
from sentinel_pipeline.delivery.outbox import PostOffice
from sentinel_pipeline.delivery.parcel import Parcel
from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.delivery import State
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline.rendering.mail import letter
from sentinel_pipeline.rendering.mail_notices import Deletion, Going, deletion_notice, failure_notice, recovery_notice
from sentinel_pipeline.rendering.mail_notices import Problem as Told
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.deliveries import Delivery, Planned
    from sentinel_pipeline.ledger.problems import Problem
    from sentinel_pipeline.ledger.retention import Announcement

ALERTS = "alerts"
SETTLED: tuple[State, ...] = ("sent", "refused", "uncertain")
Kind = Literal["failure", "recovery", "deletion"]


@dataclass(frozen=True)
class Notice:
    """A mail that everybody in `alerts` gets once: its kind, key and number tell it from all others."""

    kind: Kind
    key: str
    number: int
    letter: Callable[[], Letter]


def send_notices(settings: Settings, clock: Callable[[], datetime], pause: Callable[[float], None]) -> tuple[str, ...]:
    """Sends what nobody was told yet; returns a line for each channel that cannot be used. Raises LedgerError.

    Each mail is tried once: who comes next tries again, the more seldom the more often it failed.
    """
    from sentinel_pipeline.ledger.problems import unclosed
    from sentinel_pipeline.ledger.retention import untold

    ledger = open_ledger(ledger_url(settings.data))
    with ledger.reading() as connection:
        problems, announcements = unclosed(connection), untold(connection)
    notices = [one for problem in problems for one in _of_problem(problem, settings)]
    notices += [_of_announcement(one, settings) for one in announcements]
    if not notices:
        return ()
    office = PostOffice(settings, ledger, letter, lambda name: channel(name, settings), clock, pause)
    with ledger.sole_sender():
        planned = [(row, one) for one in notices for row in _mails(one, settings)]
        troubles = send_once(office, planned, lambda row, one: _parcel(row, one, settings))
        _close_told(ledger, problems, settings)
        _note_told(ledger, announcements, settings, clock())
    return troubles


def _of_problem(problem: Problem, settings: Settings) -> list[Notice]:
    key, number = problem.problem_id, problem.occurrence
    failed = Notice("failure", key, number, lambda: notice(problem, False, settings))
    recovered = Notice("recovery", key, number, lambda: notice(problem, True, settings))
    return [failed, recovered] if problem.recovered_at else [failed]


def _of_announcement(announcement: Announcement, settings: Settings) -> Notice:
    key = announcement.announced_on.isoformat()
    return Notice("deletion", key, announcement.number, lambda: deletion_letter(announcement, settings))


def _mails(one: Notice, settings: Settings) -> list[Planned]:
    return [_mail(one, address, settings) for address in settings.alerts.recipients]


def _mail(one: Notice, recipient: str, settings: Settings) -> Planned:
    from sentinel_pipeline.ledger.deliveries import Planned

    named = json.dumps([one.kind, one.key, one.number, recipient.casefold()])
    digest = hashlib.sha256(named.encode()).hexdigest()
    domain = settings.delivery.sender.rpartition("@")[2]
    return Planned(
        cadence=one.kind,
        period_key=one.key,
        revision=one.number,
        manifest_sha256="",
        subscription=ALERTS,
        recipient=recipient,
        channel=settings.alerts.channel or settings.delivery.channel,
        message_id=f"<{one.kind}-{one.key}-{one.number}-{digest[:20]}@{domain}>",
    )


def _parcel(row: Delivery, one: Notice, settings: Settings) -> Parcel:
    delivery = settings.delivery
    return Parcel(
        letter=one.letter(),
        sender=delivery.sender,
        sender_name=delivery.sender_name or settings.organisation,
        recipient=row.recipient,
        message_id=row.message_id,
        written_at=row.planned_at,
        headers=(("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")),
        labels=(("notice", row.edition), ("subscription", row.subscription), ("delivery", row.delivery_id)),
    )


def notice(problem: Problem, is_over: bool, settings: Settings) -> Letter:
    """The letter about a problem, or about its end."""
    base = settings.delivery.base_url
    told = Told(
        owner=settings.organisation,
        what=problem.what,
        happened=f"Failed on {_moment(problem.first_at, settings)}",
        causes=tuple(problem.causes.splitlines()),
        run=problem.run,
        link="" if base is None else f"{base}/dagster/runs/{problem.run}",
        mending=tuple(problem.mending.splitlines()),
    )
    if not is_over or problem.recovered_at is None:
        return failure_notice(told)
    since = f"It failed from {_moment(problem.first_at, settings)} on, in {counted(problem.times, 'run')}."
    happened = f"Works again since {_moment(problem.recovered_at, settings)}"
    return recovery_notice(replace(told, happened=happened, causes=(since,), mending=()))


def _moment(instant: datetime, settings: Settings) -> str:
    local = instant.astimezone(settings.zone)
    return f"{local:%A} {local.day} {local:%B %Y} at {local:%H:%M %Z}"


def deletion_letter(announcement: Announcement, settings: Settings) -> Letter:
    """The letter about what retention will delete."""
    said: list[dict[str, Any]] = json.loads(announcement.said)
    days = [{name: date.fromisoformat(one[name]) for name in ("since", "until", "on")} for one in said]
    going = tuple(
        Going(kind=one["kind"], what=one["what"], bytes=one["bytes"], **when)
        for one, when in zip(said, days, strict=True)
    )
    return deletion_notice(Deletion(settings.organisation, going))


def _close_told(ledger: Ledger, problems: list[Problem], settings: Settings) -> None:
    from sentinel_pipeline.ledger.problems import close

    for problem in problems:
        if problem.recovered_at is not None:
            states = [state for one in _of_problem(problem, settings) for state in _states(ledger, one, settings)]
            if all(state in SETTLED for state in states):
                close(ledger, problem)


def _note_told(ledger: Ledger, announcements: list[Announcement], settings: Settings, at: datetime) -> None:
    """An announcement is told when nobody is left to be told; one that everybody's server refused has told nobody."""
    from sentinel_pipeline.ledger.retention import tell

    for announcement in announcements:
        states = _states(ledger, _of_announcement(announcement, settings), settings)
        if all(state in SETTLED for state in states) and not {*states} <= {"refused"}:
            tell(ledger, announcement, at)


def _states(ledger: Ledger, one: Notice, settings: Settings) -> list[State]:
    from sentinel_pipeline.ledger.deliveries import rows_of

    with ledger.reading() as connection:
        return [row.state for row in rows_of(connection, {mail.delivery_id for mail in _mails(one, settings)})]
