"""Notices to those who keep the pipeline running: a problem is told once, and its end once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sentinel_pipeline.delivery.attempts import Desk, hand_over
from sentinel_pipeline.delivery.channels import channel
from sentinel_pipeline.delivery.outbox import PostOffice, resolve_abandoned
from sentinel_pipeline.delivery.parcel import Parcel
from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.problems import Problem, close, unclosed
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline.rendering.mail import letter
from sentinel_pipeline.rendering.mail_notices import Problem as Told
from sentinel_pipeline.rendering.mail_notices import failure_notice, recovery_notice
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.deliveries import Delivery, Planned

ALERTS = "alerts"
LONGEST_PAUSE = timedelta(hours=1)
Kind = Literal["failure", "recovery"]


def send_notices(settings: Settings, clock: Callable[[], datetime], pause: Callable[[float], None]) -> tuple[str, ...]:
    """Sends what nobody was told yet; returns a line for each channel that cannot be used. Raises LedgerError.

    Each mail is tried once: who comes next tries again, the more seldom the more often it failed.
    """
    from sentinel_pipeline.ledger.deliveries import plan, rows_of

    ledger = open_ledger(ledger_url(settings.data))
    with ledger.reading() as connection:
        problems = unclosed(connection)
    if not problems:
        return ()
    office = PostOffice(settings, ledger, letter, lambda name: channel(name, settings), clock, pause)
    with ledger.sole_sender():
        resolve_abandoned(office)
        about = {row.delivery_id: (row, problem) for problem in problems for row in _planned(problem, settings)}
        plan(ledger, [row for row, _ in about.values()], clock())
        with ledger.reading() as connection:
            due = [row for row in rows_of(connection, about) if is_due(row, clock())]
        troubles = send_due(office, due, lambda row: _parcel(row, about[row.delivery_id][1], settings)) if due else ""
        _close_told(ledger, problems, settings)
    return (troubles,) if troubles else ()


def send_due(office: PostOffice, rows: list[Delivery], parcel: Callable[[Delivery], Parcel]) -> str:
    """Tries each row once, all of one channel; returns why the channel cannot be used, or nothing."""
    name = rows[0].channel
    try:
        desk = Desk(office.ledger, office.channel(name), ("planned",), 1, office.clock, office.pause)
        why = hand_over(desk, rows, parcel)
    except UsageError as error:
        why = str(error)
    return f"{name} cannot be used: {why}" if why else ""


def is_due(row: Delivery, now: datetime) -> bool:
    """Tried again after 2, 4, 8 … minutes."""
    if row.state != "planned":
        return False
    waited = min(timedelta(minutes=2 ** min(row.attempts, 10)), LONGEST_PAUSE)
    return row.tried_at is None or now - row.tried_at >= waited


def _planned(problem: Problem, settings: Settings) -> list[Planned]:
    kinds: tuple[Kind, ...] = ("failure", "recovery") if problem.recovered_at else ("failure",)
    return [_mail(problem, kind, address, settings) for kind in kinds for address in settings.alerts.recipients]


def _mail(problem: Problem, kind: Kind, recipient: str, settings: Settings) -> Planned:
    from sentinel_pipeline.ledger.deliveries import Planned

    named = json.dumps([kind, problem.problem_id, problem.occurrence, recipient.casefold()])
    digest = hashlib.sha256(named.encode()).hexdigest()
    domain = settings.delivery.sender.rpartition("@")[2]
    return Planned(
        cadence=kind,
        period_key=problem.problem_id,
        revision=problem.occurrence,
        manifest_sha256="",
        subscription=ALERTS,
        recipient=recipient,
        channel=settings.alerts.channel or settings.delivery.channel,
        message_id=f"<{kind}-{problem.problem_id}-{problem.occurrence}-{digest[:20]}@{domain}>",
    )


def _parcel(row: Delivery, problem: Problem, settings: Settings) -> Parcel:
    delivery = settings.delivery
    return Parcel(
        letter=notice(problem, row.cadence == "recovery", settings),
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
        link="" if base is None else f"{base}/runs/{problem.run}",
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


def _close_told(ledger: Ledger, problems: list[Problem], settings: Settings) -> None:
    from sentinel_pipeline.ledger.deliveries import rows_of

    for problem in problems:
        if problem.recovered_at is not None:
            wanted = {row.delivery_id for row in _planned(problem, settings)}
            with ledger.reading() as connection:
                states = [row.state for row in rows_of(connection, wanted)]
            if all(state in ("sent", "refused", "uncertain") for state in states):
                close(ledger, problem)
