"""`sentinel deliver` and `sentinel outbox`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from time import sleep
from typing import TYPE_CHECKING

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.delivery import DOUBTS, STATES, Doubt, State
from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.domain.period import CADENCES, CUSTOM, Period
from sentinel_pipeline.settings import Settings, data_folder, ledger_url
from sentinel_pipeline.terminal import configured, say

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.deliveries import Delivery


@click.command()
@click.argument("cadence", type=click.Choice((*CADENCES, CUSTOM)))
@click.argument("key")
@click.option("--retry-failed", is_flag=True, help="Send again what failed or was refused, and nothing else.")
@click.option(
    "--uncertain",
    type=click.Choice(DOUBTS),
    help="What becomes of mails that may have arrived: leave them, send them again, or take them as sent."
    " Left out: delivery.uncertain of sentinel.yaml.",
)
def deliver(cadence: str, key: str, retry_failed: bool, uncertain: Doubt | None) -> None:
    """Sends a published edition to its subscribers, each of them once; KEY is the period's first day, YYYY-MM-DD.

    Of a requested report (custom) KEY is the id of the request, and its recipients are sent it.
    """
    from sentinel_pipeline.delivery.delivering import counts, deliver_period, deliver_request
    from sentinel_pipeline.delivery.outbox import Order
    from sentinel_pipeline.orchestration.runs import report_deliveries
    from sentinel_pipeline.requests.wanted import wanted

    settings = configured()
    period = Period.parse(cadence, key, settings.zone)
    order = Order(retry_failed, uncertain or settings.delivery.uncertain)
    if cadence == CUSTOM:
        receipts = deliver_request(settings, wanted(settings, key), order, lambda: datetime.now(UTC), sleep)
    else:
        receipts = deliver_period(settings, period, order, lambda: datetime.now(UTC), sleep)
    for line in receipts.withheld:
        say(line)
    for line in (*receipts.problems, *receipts.undelivered):
        click.echo(f"sentinel: {line}", err=True)
    click.echo(f"{receipts.edition}: {counts(receipts)}")
    if receipts.problems or receipts.undelivered:
        raise click.exceptions.Exit(1)
    report_deliveries(settings, period, receipts)


@click.command()
@click.option("--state", type=click.Choice(STATES), help="Only deliveries in this state.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each.")
def outbox(state: State | None, as_json: bool) -> None:
    """Lists what went where, or would have gone; newest edition first."""
    from sentinel_pipeline.ledger.audit import first_break, history
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.deliveries import in_state

    settings = configured()
    ledger = open_ledger(ledger_url(data_folder()))
    with ledger.reading() as connection:
        rows = in_state(connection, [one for one in STATES if state in (None, one)])
        broken = first_break(history(connection))
    for row in rows:
        click.echo(json.dumps(asdict(row), default=str, ensure_ascii=False) if as_json else _line(row, settings))
    if not as_json:
        click.echo(counted(len(rows), "mail"))
    if broken is not None:
        raise LedgerError(f"{ledger.place}: its record of acts was changed at line {broken}")


def _line(row: Delivery, settings: Settings) -> str:
    at = row.settled_at or row.tried_at or row.planned_at
    when = at.astimezone(settings.zone).isoformat(sep=" ", timespec="seconds")
    said = row.error or row.provider_id or ""
    if row.channel == "directory" and row.state == "sent":
        said = str(settings.outbox / said)
    return (
        f"{row.state:<9}  {row.edition}  {when}  {row.subscription} → {row.recipient} by {row.channel}  {said}".rstrip()
    )
